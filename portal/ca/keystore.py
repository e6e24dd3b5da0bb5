"""The CA's private keys on disk: encrypted, readable by their owner, loaded only where allowed.

Two folders, so that the web process can be given one and not the other: ``CA_KEY_DIR`` holds the
root's, the issuing CA's and the recovery key (and their certificates, so that an empty database
finds the same CA again); ``OCSP_KEY_DIR`` holds the delegated responder's.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from portal.ca.profiles import PrivateKey
from portal.core.fields import keyed_hash

RECOVERY = "recovery"
_RESPONDER = "ocsp"

_may_sign = False


class NotConfigured(Exception):
    """There is no CA to sign with: none set up, simulation off, or a process that may not."""


def open_for_signing() -> None:
    """Say that this process is a worker or a management command, which may load the CA's keys.

    A web process never calls it, so a page that tried to sign would fail, not sign.
    """
    global _may_sign  # noqa: PLW0603 (what a process may do is a fact about the process)
    _may_sign = True


def is_open() -> bool:
    return _may_sign


def close() -> None:
    """Take back ``open_for_signing``."""
    global _may_sign  # noqa: PLW0603
    _may_sign = False


def has_key(name: str) -> bool:
    return _key_path(name).exists()


def save_key(name: str, key: PrivateKey | X25519PrivateKey) -> None:
    """Store a key of the CA; raises FileExistsError rather than overwrite one."""
    _write(_key_path(name), _encrypted(key, settings.CA_PASSPHRASE))


def load_key(name: str) -> PrivateKey:
    """Return a key of the CA; raises NotConfigured."""
    key = _load(_key_path(name), settings.CA_PASSPHRASE)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise NotConfigured(f"{name} does not hold a signing key")
    return key


def save_certificate(name: str, certificate: x509.Certificate) -> None:
    _write(_certificate_path(name), certificate.public_bytes(Encoding.PEM))


def load_certificate(name: str) -> x509.Certificate | None:
    path = _certificate_path(name)
    return x509.load_pem_x509_certificate(path.read_bytes()) if path.exists() else None


def save_recovery_key(key: X25519PrivateKey) -> None:
    """Store both halves; the public one stays readable to whoever seals tokens."""
    save_key(RECOVERY, key)
    _write(_recovery_public_path(), key.public_key().public_bytes_raw())


def load_recovery_key() -> X25519PrivateKey:
    """Return the key that opens every virtual token; raises NotConfigured."""
    key = _load(_key_path(RECOVERY), settings.CA_PASSPHRASE)
    if not isinstance(key, X25519PrivateKey):
        raise NotConfigured("the recovery key is of another kind")
    return key


def recovery_public_key() -> X25519PublicKey:
    """Return the half that seals; raises NotConfigured when no CA was set up here."""
    try:
        return X25519PublicKey.from_public_bytes(_recovery_public_path().read_bytes())
    except FileNotFoundError as error:
        raise NotConfigured("no CA is set up: run manage.py setup_ca") from error


def has_responder_key() -> bool:
    return _responder_path().exists()


def save_responder_key(key: PrivateKey) -> None:
    _write(_responder_path(), _encrypted(key, _responder_passphrase()))


def load_responder_key() -> PrivateKey:
    """Return the OCSP responder's key, the one key a web process may hold."""
    key = load_pem_private_key(_responder_path().read_bytes(), _responder_passphrase().encode())
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key


def _load(path: Path, passphrase: str) -> object:
    if not _may_sign:
        raise NotConfigured("this process may not load the keys of the CA")
    try:
        return load_pem_private_key(path.read_bytes(), passphrase.encode())
    except FileNotFoundError as error:
        raise NotConfigured("no CA is set up: run manage.py setup_ca") from error
    except ValueError as error:
        raise NotConfigured(f"CA_PASSPHRASE does not open {path.name}") from error


def _encrypted(key: PrivateKey | X25519PrivateKey, passphrase: str) -> bytes:
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that is never seen half-written, never overwrites, and only its owner reads."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _responder_passphrase() -> str:
    """Not the CA's: the web process has FIELD_KEY and must do without CA_PASSPHRASE."""
    return keyed_hash("ocsp responder key")


def _key_path(name: str) -> Path:
    return Path(settings.CA_KEY_DIR) / f"{name}.key"


def _certificate_path(name: str) -> Path:
    return Path(settings.CA_KEY_DIR) / f"{name}.crt"


def _recovery_public_path() -> Path:
    return Path(settings.CA_KEY_DIR) / f"{RECOVERY}.pub"


def _responder_path() -> Path:
    return Path(settings.OCSP_KEY_DIR) / f"{_RESPONDER}.key"
