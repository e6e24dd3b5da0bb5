"""What each kind of certificate may be used for and what it carries, as data (DOMAIN 5.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

# Seen in the real personal certificates beside the usual purposes (DOMAIN 5.3).
PUBLIC_SERVICE_SIGNING = x509.ObjectIdentifier("2.16.704.1.1.1.1.1")

SIMULATION_NOTICE = "MÔ PHỎNG - chứng thư thử nghiệm, không có giá trị pháp lý"


KeyKind = int | ec.EllipticCurve  # bits of an RSA modulus, or a curve


@dataclass(frozen=True, slots=True)
class Algorithms:
    """Which keys the CA, its OCSP responder and its subscribers get."""

    ca_key: KeyKind
    responder_key: KeyKind
    subscriber_key: KeyKind


def generate(kind: KeyKind) -> PrivateKey:
    """Return a new key."""
    if isinstance(kind, int):
        return rsa.generate_private_key(public_exponent=65537, key_size=kind)
    return ec.generate_private_key(kind)


# The responder signs each answer while somebody waits: P-256 takes a tenth of RSA's time.
ALGORITHMS = {
    "rsa": Algorithms(3072, ec.SECP256R1(), 2048),
    "ec": Algorithms(ec.SECP384R1(), ec.SECP256R1(), ec.SECP256R1()),
}


def algorithm_name(key: PublicKey) -> str:
    """Return the name a KeyPair carries: "rsa-2048", "ec-p256"."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa-{key.key_size}"
    return f"ec-p{key.curve.key_size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A kind of subscriber certificate."""

    signs_documents: bool  # nonRepudiation: signatures that bind
    encrypts: bool  # RSA only: an EC key can't encipher
    purposes: tuple[x509.ObjectIdentifier, ...] = field(default=())

    def key_usage(self, *, is_rsa: bool) -> x509.KeyUsage:
        """Return what the key may do."""
        return key_usage(
            digital_signature=True,
            content_commitment=self.signs_documents,
            key_encipherment=is_rsa,
            data_encipherment=is_rsa and self.encrypts,
        )


PROFILES = {
    "person": Profile(
        signs_documents=True,
        encrypts=True,
        purposes=(
            Usage.CLIENT_AUTH,
            Usage.EMAIL_PROTECTION,
            PUBLIC_SERVICE_SIGNING,
            Usage.SMARTCARD_LOGON,
        ),
    ),
    "organisation": Profile(
        signs_documents=True,
        encrypts=True,
        purposes=(Usage.CLIENT_AUTH, Usage.EMAIL_PROTECTION, PUBLIC_SERVICE_SIGNING),
    ),
    "system": Profile(
        signs_documents=False,
        encrypts=False,
        purposes=(Usage.SERVER_AUTH, Usage.CLIENT_AUTH, PUBLIC_SERVICE_SIGNING),
    ),
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where verifiers find a CA's certificate, its list and its responder."""

    public_url: str
    ca: str  # the CA's slug

    @property
    def certificate(self) -> str:
        return f"{self.public_url}/pki/{self.ca}/ca.crt"

    @property
    def crl(self) -> str:
        return f"{self.public_url}/pki/{self.ca}/crl"

    @property
    def ocsp(self) -> str:
        return f"{self.public_url}/pki/{self.ca}/ocsp"


def key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    data_encipherment: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """Return a KeyUsage with the named bits set and no others."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=data_encipherment,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
