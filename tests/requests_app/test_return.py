"""Mẫu 08 through the services: what may be given back, and what is received device by device."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from devices import services as devices
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from requests_app.catalogue.mau_08_return import rules as give_back
from requests_app.catalogue.mau_08_return.prefill import rows_of, rows_to_give_back
from requests_app.decision.services import RowDecision, accept_all, decide_rows, tick_devices
from requests_app.errors import Barred
from requests_app.models import Decision, DeliveredPaper, Outcome
from requests_app.steps.engine import allowed_steps
from requests_app.submission.checks import violations_before_signing
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.builders import NOW
from tests.requests_app import returns

pytestmark = pytest.mark.django_db

BOTH = pytest.mark.parametrize(
    ("route", "place", "move"),
    [
        (Route.MINUTES, Custody.AT_CA, Move.RETURN_TO_CA),
        (Route.OFFICE_MINUTES, Custody.AT_OFFICE, Move.PASS_TO_OFFICE),
    ],
)


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


# What may be given back


def test_the_rows_bring_what_the_register_knows() -> None:
    people = returns.cast()
    (expired,) = returns.at_agency(people)
    (early,) = returns.at_agency(people, days_left=400)

    rows = rows_to_give_back(people.agency, now=NOW)

    assert [row["device_serial"] for row in rows] == sorted([expired.serial, early.serial])
    by_serial = {row["device_serial"]: row for row in rows}
    assert by_serial[expired.serial]["reason"] == "expired"
    assert by_serial[early.serial]["reason"] == "early"
    assert expired.key is not None
    assert by_serial[expired.serial]["certificate_serial"] == expired.key.certificates.get().serial


def test_only_what_waits_at_the_agency_is_offered() -> None:
    people = returns.cast()
    (waiting, lost, under_way) = returns.at_agency(people, 3)
    returns.with_subscriber(people)
    devices.make_move(lost, Move.REPORT_LOST, actor=people.clerk, now=NOW, reason="Mất túi")
    returns.sent(people, [under_way])

    rows = rows_to_give_back(people.agency, now=NOW)

    assert [row["device_serial"] for row in rows] == [waiting.serial]


def test_many_devices_cost_no_more_queries_than_one(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    people = returns.cast()
    returns.at_agency(people, 6)

    with django_assert_max_num_queries(4):
        assert len(rows_to_give_back(people.agency, now=NOW)) == 6


def test_a_right_row_has_nothing_against_it() -> None:
    people = returns.cast()

    dossier = returns.drafted(people, returns.at_agency(people, 2))

    assert violations_before_signing(dossier, now=NOW) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device_serial": "LA-0001"}, "unknown_device"),
        ({"certificate_serial": "00000000000000FF"}, "certificate_differs"),
        ({"reason": "revoked"}, "not_revoked"),
    ],
)
def test_what_the_register_says_otherwise_is_refused(changes: dict[str, str], code: str) -> None:
    people = returns.cast()
    (row,) = rows_of(returns.at_agency(people), now=NOW)

    dossier = story.draft_of(people, "mau_08_return", [row | changes])

    violations = violations_before_signing(dossier, now=NOW)
    assert [one.code for one in violations] == [code]


def test_what_is_not_in_the_agencys_hands_is_not_given_back() -> None:
    people = returns.cast()
    held = returns.with_subscriber(people)
    (lost,) = returns.at_agency(people)
    devices.make_move(lost, Move.REPORT_LOST, actor=people.clerk, now=NOW, reason="Mất túi")
    lost.refresh_from_db()
    dossier = returns.drafted(people, [held, lost])

    violations = violations_before_signing(dossier, now=NOW)

    # A lost device's condition is none of the form's either.
    found = [one.code for one in violations if one.code != "unknown_condition"]
    assert found == ["device_not_back", "device_lost"]
    assert [one.code for one in give_back.of_device(held)] == ["device_not_back"]
    assert [one.code for one in give_back.of_device(lost)] == ["device_lost"]


def test_another_bodys_device_is_unknown_here() -> None:
    people = returns.cast()
    beside = story.cast_beside(people)
    theirs = returns.at_agency(beside)

    dossier = story.draft_of(people, "mau_08_return", rows_of(theirs, now=NOW))

    violations = violations_before_signing(dossier, now=NOW)
    assert [one.code for one in violations] == ["unknown_device"]


def test_a_device_stands_in_one_open_set_of_minutes() -> None:
    people = returns.cast()
    (device,) = returns.at_agency(people)
    assert give_back.of_device(device) == []
    first = returns.sent(people, [device])

    second = returns.drafted(people, [device])

    (violation,) = violations_before_signing(second, now=NOW)
    assert violation.code == "duplicate_open"
    assert first.letter_number in violation.way_out
    assert [one.code for one in give_back.of_device(device)] == ["duplicate_open"]


# Device by device


def test_a_device_is_received_only_when_its_number_was_seen() -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people, 2))
    unseen, other = dossier.items.all()

    with pytest.raises(Refused) as refusal:
        decide_rows(
            dossier,
            {
                unseen.uuid: RowDecision(Decision.ACCEPTED),
                other.uuid: RowDecision(Decision.ACCEPTED, "", "BIT4ID-999999"),
            },
            actor=people.operator,
            now=NOW,
            version=dossier.version,
        )

    assert codes(refusal) == ["no_serial_seen", "serial_differs"]
    assert not dossier.items.exclude(decision="").exists()


def test_a_number_may_be_read_in_small_letters_and_with_spaces() -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))
    item = dossier.items.get()
    read = f" {item.answers['device_serial'].lower()} "

    decide_rows(
        dossier,
        {item.uuid: RowDecision(Decision.ACCEPTED, "Nắp nứt", read)},
        actor=people.operator,
        now=NOW,
        version=dossier.version,
    )

    item.refresh_from_db()
    assert (item.decision, item.decision_reason) == (Decision.ACCEPTED, "Nắp nứt")


def test_a_device_seen_once_need_not_be_scanned_again_for_a_remark() -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))
    returns.look_at_all(dossier, people)
    item = dossier.items.get()

    decide_rows(
        dossier,
        {item.uuid: RowDecision(Decision.ACCEPTED, "Xước mặt sau")},
        actor=people.operator,
        now=NOW,
        version=dossier.version,
    )

    item.refresh_from_db()
    assert item.decision_reason == "Xước mặt sau"


def test_not_received_needs_its_reason() -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))

    with pytest.raises(Refused) as refusal:
        decide_rows(
            dossier,
            {dossier.items.get().uuid: RowDecision(Decision.REFUSED, " ")},
            actor=people.operator,
            now=NOW,
            version=dossier.version,
        )

    assert codes(refusal) == ["no_reason"]


def test_scanned_numbers_tick_their_rows_and_strangers_come_back() -> None:
    people = returns.cast()
    given_back = returns.at_agency(people, 3)
    dossier = returns.sent(people, given_back)
    scanned = [given_back[0].serial.lower(), "", "LA-0001", given_back[2].serial]

    ticked, unknown = tick_devices(
        dossier, scanned, actor=people.operator, now=NOW, version=dossier.version
    )

    assert (ticked, unknown) == (2, ["LA-0001"])
    assert [item.decision for item in dossier.items.all()] == ["accepted", "", "accepted"]


def test_scanning_keeps_the_remark_of_a_device_received_before() -> None:
    people = returns.cast()
    (device,) = returns.at_agency(people)
    dossier = returns.look_at_all(returns.sent(people, [device]), people, remark="Nắp nứt")

    tick_devices(dossier, [device.serial], actor=people.operator, now=NOW, version=dossier.version)

    assert dossier.items.get().decision_reason == "Nắp nứt"


def test_devices_are_never_received_all_at_once_unseen() -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))

    with pytest.raises(IllegalStep):
        accept_all(dossier, actor=people.operator, now=NOW, version=dossier.version)


@BOTH
def test_only_the_receiving_side_says_what_it_received(
    route: Route, place: Custody, move: Move
) -> None:
    people = returns.cast(route)
    dossier = returns.sent(people, returns.at_agency(people))
    not_theirs = people.officer if route == Route.MINUTES else people.office_head

    with pytest.raises(IllegalStep):
        tick_devices(dossier, [], actor=not_theirs, now=NOW, version=dossier.version)


def test_who_signed_the_minutes_does_not_receive_the_devices() -> None:
    people = returns.cast()
    people.head.person = builders.person(at=people.agency)
    people.head.save()
    twin = builders.user(Role.CA_OPERATOR, person=people.head.person)
    dossier = returns.sent(people, returns.at_agency(people))

    with pytest.raises(Barred):
        tick_devices(dossier, [], actor=twin, now=NOW, version=dossier.version)


# Confirmed


@BOTH
def test_what_is_received_moves_and_the_clock_stops(
    route: Route, place: Custody, move: Move
) -> None:
    people = returns.cast(route)
    given_back = returns.at_agency(people, 2)
    dossier = returns.look_at_all(returns.sent(people, given_back), people, remark="Nắp nứt")
    assert Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).count() == 2

    story.step(dossier, Action.TAKE_ALL, returns.receiver(people, dossier))

    assert dossier.state == State.COMPLETED
    for device in given_back:
        device.refresh_from_db()
        assert device.custody == place
        assert devices.ledger_agrees(device)
    assert not Deadline.objects.open().exists()
    entries = CustodyMove.objects.filter(move=move)
    assert {entry.note for entry in entries} == {"Nắp nứt"}
    assert {entry.document_uuid for entry in entries} == {dossier.uuid}
    assert {item.outcome for item in dossier.items.all()} == {Outcome.DONE}


@BOTH
def test_what_is_not_received_goes_on_being_owed(route: Route, place: Custody, move: Move) -> None:
    people = returns.cast(route)
    there, missing = returns.at_agency(people, 2)
    dossier = returns.look_at_all(returns.sent(people, [there, missing]), people, missing=1)

    story.step(dossier, Action.TAKE_SOME, returns.receiver(people, dossier))

    assert dossier.state == State.PARTLY_COMPLETED
    missing.refresh_from_db()
    assert missing.custody == Custody.BACK_AT_AGENCY
    owed = Deadline.objects.open().get(kind=DeadlineKind.DEVICE_RETURN)
    assert owed.target_uuid == missing.uuid
    assert [item.outcome for item in dossier.items.all()] == [Outcome.DONE, Outcome.REFUSED]
    assert give_back.of_device(missing) == []


def test_all_or_some_is_what_the_rows_say() -> None:
    people = returns.cast()
    dossier = returns.look_at_all(
        returns.sent(people, returns.at_agency(people, 2)), people, missing=1
    )

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.TAKE_ALL, people.operator)

    assert codes(refusal) == ["rows_not_ready"]
    allowed = allowed_steps(dossier, people.operator)
    assert [step.action for step in allowed] == [Action.TAKE_SOME, Action.RETURN]


def test_minutes_of_which_nothing_came_are_returned() -> None:
    people = returns.cast()
    given_back = returns.at_agency(people)
    dossier = returns.look_at_all(returns.sent(people, given_back), people, missing=1)

    assert [step.action for step in allowed_steps(dossier, people.operator)] == [Action.RETURN]
    story.step(dossier, Action.RETURN, people.operator, reason="Chưa có thiết bị nào")

    assert dossier.state == State.RETURNED
    assert Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).exists()


def test_a_device_that_was_lost_meanwhile_stops_the_confirmation_and_nothing_moves() -> None:
    people = returns.cast()
    there, lost = returns.at_agency(people, 2)
    dossier = returns.look_at_all(returns.sent(people, [there, lost]), people)
    devices.make_move(lost, Move.REPORT_LOST, actor=people.clerk, now=NOW, reason="Mất túi")

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.TAKE_ALL, people.operator)

    assert codes(refusal) == ["illegal_move"]
    there.refresh_from_db()
    lost.refresh_from_db()
    dossier.refresh_from_db()
    assert there.custody == Custody.BACK_AT_AGENCY
    assert lost.condition == Condition.LOST
    assert dossier.state == State.SUBMITTED
    assert not DeliveredPaper.objects.exists()


def test_a_device_given_back_early_closes_its_chain_as_soon_as_it_opens() -> None:
    people = returns.cast()
    (device,) = returns.at_agency(people, days_left=30)
    dossier = returns.look_at_all(returns.sent(people, [device]), people)
    story.step(dossier, Action.TAKE_ALL, people.operator)
    assert not Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).exists()

    assert device.key_id is not None
    later = NOW + timedelta(days=31)
    devices.open_return([device.key_id], paper=returns.PAPER, reason="Hết hạn", now=later)

    clock = Deadline.objects.get(kind=DeadlineKind.DEVICE_RETURN)
    assert clock.done_at == later


def test_the_agency_hears_of_the_receipt_and_of_what_is_missing() -> None:
    people = returns.cast()
    dossier = returns.look_at_all(
        returns.sent(people, returns.at_agency(people, 2)), people, missing=1
    )

    story.step(dossier, Action.TAKE_SOME, people.operator)

    told = Notice.objects.filter(recipient=people.clerk, target_uuid=dossier.uuid)
    titles = {notice.title.partition(":")[0] for notice in told}
    assert {"Hoàn thành một phần", "Xác nhận của bên nhận thiết bị"} <= titles


def test_the_office_hears_of_minutes_that_go_past_it() -> None:
    people = returns.cast(Route.MINUTES)

    dossier = returns.sent(people, returns.at_agency(people))

    assert Notice.objects.filter(recipient=people.officer, target_uuid=dossier.uuid).exists()


def test_the_office_receives_and_the_ca_later() -> None:
    people = returns.cast(Route.OFFICE_MINUTES)
    (device,) = returns.at_agency(people)
    dossier = returns.look_at_all(returns.sent(people, [device]), people)
    story.step(dossier, Action.TAKE_ALL, people.officer)

    devices.take_returned(
        [device], Move.RETURN_TO_CA, paper=returns.PAPER, actor=people.operator, now=NOW
    )

    device.refresh_from_db()
    assert device.custody == Custody.AT_CA
    assert devices.ledger_agrees(device)
