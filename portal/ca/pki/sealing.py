"""Sealing a virtual token's private key: under a secret, and once more for recovery; no Django."""

from __future__ import annotations

import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

SALT_BYTES = 16
_KEY_BYTES = 32
_NONCE_BYTES = 12
_POINT_BYTES = 32
_TRANSPORT_BYTES = 16
# With a cost (N) of 2**14 OWASP's scrypt of today, 16 MiB each; openssl opens key files made so.
SCRYPT_BLOCKS, SCRYPT_LANES = 8, 5


class WrongSecret(Exception):
    """The secret does not open what was sealed, or the bytes were changed."""


def new_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def new_transport_pin() -> str:
    """Return a random secret that opens a token until its first PIN is set."""
    return secrets.token_hex(_TRANSPORT_BYTES)


def key_from_pin(pin: str, *, salt: bytes, pepper: bytes, cost: int) -> bytes:
    """Return a key from a secret a person chose and one of the server: slow on purpose.

    About 0.2 s at the real cost: once per unlock, never per row of a batch.
    """
    return Scrypt(salt=salt, length=_KEY_BYTES, n=cost, r=SCRYPT_BLOCKS, p=SCRYPT_LANES).derive(
        _mixed(pin, pepper)
    )


def key_from_transport_pin(pin: str, *, salt: bytes, pepper: bytes) -> bytes:
    """Return a key from a random secret of 128 bits, which needs no slowing down."""
    return _expand(_mixed(pin, pepper), salt=salt, purpose=b"transport")


def _mixed(pin: str, pepper: bytes) -> bytes:
    """Return what neither the PIN nor the server's secret tells alone."""
    return hmac.digest(pepper, pin.encode(), "sha256")


def seal(plain: bytes, *, key: bytes, context: bytes) -> bytes:
    """Return ``plain`` under AES-256-GCM; ``context`` ties it to the row it belongs to."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def unseal(sealed: bytes, *, key: bytes, context: bytes) -> bytes:
    """Return what ``seal`` was given; raises WrongSecret."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except InvalidTag as error:
        raise WrongSecret from error


def wrap(plain: bytes, *, recipient: X25519PublicKey, context: bytes) -> bytes:
    """Return ``plain`` readable only by the holder of the recipient's private key."""
    ephemeral = X25519PrivateKey.generate()
    point = ephemeral.public_key().public_bytes_raw()
    key = _expand(ephemeral.exchange(recipient), salt=point, purpose=b"recovery")
    return point + seal(plain, key=key, context=context)


def unwrap(wrapped: bytes, *, key: X25519PrivateKey, context: bytes) -> bytes:
    """Return what ``wrap`` was given; raises WrongSecret."""
    point = wrapped[:_POINT_BYTES]
    shared = key.exchange(X25519PublicKey.from_public_bytes(point))
    secret = _expand(shared, salt=point, purpose=b"recovery")
    return unseal(wrapped[_POINT_BYTES:], key=secret, context=context)


def _expand(secret: bytes, *, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=salt, info=purpose).derive(
        secret
    )
