"""Signing X.509 certificates: the CA's own and its subscribers'; no Django."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID

from portal.ca.pki.names import SubjectName, ip_of, x509_name
from portal.ca.pki.profiles import (
    PROFILES,
    SIMULATION_NOTICE,
    Addresses,
    PrivateKey,
    PublicKey,
    key_usage,
)

MIN_RSA_BITS = 2048
MIN_EC_BITS = 256
# Under which the simulated CA issues: an OID of our own (ITU-T X.667, 2.25.UUID), which promises
# nothing to anybody; anyPolicy would promise everything.
TEST_POLICY = x509.ObjectIdentifier("2.25.304226526984477549506108701333520586798")

Hash = hashes.SHA256 | hashes.SHA384
Extension = tuple[x509.ExtensionType, bool]  # value, critical


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate of the CA with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def hash(self) -> Hash:
        return hash_for(self.key)

    def sign(self, data: bytes) -> bytes:
        """Return the signature of ``data`` by the issuer's own algorithm."""
        return sign(self.key, data)

    def certify_ca(
        self,
        public_key: PublicKey,
        *,
        name: x509.Name,
        serial: int,
        not_before: datetime,
        not_after: datetime,
        addresses: Addresses,
    ) -> x509.Certificate:
        """Return the certificate of a CA that issues to subscribers only; ``addresses``: ours."""
        issuer = self.certificate.subject
        builder = _builder(
            issuer, name, public_key, serial=serial, not_before=not_before, not_after=not_after
        )
        extensions: list[Extension] = [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (key_usage(key_cert_sign=True, crl_sign=True), True),
            (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
            (_authority_key_id(self), False),
            (_status_at(addresses), False),
            (_list_at(addresses), False),
        ]
        return _with(builder, extensions).sign(self.key, self.hash)

    def certify_service(
        self,
        public_key: PublicKey,
        purpose: x509.ObjectIdentifier,
        *,
        name: x509.Name,
        serial: int,
        not_before: datetime,
        not_after: datetime,
        addresses: Addresses,
    ) -> x509.Certificate:
        """Return the certificate of a service of the CA's, for ``purpose`` alone.

        OCSP_SIGNING: a delegated responder (RFC 6960, 4.2.2.2), which vouches for itself.
        TIME_STAMPING: a time-stamp authority (RFC 3161, 2.3).
        """
        issuer = self.certificate.subject
        builder = _builder(
            issuer, name, public_key, serial=serial, not_before=not_before, not_after=not_after
        )
        is_responder = purpose == ExtendedKeyUsageOID.OCSP_SIGNING
        extensions: list[Extension] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (key_usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([purpose]), not is_responder),
            (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
            (_authority_key_id(self), False),
        ]
        if is_responder:
            extensions += [
                (x509.OCSPNoCheck(), False),
                (_access((Access.CA_ISSUERS, addresses.certificate)), False),
            ]
        else:
            extensions += [(_status_at(addresses), False), (_list_at(addresses), False)]
        return _with(builder, extensions).sign(self.key, self.hash)

    def certify_recovery(
        self,
        public_key: X25519PublicKey,
        *,
        name: x509.Name,
        serial: int,
        not_before: datetime,
        not_after: datetime,
    ) -> x509.Certificate:
        """Return the certificate of the key that opens virtual tokens: it only agrees on keys."""
        issuer = self.certificate.subject
        builder = _builder(
            issuer, name, public_key, serial=serial, not_before=not_before, not_after=not_after
        )
        extensions: list[Extension] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (key_usage(key_agreement=True), True),
            (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
            (_authority_key_id(self), False),
        ]
        return _with(builder, extensions).sign(self.key, self.hash)


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Return the signature of ``data``: PKCS #1 v1.5 or ECDSA, over the key's hash."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hash_for(key))
    return key.sign(data, ec.ECDSA(hash_for(key)))


def hash_for(key: PrivateKey | PublicKey) -> Hash:
    """Return SHA-256, or SHA-384 for a P-384 key."""
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return hashes.SHA256()
    return hashes.SHA384() if key.curve.key_size > MIN_EC_BITS else hashes.SHA256()


def load_public_key(der: bytes) -> PublicKey:
    """Return the key in a DER SubjectPublicKeyInfo; raises ValueError when it is weak or foreign.

    Smallest sizes: Thông tư 15/2025/TT-BKHCN (DOMAIN 5.3).
    """
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("Khóa công khai không đọc được.") from error
    if isinstance(key, rsa.RSAPublicKey):
        is_strong = key.key_size >= MIN_RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        is_strong = key.curve.key_size >= MIN_EC_BITS
    else:
        raise ValueError("Khóa công khai không phải RSA hay ECDSA.")
    if not is_strong:
        raise ValueError(f"Khóa công khai quá ngắn: {key.key_size} bit.")
    return key


def sign_root(
    key: PrivateKey, *, name: x509.Name, serial: int, not_before: datetime, not_after: datetime
) -> x509.Certificate:
    """Return a self-signed root for one level of issuing CAs."""
    own_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _builder(
        name, name, key.public_key(), serial=serial, not_before=not_before, not_after=not_after
    )
    extensions: list[Extension] = [
        (x509.BasicConstraints(ca=True, path_length=1), True),
        (key_usage(key_cert_sign=True, crl_sign=True), True),
        (own_id, False),
    ]
    return _with(builder, extensions).sign(key, hash_for(key))


class SubscriberSigner:
    """Signs subscribers' certificates; what all of a profile share is built once."""

    def __init__(self, issuer: Issuer, *, addresses: Addresses) -> None:
        self._issuer = issuer
        notice = x509.UserNotice(None, SIMULATION_NOTICE)
        shared: list[Extension] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_authority_key_id(issuer), False),
            (_status_at(addresses), False),
            (_list_at(addresses), False),
            (x509.CertificatePolicies([x509.PolicyInformation(TEST_POLICY, [notice])]), False),
        ]
        builder = _with(x509.CertificateBuilder().issuer_name(issuer.certificate.subject), shared)
        self._builders = {
            (kind, is_rsa): _with(
                builder,
                [
                    (profile.key_usage(is_rsa=is_rsa), True),
                    (x509.ExtendedKeyUsage(profile.purposes), False),
                ],
            )
            for kind, profile in PROFILES.items()
            for is_rsa in (True, False)
        }

    def sign(
        self,
        kind: str,
        *,
        subject: SubjectName,
        public_key: PublicKey,
        serial: int,
        not_before: datetime,
        not_after: datetime,
    ) -> x509.Certificate:
        """Return one certificate; raises ValueError when the CA must not sign it."""
        if kind not in PROFILES:
            raise ValueError(f"Không có loại chứng thư {kind}.")
        own = self._issuer.certificate
        is_within = own.not_valid_before_utc <= _second(not_before) < _second(not_after)
        if not is_within or not_after > own.not_valid_after_utc:
            raise ValueError("Thời hạn của chứng thư không hợp lệ hoặc dài hơn thời hạn của CA.")
        name = x509_name(subject)
        builder = (
            self._builders[kind, isinstance(public_key, rsa.RSAPublicKey)]
            .subject_name(name)
            .public_key(public_key)
            .serial_number(serial)
            .not_valid_before(_second(not_before))
            .not_valid_after(_second(not_after))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )
        names: list[x509.GeneralName] = []
        if subject.email:
            names.append(x509.RFC822Name(subject.email))
        if address := ip_of(subject.domain):
            names.append(x509.IPAddress(address))
        elif subject.domain:
            names.append(x509.DNSName(subject.domain))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._issuer.key, self._issuer.hash)
        self._check(certificate, name=name, public_key=public_key)
        return certificate

    def _check(
        self, certificate: x509.Certificate, *, name: x509.Name, public_key: PublicKey
    ) -> None:
        """Look at a certificate before it leaves: a faulty signature may give the key away."""
        try:
            certificate.verify_directly_issued_by(self._issuer.certificate)
        except InvalidSignature as error:
            raise ValueError("Chữ ký của CA trên chứng thư không đúng; chưa cấp.") from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # long Vietnamese names, counted in bytes
            is_as_asked = certificate.public_key() == public_key and certificate.subject == name
        if not is_as_asked:
            raise ValueError("Chứng thư không ghi đúng khóa hoặc tên đã đề nghị; chưa cấp.")


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    public_key: PublicKey | X25519PublicKey,
    *,
    serial: int,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(_second(not_before))
        .not_valid_after(_second(not_after))
    )


def _with(
    builder: x509.CertificateBuilder, extensions: Sequence[Extension]
) -> x509.CertificateBuilder:
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _authority_key_id(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _access(*entries: tuple[x509.ObjectIdentifier, str]) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in entries
    )


def _status_at(addresses: Addresses) -> x509.AuthorityInformationAccess:
    return _access((Access.OCSP, addresses.ocsp), (Access.CA_ISSUERS, addresses.certificate))


def _list_at(addresses: Addresses) -> x509.CRLDistributionPoints:
    where = [x509.UniformResourceIdentifier(addresses.crl)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(where, None, None, None)])
