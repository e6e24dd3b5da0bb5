"""Another CA, certificates it issued, and lists of them as offices keep them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from django.test import Client
from openpyxl import Workbook

from portal.accounts.models import User
from portal.estate import services
from portal.estate.models import Delivery
from tests.builders import NOW

BEGINS = datetime(2024, 3, 1, tzinfo=UTC)


@cache
def ca_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ca_certificate() -> x509.Certificate:
    """The root of another CA, which a test puts among the anchors or does not."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA KHÁC (THỬ)")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(ca_key().public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(ca_key(), hashes.SHA256())
    )  # fmt: skip


def certificate(
    name: str,
    *,
    body: str,
    serial: int,
    email: str = "",
    ends: datetime = NOW + timedelta(days=400),
    key: ec.EllipticCurvePrivateKey | None = None,
) -> x509.Certificate:
    """A subscriber's certificate of the other CA."""
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "UBND TỈNH LAI CHÂU"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, body[:60]),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ]
    if email:
        parts.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, email))
    public = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(ca_certificate().subject)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(min(BEGINS, ends - timedelta(days=900)))
        .not_valid_after(ends)
        .sign(ca_key(), hashes.SHA256())
    )


def der(one: x509.Certificate) -> bytes:
    return one.public_bytes(Encoding.DER)


def crl(revoked: Sequence[int], key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """The other CA's list of revoked certificates; by another ``key`` nobody believes it."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca_certificate().subject)
        .last_update(BEGINS)
        .next_update(NOW + timedelta(days=7))
    )
    for serial in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(BEGINS)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build()
        )
    return builder.sign(key or ca_key(), hashes.SHA256()).public_bytes(Encoding.DER)


def p7b(certificates: Sequence[x509.Certificate]) -> bytes:
    return pkcs7.serialize_certificates(list(certificates), Encoding.DER)


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def workbook(*rows: Sequence[object]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def csv(*rows: Sequence[str]) -> bytes:
    return "\n".join(";".join(row) for row in rows).encode("utf-8-sig")


def hand_in(
    officer: User, *files: tuple[str, bytes], purpose: str = Delivery.Purpose.BRING_IN
) -> Delivery:
    """Hand files in and let the background read and judge them."""
    delivery = services.hand_in(
        [services.HandedIn(name, content) for name, content in files],
        title="Đợt thử",
        purpose=purpose,
        actor=officer,
        now=NOW,
    )
    return worked(delivery)


def worked(delivery: Delivery) -> Delivery:
    """Let the background go on until it has nothing left to do."""
    while services.work(now=NOW):
        pass
    delivery.refresh_from_db()
    return delivery


def carried(delivery: Delivery, officer: User) -> Delivery:
    services.start(delivery, actor=officer, now=NOW)
    return worked(delivery)


def codes(delivery: Delivery, number: int) -> set[str]:
    """What was found in the rows of one number."""
    return {
        code for row in delivery.rows.filter(number=number) for _field, code, _about in row.findings
    }


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
