"""A letter is signed with the device's own software and handed in: no key is opened here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader, PdfWriter
from pytest_django import DjangoAssertNumQueries, Settings

from portal.accounts.models import User
from portal.agencies.models import Subscriber
from portal.ca.models import Certificate
from portal.ca.pki.names import readable
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.demand import services as demand
from portal.documents import services as documents
from portal.documents import signing
from portal.documents.models import Signature, SignatureRole
from portal.reports import services as reports
from portal.reports.spans import offered
from requests_app.covering_letters.services import make_letter
from requests_app.covering_letters.steps import COVERING_LETTERS
from requests_app.drafts import attachments
from requests_app.letter_workflow import LetterAction, Stage
from requests_app.models import Dossier, OwnLetter, SigningMode
from requests_app.own_letters.steps import LetterKind
from requests_app.steps.engine import take_step
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.documents import hostile, outside, small_ca

pytestmark = [pytest.mark.django_db, pytest.mark.paper]

HEAD, BODY = small_ca.holder("Lò Văn Chủ"), small_ca.holder("ỦY BAN NHÂN DÂN XÃ THỬ")


def of_another_ca(holder: small_ca.Holder, subscriber: Subscriber) -> Certificate:
    """The row of a real certificate that was brought in and verified."""
    row = builders.certificate(subscriber=subscriber)
    row.der, row.keeper, row.trust = holder.der, "outside", "verified"
    row.thumbprint = hashlib.sha256(holder.der).hexdigest()
    row.issuer_name = readable(holder.certificate.issuer)
    row.save()
    return row


@pytest.fixture
def people(settings: Settings, tmp_path: Path) -> story.Cast:
    """A body and its head whose certificates another CA issued; its root is trusted here."""
    settings.TRUST_ANCHORS = tmp_path
    (tmp_path / "root.cer").write_bytes(small_ca.root().der)
    found = story.cast()
    found.head.person = builders.person("Lò Văn Chủ", at=found.agency)
    found.head.save()
    of_another_ca(HEAD, found.head.person)
    of_another_ca(BODY, builders.organisation(found.agency))
    return found


def waiting(people: story.Cast) -> Dossier:
    dossier = story.drafted(people)
    return story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)


def place(pdf: bytes, role: SignatureRole) -> outside.Box:
    found = signing.find_place(PdfFileReader(BytesIO(pdf)), role)
    assert found is not None
    return found.box


def last_page(pdf: bytes) -> int:
    return len(PdfReader(BytesIO(pdf)).pages) - 1


def downloaded(dossier: Dossier) -> bytes:
    document = dossier.signed_letter or dossier.letter
    assert document is not None
    return documents.read(document)


def hand_in(dossier: Dossier, pdf: bytes, action: Action, people: story.Cast) -> Dossier:
    dossier.refresh_from_db()
    actor = people.head if action == Action.SIGN else people.clerk
    take_step(
        dossier,
        action,
        actor=actor,
        now=builders.NOW,
        version=dossier.version,
        signed_elsewhere=pdf,
    )
    dossier.refresh_from_db()
    return dossier


def by_head(pdf: bytes) -> bytes:
    return outside.sign(
        pdf, HEAD, box=place(pdf, SignatureRole.HEAD), page=last_page(pdf), field="Signature1"
    )


def hand_in_both(letter: OwnLetter, route: str, *, head: User, desk: User) -> None:
    """Let the head and the desk hand in, each in their browser, what they signed elsewhere."""
    for user, holder, action in ((head, HEAD, "sign"), (desk, BODY, "seal")):
        letter.refresh_from_db()
        assert letter.paper is not None
        signed = outside.sign(documents.read(letter.paper), holder, field=f"Signature-{action}")
        client = Client()
        client.force_login(user)
        typed = {"action": action, "version": letter.version}
        file = SimpleUploadedFile("a.pdf", signed)
        answer = client.post(reverse(route, args=[letter.uuid]), typed | {"signed_file": file})
        assert answer.status_code == 302
    letter.refresh_from_db()


def test_both_signatures_come_from_real_devices(people: story.Cast) -> None:
    dossier = waiting(people)
    assert dossier.signing_mode == SigningMode.DIGITAL

    hand_in(dossier, by_head(downloaded(dossier)), Action.SIGN, people)
    assert dossier.state == State.AWAITING_SEAL
    sealed = outside.sign(downloaded(dossier), BODY, field="Signature2")
    hand_in(dossier, sealed, Action.SEAL, people)

    assert dossier.state == State.SUBMITTED
    assert downloaded(dossier) == sealed
    signatures = Signature.objects.filter(document=dossier.letter).order_by("pk")
    assert [(one.role, one.signed_by) for one in signatures] == [
        ("head", people.head),
        ("organisation", people.clerk),
    ]
    reports = documents.signatures_on(sealed, now=builders.NOW)
    assert [(one.role, one.is_valid) for one in reports] == [
        (SignatureRole.HEAD, True),
        (SignatureRole.ORGANISATION, True),
    ]


def saved_anew(pdf: bytes) -> bytes:
    out = BytesIO()
    PdfWriter(clone_from=BytesIO(pdf)).write(out)
    return outside.sign(out.getvalue(), HEAD)


def stamped_over(pdf: bytes) -> bytes:
    return outside.sign(pdf, HEAD, box=(60, 300, 500, 700))


def twice(pdf: bytes) -> bytes:
    return outside.sign(by_head(pdf), BODY, field="Signature2")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (saved_anew, "not_the_frozen_letter"),
        (lambda pdf: pdf, "not_signed"),
        (stamped_over, "signature_not_valid"),
        (lambda pdf: outside.sign(pdf, BODY), "not_an_authorised_signer"),
        (
            lambda pdf: outside.sign(pdf, small_ca.holder("Người lạ", by="CA khác")),
            "signature_not_valid",
        ),
        (twice, "wrong_number_of_signatures"),
    ],
)
def test_what_is_no_signature_of_the_head_on_this_letter_is_refused(
    people: story.Cast, make: Callable[[bytes], bytes], code: str
) -> None:
    dossier = waiting(people)

    with pytest.raises(Refused) as refusal:
        hand_in(dossier, make(downloaded(dossier)), Action.SIGN, people)

    assert [one.code for one in refusal.value.violations] == [code]
    dossier.refresh_from_db()
    assert (dossier.state, dossier.signed_letter) == (State.AWAITING_SIGNATURE, None)


def test_a_file_handed_in_for_a_letter_in_ink_is_refused(people: story.Cast) -> None:
    Certificate.objects.filter(agency=people.agency).delete()
    dossier = waiting(people)
    assert dossier.signing_mode == SigningMode.INK
    story.scan(dossier, people.clerk)

    with pytest.raises(Refused) as refusal:
        hand_in(dossier, by_head(downloaded(dossier)), Action.SIGN, people)

    assert [one.code for one in refusal.value.violations] == ["letter_signed_in_ink"]
    dossier.refresh_from_db()
    assert (dossier.state, dossier.signed_letter) == (State.AWAITING_SIGNATURE, None)


def test_the_file_is_checked_before_the_dossier_is_locked(
    people: story.Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    dossier = waiting(people)

    with (
        django_assert_max_num_queries(200) as queries,
        pytest.raises(Refused),
    ):
        hand_in(dossier, saved_anew(downloaded(dossier)), Action.SIGN, people)

    # Nothing was begun: what is refused held up nobody at this dossier.
    assert not [one for one in queries.captured_queries if "SAVEPOINT" in one["sql"]]


def test_a_pin_opens_no_real_device(people: story.Cast) -> None:
    dossier = waiting(people)

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.SIGN, people.head, pin=story.PIN)

    assert [one.code for one in refusal.value.violations] == ["sign_with_the_device"]


def test_the_head_hands_the_file_in_on_the_page_of_signing(people: story.Cast) -> None:
    dossier = waiting(people)
    client = Client()
    client.force_login(people.head)
    url = reverse("requests_app:sign", args=[dossier.uuid])
    page = client.get(url).content.decode()
    data = {"action": "sign", "version": dossier.version}

    refused = client.post(
        url, data | {"signed_file": SimpleUploadedFile("a.pdf", saved_anew(downloaded(dossier)))}
    )
    taken = client.post(
        url, data | {"signed_file": SimpleUploadedFile("a.pdf", by_head(downloaded(dossier)))}
    )

    assert 'name="signed_file"' in page
    assert 'name="pin"' not in page
    assert refused.status_code == 200
    assert taken.status_code == 302
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SEAL


def test_a_scan_that_bears_signatures_is_judged(people: story.Cast) -> None:
    Certificate.objects.filter(agency=people.agency).update(revoked_at=None, trust="unverified")
    dossier = waiting(people)
    assert dossier.signing_mode == SigningMode.INK

    def attach(pdf: bytes) -> None:
        dossier.refresh_from_db()
        attachments.attach(
            dossier,
            SimpleUploadedFile("quet.pdf", pdf, content_type="application/pdf"),
            kind="signed_scan",
            actor=people.clerk,
            now=builders.NOW,
            version=dossier.version,
        )

    attach(outside.sign(hostile.letter(), HEAD))
    with pytest.raises(Refused) as refusal:
        attach(hostile.an_update_of_the_contents())

    assert [one.code for one in refusal.value.violations] == ["signature_not_valid"]
    assert dossier.attachments.count() == 1


def test_an_offices_letter_is_signed_with_real_devices(settings: Settings, tmp_path: Path) -> None:
    settings.TRUST_ANCHORS = tmp_path
    (tmp_path / "root.cer").write_bytes(small_ca.root().der)
    office = builders.office()
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    head = builders.user(Role.OFFICE_HEAD, agency=office)
    head.person = builders.person("Lò Văn Chủ", at=office)
    head.save()
    of_another_ca(HEAD, head.person)
    of_another_ca(BODY, builders.organisation(office))
    body = builders.agency(office=office)
    dossier = builders.dossier(agency=body, state=State.SUBMITTED, route=Route.VIA_OFFICE)
    chosen = Dossier.objects.filter(pk=dossier.pk)
    letter = make_letter(chosen, actor=officer, now=builders.NOW).letter
    letter = COVERING_LETTERS.number(
        letter,
        letter_number="68/SKHCN-CĐS",
        letter_date=builders.TODAY,
        actor=officer,
        now=builders.NOW,
        version=letter.version,
    )
    letter = COVERING_LETTERS.take_step(
        letter,
        LetterAction.REQUEST_SIGNATURE,
        actor=officer,
        now=builders.NOW,
        version=letter.version,
    )
    hand_in_both(letter, "requests_app:covering_step", head=head, desk=officer)

    assert letter.stage == Stage.FORWARDING
    assert letter.letter is not None
    assert [one.role for one in letter.letter.signatures.all()] == ["head", "organisation"]


def test_a_report_and_a_proposal_of_demand_are_signed_elsewhere(people: story.Cast) -> None:
    clerk, year = people.clerk, builders.TODAY.year
    report = reports.open_report(offered(builders.TODAY)[0], actor=clerk, now=builders.NOW)
    assert reports.count_waiting(now=builders.NOW) == 1
    facts = demand.RoundFacts(
        title="Nhu cầu", basis="", first_year=year, last_year=year, row_codes=["system"],
        due_on=builders.TODAY,
    )  # fmt: skip
    of = demand.open_round(facts, actor=people.officer, now=builders.NOW)
    proposal = demand.start_proposal(of, actor=clerk, now=builders.NOW)
    demand.write(proposal, {"system": {str(year): 2}}, {}, actor=clerk, now=builders.NOW, version=1)

    given: dict[str, Any] = {"actor": clerk, "now": builders.NOW}
    number: dict[str, Any] = {"letter_number": "68/UBND", "letter_date": builders.TODAY}
    papers: list[tuple[LetterKind[Any], OwnLetter, str]] = [
        (reports.REPORTS, report, "reports:step"),
        (demand.PROPOSALS, proposal, "demand:step"),
    ]
    for kind, letter, route in papers:
        letter.refresh_from_db()
        numbered = kind.number(letter, **number, **given, version=letter.version)
        kind.take_step(numbered, "request_signature", **given, version=numbered.version)
        hand_in_both(letter, route, head=people.head, desk=clerk)
        assert letter.stage == "issued"
        roles = Signature.objects.filter(document=letter.letter).order_by("pk")
        assert [one.role for one in roles] == ["head", "organisation"]
