"""OCSP asked in ways no signing program asks: each gets an answer of the protocol."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice

import pytest
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.x509 import ocsp
from django.test import Client
from django.utils import timezone

from portal.ca.authority import ceremony, responder
from portal.ca.models import Authority

Status = ocsp.OCSPResponseStatus
KNOWN_HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
FEW = 3000  # mutations; each is answered in a fraction of a millisecond


@pytest.fixture
def clock(db: None, signing: None) -> datetime:
    clock = timezone.now()
    ceremony.set_up(now=clock)
    return clock


def question(
    *, serial: int = 1, algorithm: str = "sha1", copies: int = 1, nonce: bytes | None = None
) -> bytes:
    issuing = ceremony.standing()[Authority.Role.ISSUING]
    known = algorithm if algorithm in KNOWN_HASHES else "sha1"
    name, key = responder.issuer_hashes(issuing, known)
    one = {
        "req_cert": {
            "hash_algorithm": {"algorithm": algorithm},
            "issuer_name_hash": name,
            "issuer_key_hash": key,
            "serial_number": serial,
        }
    }
    extensions = [{"extn_id": "nonce", "extn_value": nonce}] if nonce is not None else None
    return bytes(
        asn1.OCSPRequest(
            {"tbs_request": {"request_list": [one] * copies, "request_extensions": extensions}}
        ).dump()
    )


def status_of(answer: bytes) -> Status:
    return ocsp.load_der_ocsp_response(answer).response_status


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        (1, Status.SUCCESSFUL),
        (2**64, Status.SUCCESSFUL),
        (2**159 - 1, Status.SUCCESSFUL),
        (2**160, Status.MALFORMED_REQUEST),
        (2**4000, Status.MALFORMED_REQUEST),
        (0, Status.MALFORMED_REQUEST),
        (-1, Status.MALFORMED_REQUEST),
        (-(2**63), Status.MALFORMED_REQUEST),
    ],
)
def test_a_serial_is_answered_or_called_malformed(
    clock: datetime, serial: int, expected: Status
) -> None:
    asked = question(serial=serial)

    post = Client().post("/pki/ocsp", asked, content_type="application/ocsp-request")
    get = Client().get(f"/pki/ocsp/{base64.b64encode(asked).decode()}")

    assert status_of(post.content) == status_of(get.content) == expected


@pytest.mark.parametrize(
    "algorithm",
    ["md2", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512_256", "1.2.3.4"],
)
def test_a_hash_algorithm_is_answered_or_refused(clock: datetime, algorithm: str) -> None:
    answer = responder.answer(question(algorithm=algorithm), now=clock)

    known = algorithm in KNOWN_HASHES
    assert status_of(answer) == (Status.SUCCESSFUL if known else Status.UNAUTHORIZED)


def test_a_request_that_asks_nothing_is_malformed(clock: datetime) -> None:
    assert responder.answer(question(copies=0), now=clock) == responder.MALFORMED


@pytest.mark.parametrize("copies", [2, 20])
def test_as_many_answers_as_questions(clock: datetime, copies: int) -> None:
    answer = responder.answer(question(copies=copies, nonce=b"abcdefgh"), now=clock)

    read = ocsp.load_der_ocsp_response(answer)
    assert len(list(read.responses)) == copies
    assert read.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"abcdefgh"
    assert responder.answer(question(copies=copies, serial=0), now=clock) == responder.MALFORMED


def test_a_critical_extension_of_a_single_question_is_refused(clock: datetime) -> None:
    asked = asn1.OCSPRequest.load(question())
    one = asked["tbs_request"]["request_list"][0]
    unknown = {"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}
    one["single_request_extensions"] = [unknown]
    critical = responder.answer(asked.dump(force=True), now=clock)
    one["single_request_extensions"] = [unknown | {"critical": False}]
    other = responder.answer(asked.dump(force=True), now=clock)

    assert critical == responder.MALFORMED
    assert status_of(other) == Status.SUCCESSFUL


@pytest.mark.parametrize("nonce", [b"", b"x" * 129, b"x" * 3000])
def test_a_nonce_of_a_forbidden_length_is_malformed(clock: datetime, nonce: bytes) -> None:
    assert responder.answer(question(nonce=nonce), now=clock) == responder.MALFORMED


def mutations(asked: bytes) -> Iterator[bytes]:
    chance = random.Random(68)  # noqa: S311 (the same each time)
    for _number in range(FEW):
        changed = bytearray(asked)
        for _change in range(chance.randint(1, 3)):
            at = chance.randrange(len(changed))
            match chance.randrange(3):
                case 0:
                    changed[at] = chance.randrange(256)
                case 1:
                    del changed[at:]
                    changed += b"\0"
                case _:
                    changed[at:at] = chance.randbytes(2)
        yield bytes(changed)


def test_changed_bytes_get_an_answer_of_the_protocol(clock: datetime) -> None:
    for asked in chain(
        mutations(question(nonce=b"abcdefgh")),
        islice(mutations(question(copies=3, nonce=b"abcdefgh")), FEW // 3),
    ):
        assert status_of(responder.answer(asked, now=clock)) in Status


@pytest.mark.parametrize(
    "path",
    ["x", "====", "AAAA%20", "A" * 5000, "A" * 20_000, "%ED%A0%80", "..%2f..%2f", "é"],
)
def test_rubbish_in_the_path_is_malformed(clock: datetime, path: str) -> None:
    answer = Client().get(f"/pki/ocsp/{path}")

    assert answer.status_code == 200
    assert answer.content == responder.MALFORMED


def test_a_nul_in_the_path_is_a_bad_request(clock: datetime) -> None:
    assert Client().get("/pki/ocsp/%00").status_code == 400


@pytest.mark.parametrize("length", ["", "9" * 5000])
def test_an_odd_length_of_the_body_is_malformed(clock: datetime, length: str) -> None:
    answer = Client().post(
        "/pki/ocsp", b"x", content_type="application/ocsp-request", CONTENT_LENGTH=length
    )

    assert answer.status_code == 200
    assert answer.content == responder.MALFORMED


@pytest.mark.parametrize("length", ["-1", "x", "²"])
def test_a_length_that_is_no_number_is_a_bad_request(clock: datetime, length: str) -> None:
    answer = Client().post(
        "/pki/ocsp", b"x", content_type="application/ocsp-request", CONTENT_LENGTH=length
    )

    assert answer.status_code == 400
