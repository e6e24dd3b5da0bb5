"""The key that signs packages: the portal's own, in a folder of its own.

Made with a self-signed certificate when the first package is. An operator who has one of a CA puts
its key and certificate there instead, before the first package or between two.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.conf import settings

from portal.core.files import write_once

_BITS = 3072
_LASTS = timedelta(days=365 * 30)  # longer than any period of retention we know of
NAME = "Cổng chứng thư chữ ký số – ký gói lưu trữ"


def certificate_path() -> Path:
    """Where the certificate lies that verifiers need."""
    return Path(settings.ARCHIVE_KEY_DIR) / "archive.pem"


def signing_key(*, now: datetime) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """Return certificate and key, made when there are none yet."""
    path = certificate_path()
    if not path.exists():
        _make(path, now=now)
    pem = path.read_bytes()
    key = load_pem_private_key(path.with_suffix(".key").read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return x509.load_pem_x509_certificate(pem), key


def _make(path: Path, *, now: datetime) -> None:
    key_path = path.with_suffix(".key")
    made = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_once(key_path, pem)  # of two that come at once one makes it
    key = load_pem_private_key(key_path.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    usage = dict.fromkeys(
        (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_once(path, certificate.public_bytes(Encoding.PEM))
