"""Plans: asked for, made in the background, chosen, settled, compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from orgmerge.models import Merger, MergerBody, Plan, PlanLine
from orgmerge.planner import planner
from orgmerge.plans import comparison, worker
from orgmerge.plans import services as plans
from orgmerge.register import inputs
from orgmerge.vocabulary import Extent, LineAbout, LineAction, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.errors import NotEditable, StaleVersion
from requests_app.workflow import State
from tests import builders
from tests.builders import NOW, TODAY
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def merger(officer: User) -> Merger:
    """Two communes with a certificate each become one with a new name."""
    made = mergers.merger(officer)
    new = mergers.body(made, "ỦY BAN NHÂN DÂN XÃ MỚI")
    for name in ("ỦY BAN NHÂN DÂN XÃ ĐẦU", "ỦY BAN NHÂN DÂN XÃ HAI"):
        old = builders.agency(name, office=made.office)
        mergers.share(made, old, new)
        subscriber = builders.organisation(old)
        certificate = builders.certificate(subscriber=subscriber)
        subject = f"C=VN, L=Lai Châu, O=UBND TỈNH LAI CHÂU, CN={name}"
        Certificate.objects.filter(pk=certificate.pk).update(subject=subject)
        builders.in_hands_of(subscriber, certificate.key)
        person = builders.person(at=old)
        builders.in_hands_of(person, builders.certificate(subscriber=person).key)
        builders.dossier(agency=old, state=State.SUBMITTED)
    return made


def made_plan(merger: Merger, officer: User) -> Plan:
    plan = plans.ask_for_plan(merger, actor=officer, now=NOW)
    while worker.make_waiting(now=NOW):
        pass
    plan.refresh_from_db()
    return plan


def target(merger: Merger) -> MergerBody:
    return merger.bodies.get()


def certificates_of_bodies() -> list[Certificate]:
    return list(Certificate.objects.filter(kind="organisation").order_by("pk"))


def test_a_plan_waits_for_the_worker_and_then_is_ready(merger: Merger, officer: User) -> None:
    asked = plans.ask_for_plan(merger, actor=officer, now=NOW)
    assert (asked.state, asked.number) == (Plan.State.WAITING, 1)

    assert worker.make_waiting(now=LATER) == 1

    asked.refresh_from_db()
    assert asked.state == Plan.State.READY
    assert asked.made_at == LATER
    assert asked.planned_for == mergers.EFFECTIVE
    assert asked.bodies_done == asked.bodies_total == 2
    assert asked.claimed_until is None
    assert worker.make_waiting(now=LATER) == 0


def test_each_thing_stands_in_exactly_one_line_as_planned(merger: Merger, officer: User) -> None:
    plan = made_plan(merger, officer)

    (world,) = inputs.worlds_of(merger, today=TODAY)
    expected = {(LineAbout.CERTIFICATE, *[one.pk]) for one in world.certificates} | {
        (LineAbout.DEVICE, one.pk) for one in world.devices
    }
    expected |= {(LineAbout.SUBSCRIBER, one.pk) for one in world.subscribers}
    expected |= {(LineAbout.DOSSIER, one.pk) for one in world.dossiers}
    stored = list(plan.lines.exclude(about=LineAbout.BODY).values_list("about", "target_id"))
    assert len(stored) == len(expected) == 14
    assert set(stored) == expected


def test_a_stored_line_says_what_was_planned(merger: Merger, officer: User) -> None:
    plan = made_plan(merger, officer)

    (world,) = inputs.worlds_of(merger, today=TODAY)
    for line in planner.plan(world).lines:
        stored = plan.lines.get(about=line.about, target_id=line.pk)
        assert (stored.action, stored.form, stored.reason) == (line.action, line.form, line.reason)
        assert (stored.stage, stored.is_open) == (line.stage, line.is_open)
        assert (stored.sender_id, stored.successor_id) == (line.sender, line.successor)
        assert tuple(stored.warnings) == line.warnings
        assert stored.agency_id == (None if line.about == LineAbout.BODY else line.body)
        assert stored.state == "planned"


def test_lines_are_found_by_what_they_are_about(merger: Merger, officer: User) -> None:
    plan = made_plan(merger, officer)

    first = certificates_of_bodies()[0]
    line = plan.lines.get(about=LineAbout.CERTIFICATE, target_id=first.pk)
    assert line.target_uuid == first.uuid
    assert line.title == f"{first.common_name} · {first.serial}"
    assert line.search_title == f"uy ban nhan dan xa dau {first.serial.lower()}"
    device = plan.lines.filter(about=LineAbout.DEVICE, search_title__contains="xa dau").get()
    assert device.title.startswith("USB Token BIT4ID-")
    assert device.title.endswith(" · ỦY BAN NHÂN DÂN XÃ ĐẦU")
    dossier = plan.lines.filter(about=LineAbout.DOSSIER).first()
    assert dossier is not None
    assert dossier.search_title.startswith("mau 01 · ")
    assert plan.lines.get(about=LineAbout.BODY).target_uuid == target(merger).uuid


def test_the_counts_are_those_of_the_lines(merger: Merger, officer: User) -> None:
    plan = made_plan(merger, officer)

    assert plan.counts["lines"] == plan.lines.count() == 15
    assert plan.counts["open"] == plan.lines.filter(is_open=True).count() > 0
    assert sum(plan.counts["actions"].values()) == 15
    assert plan.counts["about"][LineAbout.CERTIFICATE] == 4
    (choice,) = plan.choices
    assert choice["target"] == target(merger).pk
    ranked = [one["certificate"] for one in choice["candidates"] if one["rank"]]
    assert sorted(ranked) == [one.pk for one in certificates_of_bodies()]


def test_asking_twice_before_it_is_begun_gives_the_same_plan(merger: Merger, officer: User) -> None:
    first = plans.ask_for_plan(merger, actor=officer, now=NOW)

    second = plans.ask_for_plan(merger, actor=officer, now=LATER)

    assert first == second
    assert merger.plans.count() == 1


def test_a_new_plan_stands_beside_the_old(merger: Merger, officer: User) -> None:
    first, second = made_plan(merger, officer), made_plan(merger, officer)

    assert (first.number, second.number) == (1, 2)
    assert first.lines.count() == second.lines.count()


def test_only_the_last_two_plans_and_the_approved_one_keep_their_lines(
    merger: Merger, officer: User
) -> None:
    approved = made_plan(merger, officer)
    Merger.objects.filter(pk=merger.pk).update(approved_plan=approved)

    numbers = [made_plan(merger, officer).number for _again in range(4)]

    kept = PlanLine.objects.order_by().values_list("plan__number", flat=True).distinct()
    assert set(kept) == {approved.number, *numbers[-2:]}
    assert Plan.objects.get(number=2).counts["lines"] == 15


@pytest.mark.parametrize(
    "role", [Role.OFFICE_HEAD, Role.CLERK, Role.HEAD, Role.CA_OPERATOR, Role.ADMINISTRATOR]
)
def test_only_an_officer_asks(merger: Merger, role: Role) -> None:
    agency = merger.office if role == Role.OFFICE_HEAD else None
    stranger = builders.user(role, agency=agency)

    with pytest.raises((Merger.DoesNotExist, PermissionDenied)):
        plans.ask_for_plan(merger, actor=stranger, now=NOW)


def test_another_offices_officer_sees_nothing_to_plan(merger: Merger) -> None:
    stranger = builders.user(Role.OFFICE_OFFICER)

    with pytest.raises(Merger.DoesNotExist):
        plans.ask_for_plan(merger, actor=stranger, now=NOW)


def test_nothing_described_is_nothing_to_plan(officer: User) -> None:
    with pytest.raises(Refused) as refusal:
        plans.ask_for_plan(mergers.merger(officer), actor=officer, now=NOW)

    assert [one.code for one in refusal.value.violations] == ["nothing_described"]


def test_what_awaits_approval_is_not_planned_anew(merger: Merger, officer: User) -> None:
    Merger.objects.filter(pk=merger.pk).update(state=MergerState.AWAITING_APPROVAL)

    with pytest.raises(NotEditable):
        plans.ask_for_plan(merger, actor=officer, now=NOW)


def test_who_asked_may_not_approve(merger: Merger) -> None:
    colleague = builders.user(Role.OFFICE_OFFICER, agency=merger.office)

    plans.ask_for_plan(merger, actor=colleague, now=NOW)

    assert colleague in merger.edited_by.all()
    entry = AuditEntry.objects.get(action="merger.ask_plan")
    assert entry.actor_uuid == colleague.uuid


# A worker that is killed, and two at once


class Killed(BaseException):
    """The worker is gone in the middle of it."""


@pytest.mark.parametrize(
    ("module", "name"),
    [(inputs, "worlds_of"), (planner, "plan"), (worker, "store"), (worker.Tally, "counts")],
)
def test_a_killed_worker_leaves_a_plan_that_the_next_one_makes(
    merger: Merger,
    officer: User,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
) -> None:
    asked = plans.ask_for_plan(merger, actor=officer, now=NOW)

    def killed(*_args: object, **_options: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, name, killed)
        with pytest.raises(Killed):
            worker.make_waiting(now=NOW)
    asked.refresh_from_db()
    assert asked.state == Plan.State.RUNNING
    assert worker.make_waiting(now=NOW) == 0  # somebody may still be at it

    assert worker.make_waiting(now=NOW + worker.LEASE + timedelta(minutes=1)) == 1

    asked.refresh_from_db()
    assert asked.state == Plan.State.READY
    assert asked.lines.count() == asked.counts["lines"] == 15


def test_what_was_written_before_the_kill_is_not_written_twice(
    merger: Merger, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = plans.ask_for_plan(merger, actor=officer, now=NOW)
    monkeypatch.setattr(worker, "LINES_AT_ONCE", 4)
    with monkeypatch.context() as patched:
        patched.setattr(worker, "store", _dies_at(4, worker.store))
        with pytest.raises(Killed):
            worker.make_waiting(now=NOW)
    assert asked.lines.count() == 12
    asked.refresh_from_db()
    assert 0 < asked.bodies_done < asked.bodies_total

    worker.make_waiting(now=NOW + worker.LEASE + timedelta(minutes=1))

    assert asked.lines.count() == 15


def _dies_at(call: int, work: Callable[..., None]) -> Callable[..., None]:
    calls: list[object] = []

    def dying(*args: object) -> None:
        calls.append(args)
        if len(calls) == call:
            raise Killed
        work(*args)

    return dying


def test_a_worker_that_was_too_slow_does_not_write_into_what_another_took_over(
    merger: Merger, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = plans.ask_for_plan(merger, actor=officer, now=NOW)
    much_later = NOW + worker.LEASE + timedelta(minutes=1)
    plan = planner.plan

    def overtaken(world: object) -> object:
        monkeypatch.undo()
        worker.make_waiting(now=much_later)
        return plan(world)  # type: ignore[arg-type]

    monkeypatch.setattr(planner, "plan", overtaken)

    worker.make_waiting(now=NOW)

    asked.refresh_from_db()
    assert asked.state == Plan.State.READY
    assert asked.made_at == much_later
    assert asked.lines.count() == 15


def test_a_plan_that_cannot_be_made_says_so_and_the_next_one_is_made(
    merger: Merger, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = plans.ask_for_plan(merger, actor=officer, now=NOW)

    def broken(_world: object) -> None:
        raise KeyError("no such body")

    with monkeypatch.context() as patched:
        patched.setattr(planner, "plan", broken)
        assert worker.make_waiting(now=NOW) == 1

    asked.refresh_from_db()
    assert asked.state == Plan.State.FAILED
    assert "KeyError" in asked.problem
    assert not asked.lines.exists()
    assert made_plan(merger, officer).state == Plan.State.READY


def twice(merger: Merger) -> None:
    """Let a body that passes whole go to a second one as well."""
    share = merger.shares.first()
    assert share is not None
    mergers.share(merger, share.old, mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ KHÁC"))


def test_what_contradicts_itself_is_not_planned(merger: Merger, officer: User) -> None:
    twice(merger)

    with pytest.raises(Refused) as refusal:
        plans.ask_for_plan(merger, actor=officer, now=NOW)

    assert "whole_to_several" in {one.code for one in refusal.value.violations}
    assert not merger.plans.exists()


def test_what_came_to_contradict_itself_before_the_worker_came_is_said(
    merger: Merger, officer: User
) -> None:
    asked = plans.ask_for_plan(merger, actor=officer, now=NOW)
    twice(merger)

    worker.make_waiting(now=NOW)

    asked.refresh_from_db()
    assert asked.state == Plan.State.FAILED
    assert asked.problem.startswith("Dòng ")
    assert not asked.lines.exists()


# Choosing and settling


def test_a_chosen_certificate_is_asked_for_in_a_new_plan(merger: Merger, officer: User) -> None:
    first = made_plan(merger, officer)
    proposed = first.choices[0]["proposed"]
    other = next(one for one in certificates_of_bodies() if one.pk != proposed)

    plans.choose(merger, target(merger), other, actor=officer, now=NOW, version=merger.version)
    worker.make_waiting(now=NOW)

    second = plans.newest_ready(merger)
    assert second is not None
    assert second.number == 2
    assert second.choices[0]["chosen"] == other.pk
    assert (
        second.lines.get(about=LineAbout.CERTIFICATE, target_id=other.pk).action
        == LineAction.CHANGE
    )
    assert second.counts["open"] < first.counts["open"]


def test_none_can_be_chosen_so_that_a_new_one_is_asked_for(merger: Merger, officer: User) -> None:
    made_plan(merger, officer)

    plans.choose(merger, target(merger), None, actor=officer, now=NOW, version=merger.version)
    worker.make_waiting(now=NOW)

    plan = plans.newest_ready(merger)
    assert plan is not None
    line = plan.lines.get(about=LineAbout.BODY)
    assert (line.action, line.form) == (LineAction.ISSUE, "02")


def test_choosing_twice_keeps_one_choice(merger: Merger, officer: User) -> None:
    made_plan(merger, officer)
    for certificate in certificates_of_bodies():
        merger.refresh_from_db()
        plans.choose(
            merger, target(merger), certificate, actor=officer, now=NOW, version=merger.version
        )

    assert merger.choices.get().certificate == certificates_of_bodies()[-1]
    assert merger.plans.filter(state=Plan.State.WAITING).count() == 1


def test_what_is_no_candidate_cannot_be_chosen(merger: Merger, officer: User) -> None:
    made_plan(merger, officer)

    with pytest.raises(Refused) as refusal:
        plans.choose(
            merger,
            target(merger),
            builders.certificate(),
            actor=officer,
            now=NOW,
            version=merger.version,
        )

    assert [one.code for one in refusal.value.violations] == ["not_a_candidate"]
    assert not merger.choices.exists()


def test_without_a_plan_there_is_nothing_to_choose_from(merger: Merger, officer: User) -> None:
    with pytest.raises(Refused) as refusal:
        plans.choose(merger, target(merger), None, actor=officer, now=NOW, version=1)

    assert [one.code for one in refusal.value.violations] == ["no_plan"]


def test_who_saw_an_older_description_chooses_nothing(merger: Merger, officer: User) -> None:
    made_plan(merger, officer)

    with pytest.raises(StaleVersion):
        plans.choose(
            merger, target(merger), None, actor=officer, now=NOW, version=merger.version + 1
        )


@pytest.fixture
def split(officer: User) -> Merger:
    """A commune passes to two."""
    made = mergers.merger(officer)
    old = builders.agency("ỦY BAN NHÂN DÂN XÃ CHIA", office=made.office)
    for name in ("ỦY BAN NHÂN DÂN XÃ MỘT", "ỦY BAN NHÂN DÂN XÃ HAI"):
        mergers.share(made, old, mergers.body(made, name), extent=Extent.PARTLY)
    person = builders.person(at=old)
    certificate = builders.certificate(subscriber=person)
    subject = "C=VN, L=Lai Châu, O=UBND TỈNH LAI CHÂU, OU=ỦY BAN NHÂN DÂN XÃ CHIA, CN=A"
    Certificate.objects.filter(pk=certificate.pk).update(subject=subject)
    builders.in_hands_of(person, certificate.key)
    return made


def open_certificate(plan: Plan) -> PlanLine:
    return plan.lines.get(about=LineAbout.CERTIFICATE, is_open=True)


def test_a_settled_thing_waits_no_longer(split: Merger, officer: User) -> None:
    first = made_plan(split, officer)
    body = split.bodies.last()
    line = open_certificate(first)

    plans.settle(
        split,
        line.about,
        line.target_id,
        LineAction.CHANGE,
        body=body,
        note="Về xã Hai",
        actor=officer,
        now=NOW,
        version=split.version,
    )
    worker.make_waiting(now=NOW)

    second = plans.newest_ready(split)
    assert second is not None
    settled = second.lines.get(about=LineAbout.CERTIFICATE)
    assert (settled.action, settled.sender, settled.is_open) == (LineAction.CHANGE, body, False)


@pytest.mark.parametrize(
    ("action", "code"), [(LineAction.CHANGE, "no_body"), (LineAction.RETURN, "not_an_answer")]
)
def test_a_settlement_must_be_an_answer(
    split: Merger, officer: User, action: LineAction, code: str
) -> None:
    line = open_certificate(made_plan(split, officer))

    with pytest.raises(Refused) as refusal:
        plans.settle(
            split,
            line.about,
            line.target_id,
            action,
            body=None,
            note="",
            actor=officer,
            now=NOW,
            version=split.version,
        )

    assert [one.code for one in refusal.value.violations] == [code]


def test_what_is_clear_is_not_settled(merger: Merger, officer: User) -> None:
    line = (
        made_plan(merger, officer).lines.filter(is_open=False).exclude(about=LineAbout.BODY).first()
    )
    assert line is not None

    with pytest.raises(Refused) as refusal:
        plans.settle(
            merger,
            line.about,
            line.target_id,
            LineAction.KEEP,
            body=None,
            note="",
            actor=officer,
            now=NOW,
            version=merger.version,
        )

    assert [one.code for one in refusal.value.violations] == ["nothing_to_settle"]


# Out of date, and what moved


def old_body(merger: Merger) -> Agency:
    return merger.shares.select_related("old")[0].old


def test_a_plan_is_out_of_date_once_something_changed(merger: Merger, officer: User) -> None:
    plan = made_plan(merger, officer)
    assert not plans.is_out_of_date(plan, today=TODAY)
    assert plans.is_out_of_date(plan, today=mergers.EFFECTIVE + timedelta(days=1))

    Certificate.objects.filter(agency=old_body(merger)).update(issued_at=LATER)

    assert plans.is_out_of_date(plan, today=TODAY)


def test_a_plan_of_an_older_description_is_out_of_date(merger: Merger, officer: User) -> None:
    plan = made_plan(merger, officer)
    Merger.objects.filter(pk=merger.pk).update(version=merger.version + 1)
    plan = Plan.objects.select_related("merger").get(pk=plan.pk)

    assert plans.is_out_of_date(plan, today=TODAY)


def test_what_moved_between_two_plans_is_shown_line_by_line(merger: Merger, officer: User) -> None:
    first = made_plan(merger, officer)
    gone = merger.shares.select_related("old").last()
    assert gone is not None
    new = builders.certificate(subscriber=builders.person(at=old_body(merger)))
    gone.delete()
    second = made_plan(merger, officer)

    moved = comparison.differences(second, first)

    by_target = {(line.about, line.target_id): line for line in moved.moved}
    fresh = by_target[LineAbout.CERTIFICATE, new.pk]
    assert fresh.old_action is None  # type: ignore[attr-defined]
    ended = {line.agency_id for line in moved.gone}
    assert ended == {gone.old_id}
    survivor = by_target[LineAbout.BODY, target(merger).pk] if len(by_target) > 2 else None
    assert survivor is None or survivor.old_reason  # type: ignore[attr-defined]


def test_nothing_moves_between_two_plans_of_the_same(merger: Merger, officer: User) -> None:
    first, second = made_plan(merger, officer), made_plan(merger, officer)

    moved = comparison.differences(second, first)

    assert not moved.moved.exists()
    assert not moved.gone.exists()
