"""What the planner is told: each fact at its edge, and how much it costs to find out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from operator import attrgetter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.lifecycle import Condition, Custody
from orgmerge.models import Merger, ReviewItem, ReviewReply, ReviewRound, Settlement, SurvivorChoice
from orgmerge.planner import facts, planner
from orgmerge.planner.names import key
from orgmerge.register import inputs
from orgmerge.register import queries as register
from orgmerge.vocabulary import LineAbout, LineAction, ReviewAnswer
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, Subscriber
from portal.ca.models import Certificate, RevocationReason
from requests_app.workflow import State
from tests import builders
from tests.builders import NOW, TODAY
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db


@pytest.fixture
def merger(officer: User) -> Merger:
    return mergers.merger(officer)


@pytest.fixture
def old(merger: Merger) -> Agency:
    """A body that passes whole to a new one."""
    agency = builders.agency("ỦY BAN NHÂN DÂN XÃ CŨ", office=merger.office)
    mergers.share(merger, agency, mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI"))
    return agency


def world_of(merger: Merger, *, today: date = TODAY) -> facts.World:
    (world,) = inputs.worlds_of(merger, today=today)
    return world


def only_certificate(merger: Merger) -> facts.KnownCertificate:
    (found,) = world_of(merger).certificates
    return found


def revoke(certificate: Certificate, reason: RevocationReason) -> None:
    Certificate.objects.filter(pk=certificate.pk).update(
        revoked_at=NOW, revocation_reason=reason, crl_entry=b"made up"
    )


def test_very_many_bodies_are_read_and_planned_in_parts_and_nothing_differs(
    merger: Merger, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = merger.office
    olds = [builders.agency(f"UBND XÃ {name}", office=office) for name in "ABCDEFGHIKL"]
    a, b, c, d, e, f, g, h, i, k, last = olds
    for several, name in (
        ((a, b), "AB"),
        ((c,), "C MỚI"),
        ((d, e), "DE"),
        ((g, h), "GH"),
        ((i,), "I"),
        ((k,), "K MỚI"),
    ):
        goes_to = mergers.body(merger, f"UBND XÃ {name}")
        for old in several:
            mergers.share(merger, old, goes_to)
    mergers.share(merger, last, None)
    for name in ("F", "PHÍA ĐÔNG"):  # divided
        mergers.share(merger, f, mergers.body(merger, f"UBND XÃ {name}"), extent="partly")
    mergers.body(merger, "UBND XÃ CHƯA CÓ GÌ")
    people = [builders.person(at=old) for old in olds]
    for old, person in zip(olds, people, strict=True):
        for subscriber in (person, builders.organisation(old)):
            certificate = builders.certificate(subscriber=subscriber)
            builders.device(
                key_pair=certificate.key,
                agency=k if old == i else old,
                subscriber=subscriber,
                custody=Custody.WITH_SUBSCRIBER,
            )
    # A to H belong together: by a person with certificates of two bodies, one with a second duty,
    # an organisation that another body manages, a decision. K keeps a device of I.
    elsewhere = builders.certificate(subscriber=people[0])
    Certificate.objects.filter(pk=elsewhere.pk).update(agency=c)
    Affiliation.objects.create(subscriber=people[3], agency=c, valid_from=TODAY)
    Subscriber.objects.filter(organisation=g).update(agency=d)
    settled = Certificate.objects.get(subscriber__organisation=f)
    unrelated = merger.bodies.get(name="UBND XÃ GH")
    Settlement.objects.create(
        merger=merger,
        about=LineAbout.CERTIFICATE,
        target_id=settled.pk,
        action=LineAction.CHANGE,
        body=unrelated,
        decided_by=merger.created_by,
        decided_at=NOW,
    )
    whole = planner.plan(world_of(merger))

    monkeypatch.setattr(register, "PART", 1)
    worlds = list(inputs.worlds_of(merger, today=TODAY))
    plans = [planner.plan(world) for world in worlds]

    assert [{one.body for one in world.subscribers} for world in worlds] == [
        {one.pk for one in olds[:8]},
        {i.pk, k.pk},
        {last.pk},
    ]
    lines = [line for plan in plans for line in plan.lines]
    key_of = attrgetter("about", "pk")
    assert sorted(lines, key=key_of) == sorted(whole.lines, key=key_of)
    choices = [one for plan in plans for one in plan.choices]
    assert sorted(choices, key=attrgetter("target")) == whole.choices


def test_a_body_is_told_as_it_stands_today(merger: Merger, old: Agency) -> None:
    world = world_of(merger)

    assert world.bodies[old.pk] == facts.KnownBody(
        pk=old.pk,
        name="ỦY BAN NHÂN DÂN XÃ CŨ",
        key=key("UBND xã Cũ"),
        province=key("Lai Châu"),
        parent=None,
        email_domain="laichau.gov.vn",
        has_seal=True,
    )


def test_the_plan_is_judged_on_the_effective_day_or_today_when_that_is_later(
    merger: Merger, old: Agency
) -> None:
    assert world_of(merger, today=TODAY).day == mergers.EFFECTIVE
    assert world_of(merger, today=date(2027, 1, 4)).day == date(2027, 1, 4)


def test_those_above_stand_in_it_for_their_names_and_have_nothing_in_it(merger: Merger) -> None:
    province = builders.agency("UBND TỈNH", office=merger.office)
    district = builders.agency("UBND HUYỆN", office=merger.office, parent=province)
    commune = builders.agency("UBND XÃ", office=merger.office, parent=district)
    mergers.share(merger, commune, None)
    builders.certificate(subscriber=builders.person(at=district))

    world = world_of(merger)

    assert set(world.bodies) == {province.pk, district.pk, commune.pk}
    assert not world.certificates
    assert not world.subscribers


def test_a_superior_that_the_decision_renames_is_called_by_its_new_name(merger: Merger) -> None:
    district = builders.agency("UBND HUYỆN CŨ", office=merger.office)
    school = builders.agency("TRƯỜNG A", office=merger.office, parent=district)
    renamed = mergers.body(merger, "UBND XÃ MỚI", agency=district)
    under_it = mergers.body(merger, "TRƯỜNG A", agency=school, parent=district)
    founded = mergers.body(merger, "TRƯỜNG B")
    founded.parent_body = renamed
    founded.save()

    targets = world_of(merger).targets

    assert targets[under_it.pk].superior == key("UBND XÃ MỚI")
    assert targets[founded.pk].superior == key("UBND XÃ MỚI")
    assert targets[renamed.pk].agency == district.pk


def test_units_without_a_seal_are_part_of_their_body_at_any_depth(
    merger: Merger, old: Agency
) -> None:
    unit = builders.agency("PHÒNG", office=old.office, parent=old, has_seal=False)
    filer = builders.agency("TỔ", office=old.office, parent=unit, has_seal=False)
    school = builders.agency("TRƯỜNG", office=old.office, parent=old)
    builders.agency("TỔ CỦA TRƯỜNG", office=old.office, parent=school, has_seal=False)
    person = builders.person(at=filer)
    certificate = builders.certificate(subscriber=person)

    world = world_of(merger)

    assert set(world.bodies) == {old.pk, unit.pk, filer.pk}
    assert [one.pk for one in world.certificates] == [certificate.pk]
    assert [one.pk for one in world.subscribers] == [person.pk]


def test_the_certificate_of_a_unit_is_the_units(merger: Merger, old: Agency) -> None:
    unit = builders.agency("PHÒNG", office=old.office, parent=old, has_seal=False)
    subscriber = builders.organisation(unit)
    subscriber.agency = old  # who manages it
    subscriber.save()
    builders.certificate(subscriber=subscriber)

    assert only_certificate(merger).body == unit.pk
    assert [one.body for one in world_of(merger).subscribers] == [unit.pk]


def test_a_body_that_lives_on_is_part_of_it_without_a_row(merger: Merger) -> None:
    agency = builders.agency(office=merger.office)
    mergers.body(merger, agency.name, agency=agency)
    certificate = builders.certificate(subscriber=builders.organisation(agency))

    assert only_certificate(merger).pk == certificate.pk


@pytest.mark.parametrize(
    ("not_after", "last_day"),
    [
        (datetime.fromisoformat("2026-12-01T16:59:59+00:00"), date(2026, 12, 1)),
        (datetime.fromisoformat("2026-12-01T17:00:00+00:00"), date(2026, 12, 2)),
    ],
)
def test_the_last_day_is_that_of_ha_noi(
    merger: Merger, old: Agency, not_after: datetime, last_day: date
) -> None:
    builders.certificate(subscriber=builders.person(at=old), not_after=not_after)

    assert only_certificate(merger).not_after == last_day


@pytest.mark.parametrize("reason", list(RevocationReason))
def test_what_was_revoked_stays_in_it(
    merger: Merger, old: Agency, reason: RevocationReason
) -> None:
    revoke(builders.certificate(subscriber=builders.person(at=old)), reason)

    found = only_certificate(merger)

    assert found.is_revoked
    assert found.is_superseded == (reason == RevocationReason.SUPERSEDED)


def test_what_has_a_successor_is_superseded_although_it_still_is_good(
    merger: Merger, old: Agency
) -> None:
    person = builders.person(at=old)
    first = builders.certificate(subscriber=person)
    second = builders.certificate(subscriber=person, key_pair=first.key, renewals=1)
    Certificate.objects.filter(pk=second.pk).update(predecessor=first)

    found = {one.pk: one for one in world_of(merger).certificates}

    assert found[first.pk].is_superseded
    assert not found[first.pk].is_revoked
    assert not found[second.pk].is_superseded
    assert found[second.pk].renewals == 1


def test_a_device_carries_the_certificate_issued_last_on_it(merger: Merger, old: Agency) -> None:
    person = builders.person(at=old)
    first = builders.certificate(subscriber=person)
    device = builders.in_hands_of(person, first.key)
    second = builders.certificate(subscriber=person, key_pair=first.key)
    Certificate.objects.filter(pk=first.pk).update(issued_at=NOW)

    world = world_of(merger)

    (found,) = world.devices
    assert found.certificate == first.pk
    assert {one.device for one in world.certificates} == {device.pk}
    assert {one.pk for one in world.certificates} == {first.pk, second.pk}


def test_where_a_device_is_and_how_it_is(merger: Merger, old: Agency) -> None:
    device = builders.device(
        custody=Custody.BACK_AT_AGENCY, condition=Condition.DAMAGED, agency=old
    )

    (found,) = world_of(merger).devices

    assert found == facts.KnownDevice(
        pk=device.pk,
        kind="token",
        body=old.pk,
        custody=Custody.BACK_AT_AGENCY,
        condition=Condition.DAMAGED,
    )


def test_a_device_kept_elsewhere_is_known_while_it_carries_a_certificate_of_the_body(
    merger: Merger, old: Agency
) -> None:
    other = builders.agency(office=old.office)
    standing = builders.certificate(subscriber=builders.person(at=old))
    ended = builders.certificate(subscriber=builders.person(at=old))
    revoke(ended, RevocationReason.CESSATION)
    known = builders.device(
        custody=Custody.AT_AGENCY,
        condition=Condition.LOCKED,
        agency=other,
        key_pair=standing.key,
    )
    builders.device(custody=Custody.AT_CA, agency=other, key_pair=ended.key)

    (found,) = world_of(merger).devices

    assert (found.pk, found.body, found.certificate) == (known.pk, old.pk, standing.pk)


@pytest.mark.parametrize(
    ("state", "is_pending"),
    [
        (State.DRAFT, True),
        (State.SUBMITTED, True),
        (State.EXECUTION_FAILED, True),
        (State.COMPLETED, False),
        (State.REJECTED, False),
        (State.WITHDRAWN, False),
    ],
)
def test_open_dossiers_about_a_certificate_are_told_by_their_forms(
    merger: Merger, old: Agency, state: State, is_pending: bool
) -> None:
    certificate = builders.certificate(subscriber=builders.person(at=old))
    for kind in ("mau_05_revoke", "mau_04_renew_change", "mau_04_renew_change"):
        dossier = builders.dossier(agency=old, state=state, kind=kind)
        dossier.items.update(certificate=certificate)

    world = world_of(merger)

    assert world.certificates[0].pending == (("04", "05") if is_pending else ())
    assert [one.form for one in world.dossiers] == (["05", "04", "04"] if is_pending else [])


@pytest.mark.parametrize(
    ("outcome", "is_pending"), [("", True), ("failed", True), ("done", False), ("refused", False)]
)
def test_a_row_that_has_its_end_is_not_pending(
    merger: Merger, old: Agency, outcome: str, is_pending: bool
) -> None:
    certificate = builders.certificate(subscriber=builders.person(at=old))
    dossier = builders.dossier(agency=old, state=State.EXECUTING, kind="mau_05_revoke")
    dossier.items.update(certificate=certificate, outcome=outcome)

    assert bool(only_certificate(merger).pending) == is_pending


def test_another_bodys_dossier_about_the_certificate_counts_too(
    merger: Merger, old: Agency
) -> None:
    certificate = builders.certificate(subscriber=builders.person(at=old))
    dossier = builders.dossier(
        agency=builders.agency(office=old.office), state=State.SUBMITTED, kind="mau_04_renew_change"
    )
    dossier.items.update(certificate=certificate)

    world = world_of(merger)

    assert world.certificates[0].pending == ("04",)
    assert not world.dossiers


def work_at(person: Subscriber, agency: Agency, *, until: date | None = None) -> None:
    Affiliation.objects.create(
        subscriber=person, agency=agency, valid_from=date(2025, 7, 1), valid_until=until
    )


def test_who_has_duties_at_several_bodies_stands_in_it_once(merger: Merger, old: Agency) -> None:
    other = builders.agency(office=merger.office)
    mergers.share(merger, other, None)
    person = builders.person(at=other)
    work_at(person, old)
    work_at(person, other)
    builders.certificate(subscriber=person)
    Certificate.objects.update(agency=old)

    found = world_of(merger).subscribers

    assert [(one.pk, one.body) for one in found] == [(person.pk, other.pk)]


@pytest.mark.parametrize(
    ("until", "works_here"), [(None, True), (TODAY + timedelta(days=1), True), (TODAY, False)]
)
def test_who_is_managed_elsewhere_and_works_here_stands_in_it(
    merger: Merger, old: Agency, until: date | None, works_here: bool
) -> None:
    person = builders.person(at=builders.agency(office=old.office))
    work_at(person, old, until=until)

    found = world_of(merger).subscribers

    assert [(one.pk, one.body) for one in found] == ([(person.pk, old.pk)] if works_here else [])


def test_who_moved_and_left_a_certificate_here_stands_in_it(merger: Merger, old: Agency) -> None:
    person = builders.person(at=old)
    builders.certificate(subscriber=person)
    Subscriber.objects.filter(pk=person.pk).update(agency=builders.agency(office=old.office))

    (found,) = world_of(merger).subscribers

    assert (found.pk, found.body) == (person.pk, old.pk)


def item(merger: Merger, agency: Agency, *, at: datetime = NOW, **columns: object) -> ReviewItem:
    """What ``agency`` answered in a round of its own."""
    number = ReviewRound.objects.filter(merger=merger).count() + 1
    held = ReviewRound.objects.create(
        merger=merger,
        number=number,
        opened_by=merger.created_by,
        opened_at=NOW,
        due_on=TODAY,
        closed_at=NOW,
    )
    reply = ReviewReply.objects.create(round=held, agency=agency)
    values: dict[str, object] = {"reply": reply, "position": 1, "answered_at": at, **columns}
    return ReviewItem.objects.create(**values)


def test_the_newest_answer_counts(merger: Merger, old: Agency) -> None:
    certificate = builders.certificate(subscriber=builders.person(at=old))
    later = NOW + timedelta(hours=1)
    item(merger, old, certificate=certificate, answer=ReviewAnswer.NOT_NEEDED, at=later)
    item(merger, old, certificate=certificate, answer=ReviewAnswer.CONTINUES)

    replies = world_of(merger).replies

    assert replies[LineAbout.CERTIFICATE.value, certificate.pk].answer == ReviewAnswer.NOT_NEEDED


def test_silence_is_no_answer_and_takes_none_back(merger: Merger, old: Agency) -> None:
    certificate = builders.certificate(subscriber=builders.person(at=old))
    item(merger, old, certificate=certificate, answer=ReviewAnswer.NOT_NEEDED)
    item(merger, old, certificate=certificate, answer="", at=NOW + timedelta(hours=1))

    replies = world_of(merger).replies

    assert replies[LineAbout.CERTIFICATE.value, certificate.pk].answer == ReviewAnswer.NOT_NEEDED


@pytest.mark.parametrize(
    ("answer", "tells_of_holder"),
    [
        (ReviewAnswer.CONTINUES, True),
        (ReviewAnswer.MOVES, True),
        (ReviewAnswer.LEFT, True),
        (ReviewAnswer.NOT_NEEDED, False),
        (ReviewAnswer.DEVICE_NOT_FOUND, False),
    ],
)
def test_some_answers_about_a_certificate_tell_of_its_holder(
    merger: Merger, old: Agency, answer: ReviewAnswer, tells_of_holder: bool
) -> None:
    person = builders.person(at=old)
    certificate = builders.certificate(subscriber=person)
    device = builders.in_hands_of(person, certificate.key)
    target = merger.bodies.get()
    item(
        merger,
        old,
        certificate=certificate,
        device=device,
        answer=answer,
        moves_to=target,
        email="moi@laichau.gov.vn",
    )

    replies = world_of(merger).replies

    said = facts.Reply(answer=answer, to=target.pk, email="moi@laichau.gov.vn")
    assert replies[LineAbout.CERTIFICATE.value, certificate.pk] == said
    assert replies[LineAbout.DEVICE.value, device.pk] == said
    assert ((LineAbout.SUBSCRIBER.value, person.pk) in replies) == tells_of_holder


def test_answers_about_another_merger_are_not_heard(
    merger: Merger, old: Agency, officer: User
) -> None:
    certificate = builders.certificate(subscriber=builders.person(at=old))
    item(mergers.merger(officer), old, certificate=certificate, answer=ReviewAnswer.NOT_NEEDED)

    assert world_of(merger).replies == {}


def test_what_people_decided_is_told(merger: Merger, old: Agency, officer: User) -> None:
    target = merger.bodies.get()
    certificate = builders.certificate(subscriber=builders.organisation(old))
    SurvivorChoice.objects.create(
        merger=merger, body=target, certificate=None, decided_by=officer, decided_at=NOW
    )
    Settlement.objects.create(
        merger=merger,
        about=LineAbout.CERTIFICATE,
        target_id=certificate.pk,
        action=LineAction.CHANGE,
        body=target,
        decided_by=officer,
        decided_at=NOW,
    )

    world = world_of(merger)

    assert world.chosen == {target.pk: 0}
    assert world.decided == {
        (LineAbout.CERTIFICATE.value, certificate.pk): facts.Decided(LineAction.CHANGE, target.pk)
    }


def queries(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as found:
        work()
    return len(found)


def test_the_number_of_queries_does_not_depend_on_how_many_bodies_there_are(
    merger: Merger, old: Agency
) -> None:
    target = merger.bodies.get()

    def add_bodies(count: int) -> None:
        for _number in range(count):
            body = builders.agency(office=merger.office)
            mergers.share(merger, body, target)
            person = builders.person(at=body)
            builders.in_hands_of(person, builders.certificate(subscriber=person).key)
            builders.certificate(subscriber=builders.organisation(body))
            builders.dossier(agency=body, state=State.SUBMITTED)

    add_bodies(1)
    few = queries(lambda: world_of(merger))
    add_bodies(9)

    many = queries(lambda: world_of(merger))

    assert many == few
