"""The time-stamp authority: what openssl makes of it, what it refuses, its certificate."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.ca.authority import keystore, responder, timestamps
from portal.ca.models import Authority

TYPE = "application/timestamp-query"
HASH = {"algorithm": "sha256"}


@pytest.fixture
def tsa(ca: None, tmp_path: Path, settings: Settings, now: datetime) -> Path:
    settings.TSA_KEY_DIR = tmp_path / "tsa"
    assert timestamps.renew(now=now)
    return tmp_path


def question(**changes: object) -> bytes:
    imprint = {"hash_algorithm": HASH, "hashed_message": b"d" * 32}
    return bytes(
        tsp.TimeStampReq(
            {"version": "v1", "message_imprint": imprint, "cert_req": True} | changes
        ).dump()
    )


def openssl(*arguments: str | Path) -> str:
    command = ["openssl", "ts", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("more", [(), ("-sha512",), ("-no_nonce",)])
def test_openssl_verifies_what_the_page_answers(
    ca: None, tmp_path: Path, settings: Settings, more: tuple[str, ...]
) -> None:
    settings.TSA_KEY_DIR = tmp_path / "tsa"
    timestamps.renew(now=timezone.now())
    keystore.close()  # a web process, without the CA's keys
    data, asked, answered = (tmp_path / name for name in ("data", "asked.tsq", "answered.tsr"))
    root = Authority.objects.get(role=Authority.Role.ROOT)
    pem = x509.load_der_x509_certificate(bytes(root.certificate)).public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(pem)
    data.write_bytes(b"what is stamped")
    openssl("-query", "-data", data, "-cert", *more, "-out", asked)

    response = Client(enforce_csrf_checks=True).post(
        "/pki/tsa", asked.read_bytes(), content_type=TYPE
    )

    assert response["Content-Type"] == "application/timestamp-reply"
    answered.write_bytes(response.content)
    verifying = ("-verify", "-queryfile", asked, "-in", answered, "-CAfile", tmp_path / "root.pem")
    assert "Verification: OK" in openssl(*verifying)
    data.write_bytes(b"something else")
    with pytest.raises(subprocess.CalledProcessError):
        openssl("-verify", "-data", data, "-in", answered, "-CAfile", str(tmp_path / "root.pem"))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (b"", "bad_data_format"),
        (b"hello", "bad_data_format"),
        (b"\x30\x80", "bad_data_format"),
        (question()[:-3] + b"\x67\x01\xff", "bad_data_format"),  # a type asn1crypto knows by name
        (b"0" * 5000, "bad_request"),
        (question(version="v1", req_policy="1.2.3.4"), "unaccepted_policy"),
        (
            question(message_imprint={"hash_algorithm": HASH, "hashed_message": b"short"}),
            "bad_data_format",
        ),
        (
            question(
                message_imprint={
                    "hash_algorithm": {"algorithm": "sha1"},
                    "hashed_message": b"d" * 20,
                }
            ),
            "bad_alg",
        ),
        (
            question(extensions=[{"extn_id": "2.25.1", "extn_value": b"\x05\x00"}]),
            "unaccepted_extensions",
        ),
    ],
)
def test_what_is_asked_wrongly_is_refused(tsa: Path, now: datetime, asked: bytes, why: str) -> None:
    said = openssl_reads(timestamps.answer(asked, now=now), tsa)

    assert "Status: Rejected." in said
    assert "TST info:\nNot included." in said
    words = {
        "bad_data_format": "the data submitted has the wrong format",
        "bad_request": "transaction not permitted or supported",
        "bad_alg": "unrecognized or unsupported algorithm identifier",
        "unaccepted_policy": "the requested TSA policy is not supported by the TSA",
        "unaccepted_extensions": "the requested extension is not supported by the TSA",
    }
    assert words[why] in said


def openssl_reads(answer: bytes, folder: Path) -> str:
    (folder / "answer.tsr").write_bytes(answer)
    return openssl("-reply", "-in", folder / "answer.tsr", "-text")


def test_without_its_folder_a_process_stamps_nothing(
    tsa: Path, now: datetime, settings: Settings
) -> None:
    timestamps._Loaded.stamper = None
    settings.TSA_KEY_DIR = tsa / "elsewhere"

    said = openssl_reads(timestamps.answer(question(), now=now), tsa)

    assert "the TSA's time source is not available" in said


def test_its_certificate_stamps_and_nothing_else(tsa: Path) -> None:
    row = Authority.objects.get(role=Authority.Role.TSA)
    certificate = x509.load_der_x509_certificate(bytes(row.certificate))

    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    assert (tsa / "tsa" / "tsa.key").stat().st_mode & 0o077 == 0


def test_it_is_certified_anew_before_its_end_with_the_same_key(tsa: Path, now: datetime) -> None:
    (first,) = Authority.objects.filter(role=Authority.Role.TSA)
    near = first.not_after - timestamps.RENEWED_BEFORE

    assert not timestamps.renew(now=near - timedelta(seconds=1))
    assert timestamps.renew(now=near)
    assert not timestamps.renew(now=near)

    second = Authority.objects.get(role=Authority.Role.TSA, is_current=True)
    before, after = (
        x509.load_der_x509_certificate(bytes(one.certificate)) for one in (first, second)
    )
    assert before.public_key() == after.public_key()
    assert second.not_after > first.not_after
    found = timestamps.stamper(near)
    assert found is not None
    assert found.issuer.certificate == after


def test_the_responder_knows_its_certificate(tsa: Path, now: datetime) -> None:
    found = timestamps.stamper(now)
    assert found is not None
    certificate, issuer = map(x509.load_der_x509_certificate, found.chain)
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())

    der = responder.answer(asked.build().public_bytes(Encoding.DER), now=now)

    said = ocsp.load_der_ocsp_response(der)
    assert said.certificate_status == ocsp.OCSPCertStatus.GOOD
