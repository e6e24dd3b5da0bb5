"""What each kind of certificate may be used for and what it carries, as data (DOMAIN 5.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

# Seen in the real personal certificates beside the usual purposes (DOMAIN 5.3).
PUBLIC_SERVICE_SIGNING = x509.ObjectIdentifier("2.16.704.1.1.1.1.1")

SIMULATION_NOTICE = "MÔ PHỎNG - chứng thư thử nghiệm, không có giá trị pháp lý"


@dataclass(frozen=True, slots=True)
class Algorithms:
    """Which keys the CA, its OCSP responder and its subscribers get."""

    make_ca_key: Callable[[], PrivateKey]
    make_responder_key: Callable[[], PrivateKey]
    make_subscriber_key: Callable[[], PrivateKey]


def _rsa(bits: int) -> Callable[[], PrivateKey]:
    return lambda: rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _ec(curve: ec.EllipticCurve) -> Callable[[], PrivateKey]:
    return lambda: ec.generate_private_key(curve)


# The responder signs each answer while somebody waits: P-256 takes a tenth of RSA's time.
ALGORITHMS = {
    "rsa": Algorithms(_rsa(3072), _ec(ec.SECP256R1()), _rsa(2048)),
    "ec": Algorithms(_ec(ec.SECP384R1()), _ec(ec.SECP256R1()), _ec(ec.SECP256R1())),
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
    """Where verifiers find the CA's certificates, its list and its responder."""

    public_url: str

    @property
    def root(self) -> str:
        return f"{self.public_url}/pki/root.crt"

    @property
    def issuing(self) -> str:
        return f"{self.public_url}/pki/issuing.crt"

    @property
    def crl(self) -> str:
        return f"{self.public_url}/pki/crl"

    @property
    def ocsp(self) -> str:
        return f"{self.public_url}/pki/ocsp"


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
