"""When each clock of the law begins and ends, on whom it is, and on which day it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from devices import services as devices
from devices.holders.services import take_back
from devices.lifecycle import Custody, Move
from devices.models import Device
from portal.accounts.models import User
from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import expiry
from portal.ca.register.services import make_keys, revoke
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.catalogue.mau_04_renew_change import prefill as renew_change
from requests_app.catalogue.mau_05_revoke import prefill as revocation
from requests_app.catalogue.mau_06_recover import prefill as recover
from requests_app.execution import services as execution
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Action, Route
from tests import builders, story
from tests.builders import NOW, TODAY
from tests.devices.builders import device_at

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)  # the first working day after NOW
PAPER = ("dossier", UUID(int=9), "Biên bản thử")


@pytest.fixture
def ca() -> Iterator[None]:
    """The simulated CA stands, and this process is a worker while the test runs."""
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    yield
    keystore.close()


def fate(clock: Deadline) -> str:
    fates = {"done": clock.done_at, "cancelled": clock.cancelled_at, "lapsed": clock.lapsed_at}
    return next((name for name, at in fates.items() if at), "open")


def clocks_of(target: UUID) -> list[tuple[str, str]]:
    """Kind and fate of each clock about a thing, in the order they began."""
    found = Deadline.objects.filter(target_uuid=target).order_by("pk")
    return [(clock.kind, fate(clock)) for clock in found]


def running(target: UUID) -> Deadline:
    return Deadline.objects.open().get(target_uuid=target)


# What a dossier is owed


def test_the_office_checks_then_the_ca_issues_each_from_its_own_receipt() -> None:
    people = story.cast()
    dossier = story.sent(people)

    check = running(dossier.uuid)
    story.step(dossier, Action.FORWARD, people.officer, now=MONDAY)
    issue = running(dossier.uuid)

    assert (check.kind, check.agency, check.due_on) == (
        DeadlineKind.OFFICE_CHECK,
        people.agency.office,
        date(2026, 11, 26),
    )
    assert (issue.kind, issue.agency) == (DeadlineKind.CA_ISSUE, builders.ca())
    assert (issue.received_on, issue.due_on) == (date(2026, 11, 23), date(2026, 11, 27))
    assert clocks_of(dossier.uuid) == [("office_check", "done"), ("ca_issue", "open")]


def test_a_return_cancels_the_receivers_clock_and_a_resubmission_begins_anew() -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.FORWARD, people.officer)

    story.step(dossier, Action.RETURN, people.operator, reason="Sai tên", now=MONDAY)
    correction = running(dossier.uuid)
    story.send_in_ink(dossier, people, now=MONDAY + 7 * DAY)

    assert (correction.kind, correction.agency) == (DeadlineKind.CORRECTION, people.agency)
    assert clocks_of(dossier.uuid) == [
        ("office_check", "done"),
        ("ca_issue", "cancelled"),
        ("correction", "done"),
        ("office_check", "open"),
    ]
    again = running(dossier.uuid)
    assert (again.received_on, again.due_on) == (date(2026, 11, 30), date(2026, 12, 3))


def test_a_withdrawal_cancels_whatever_runs() -> None:
    people = story.cast()
    dossier = story.sent(people)

    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Gửi nhầm")

    assert clocks_of(dossier.uuid) == [("office_check", "cancelled")]


@pytest.mark.parametrize(
    ("procedure", "route", "kind", "due_on"),
    [
        (Procedure.ISSUE, Route.DIRECT, "ca_issue", date(2026, 11, 26)),
        (Procedure.RENEW_CHANGE, Route.DIRECT, "ca_renew_change", date(2026, 11, 26)),
        (Procedure.REVOKE, Route.DIRECT, "ca_revoke", date(2026, 11, 26)),
        (Procedure.RECOVER, Route.DIRECT, "recovery", date(2026, 11, 23)),
        (Procedure.RECOVER, Route.OFFICE_ONLY, "recovery", date(2026, 11, 23)),
    ],
)
def test_who_decides_has_the_limit_of_its_procedure(
    ca: None, procedure: str, route: Route, kind: str, due_on: date
) -> None:
    people = story.cast(route, procedure=procedure)

    dossier = _sent(people, procedure)

    clock = running(dossier.uuid)
    owner = people.agency.office if route == Route.OFFICE_ONLY else builders.ca()
    assert (clock.kind, clock.agency, clock.due_on) == (kind, owner, due_on)
    assert dossier.due_on == due_on


def _sent(people: story.Cast, procedure: str) -> Dossier:
    if procedure == Procedure.ISSUE:
        return story.sent(people)
    certificate = story.give_certificate(builders.person(at=people.agency))
    if procedure == Procedure.RENEW_CHANGE:
        row = renew_change.row_of(certificate, renews=True, changes=False)
        return story.send_in_ink(story.draft_of(people, "mau_04_renew_change", [row]), people)
    if procedure == Procedure.REVOKE:
        return story.send_in_ink(
            story.draft_of(people, "mau_05_revoke", [_revocation(certificate)]), people
        )
    device = Device.objects.get(key=certificate.key_id)
    devices.make_move(device, Move.LOCK, actor=people.clerk, now=NOW, reason="Nhập sai mật khẩu")
    contact = story.CONTACT | {"workplace": "UBND xã"}
    draft = story.draft_of(people, "mau_06_recover", recover.rows_of([device]), contact=contact)
    return story.send_in_ink(draft, people)


def _revocation(certificate: Certificate) -> Mapping[str, str]:
    card = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
    return {**revocation.row_of(certificate, cause="retired"), **card}


def test_the_ca_has_issued_when_the_last_row_is_done(ca: None) -> None:
    people = story.cast(Route.DIRECT)
    for key in make_keys("token", 2, now=NOW):
        builders.device(key_pair=key)
    dossier = story.confirm(story.decide(story.sent(people, rows=2), people), people)
    assert clocks_of(dossier.uuid) == [("ca_issue", "open")]

    execution.execute_accepted(now=story.LATER)

    assert clocks_of(dossier.uuid) == [("ca_issue", "done")]
    assert expiry.open_missing(now=story.LATER) == 2
    for certificate in Certificate.objects.all():
        assert clocks_of(certificate.uuid) == [("renewal_door", "open")]


def test_asked_in_time_the_old_door_is_no_concern_and_renewed_the_new_one_is_open(ca: None) -> None:
    people = story.cast(Route.DIRECT, procedure=Procedure.RENEW_CHANGE)
    old = story.give_certificate(builders.person(at=people.agency), days_left=60)
    expiry.open_doors([old], now=NOW)
    row = renew_change.row_of(old, renews=True, changes=False)

    dossier = story.carried_out(story.draft_of(people, "mau_04_renew_change", [row]), people)

    new = Certificate.objects.get(predecessor=old)
    assert clocks_of(dossier.uuid) == [("ca_renew_change", "done")]
    assert clocks_of(old.uuid) == [("renewal_door", "cancelled")]
    assert clocks_of(new.uuid) == [("renewal_door", "open")]
    assert running(new.uuid).due_on == timezone.localdate(new.not_after) - 30 * DAY


def test_revoked_the_device_is_owed_from_the_delivery_of_the_notice(ca: None) -> None:
    people = story.cast(Route.DIRECT, procedure=Procedure.REVOKE)
    certificate = story.give_certificate(builders.person(at=people.agency))
    expiry.open_doors([certificate], now=NOW)
    device = Device.objects.get(key=certificate.key_id)
    draft = story.draft_of(people, "mau_05_revoke", [_revocation(certificate)])

    dossier = story.carried_out(draft, people)

    assert clocks_of(dossier.uuid) == [("ca_revoke", "done")]
    assert clocks_of(certificate.uuid) == [("renewal_door", "cancelled")]
    owed = running(device.uuid)
    assert (owed.kind, owed.agency, owed.received_on, owed.due_on) == (
        DeadlineKind.DEVICE_RETURN,
        people.agency,
        TODAY,
        date(2026, 11, 30),
    )


# What a device is owed


def _told_of(device: Device) -> None:
    devices.attach_notice([device], PAPER, actor=None, now=NOW)


def _untold(device: Device) -> None:
    _told_of(device)
    devices.detach_notice(PAPER, actor=None, now=NOW)


def _moved(move: Move) -> Callable[[Device], None]:
    def make(device: Device) -> None:
        devices.make_move(device, move, actor=_clerk_of(device), now=NOW, reason="Thử")

    return make


def _clerk_of(device: Device) -> User:
    assert device.agency is not None
    return builders.user(Role.CLERK, agency=device.agency)


def _loss_told(device: Device) -> None:
    devices.loss_told([device], paper=PAPER, actor=None, now=NOW)


def _ended(device: Device) -> None:
    for certificate in Certificate.objects.filter(key=device.key_id):
        revoke(certificate, RevocationReason.CESSATION, actor=None, now=NOW)
    assert device.key_id is not None
    devices.open_return([device.key_id], paper=PAPER, reason="Thu hồi", now=NOW)


def _given_back(device: Device) -> None:
    device.refresh_from_db()
    take_back([device], serials_seen=[device.serial], actor=_clerk_of(device), now=NOW)
    operator = builders.user(Role.CA_OPERATOR)
    devices.take_returned([device], Move.RETURN_TO_CA, paper=PAPER, actor=operator, now=NOW)


@pytest.mark.parametrize(
    ("acts", "clocks"),
    [
        ([_told_of], [("handover_notice", "done")]),
        ([_untold], [("handover_notice", "done"), ("handover_notice", "open")]),
        (
            [_told_of, _moved(Move.REPORT_LOST)],
            [("handover_notice", "done"), ("loss_minutes", "open")],
        ),
        (
            [_told_of, _moved(Move.REPORT_LOST), _moved(Move.FIND)],
            [("handover_notice", "done"), ("loss_minutes", "cancelled")],
        ),
        (
            [_told_of, _moved(Move.REPORT_LOST), _loss_told],
            [("handover_notice", "done"), ("loss_minutes", "done")],
        ),
        ([_told_of, _loss_told], [("handover_notice", "done")]),
        ([_told_of, _ended], [("handover_notice", "done"), ("device_return", "open")]),
        ([_told_of, _ended, _loss_told], [("handover_notice", "done"), ("device_return", "done")]),
        ([_told_of, _ended, _given_back], [("handover_notice", "done"), ("device_return", "done")]),
        ([_ended, _given_back], [("handover_notice", "cancelled"), ("device_return", "done")]),
    ],
)
def test_what_is_owed_about_a_device(
    acts: list[Callable[[Device], None]], clocks: list[tuple[str, str]]
) -> None:
    agency = builders.agency(office=builders.office())
    device = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    device.refresh_from_db()

    for act in acts:
        act(device)

    assert clocks_of(device.uuid) == clocks


@pytest.mark.parametrize(
    ("act", "kind", "due_on"),
    [
        (_untold, "handover_notice", date(2026, 11, 23)),
        (_moved(Move.REPORT_LOST), "loss_minutes", date(2026, 11, 23)),
        (_ended, "device_return", date(2026, 11, 30)),
    ],
)
def test_until_when_it_is_owed(act: Callable[[Device], None], kind: str, due_on: date) -> None:
    device = device_at(Custody.WITH_SUBSCRIBER, agency=builders.agency(office=builders.office()))

    act(device)

    clock = Deadline.objects.open().get(target_uuid=device.uuid, kind=kind)
    assert (clock.agency, clock.received_on, clock.due_on) == (device.agency, TODAY, due_on)
