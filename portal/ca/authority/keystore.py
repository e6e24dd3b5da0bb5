"""The CA's private keys: in encrypted files or on a token, loaded only where allowed.

CA_KEY_STORE and OCSP_KEY_STORE say where keys are made: "files" or "pkcs11" (``token``). A key is
used from where it lies: what a file holds needs no token. Certificates, and the recovery key,
which decrypts, lie in files always.

Folders, so that a process can be given one and not another: ``CA_KEY_DIR`` holds the
root's, the issuing CA's and the recovery key (and their certificates, so that an empty database
finds the same CA again); ``OCSP_KEY_DIR`` holds the delegated responder's, ``TSA_KEY_DIR`` that of
the time-stamp authority.

A key file is PEM under scrypt: standard PKCS#8 (RFC 8018, RFC 7914), which openssl opens.
cryptography reads this form and writes only PBKDF2 with few rounds, so the envelope is made here.
"""

from __future__ import annotations

import os
import secrets
import stat
from base64 import b64decode, encodebytes
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import ObjectIdentifier
from django.conf import settings

from portal.ca.authority.faults import KeyFault, NotConfigured
from portal.ca.authority.token import Token
from portal.ca.models import Authority
from portal.ca.pki import serials
from portal.ca.pki.names import readable
from portal.ca.pki.profiles import KeyKind, PrivateKey, generate
from portal.ca.pki.sealing import SCRYPT_BLOCKS, SCRYPT_LANES
from portal.core.database.fields import keyed_hash
from portal.core.files import overwrite, write_new

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


Role = Authority.Role
# What a web process answers with: under FIELD_KEY, which it has, not under the CA's passphrase.
_OF_SERVICES = {Role.OCSP: "ocsp responder key", Role.TSA: "time-stamp authority key"}

_may_sign = False


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


def key_path(name: str) -> Path:
    """Return the file of a key; ``name`` is the slug of what it belongs to, here and below."""
    folders = {"ocsp": settings.OCSP_KEY_DIR, "tsa": settings.TSA_KEY_DIR}
    return Path(folders.get(name, settings.CA_KEY_DIR)) / f"{name}.key"


def certificate_path(name: str) -> Path:
    return Path(settings.CA_KEY_DIR) / f"{name}.crt"


def token_of(name: str) -> Token | None:
    """Return the token a key lies on or is to be made on; None when its place is a file."""
    store, label, pin = settings.CA_KEY_STORE, settings.CA_TOKEN, "CA_TOKEN_PIN"
    if name == Role.OCSP:
        store, label, pin = settings.OCSP_KEY_STORE, settings.OCSP_TOKEN, "OCSP_TOKEN_PIN"
    if store == "files" or name in (Role.RECOVERY, Role.TSA) or key_path(name).exists():
        return None
    return Token(settings.PKCS11_MODULE, label, lambda: os.environ.get(pin, ""))


def place_of(name: str) -> Path | str:
    """Return where a key lies or is to be made, for people."""
    token = token_of(name)
    return token.place(name) if token else key_path(name)


def has_key(name: str) -> bool:
    """Say whether this machine keeps the key: that of a root may be elsewhere.

    Raises KeyFault when it should be on a token that cannot be asked.
    """
    token = token_of(name)
    return token.has_key(name) if token else key_path(name).exists()


def make_key(name: str, kind: KeyKind) -> None:
    """Make a key that signs; raises FileExistsError rather than replace one, KeyFault."""
    token = token_of(name)
    if token:
        token.make_key(name, kind)
    else:
        save_key(name, generate(kind))


def save_key(role: str, key: PrivateKey | X25519PrivateKey) -> None:
    """Store a key in a file; raises FileExistsError rather than overwrite one."""
    write_new(key_path(role), _key_file(role, key))


def load_key(role: str, *, certificate: x509.Certificate | None) -> PrivateKey:
    """Return a key that signs; raises KeyFault unless it is the one ``certificate`` speaks of.

    Without a certificate (none was signed yet) nothing is compared.
    """
    key = _load(role, certificate)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key


def load_recovery_key(*, certificate: x509.Certificate | None) -> X25519PrivateKey:
    """Return the key that opens every virtual token; raises KeyFault as ``load_key`` does."""
    key = _load(Role.RECOVERY, certificate)
    assert isinstance(key, X25519PrivateKey)
    return key


def strengthen(role: str) -> None:
    """Encrypt a key file anew when today's cost is higher than its own."""
    if token_of(role):
        return
    path = key_path(role)
    if cost_of(_read(path)) >= settings.SCRYPT_COST:
        return
    overwrite(path, _key_file(role, _load(role, None)))


def set_aside(role: str) -> None:
    """Keep a key that is of no use any more under another name; raises KeyFault."""
    token, path = token_of(role), key_path(role)
    if token:
        token.rename_key(role, f"{role}.{secrets.token_hex(4)}")
    elif path.exists():
        path.rename(path.with_name(f"{path.name}.{secrets.token_hex(4)}"))


def save_certificate(role: str, certificate: x509.Certificate) -> None:
    write_new(certificate_path(role), certificate.public_bytes(Encoding.PEM))


def load_certificate(role: str) -> x509.Certificate:
    """Return the certificate kept beside a key of the CA; raises KeyFault."""
    path = certificate_path(role)
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise KeyFault("damaged", path, "is no certificate") from error


def make_passphrase() -> None:
    """In the simulation, make the passphrase that nobody has given, once, for a CA to be made."""
    path = Path(settings.CA_PASSPHRASE_FILE)
    if settings.SIMULATION and not os.environ.get("CA_PASSPHRASE") and not path.exists():
        write_new(path, secrets.token_urlsafe(48).encode())


def _load(role: str, certificate: x509.Certificate | None) -> PrivateKey | X25519PrivateKey:
    if role not in _OF_SERVICES and not _may_sign:
        raise NotConfigured("this process may not load the keys of the CA")
    whose = "a key of the CA"
    if certificate is not None:
        serial = serials.text(certificate.serial_number)
        whose = f"the key of {readable(certificate.subject)} (certificate {serial})"
    token = token_of(role)
    key = token.key(role) if token else _load_file(role, whose)
    kinds = (
        X25519PrivateKey
        if role == Role.RECOVERY
        else rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    )
    if not isinstance(key, kinds) or (certificate and key.public_key() != certificate.public_key()):
        raise KeyFault("foreign", place_of(role), f"holds another key, should be {whose}")
    if (
        role not in _OF_SERVICES
        and certificate is not None
        and load_certificate(role) != certificate
    ):
        raise KeyFault("foreign", certificate_path(role), f"another certificate, should be {whose}")
    return key


def _load_file(role: str, whose: str) -> PrivateKeyTypes:
    path = key_path(role)
    pem = _read(path, whose)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyFault("open_to_others", path, "others than its owner may use it: chmod 600")
    passphrase = _passphrase(role)
    try:
        return load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if b"-----END ENCRYPTED PRIVATE KEY-----" not in pem:
            raise KeyFault("damaged", path, f"is no whole key file, should be {whose}") from error
        what = "FIELD_KEY" if role in _OF_SERVICES else "CA_PASSPHRASE"
        why = f"{what} does not open it, or it was damaged; it should be {whose}"
        raise KeyFault("not_opened", path, why) from error


def _read(path: Path, whose: str = "of the CA") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        why = f"is missing ({whose}): put it back from its backup; no other can take its place"
        raise KeyFault("missing", path, why) from error
    except OSError as error:
        raise KeyFault("unreadable", path, f"cannot be read: {error.strerror}") from error


def _passphrase(role: str) -> str:
    """Return what opens a key file; read here, when it is needed: web and beat run without it.

    The responder's is not the CA's: the web process has FIELD_KEY.
    """
    if role in _OF_SERVICES:
        return keyed_hash(_OF_SERVICES[Role(role)])
    path = Path(settings.CA_PASSPHRASE_FILE)
    value = os.environ.get("CA_PASSPHRASE") or (
        _read(path).decode().strip() if path.exists() else ""
    )
    if not value:
        raise KeyFault("no_passphrase", key_path(role), "CA_PASSPHRASE is not set for this process")
    if value in (settings.SECRET_KEY, settings.FIELD_KEY):
        why = "CA_PASSPHRASE must differ from SECRET_KEY and FIELD_KEY"
        raise KeyFault("shared_passphrase", key_path(role), why)
    return value


def _key_file(role: str, key: PrivateKey | X25519PrivateKey) -> bytes:
    return encrypted(key, _passphrase(role), cost=settings.SCRYPT_COST)
