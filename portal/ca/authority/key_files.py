"""Private keys as PEM files under scrypt: standard PKCS#8 (RFC 8018, RFC 7914).

openssl opens them. cryptography reads this form and writes only PBKDF2 with few rounds, so
the envelope is made here.
"""

from __future__ import annotations

import os
from base64 import b64decode, encodebytes

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ObjectIdentifier

from portal.ca.pki.profiles import PrivateKey
from portal.ca.pki.sealing import SCRYPT_BLOCKS, SCRYPT_LANES

_BEGIN, _END = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", b"-----END ENCRYPTED PRIVATE KEY-----\n"
_PBES2 = ObjectIdentifier("1.2.840.113549.1.5.13")
_SCRYPT = ObjectIdentifier("1.3.6.1.4.1.11591.4.11")
_AES_256_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.42")
_KEY_BYTES, _BLOCK_BYTES, _SALT_BYTES = 32, 16, 16


@asn1.sequence
class _ScryptParameters:
    salt: bytes
    cost: int
    blocks: int
    lanes: int


@asn1.sequence
class _Derivation:
    algorithm: ObjectIdentifier
    parameters: _ScryptParameters


@asn1.sequence
class _Encryption:
    algorithm: ObjectIdentifier
    nonce: bytes


@asn1.sequence
class _Scheme:
    derivation: _Derivation
    encryption: _Encryption


@asn1.sequence
class _Algorithm:
    algorithm: ObjectIdentifier
    scheme: _Scheme


@asn1.sequence
class _EncryptedKey:
    algorithm: _Algorithm
    data: bytes


def encrypted(key: PrivateKey | X25519PrivateKey, passphrase: str, *, cost: int) -> bytes:
    """Return ``key`` as PEM under ``passphrase``; ``cost`` is scrypt's N and stands in the file."""
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_BLOCK_BYTES)
    secret = Scrypt(salt=salt, length=_KEY_BYTES, n=cost, r=SCRYPT_BLOCKS, p=SCRYPT_LANES).derive(
        passphrase.encode()
    )
    padder = PKCS7(8 * _BLOCK_BYTES).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(nonce)).encryptor()
    data = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    parameters = _ScryptParameters(salt=salt, cost=cost, blocks=SCRYPT_BLOCKS, lanes=SCRYPT_LANES)
    scheme = _Scheme(
        derivation=_Derivation(algorithm=_SCRYPT, parameters=parameters),
        encryption=_Encryption(algorithm=_AES_256_CBC, nonce=nonce),
    )
    whole = _EncryptedKey(algorithm=_Algorithm(algorithm=_PBES2, scheme=scheme), data=data)
    return _BEGIN + encodebytes(asn1.encode_der(whole)) + _END


def cost_of(pem: bytes) -> int:
    """Return scrypt's N of a key file; 0 for one in another form (PBKDF2)."""
    try:
        der = b64decode(pem.removeprefix(_BEGIN).removesuffix(_END))
        return asn1.decode_der(_EncryptedKey, der).algorithm.scheme.derivation.parameters.cost
    except ValueError:
        return 0
