"""Many dossiers under one letter: chosen, summed up, signed by two, forwarded once each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.roles import Capability, Role
from portal.core.rules import Refused
from portal.documents import services as documents
from portal.notices.models import Notice
from requests_app import tasks as render_queue
from requests_app.covering_letters import forward_queue
from requests_app.covering_letters import services as covering_letters_services
from requests_app.covering_letters.paper import covering_letter_of, summary_of
from requests_app.covering_letters.services import (
    make_letter,
    waiting_to_forward,
)
from requests_app.covering_letters.steps import (
    COVERING_LETTERS,
    DOSSIERS_RENDERED_AT_ONCE,
    covered_of,
    render_letter,
)
from requests_app.errors import Barred, NotEditable, StaleVersion
from requests_app.letter_workflow import LetterAction, Stage
from requests_app.models import CoveredDossier, CoveringLetter, Dossier, DossierEvent
from requests_app.steps.engine import take_step
from requests_app.submission.signers import block_of
from requests_app.workflow import Action, Route, State
from tests import builders, story

pytestmark = pytest.mark.django_db

LATER = builders.NOW + timedelta(minutes=1)


class Desk:
    """An office that consolidates: its people, and bodies whose dossiers wait to be forwarded."""

    def __init__(self) -> None:
        self.office = builders.office()
        self.officer = builders.user(Role.OFFICE_OFFICER, agency=self.office)
        self.head = builders.user(Role.OFFICE_HEAD, agency=self.office, name="Vàng Văn Chủ")
        self.body = builders.agency("ỦY BAN NHÂN DÂN XÃ BÌNH THỬ", office=self.office)

    def waiting(self, *, rows: int = 1, body: Agency | None = None, **more: object) -> Dossier:
        return builders.dossier(
            agency=body or self.body,
            state=State.SUBMITTED,
            route=Route.VIA_OFFICE,
            rows=rows,
            **more,  # type: ignore[arg-type]
        )

    def cover(self, dossiers: Sequence[Dossier]) -> CoveringLetter:
        chosen = Dossier.objects.filter(pk__in=[dossier.pk for dossier in dossiers])
        return make_letter(chosen, actor=self.officer, now=builders.NOW).letter

    def numbered(self, dossiers: Sequence[Dossier], number: str = "68/SKHCN-CĐS") -> CoveringLetter:
        letter = self.cover(dossiers)
        return COVERING_LETTERS.number(
            letter,
            letter_number=number,
            letter_date=builders.TODAY,
            actor=self.officer,
            now=builders.NOW,
            version=letter.version,
        )

    def step(
        self,
        letter: CoveringLetter,
        action: LetterAction,
        actor: User,
        *,
        reason: str = "",
        pin: str = "",
    ) -> CoveringLetter:
        letter.refresh_from_db()
        return COVERING_LETTERS.take_step(
            letter,
            action,
            actor=actor,
            now=builders.NOW,
            version=letter.version,
            reason=reason,
            pin=pin,
        )

    def scan(self, letter: CoveringLetter) -> CoveringLetter:
        letter.refresh_from_db()
        paper = SimpleUploadedFile("quet.pdf", story.blank_pdf(), content_type="application/pdf")
        return COVERING_LETTERS.attach_scan(
            letter, paper, actor=self.officer, now=builders.NOW, version=letter.version
        )

    def signed(self, dossiers: Sequence[Dossier]) -> CoveringLetter:
        """Signed by hand, the scan kept: it waits to be sent."""
        letter = self.numbered(dossiers)
        self.step(letter, LetterAction.REQUEST_SIGNATURE, self.officer)
        self.scan(letter)
        return self.step(letter, LetterAction.SIGN, self.head)

    def sealed(self, dossiers: Sequence[Dossier]) -> CoveringLetter:
        return self.step(self.signed(dossiers), LetterAction.SEAL, self.officer)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


def test_every_dossier_is_forwarded_with_the_letter_as_its_paper(desk: Desk) -> None:
    dossiers = [desk.waiting() for _number in range(3)]
    letter = desk.sealed(dossiers)

    assert forward_queue.forward_waiting(now=LATER) == 3

    letter.refresh_from_db()
    assert letter.stage == Stage.SENT
    for dossier in dossiers:
        dossier.refresh_from_db()
        event = dossier.events.get()
        assert dossier.state == State.FORWARDED
        assert (event.action, event.actor) == (Action.FORWARD, desk.officer)
        assert event.document == letter.scan
    assert AuditEntry.objects.filter(action="dossier.forward").count() == 3
    assert AuditEntry.objects.filter(action="covering.finish").count() == 1
    assert Notice.objects.filter(recipient=desk.officer, text__contains="Đã chuyển 3").exists()


def test_a_sweep_that_runs_twice_forwards_nothing_twice(desk: Desk) -> None:
    dossier = desk.waiting()
    letter = desk.sealed([dossier])
    forward_queue.forward_waiting(now=LATER)

    assert forward_queue.forward_waiting(now=LATER) == 0
    assert forward_queue.forward(letter.pk, now=LATER) == 0
    assert DossierEvent.objects.filter(dossier=dossier).count() == 1


def test_another_worker_takes_up_where_a_killed_one_stopped(desk: Desk) -> None:
    letter = desk.sealed([desk.waiting() for _number in range(3)])
    forward_queue.claim(letter.pk, now=LATER)
    forward_queue.forward_one(letter.covered.all()[0].pk, now=LATER)

    # The dead worker's lease still runs; when it is over, the rest is done and nothing twice.
    assert forward_queue.forward_waiting(now=LATER) == 0
    assert forward_queue.forward_waiting(now=LATER + timedelta(hours=1)) == 2
    assert DossierEvent.objects.filter(action=Action.FORWARD).count() == 3
    letter.refresh_from_db()
    assert letter.stage == Stage.SENT


def test_what_was_withdrawn_or_returned_meanwhile_is_named_and_left_out(desk: Desk) -> None:
    gone, returned, kept = (desk.waiting() for _number in range(3))
    letter = desk.signed([gone, returned, kept])
    clerk = gone.created_by
    take_step(gone, Action.WITHDRAW, actor=clerk, now=LATER, version=gone.version, reason="Nhầm")
    take_step(
        returned,
        Action.RETURN,
        actor=desk.officer,
        now=LATER,
        version=returned.version,
        reason="Thiếu",
    )
    desk.step(letter, LetterAction.SEAL, desk.officer)

    forward_queue.forward_waiting(now=LATER)

    letter.refresh_from_db()
    left_out = letter.covered.filter(outcome=CoveredDossier.Outcome.LEFT_OUT)
    assert letter.stage == Stage.SENT
    assert {one.dossier for one in left_out} == {gone, returned}
    assert all(one.reason for one in left_out)
    gone.refresh_from_db()
    assert gone.state == State.WITHDRAWN


def test_a_dossier_that_came_back_changed_is_not_forwarded_unread(desk: Desk) -> None:
    dossier = desk.waiting()
    letter = desk.sealed([dossier])
    Dossier.objects.filter(pk=dossier.pk).update(version=dossier.version + 4)

    forward_queue.forward_waiting(now=LATER)

    covered = letter.covered.get()
    assert covered.outcome == CoveredDossier.Outcome.LEFT_OUT
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED
    assert waiting_to_forward(desk.officer).get() == dossier


def test_only_what_waits_at_the_own_office_can_be_chosen(desk: Desk) -> None:
    mine = desk.waiting()
    others = [
        builders.dossier(state=State.SUBMITTED, route=Route.VIA_OFFICE),  # another office's
        builders.dossier(agency=desk.body, state=State.FORWARDED),
        builders.dossier(agency=desk.body, state=State.SUBMITTED, route=Route.OFFICE_ONLY),
        builders.dossier(agency=desk.body, state=State.SUBMITTED, route=Route.DIRECT),
    ]

    letter = desk.cover([mine, *others])

    assert [one.dossier for one in letter.covered.all()] == [mine]


def test_a_dossier_waits_under_one_letter_at_a_time_and_under_none_after_it_is_dropped(
    desk: Desk,
) -> None:
    dossier = desk.waiting()
    letter = desk.cover([dossier])

    with pytest.raises(Refused) as refusal:
        desk.cover([dossier])
    desk.step(letter, LetterAction.CANCEL, desk.officer)

    assert _codes(refusal) == ["no_dossiers"]
    assert desk.cover([dossier]).covered.count() == 1


def test_who_had_a_hand_in_sending_does_not_forward_under_another_account(desk: Desk) -> None:
    person = builders.person(at=desk.office)
    desk.officer.person = person
    desk.officer.save()
    clerk = builders.user(Role.CLERK, agency=desk.body, person=person)
    own, edited, free = (desk.waiting() for _number in range(3))
    DossierEvent.objects.create(
        dossier=own,
        action=Action.SEAL,
        source=State.AWAITING_SEAL,
        target=State.SUBMITTED,
        round=1,
        actor=clerk,
        at=builders.NOW,
    )
    edited.edited_by.add(clerk)

    made = make_letter(Dossier.objects.all(), actor=desk.officer, now=builders.NOW)

    assert made.barred == 2
    assert [one.dossier for one in made.letter.covered.all()] == [free]


def test_nobody_but_an_officer_makes_a_letter(desk: Desk) -> None:
    desk.waiting()

    for user in (desk.head, builders.user(Role.CA_OPERATOR), builders.user(Role.CLERK)):
        with pytest.raises(PermissionDenied):
            make_letter(Dossier.objects.all(), actor=user, now=builders.NOW)


def test_a_letter_without_a_number_or_day_does_not_go_to_the_head(desk: Desk) -> None:
    letter = desk.cover([desk.waiting()])

    with pytest.raises(Refused) as refusal:
        desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)

    assert _codes(refusal) == ["no_letter_number", "no_letter_date"]


def test_a_number_is_used_once_a_year(desk: Desk) -> None:
    desk.numbered([desk.waiting()])
    again = desk.numbered([desk.waiting()])

    with pytest.raises(Refused) as refusal:
        desk.step(again, LetterAction.REQUEST_SIGNATURE, desk.officer)

    assert _codes(refusal) == ["letter_number_used"]


def test_what_went_elsewhere_is_taken_out_before_the_head_signs(desk: Desk) -> None:
    stays, goes = desk.waiting(), desk.waiting()
    letter = desk.numbered([stays, goes])
    take_step(goes, Action.FORWARD, actor=desk.officer, now=LATER, version=goes.version)

    with pytest.raises(Refused) as refusal:
        desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)
    assert _codes(refusal) == ["dossiers_changed"]
    letter = covering_letters_services.uncover(
        letter, goes.uuid, actor=desk.officer, now=LATER, version=letter.version
    )

    assert desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer).stage == (
        Stage.AWAITING_SIGNATURE
    )


def test_without_certificates_the_letter_needs_its_scan(desk: Desk) -> None:
    letter = desk.numbered([desk.waiting()])
    letter = desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)

    with pytest.raises(Refused) as refusal:
        desk.step(letter, LetterAction.SIGN, desk.head)

    assert letter.signing_mode == "ink"
    assert letter.signing_reason
    assert _codes(refusal) == ["no_signed_scan"]


@pytest.mark.usefixtures("ca")
def test_with_certificates_the_head_and_the_office_sign_with_their_pins(desk: Desk) -> None:
    story.give_certificate(builders.organisation(desk.office))
    desk.head.person = builders.person("Vàng Văn Chủ", at=desk.office)
    desk.head.save()
    story.give_certificate(desk.head.person)
    letter = desk.numbered([desk.waiting()])
    letter = desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)
    assert letter.signing_mode == "digital"

    desk.step(letter, LetterAction.SIGN, desk.head, pin=story.PIN)
    letter = desk.step(letter, LetterAction.SEAL, desk.officer, pin=story.PIN)
    forward_queue.forward_waiting(now=LATER)

    frozen = letter.letter
    assert frozen is not None
    assert [signature.role for signature in frozen.signatures.all()] == ["head", "organisation"]
    assert DossierEvent.objects.get(action=Action.FORWARD).document == letter.signed_letter


def test_a_long_letter_is_rendered_by_the_worker_before_the_head_can_sign(desk: Desk) -> None:
    clerk = builders.user(Role.CLERK, agency=desk.body)
    count = DOSSIERS_RENDERED_AT_ONCE + 1
    letter = desk.numbered([desk.waiting(created_by=clerk) for _number in range(count)])
    letter = desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)
    desk.scan(letter)
    page = _signed_in(desk.head).get(reverse("requests_app:covering_letter", args=[letter.uuid]))

    with pytest.raises(Refused) as refusal:
        desk.step(letter, LetterAction.SIGN, desk.head)
    rendered = [render_queue.freeze_covering_letters(now=LATER) for _twice in range(2)]

    assert "hệ thống đang lập công văn" in page.text
    assert _codes(refusal) == ["letter_not_ready"]
    assert rendered == [1, 0]
    assert desk.step(letter, LetterAction.SIGN, desk.head).stage == Stage.AWAITING_SEAL
    assert AuditEntry.objects.filter(action="covering.freeze").count() == 1


def test_who_put_the_letter_together_does_not_sign_it_under_another_account(desk: Desk) -> None:
    desk.officer.person = desk.head.person = builders.person(at=desk.office)
    desk.officer.save()
    desk.head.save()
    letter = desk.numbered([desk.waiting()])
    desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)
    letter = desk.scan(letter)

    with pytest.raises(Barred):
        desk.step(letter, LetterAction.SIGN, desk.head)
    assert LetterAction.SIGN not in [
        step.action for step in COVERING_LETTERS.open_steps(letter, desk.head)
    ]


def test_who_signed_does_not_send_it_under_another_account(desk: Desk) -> None:
    desk.head.person = builders.person(at=desk.office)
    desk.head.save()
    same = builders.user(Role.OFFICE_OFFICER, agency=desk.office, person=desk.head.person)
    letter = desk.signed([desk.waiting()])

    with pytest.raises(Barred):
        desk.step(letter, LetterAction.SEAL, same)


def test_a_letter_taken_back_loses_its_signature_and_scan(desk: Desk) -> None:
    letter = desk.signed([desk.waiting()])

    letter = desk.step(letter, LetterAction.REVISE, desk.officer)

    assert (letter.stage, letter.letter, letter.scan, letter.signed_by) == (
        Stage.DRAFT, None, None, None
    )  # fmt: skip


def test_the_head_sends_back_with_a_reason_that_the_officer_reads(desk: Desk) -> None:
    letter = desk.numbered([desk.waiting()])
    desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)

    with pytest.raises(Refused) as refusal:
        desk.step(letter, LetterAction.SEND_BACK_TO_DRAFT, desk.head)
    letter = desk.step(
        letter, LetterAction.SEND_BACK_TO_DRAFT, desk.head, reason="Sai ngày công văn"
    )

    assert _codes(refusal) == ["no_reason"]
    assert letter.sent_back_reason == "Sai ngày công văn"
    assert Notice.objects.filter(recipient=desk.officer, text="Sai ngày công văn").exists()


def test_a_stale_or_late_edit_changes_nothing(desk: Desk) -> None:
    letter = desk.numbered([desk.waiting()])

    def number(version: int) -> None:
        COVERING_LETTERS.number(
            letter,
            letter_number="99/SKHCN",
            letter_date=None,
            actor=desk.officer,
            now=builders.NOW,
            version=version,
        )

    with pytest.raises(StaleVersion):
        number(letter.version - 1)
    letter = desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)
    with pytest.raises(NotEditable):
        number(letter.version)
    letter.refresh_from_db()
    assert letter.letter_number == "68/SKHCN-CĐS"


def test_the_summary_counts_by_body_and_form_and_adds_up(desk: Desk) -> None:
    other = builders.agency("BỆNH VIỆN AN THỬ", office=desk.office)
    letter = desk.cover(
        [
            desk.waiting(rows=3),
            desk.waiting(rows=4),
            desk.waiting(rows=1, kind="mau_02_organisation"),
            desk.waiting(rows=5, body=other),
        ]
    )

    summary = summary_of(covered_of(letter))

    assert [(line.agency, line.form[:6], line.dossiers, line.rows) for line in summary.lines] == [
        ("BỆNH VIỆN AN THỬ", "Mẫu 01", 1, 5),
        ("ỦY BAN NHÂN DÂN XÃ BÌNH THỬ", "Mẫu 01", 2, 7),
        ("ỦY BAN NHÂN DÂN XÃ BÌNH THỬ", "Mẫu 02", 1, 1),
    ]
    assert [(total.form[:6], total.dossiers, total.rows) for total in summary.totals] == [
        ("Mẫu 01", 3, 12),
        ("Mẫu 02", 1, 1),
    ]
    assert (summary.agencies, summary.dossiers, summary.rows) == (2, 4, 13)


def test_the_letter_names_each_letter_and_ends_in_the_sums(desk: Desk) -> None:
    dossier = desk.waiting(rows=3)
    letter = desk.numbered([dossier])

    version = desk.office.versions.get()
    block = block_of(desk.office, version, None, heads=Capability.SIGN_COVERING_LETTERS)
    printed = covering_letter_of(letter, covered_of(letter), version, block)

    assert printed.number == "68/SKHCN-CĐS"
    assert printed.day == builders.TODAY
    assert dossier.letter_number in printed.rows[0][3]
    assert printed.rows[-1][-2:] == ["1", "3"]
    assert printed.signer_name == "Vàng Văn Chủ"
    assert printed.addressees == ["Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ"]
    assert render_letter(letter, now=builders.NOW).startswith(b"%PDF")


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_ca_opens_the_letter_from_each_dossier_and_no_body_sees_it(desk: Desk) -> None:
    mine, theirs = desk.waiting(), desk.waiting(body=builders.agency(office=desk.office))
    letter = desk.sealed([mine, theirs])
    operator = builders.user(Role.CA_OPERATOR)
    assert letter.scan is not None
    address = reverse("requests_app:covering_letter", args=[letter.uuid])
    paper = reverse("requests_app:event_document", args=[mine.uuid, letter.scan.uuid])
    page = reverse("requests_app:detail", args=[mine.uuid])
    forward_queue.forward_waiting(now=LATER)

    ca, clerk = _signed_in(operator), _signed_in(mine.created_by)

    assert address in ca.get(page).text
    assert theirs.letter_number in ca.get(address).text
    assert ca.get(paper).status_code == 200
    assert ca.get(reverse("requests_app:covering_pdf", args=[letter.uuid])).status_code == 200
    own = clerk.get(page).text
    assert "68/SKHCN-CĐS" in own
    assert address not in own
    assert paper not in own
    assert clerk.get(paper).status_code == 404
    assert clerk.get(address).status_code == 404


def test_the_ca_sees_no_letter_before_it_has_left_the_office(desk: Desk) -> None:
    letter = desk.signed([desk.waiting()])
    operator = builders.user(Role.CA_OPERATOR)

    assert not CoveringLetter.objects.visible_to(operator).exists()
    desk.step(letter, LetterAction.SEAL, desk.officer)
    assert CoveringLetter.objects.visible_to(operator).exists()


def test_the_page_costs_the_same_queries_for_a_long_letter(desk: Desk) -> None:
    short, long = desk.cover([desk.waiting()]), desk.cover([desk.waiting() for _n in range(30)])
    client = _signed_in(desk.officer)

    def queries(letter: CoveringLetter) -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("requests_app:covering_letter", args=[letter.uuid]))
        return len(seen)

    queries(short)
    assert queries(long) == queries(short)


def test_the_frozen_letter_is_what_the_head_reads(desk: Desk) -> None:
    letter = desk.numbered([desk.waiting()])
    letter = desk.step(letter, LetterAction.REQUEST_SIGNATURE, desk.officer)
    assert letter.letter is not None
    client = _signed_in(desk.head)

    answer = client.get(reverse("requests_app:covering_pdf", args=[letter.uuid]))

    assert answer.content == documents.read(letter.letter)
