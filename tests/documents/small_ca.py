"""A small CA for the tests of signatures: a root and whoever it certifies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@cache
def root(name: str = "CA thử nghiệm") -> Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = _certificate(subject, subject, key.public_key(), key.public_key(), is_ca=True)
    return Holder(certificate.sign(key, hashes.SHA256()), key)


@cache
def holder(
    name: str,
    *,
    ends: datetime = NOW + timedelta(days=900),
    rsa_key: bool = False,
    begins: datetime = NOW - timedelta(days=30),
    purposes: tuple[str, ...] = (),
    is_ca: bool = False,
    by: str | Holder = "",
) -> Holder:
    """A subscriber certified by the root (or the root called ``by``) since a month before NOW.

    ``purposes`` are extended key usages, dotted.
    """
    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if rsa_key
        else ec.generate_private_key(ec.SECP256R1())
    )
    issuer = by if isinstance(by, Holder) else root(by) if by else root()
    certificate = _certificate(
        _name(name),
        issuer.certificate.subject,
        key.public_key(),
        issuer.key.public_key(),
        is_ca=is_ca,
        begins=begins,
        ends=ends,
    )
    if purposes:
        named = [x509.ObjectIdentifier(one) for one in purposes]
        certificate = certificate.add_extension(x509.ExtendedKeyUsage(named), critical=False)
    return Holder(certificate.sign(issuer.key, hashes.SHA256()), key)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    issuer_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    *,
    is_ca: bool,
    begins: datetime = NOW - timedelta(days=30),
    ends: datetime = NOW + timedelta(days=3000),
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=not is_ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number() >> 97)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )
