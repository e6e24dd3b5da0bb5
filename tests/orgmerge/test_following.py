"""After the day everything follows its body; nobody sees what went to another."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from devices import services as devices
from devices.lifecycle import Condition, Custody, Move
from devices.models import Device, Shipment
from orgmerge.models import MergerBody, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.succession import transfers
from orgmerge.succession.effective_day import take_effect
from orgmerge.succession.handover import hand_over
from orgmerge.succession.remainders import assign, remaining_counts, things_to_assign
from orgmerge.vocabulary import Extent, LineAbout, LineAction, LineState
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.database import bulk
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.models import DeadlineKind
from portal.deadlines.services import open_deadline
from portal.notices.models import Notice
from portal.notices.services import tell
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders
from tests.orgmerge import approved
from tests.orgmerge.approved import DAY, ON_THE_DAY, Scene

pytestmark = pytest.mark.django_db
LATER = ON_THE_DAY + timedelta(hours=1)


def in_force(at: Scene) -> list[Agency]:
    take_effect(now=ON_THE_DAY)
    at.merger.refresh_from_db()
    return [body.agency for body in at.merger.bodies.select_related("agency") if body.agency]


def body_of(at: Scene, name: str) -> MergerBody:
    return at.merger.bodies.get(name=name)


def test_people_certificates_and_devices_are_the_new_bodys() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")
    person = builders.person(at=at.olds[0])
    Affiliation.objects.create(
        subscriber=person, agency=at.olds[0], unit="Văn phòng", position="Kế toán",
        email="a@laichau.gov.vn", valid_from=date(2025, 7, 1),
    )  # fmt: skip
    certificate = builders.certificate(subscriber=person)
    device = builders.in_hands_of(person, certificate.key)
    clock = open_deadline(
        DeadlineKind.LOSS_MINUTES, agency=at.olds[0], office=at.office, target_type="certificate",
        target_uuid=certificate.uuid, title="x", path="", now=builders.NOW,
    )  # fmt: skip
    (new,) = in_force(at)

    assert hand_over(now=LATER) > 0

    for row in (person, device, certificate, clock):
        row.refresh_from_db()
        assert row.agency == new
    before, after = person.affiliations.order_by("valid_from")
    assert (before.agency, before.valid_until) == (at.olds[0], DAY)
    assert (after.agency, after.unit, after.position, after.valid_from) == (
        new, "Văn phòng", "Kế toán", DAY,
    )  # fmt: skip
    assert device.custody == Custody.WITH_SUBSCRIBER
    assert devices.ledger_agrees(device)
    at.merger.refresh_from_db()
    assert at.merger.followed_at == LATER
    assert at.merger.bodies.get().handed_over_at == LATER
    assert remaining_counts(at.merger, now=LATER) == {}


def test_followed_once_it_follows_no_more() -> None:
    at = approved.scene("XÃ MỘT")
    builders.certificate(subscriber=builders.person(at=at.olds[0]))
    in_force(at)
    hand_over(now=LATER)
    before = AuditEntry.objects.count()

    assert hand_over(now=LATER + timedelta(hours=1)) == 0

    assert AuditEntry.objects.count() == before


def test_what_is_on_its_way_goes_to_the_new_body() -> None:
    at = approved.scene("XÃ MỘT")
    operator = builders.user(Role.CA_OPERATOR)
    device = builders.device(agency=at.olds[0], custody=Custody.ALLOCATED)
    builders.certificate(subscriber=builders.person(at=at.olds[0]), key_pair=device.key)
    shipment = devices.send([device], channel="post", actor=operator, now=builders.NOW)
    (new,) = in_force(at)

    hand_over(now=LATER)

    device.refresh_from_db()
    assert (device.agency, device.custody) == (new, Custody.ON_ITS_WAY)
    assert Shipment.objects.get().agency == new
    clerk = builders.user(Role.CLERK, agency=new)
    devices.receive(shipment, serials=[device.serial], actor=clerk, now=LATER)
    device.refresh_from_db()
    assert device.custody == Custody.AT_AGENCY


def test_each_half_of_a_divided_body_sees_its_own_half() -> None:
    at = approved.scene("XÃ CHIA", into=("XÃ X", "XÃ Y"), extent=Extent.PARTLY)
    held = {}
    for name in ("XÃ X", "XÃ Y"):
        person = builders.person(at=at.olds[0])
        device = builders.device(
            agency=at.olds[0], subscriber=person, custody=Custody.WITH_SUBSCRIBER
        )
        held[name] = builders.certificate(subscriber=person, key_pair=device.key)
        ended = builders.certificate(subscriber=person, not_after=builders.NOW)
        assert ended.agency == at.olds[0]
        for about, thing in (
            (LineAbout.SUBSCRIBER, person),
            (LineAbout.CERTIFICATE, held[name]),
            (LineAbout.DEVICE, device),
        ):
            approved.line(at, about, thing, body_of(at, name))
    in_force(at)

    hand_over(now=LATER)

    for name, certificate in held.items():
        body = body_of(at, name).agency
        clerk = builders.user(Role.CLERK, agency=body)
        seen = Certificate.objects.visible_to(clerk)
        assert {one.subscriber for one in seen} == {certificate.subscriber}
        assert seen.count() == 2  # what ended goes with its holder
        assert [one.key for one in Device.objects.visible_to(clerk)] == [certificate.key]
    assert remaining_counts(at.merger, now=LATER) == {}
    assert set(PlanLine.objects.values_list("state", flat=True)) == {LineState.DONE}


def test_what_nobody_settled_of_a_divided_body_is_shown_as_left() -> None:
    at = approved.scene("XÃ CHIA", into=("XÃ X", "XÃ Y"), extent=Extent.PARTLY)
    builders.certificate(subscriber=builders.person(at=at.olds[0]))
    in_force(at)

    hand_over(now=LATER)

    assert remaining_counts(at.merger, now=LATER) == {"subscribers": 1, "certificates": 1}
    at.merger.refresh_from_db()
    assert at.merger.followed_at is None


def test_the_officer_says_where_what_is_left_goes() -> None:
    at = approved.scene("XÃ CHIA", into=("XÃ X", "XÃ Y"), extent=Extent.PARTLY)
    certificate = builders.certificate(subscriber=builders.person(at=at.olds[0]))
    builders.person(at=at.olds[0])
    in_force(at)
    hand_over(now=LATER)
    things = [(left.about, left.uuid) for left in things_to_assign(at.merger)]
    body = body_of(at, "XÃ Y")

    assign(at.merger, things, body, actor=at.officer, now=LATER)
    hand_over(now=LATER)

    certificate.refresh_from_db()
    assert len(things) == 2
    assert certificate.agency == certificate.subscriber.agency == body.agency
    assert things_to_assign(at.merger) == []
    with pytest.raises(Refused) as refusal:
        assign(at.merger, things, body, actor=at.officer, now=LATER)
    assert refusal.value.violations[0].code == "not_left"


def test_a_thing_made_after_planning_goes_with_its_body() -> None:
    at = approved.scene("XÃ MỘT")
    (new,) = in_force(at)
    late = builders.certificate(subscriber=builders.person(at=at.olds[0]))

    hand_over(now=LATER)

    late.refresh_from_db()
    assert late.agency == new


def test_the_plan_sends_a_person_elsewhere_than_their_body() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI", into=("XÃ X",))
    other = MergerBody.objects.create(
        merger=at.merger, position=9, name="XÃ Y", short_name="UBND", province="Lai Châu",
        place="Y",
    )  # fmt: skip
    person = builders.person(at=at.olds[0])
    approved.line(at, LineAbout.SUBSCRIBER, person, other)
    in_force(at)

    hand_over(now=LATER)

    person.refresh_from_db()
    other.refresh_from_db()
    assert person.agency == other.agency


def test_an_absorbed_body_stays_the_subscriber_it_was() -> None:
    at = approved.scene("XÃ MỘT")
    own = builders.certificate(subscriber=builders.organisation(at.olds[0]))
    (new,) = in_force(at)

    hand_over(now=LATER)

    own.refresh_from_db()
    assert (own.agency, own.subscriber.organisation) == (new, at.olds[0])


def test_accounts_follow_their_people() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")
    first, second = at.olds
    clerk = builders.user(Role.CLERK, agency=first, person=builders.person(at=first))
    heads = [
        builders.user(Role.HEAD, agency=old, person=builders.person(at=old)) for old in at.olds
    ]
    leaver = builders.user(Role.CLERK, agency=second, person=builders.person(at=second))
    approved.line(
        at,
        LineAbout.SUBSCRIBER,
        leaver.person,  # type: ignore[arg-type]
        None,
        action=LineAction.KEEP,
        reason=Why.PERSON_LEFT,
    )
    AuthToken.objects.create(user=leaver)
    tell([leaver], cause="x", title="Việc dở", now=builders.NOW)
    (new,) = in_force(at)

    hand_over(now=LATER)

    for user in (clerk, leaver, *heads):
        user.refresh_from_db()
    assert (clerk.agency, clerk.role, clerk.is_active) == (new, Role.CLERK, True)
    assert (heads[0].agency, heads[0].role, heads[0].is_active) == (new, Role.HEAD, True)
    assert (heads[1].agency, heads[1].role, heads[1].is_active) == (new, "", False)
    assert (leaver.is_active, AuthToken.objects.count()) == (False, 0)
    assert Notice.objects.filter(recipient=clerk, cause="x").exists()
    assert AuditEntry.objects.filter(action="user.follow_without_role").count() == 1
    assert AuditEntry.objects.filter(action="user.close_with_body").count() == 1


def test_the_head_of_a_body_that_goes_on_stays_its_head() -> None:
    at = approved.scene("XÃ ĐI")
    stays = builders.agency("XÃ Ở LẠI", office=at.office)
    MergerBody.objects.update(agency=stays, name="XÃ Ở LẠI")
    leading = builders.user(Role.HEAD, agency=stays)
    other = builders.user(Role.HEAD, agency=at.olds[0], person=builders.person(at=at.olds[0]))
    in_force(at)

    hand_over(now=LATER)

    assert User.objects.get(role=Role.HEAD, is_active=True) == leading
    other.refresh_from_db()
    assert (other.agency, other.role) == (stays, "")


def test_administrators_keep_their_accounts() -> None:
    at = approved.scene("XÃ CHIA", into=("XÃ X", "XÃ Y"), extent=Extent.PARTLY)
    administrator = builders.user(Role.ADMINISTRATOR, agency=at.olds[0])
    in_force(at)

    hand_over(now=LATER)

    administrator.refresh_from_db()
    assert administrator.is_active
    assert remaining_counts(at.merger, now=LATER) == {"accounts": 1}


@pytest.mark.parametrize("state", [State.SUBMITTED, State.FORWARDED, State.DECIDED])
def test_a_sent_request_in_the_old_name_is_stopped_and_filed_anew(state: State) -> None:
    at = approved.scene("XÃ MỘT")
    builders.routing()
    dossier = builders.dossier(agency=at.olds[0], state=state, rows=2)
    Dossier.objects.update(sent_at=builders.NOW)
    item = dossier.items.first()
    assert item is not None
    item.answers = {**item.answers, "org1": "xã một", "org2": "Phòng Một"}
    item.save()
    (new,) = in_force(at)

    hand_over(now=LATER)
    hand_over(now=LATER)

    dossier.refresh_from_db()
    anew = dossier.continued_by
    assert (dossier.state, dossier.agency) == (State.WITHDRAWN, at.olds[0])
    assert (anew.state, anew.agency, anew.row_count) == (State.DRAFT, new, 2)
    answers = anew.items.get(position=1).answers
    assert (answers["org1"], answers["org2"]) == ("UBND XÃ MỚI", "Phòng Một")
    assert dossier.events.get(action="stop").reason
    assert Dossier.objects.count() == 2


def test_a_revocation_goes_on_under_the_new_body() -> None:
    at = approved.scene("XÃ MỘT")
    dossier = builders.dossier(agency=at.olds[0], kind="mau_05_revoke", state=State.SUBMITTED)
    Dossier.objects.update(sent_at=builders.NOW)
    (new,) = in_force(at)

    hand_over(now=LATER)

    dossier.refresh_from_db()
    assert (dossier.state, dossier.agency, dossier.agency_version.agency) == (
        State.SUBMITTED, new, at.olds[0],
    )  # fmt: skip


@pytest.mark.parametrize("state", [State.DRAFT, State.AWAITING_SIGNATURE, State.AWAITING_SEAL])
def test_a_draft_is_the_new_bodys_to_finish(state: State) -> None:
    at = approved.scene("XÃ MỘT")
    dossier = builders.dossier(agency=at.olds[0], state=state)
    Dossier.objects.update(letter_number="12/UBND", letter_date=builders.TODAY)
    (new,) = in_force(at)

    hand_over(now=LATER)

    dossier.refresh_from_db()
    assert (dossier.state, dossier.agency, dossier.letter_number) == (State.DRAFT, new, "")
    clerk = builders.user(Role.CLERK, agency=new)
    assert dossier in Dossier.objects.workable_by(clerk)


def test_what_is_being_carried_out_is_left_until_it_ends() -> None:
    at = approved.scene("XÃ MỘT")
    dossier = builders.dossier(agency=at.olds[0], state=State.EXECUTING)
    Dossier.objects.update(sent_at=builders.NOW)
    in_force(at)

    hand_over(now=LATER)

    dossier.refresh_from_db()
    assert (dossier.state, dossier.agency) == (State.EXECUTING, at.olds[0])
    assert remaining_counts(at.merger, now=LATER) == {"dossiers": 1}


def test_a_killed_run_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    at = approved.scene("XÃ MỘT")
    for _number in range(5):
        builders.certificate(subscriber=builders.person(at=at.olds[0]))
    (new,) = in_force(at)
    monkeypatch.setattr(transfers, "AT_ONCE", 2)
    update, calls = bulk.update_rows, []

    def dies(*args: object) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise MemoryError
        update(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(transfers, "update_rows", dies)
    with pytest.raises(MemoryError):
        hand_over(now=LATER)
    assert Certificate.objects.filter(agency=new).count() == 2

    hand_over(now=LATER)

    assert Certificate.objects.filter(agency=new).count() == 5
    told = AuditEntry.objects.filter(action="merger.follow", data__about="certificate")
    assert sum(len(one.data["to"][str(new.uuid)]) for one in told) == 5


def test_who_goes_on_after_a_kill_tells_of_as_much_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = approved.scene("XÃ CHIA", "XÃ MỘT")
    at.merger.shares.filter(old=at.olds[0]).update(extent=Extent.PARTLY)
    builders.user(Role.CLERK, agency=at.olds[1])
    for old in (at.olds[0], *[at.olds[1]] * 4):  # where the first goes nobody has said
        builders.device(custody=Custody.AT_AGENCY, agency=old)
    in_force(at)
    monkeypatch.setattr(transfers, "AT_ONCE", 2)
    transfer, calls = devices.transfer, []

    def dies(*args: object, **options: object) -> object:
        calls.append(args)
        if len(calls) == 2:
            raise MemoryError
        return transfer(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(devices, "transfer", dies)
    with pytest.raises(MemoryError):
        hand_over(now=LATER)

    hand_over(now=LATER)

    told = Notice.objects.filter(cause__startswith="device_transfer:")
    assert [one.title[:10] for one in told] == ["2 thiết bị"] * 2
    assert remaining_counts(at.merger, now=LATER) == {"devices": 1}


def test_a_clerk_whose_turn_comes_later_is_told_what_a_second_head_left_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")
    heads = [builders.user(Role.HEAD, agency=old) for old in at.olds]
    clerk = builders.user(Role.CLERK, agency=at.olds[0])
    tell(heads, cause="before", title="Việc chưa đọc", now=builders.NOW)
    in_force(at)
    monkeypatch.setattr(transfers, "AT_ONCE", 2)

    hand_over(now=LATER)

    assert clerk.notices.filter(cause="before").exists()


def test_two_generations_follow_to_the_last() -> None:
    first = approved.scene("XÃ MỘT")
    person = builders.person(at=first.olds[0])
    ended = builders.dossier(agency=first.olds[0], state=State.COMPLETED)
    (middle,) = in_force(first)
    hand_over(now=LATER)
    second = approved.scene("XÃ HAI", into=("XÃ CUỐI",))
    second.merger.shares.update(old=middle)
    type(second.merger).objects.filter(pk=second.merger.pk).update(effective_on=date(2027, 1, 1))
    next_year = LATER + timedelta(days=40)
    take_effect(now=next_year)

    hand_over(now=next_year)

    last = second.merger.bodies.get().agency
    person.refresh_from_db()
    assert person.agency == last
    clerk = builders.user(Role.CLERK, agency=last)
    assert ended in Dossier.objects.visible_to(clerk)


def test_a_lost_device_follows_too() -> None:
    at = approved.scene("XÃ MỘT")
    device = builders.device(agency=at.olds[0], custody=Custody.AT_AGENCY, condition=Condition.LOST)
    (new,) = in_force(at)

    hand_over(now=LATER)

    device.refresh_from_db()
    assert (device.agency, device.condition) == (new, Condition.LOST)
    assert device.moves.filter(move=Move.TRANSFER, document_uuid=at.merger.uuid).exists()


def test_many_things_of_a_body_cost_as_many_statements_as_few() -> None:
    asked = []
    for count in (3, 30):
        at = approved.scene(f"XÃ {count}")
        for _one in range(count):
            person = builders.person(at=at.olds[0])
            builders.in_hands_of(person, builders.certificate(subscriber=person).key)
        in_force(at)
        with CaptureQueriesContext(connection) as queries:
            hand_over(now=LATER)
        # Rows written one by one in a single prepared statement are shown once each.
        asked.append(len([one for one in queries if not one["sql"].startswith("UPDATE")]))

    assert asked[0] == asked[1]
