"""Other CAs that are believed: a folder of their certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from portal.ca.authority.anchors import anchors, certificates_in, chain_of

NOW = datetime(2026, 10, 1, tzinfo=UTC)
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def made(
    name: str,
    by: Pair | None = None,
    *,
    is_ca: bool = True,
    path_length: int | None = None,
    until: datetime = NOW + timedelta(days=900),
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=900))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(is_ca, path_length), critical=True)
    )
    return builder.sign(by[1] if by else key, hashes.SHA256()), key


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.TRUST_ANCHORS = tmp_path
    return tmp_path


@pytest.mark.django_db
def test_a_certificate_of_another_ca_is_proved_through_its_chain(folder: Path) -> None:
    root = made("Gốc")
    issuing = made("CA cấp", root, path_length=0)
    stranger = made("CA cấp", made("Gốc"))  # the same names, other keys
    (folder / "goc.cer").write_bytes(root[0].public_bytes(Encoding.DER))
    bundle = pkcs7.serialize_certificates([issuing[0]], Encoding.PEM)
    (folder / "cap.p7b").write_bytes(bundle)
    (folder / "thu.cer").write_bytes(
        made("Thuê bao", root, is_ca=False)[0].public_bytes(Encoding.DER)
    )
    (folder / "hong.cer").write_bytes(b"\x30\x82not a certificate")
    (folder / "doc.txt").write_text("ghi chú")

    believed = anchors()
    assert {anchor.name for anchor in believed} == {"CN=Gốc", "CN=CA cấp"}
    holder = made("Người ký", issuing, is_ca=False)[0]
    chain = chain_of(holder, believed, at=NOW)
    assert chain is not None
    assert [link.certificate for link in chain] == [issuing[0], root[0]]

    assert chain_of(made("Giả", stranger, is_ca=False)[0], believed, at=NOW) is None
    assert chain_of(holder, believed, at=NOW + timedelta(days=901)) is None  # the CA has ended
    below = made("CA con", issuing)  # its issuer may have no CA beneath it
    (folder / "con.cer").write_bytes(below[0].public_bytes(Encoding.DER))
    assert chain_of(made("Người khác", below, is_ca=False)[0], anchors(), at=NOW) is None
    assert chain_of(root[0], [], at=NOW) is None


def test_files_of_certificates_are_read_in_each_form() -> None:
    root = made("Gốc")[0]
    for encoding in (Encoding.PEM, Encoding.DER):
        assert certificates_in(root.public_bytes(encoding)) == [root]
        assert certificates_in(pkcs7.serialize_certificates([root, root], encoding))[-1] == root
