"""Signatures that last: stamped when made, stamped again in time, proved ten years later."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import OCSPContainer
from pytest_django import Settings

from portal.agencies.models import Agency
from portal.ca.authority import ceremony, keystore, responder, timestamps
from portal.ca.authority import services as authority
from portal.ca.models import Authority, Certificate, RevocationReason
from portal.ca.pki import serials
from portal.ca.pki.names import SubjectName
from portal.ca.pki.profiles import Addresses
from portal.ca.pki.signing import SubscriberSigner
from portal.ca.register import services as register
from portal.core.roles import Role
from portal.documents import lasting, services
from portal.documents.models import Document, SignatureRole
from tests import builders, story
from tests.documents import outside, small_ca

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def ca(db: None, settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.TSA_KEY_DIR = tmp_path / "tsa"
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    sweeps(NOW)
    yield
    forget()
    keystore.close()


def forget() -> None:
    """What this process has loaded belongs to another moment."""
    timestamps._Loaded.stamper, responder._Loaded.responders = None, ()


def sweeps(now: datetime) -> int:
    """What the worker does of itself."""
    forget()
    ceremony.renew_responder(now=now)
    timestamps.renew(now=now)
    return services.renew_stamps(now=now)


@pytest.fixture
def body() -> Agency:
    return builders.agency(office=builders.office())


def holder(body: Agency, role: SignatureRole) -> tuple[Certificate, small_ca.Holder]:
    """A certificate of the portal's own CA that ends in two years, and its key."""
    issuing = Authority.objects.issuing().get()
    is_head = role is SignatureRole.HEAD
    key, serial = ec.generate_private_key(ec.SECP256R1()), serials.new_serial()
    certificate = SubscriberSigner(
        authority.issuer_of(issuing), addresses=Addresses("http://127.0.0.1", issuing.slug)
    ).sign(
        "person" if is_head else "organisation",
        subject=SubjectName(
            common_name="Lò Văn Thắng" if is_head else "Ủy ban nhân dân xã Tân Uyên",
            organisation_levels=("Ủy ban nhân dân xã Tân Uyên",),
            locality="Lai Châu",
        ),
        public_key=key.public_key(),
        serial=serials.number(serial),
        not_before=NOW - timedelta(days=30),
        not_after=NOW + timedelta(days=700),
    )
    row = builders.certificate(
        subscriber=builders.person(at=body) if is_head else builders.organisation(body)
    )
    row.serial, row.der = serial, certificate.public_bytes(Encoding.DER)
    row.thumbprint = hashlib.sha256(row.der).hexdigest()
    row.not_before = certificate.not_valid_before_utc
    row.not_after = certificate.not_valid_after_utc
    row.save()
    return row, small_ca.Holder(certificate, key)


def letter() -> Document:
    return services.store(story.blank_pdf(), name="a.pdf", media_type=services.PDF, now=NOW)


def signed(document: Document, role: SignatureRole, body: Agency) -> tuple[Document, Certificate]:
    certificate, key = holder(body, role)
    copy = services.sign(
        document,
        role=role,
        certificate=certificate,
        key=key.key,
        signed_by=builders.user(Role.HEAD),
        now=NOW,
    )
    return copy, certificate


def said_by_pyhanko(pdf: bytes, *, now: datetime) -> list[object]:
    """What pyHanko's PAdES-LTA profile says of each signature, whose verifier asks the responders.

    It reads the clock itself, so the clock is moved.
    """
    root = Authority.objects.get(role=Authority.Role.ROOT)
    fresh = lasting.evidence_of(
        [
            x509.Certificate.load(bytes(one.certificate))
            for one in Authority.objects.filter(role="tsa")
        ],
        now=now,
    )
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([x509.Certificate.load(bytes(root.certificate))]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    spec = PdfSignatureValidationSpec(
        SignatureValidationSpec(
            policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
            local_knowledge=LocalKnowledge(
                known_ocsps=[one for had in fresh.answers for one in OCSPContainer.load_multi(had)],
                known_certs=fresh.certificates,
            ),
        )
    )
    with time_machine.travel(now, tick=False):
        return [
            asyncio.run(
                ades_lta_validation(one, spec, timing_info=ValidationTimingInfo.now())
            ).ades_subindic
            for one in PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
        ]


@pytest.mark.parametrize("is_revoked", [False, True])
def test_a_letter_of_2026_verifies_in_2036(body: Agency, is_revoked: bool) -> None:
    by_head, certificate = signed(letter(), SignatureRole.HEAD, body)
    copy, _seal = signed(by_head, SignatureRole.ORGANISATION, body)
    if is_revoked:
        reason = RevocationReason.KEY_COMPROMISE
        register.revoke(certificate, reason, actor=None, now=NOW + timedelta(days=20))
    # The authority is certified anew in 2031; its first certificate ends in November 2036.
    assert sweeps(datetime(2031, 12, 1, tzinfo=UTC)) == 0
    assert sweeps(datetime(2036, 5, 25, tzinfo=UTC)) == 1
    assert sweeps(datetime(2036, 5, 27, tzinfo=UTC)) == 0

    copy.refresh_from_db()
    pdf = services.read(copy)
    assert pdf.startswith(services.read_as_stored(copy))
    for month in (6, 12):
        now = datetime(2036, month, 15, tzinfo=UTC)
        sweeps(now)
        assert said_by_pyhanko(pdf, now=now) == [AdESPassed.OK, AdESPassed.OK], month
        reports = services.signatures_on(pdf, now=now)
        assert [one.problems for one in reports] == [(), ()], month
        assert [one.stamped_at for one in reports] == [NOW, NOW], month
    with time_machine.travel(now, tick=False):
        file = SimpleUploadedFile("van-ban.pdf", pdf, content_type=services.PDF)
        page = Client().post(reverse("documents:check"), {"file": file}).text
    assert 'data-valid="yes"' in page


def test_without_the_stamps_a_signature_of_2026_is_not_proved_in_2036(body: Agency) -> None:
    copy, _certificate = signed(letter(), SignatureRole.HEAD, body)

    kept = services.read(copy)
    Document.objects.filter(pk=copy.pk).update(sha256="")  # the portal has never seen it

    (report,) = services.signatures_on(kept, now=datetime(2036, 12, 15, tzinfo=UTC))

    assert report.problems == ("time_unproved",)


def test_what_nobody_could_stamp_is_stamped_later(
    body: Agency, settings: Settings, tmp_path: Path
) -> None:
    settings.TSA_KEY_DIR, here = tmp_path / "elsewhere", settings.TSA_KEY_DIR
    forget()
    copy, certificate = signed(letter(), SignatureRole.HEAD, body)
    (report,) = services.signatures_on(services.read(copy), now=NOW)
    assert (report.problems, report.stamped_at) == ((), None)
    assert (copy.stamped_until, copy.stamp_due_at) == (None, NOW)
    assert services.renew_stamps(now=NOW) == 0  # still nobody

    settings.TSA_KEY_DIR = here
    later = NOW + timedelta(hours=1)
    assert sweeps(later) == 1
    assert services.renew_stamps(now=later) == 0

    copy.refresh_from_db()
    register.revoke(
        certificate, RevocationReason.KEY_COMPROMISE, actor=None, now=later + timedelta(days=1)
    )
    (report,) = services.signatures_on(services.read(copy), now=later + timedelta(days=2))
    assert (report.problems, report.stamped_at) == ((), later)


def test_one_that_is_killed_at_it_is_due_again(body: Agency) -> None:
    copy, _certificate = signed(letter(), SignatureRole.HEAD, body)
    Document.objects.filter(pk=copy.pk).update(stamp_due_at=NOW)
    content = services.read(copy)
    default_storage.delete(copy.path)  # it stops half-way

    assert services.renew_stamps(now=NOW) == 0
    default_storage.save(copy.path, ContentFile(content))
    assert services.renew_stamps(now=NOW + timedelta(hours=23)) == 0
    assert services.renew_stamps(now=NOW + timedelta(hours=24)) == 1


def test_files_stamped_before_a_day_are_stamped_anew_once(body: Agency, settings: Settings) -> None:
    copy, _certificate = signed(letter(), SignatureRole.HEAD, body)
    settings.STAMPS_RENEWED_SINCE = date(2026, 12, 1)

    assert sweeps(NOW + timedelta(days=1)) == 0
    assert sweeps(NOW + timedelta(days=20)) == 1
    assert sweeps(NOW + timedelta(days=22)) == 0
    copy.refresh_from_db()
    (report,) = services.signatures_on(services.read(copy), now=NOW + timedelta(days=22))
    assert report.problems == ()


def test_a_file_signed_elsewhere_is_stamped_and_begins_as_it_came(
    body: Agency, recovery: bytes
) -> None:
    document = services.store(recovery, name="a.pdf", media_type=services.PDF, now=NOW)
    certificate, key = holder(body, SignatureRole.HEAD)
    handed_in = outside.sign(services.read(document), key, now=NOW)

    checked = services.check_signed(
        document, handed_in, role=SignatureRole.HEAD, signers=[certificate], now=NOW
    )
    copy = services.keep_signed(checked, signed_by=builders.user(Role.HEAD), now=NOW)
    upload = SimpleUploadedFile("b.pdf", handed_in)
    kept = services.store_upload(upload, now=NOW, is_signed_paper=True)

    for one in (copy, kept):
        pdf = services.read(one)
        assert pdf.startswith(handed_in)
        (report,) = services.signatures_on(pdf, now=NOW + timedelta(hours=1))
        assert (report.problems, report.stamped_at) == ((), NOW.replace(microsecond=0))
        assert one.stamp_due_at is not None
        assert one.stamp_due_at > NOW + timedelta(days=365)


def test_an_authority_is_asked_by_its_address(settings: Settings) -> None:
    by = timestamps.stamper(NOW)

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(timestamps.answer(asked, now=NOW, by=by))

    server = HTTPServer(("127.0.0.1", 0), Answering)
    settings.TIMESTAMP_URL = f"http://127.0.0.1:{server.server_port}/"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.handle_request)
        found = lasting.stamping(NOW)
    server.server_close()

    assert found is not None
    assert by is not None
    assert {one.dump() for one in found.certificates} == {*by.chain}
    assert lasting.stamping(NOW) is None  # it answers no more
