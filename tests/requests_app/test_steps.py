"""Steps through the services: rules, four eyes, doors, versions, clocks, history."""

from __future__ import annotations

import pytest

from devices.lifecycle import Custody
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from requests_app.drafts.services import add_row, create_draft, save_letter
from requests_app.errors import Barred, StaleVersion
from requests_app.models import Dossier, Procedure, SigningMode
from requests_app.steps.engine import allowed_steps, take_step
from requests_app.workflow import Action, Route, State
from tests import builders, story, words

pytestmark = pytest.mark.django_db


def test_a_dossier_goes_from_draft_to_accepted_by_six_people() -> None:
    people = story.cast()

    dossier = story.confirmed(people, rows=2)

    assert dossier.state == State.ACCEPTED
    assert [event.action for event in dossier.events.all()] == [
        Action.REQUEST_SIGNATURE,
        Action.SIGN,
        Action.SEAL,
        Action.FORWARD,
        Action.DECIDE,
        Action.CONFIRM,
    ]
    assert dossier.received_on == builders.TODAY
    # Each was asked for a step, and the bell no longer rings for a step that was taken.
    asked = Notice.objects.filter(asks=True, target_uuid=dossier.uuid)
    assert asked.filter(recipient=people.officer).exists()
    assert not asked.unread().exclude(recipient__role=dossier.queue).exists()
    kept = words.standing("ItemWord")
    words.fill()
    assert kept == words.standing("ItemWord") != set()


def test_an_incomplete_draft_is_refused_with_every_reason_and_left_as_it_was() -> None:
    people = story.cast()
    dossier = create_draft("mau_01_person", actor=people.clerk, now=builders.NOW)
    add_row(
        dossier,
        builders.person_answers(1, identity_number="12084900101"),
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )
    dossier.refresh_from_db()

    with pytest.raises(Refused) as refusal:
        take_step(
            dossier,
            Action.REQUEST_SIGNATURE,
            actor=people.clerk,
            now=builders.NOW,
            version=dossier.version,
        )

    codes = {violation.code for violation in refusal.value.violations}
    assert {"no_letter_number", "no_letter_date", "lost_leading_zero", "missing"} <= codes
    dossier.refresh_from_db()
    assert dossier.state == State.DRAFT
    assert not dossier.events.exists()


def test_a_draft_keeps_wrong_values_as_typed() -> None:
    people = story.cast()
    dossier = create_draft("mau_01_person", actor=people.clerk, now=builders.NOW)

    item = add_row(
        dossier,
        {"full_name": "<b>Lò</b>", "identity_number": "12"},
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )

    item.refresh_from_db()
    assert item.answers["full_name"] == "<b>Lò</b>"
    assert item.answers["identity_number"] == "12"


def test_without_an_organisation_certificate_the_letter_is_signed_in_ink_and_says_why() -> None:
    people = story.cast()
    dossier = story.drafted(people)

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert dossier.signing_mode == SigningMode.INK
    assert dossier.signing_reason
    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.SIGN, people.head)
    assert [violation.code for violation in refusal.value.violations] == ["no_signed_scan"]


def test_who_edited_may_not_sign_even_from_another_account() -> None:
    people = story.cast()
    human = builders.person(at=people.agency)
    clerk = builders.user(Role.CLERK, agency=people.agency, person=human)
    head = builders.user(Role.HEAD, agency=people.agency, person=human)
    dossier = story.drafted(people)
    story.step(dossier, Action.REQUEST_SIGNATURE, clerk)
    story.scan(dossier, people.clerk)

    with pytest.raises(Barred):
        story.step(dossier, Action.SIGN, head)

    assert allowed_steps(dossier, head) == [
        step for step in allowed_steps(dossier, head) if step.action != Action.SIGN
    ]
    assert Action.SIGN in {step.action for step in allowed_steps(dossier, people.head)}


def test_who_decided_may_not_confirm_from_a_second_account() -> None:
    people = story.cast()
    human = builders.person(at=people.operator.agency)
    people.operator.person = human
    people.operator.save()
    supervisor = builders.user(Role.CA_SUPERVISOR, person=human)
    dossier = story.decided(people)

    with pytest.raises(Barred):
        story.step(dossier, Action.CONFIRM, supervisor)

    assert story.step(dossier, Action.CONFIRM, people.supervisor).state == State.ACCEPTED


def test_another_agencys_clerk_cannot_even_through_the_service() -> None:
    people = story.cast()
    dossier = story.drafted(people)
    stranger = builders.user(Role.CLERK)

    with pytest.raises(Dossier.DoesNotExist):
        story.step(dossier, Action.REQUEST_SIGNATURE, stranger)


def test_the_ca_does_not_see_a_dossier_before_the_office_forwards_it() -> None:
    people = story.cast()

    dossier = story.sent(people)

    assert not Dossier.objects.visible_to(people.operator).exists()
    story.step(dossier, Action.FORWARD, people.officer)
    assert Dossier.objects.visible_to(people.operator).get() == dossier


def test_a_stale_form_changes_nothing() -> None:
    people = story.cast()
    dossier = story.drafted(people)
    seen = dossier.version
    save_letter(
        dossier,
        letter_number="13/UBND-VHXH",
        letter_date=builders.TODAY,
        contact=story.CONTACT,
        note="",
        actor=people.clerk,
        now=builders.NOW,
        version=seen,
    )

    with pytest.raises(StaleVersion):
        take_step(
            dossier,
            Action.REQUEST_SIGNATURE,
            actor=people.clerk,
            now=builders.NOW,
            version=seen,
        )


def test_returning_needs_a_reason_cancels_the_clock_and_a_new_one_starts_from_day_0() -> None:
    people = story.cast()
    dossier = story.sent(people)
    first = Deadline.objects.open().get(kind=DeadlineKind.OFFICE_CHECK)

    with pytest.raises(Refused):
        story.step(dossier, Action.RETURN, people.officer)
    story.step(dossier, Action.RETURN, people.officer, reason="Thiếu chức vụ dòng 1")

    first.refresh_from_db()
    assert first.cancelled_at == builders.NOW
    assert Deadline.objects.open().get().kind == DeadlineKind.CORRECTION
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk, now=story.LATER)
    story.scan(dossier, people.clerk, now=story.LATER)
    story.step(dossier, Action.SIGN, people.head, now=story.LATER)
    story.step(dossier, Action.SEAL, people.clerk, now=story.LATER)
    assert Deadline.objects.open().get().kind == DeadlineKind.OFFICE_CHECK


def test_forwarding_hands_the_clock_to_the_ca_for_3_working_days() -> None:
    people = story.cast()
    dossier = story.sent(people)

    story.step(dossier, Action.FORWARD, people.officer)

    clock = Deadline.objects.open().get()
    assert clock.kind == DeadlineKind.CA_ISSUE
    assert clock.agency == people.operator.agency
    assert f"{clock.due_on:%d/%m/%Y}" == "26/11/2026"  # 24/11/2026 is a day off
    assert dossier.due_on == clock.due_on


def test_a_scan_of_an_earlier_round_does_not_count() -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.RETURN, people.officer, reason="Sai ngày")

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    with pytest.raises(Refused):
        story.step(dossier, Action.SIGN, people.head)


def test_all_rows_refused_ends_in_a_written_refusal() -> None:
    people = story.cast()
    dossier = story.decided(people, rows=2, refuse=2)

    with pytest.raises(Refused):
        story.step(dossier, Action.CONFIRM, people.supervisor)
    story.step(dossier, Action.REJECT, people.supervisor)

    assert dossier.state == State.REJECTED
    event = dossier.events.get(action=Action.REJECT)
    assert event.document is not None
    assert not Deadline.objects.open().exists()


def test_an_office_cannot_refuse_what_goes_to_the_ca() -> None:
    people = story.cast()
    dossier = story.sent(people)

    with pytest.raises(IllegalStep):
        story.step(dossier, Action.REJECT, people.officer, reason="Không đủ điều kiện")


def test_on_the_direct_route_the_ca_receives_and_the_office_is_informed() -> None:
    people = story.cast(Route.DIRECT)

    dossier = story.sent(people)

    assert Dossier.objects.visible_to(people.operator).get() == dossier
    assert Deadline.objects.open().get().kind == DeadlineKind.CA_ISSUE
    assert Notice.objects.filter(recipient=people.officer).exists()


def test_each_step_leaves_one_audit_entry_and_tells_whom_it_waits_for() -> None:
    people = story.cast()
    dossier = story.sent(people)
    before = AuditEntry.objects.count()

    story.step(dossier, Action.FORWARD, people.officer)

    assert AuditEntry.objects.count() == before + 1
    assert Notice.objects.filter(recipient=people.operator).count() == 1
    assert not Notice.objects.filter(recipient=people.officer, title__contains="chuyển").exists()


def test_a_body_without_a_seal_drafts_nothing() -> None:
    office = builders.office()
    builders.routing()
    room = builders.agency("PHÒNG VĂN HÓA – XÃ HỘI", office=office, has_seal=False)
    clerk = builders.user(Role.CLERK, agency=room)

    with pytest.raises(Refused) as refusal:
        create_draft("mau_01_person", actor=clerk, now=builders.NOW)

    assert [violation.code for violation in refusal.value.violations] == ["sender_has_no_seal"]


def test_a_withdrawn_dossier_owes_nothing() -> None:
    people = story.cast()
    dossier = story.sent(people)

    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Gửi nhầm danh sách")

    assert dossier.state == State.WITHDRAWN
    assert not Deadline.objects.open().exists()


def test_a_notice_of_a_hand_over_that_did_not_happen_is_refused_before_it_is_signed() -> None:
    people = story.cast()
    builders.routing(Procedure.HANDOVER_NOTICE, Route.NOTICE)
    device = builders.device(
        custody=Custody.AT_AGENCY,
        agency=people.agency,
        subscriber=builders.person(at=people.agency),
    )
    dossier = create_draft("mau_07_handover", actor=people.clerk, now=builders.NOW)
    add_row(
        dossier,
        {"device_serial": device.serial, "subscriber_name": "Lò Văn Thử"},
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert "not_handed_over" in {violation.code for violation in refusal.value.violations}
