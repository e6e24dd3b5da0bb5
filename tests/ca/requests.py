"""PKCS#10 requests for tests: right ones, and ones with something wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from portal.ca.pki.profiles import PrivateKey

NAME = "CỔNG DỊCH VỤ CÔNG TỈNH LAI CHÂU"
Extension = tuple[x509.ExtensionType, bool]


@cache
def rsa_key(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    """One key of each size for the whole session: making one takes long."""
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def der(
    key: PrivateKey | None = None,
    *,
    name: str = NAME,
    hash_: hashes.SHA224 | hashes.SHA256 | None = None,
    extensions: Sequence[Extension] = (),
    attributes: int = 0,
    units: int = 0,
) -> bytes:
    """A signed request as DER."""
    units_named = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"Phòng {n}")
                   for n in range(units)]  # fmt: skip
    subject = [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), *units_named]
    if name:
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    for number in range(attributes):
        oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.99999.{number + 1}")
        builder = builder.add_attribute(oid, b"x")
    signed = builder.sign(key or ec_key(), hash_ or hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def pem(
    key: PrivateKey | None = None,
    *,
    name: str = NAME,
    extensions: Sequence[Extension] = (),
) -> str:
    """A signed request as PEM."""
    made = x509.load_der_x509_csr(der(key, name=name, extensions=extensions))
    return made.public_bytes(Encoding.PEM).decode()


def domains(*names: str) -> list[Extension]:
    """Return the extension that asks for domain names."""
    return [(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)]


def with_modulus(modulus: int) -> bytes:
    """A request whose RSA key has this modulus (2048 bits); its signature fits another."""
    made = der(rsa_key())
    own = rsa_key().public_key().public_numbers().n
    assert modulus.bit_length() == own.bit_length()
    return made.replace(own.to_bytes(256), modulus.to_bytes(256), 1)
