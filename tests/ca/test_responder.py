"""OCSP over HTTP: what is asked wrongly, what can't be answered, and at what price."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.ca.authority import ceremony, responder, views
from portal.ca.authority import services as authority
from portal.ca.models import Authority, Certificate
from tests.ca import builders

Status, CertStatus = ocsp.OCSPResponseStatus, ocsp.OCSPCertStatus
TYPE = "application/ocsp-request"


@pytest.fixture
def clock(db: None, signing: None) -> datetime:
    """The CA stands as of this moment; the views read the clock themselves."""
    clock = timezone.now()
    ceremony.set_up(now=clock)
    return clock


def question(certificate: Certificate, *, nonce: bytes | None = None) -> bytes:
    subject = x509.load_der_x509_certificate(bytes(certificate.der))
    issuer = authority.current_issuer().certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, hashes.SHA1())  # noqa: S303
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def post(body: bytes) -> ocsp.OCSPResponse:
    response = Client(enforce_csrf_checks=True).post("/pki/ocsp", body, content_type=TYPE)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(response.content)


def test_a_nonce_comes_back(clock: datetime) -> None:
    answer = post(question(builders.certificate(now=clock), nonce=b"n" * 32))

    nonce = answer.extensions.get_extension_for_class(x509.OCSPNonce).value
    assert nonce.nonce == b"n" * 32


@pytest.mark.parametrize("length", [0, 129])
def test_a_nonce_of_a_forbidden_length_is_malformed(clock: datetime, length: int) -> None:
    certificate = builders.certificate(now=clock)

    assert post(question(certificate, nonce=b"n" * length)).response_status == (
        Status.MALFORMED_REQUEST
    )


@pytest.mark.parametrize("body", [b"", b"hello", b"\x30\x80", b"0" * 5000])
def test_nonsense_is_malformed(clock: datetime, body: bytes) -> None:
    assert post(body).response_status == Status.MALFORMED_REQUEST


def test_an_extension_that_must_be_understood_is_refused(clock: datetime) -> None:
    subject = x509.load_der_x509_certificate(bytes(builders.certificate(now=clock).der))
    issuer = authority.current_issuer().certificate
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00")
    asked = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, hashes.SHA256())

    critical = asked.add_extension(unknown, critical=True).build().public_bytes(Encoding.DER)
    other = asked.add_extension(unknown, critical=False).build().public_bytes(Encoding.DER)

    assert post(critical).response_status == Status.MALFORMED_REQUEST
    assert post(other).response_status == Status.SUCCESSFUL


def test_a_question_sent_in_pieces_is_read_to_its_end(clock: datetime) -> None:
    asked = question(builders.certificate(now=clock))
    environ = RequestFactory().post("/pki/ocsp", content_type=TYPE).environ
    # As gunicorn hands on what comes with Transfer-Encoding.
    environ |= {"wsgi.input": BytesIO(asked), "wsgi.input_terminated": True}
    del environ["CONTENT_LENGTH"]

    answer = views.ocsp(WSGIRequest(environ))

    assert ocsp.load_der_ocsp_response(answer.content).certificate_status == CertStatus.GOOD


def test_what_verifiers_fetch_is_the_same_for_everybody(clock: datetime) -> None:
    authority.own().publish_crl(now=clock)

    for path in ("/pki/crl", "/pki/root.crt", "/pki/issuing.crt"):
        answer = Client().get(path)
        assert (answer.status_code, answer.get("Vary", "")) == (200, ""), path


def test_nonsense_in_the_address_is_malformed(clock: datetime) -> None:
    response = Client().get("/pki/ocsp/kh%C3%B4ng-ph%E1%BA%A3i-base64")

    answer = ocsp.load_der_ocsp_response(response.content)
    assert answer.response_status == Status.MALFORMED_REQUEST


def test_a_question_about_another_ca_is_not_ours_to_answer(clock: datetime) -> None:
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        b"a" * 20,
        b"b" * 20,
        1,
        hashes.SHA1(),  # noqa: S303
    )

    answer = post(builder.build().public_bytes(Encoding.DER))

    assert answer.response_status == Status.UNAUTHORIZED


def test_get_answers_like_post(clock: datetime) -> None:
    asked = question(builders.certificate(now=clock))

    response = Client().get(f"/pki/ocsp/{base64.b64encode(asked).decode()}")

    answer = ocsp.load_der_ocsp_response(response.content)
    assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD


def test_a_signed_certificate_the_portal_never_stored_is_unknown(clock: datetime) -> None:
    certificate = builders.certificate(now=clock)
    asked = question(certificate)
    certificate.delete()

    assert post(asked).certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def test_an_answer_costs_one_query_and_no_session(clock: datetime) -> None:
    asked = question(builders.certificate(now=clock))
    post(asked)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        post(asked)

    assert len(queries) == 1


def test_a_responder_whose_certificate_has_ended_says_try_later(clock: datetime) -> None:
    asked = question(builders.certificate(now=clock))

    answer = responder.answer(asked, now=clock + ceremony.RESPONDER_LIFETIME + timedelta(hours=1))

    assert ocsp.load_der_ocsp_response(answer).response_status == Status.TRY_LATER


def test_the_worker_renews_the_responder_before_its_certificate_ends(clock: datetime) -> None:
    asked = question(builders.certificate(now=clock))
    near = clock + ceremony.RESPONDER_LIFETIME - ceremony.RESPONDER_RENEWED_BEFORE

    early = ceremony.renew_responder(now=near - timedelta(minutes=1))
    first = ceremony.renew_responder(now=near)
    again = ceremony.renew_responder(now=near)

    assert (early, first, again) == (False, True, False)
    answer = responder.answer(asked, now=near + timedelta(days=3))
    assert ocsp.load_der_ocsp_response(answer).response_status == Status.SUCCESSFUL


def test_without_a_ca_the_addresses_hold_nothing(db: None) -> None:
    for path in ("root.crt", "issuing.crt", "crl"):
        assert Client().get(f"/pki/{path}").status_code == 404


def test_the_list_is_not_sent_to_one_who_has_it(clock: datetime) -> None:
    first = Client().get("/pki/crl")
    again = Client().get("/pki/crl", headers={"if-none-match": first["ETag"]})

    assert first.status_code == 200
    assert first["Content-Type"] == "application/pkix-crl"
    assert again.status_code == 304


def test_the_ca_certificates_are_served_as_they_are(clock: datetime) -> None:
    for role in ("root", "issuing"):
        response = Client().get(f"/pki/{role}.crt")
        assert response["Content-Type"] == "application/pkix-cert"
        assert response.content == bytes(Authority.objects.get(role=role).certificate)
