"""Submitting, approving, sending back, withdrawing a reorganisation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from orgmerge.approval.services import allowed_steps, take_own_step, take_step
from orgmerge.edits import touch
from orgmerge.models import Merger, Plan, ReviewItem, ReviewReply, ReviewRound
from orgmerge.vocabulary import MergerState
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.notices.models import Notice
from requests_app.errors import Barred, StaleVersion
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers

LATER = NOW + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Filer:
    """One office's people and a described reorganisation with its ready plan."""

    officer: User
    head: User
    merger: Merger


def filer(*, plan_state: str = Plan.State.READY, open_questions: int = 0) -> Filer:
    office = builders.office()
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    head = builders.user(Role.OFFICE_HEAD, agency=office)
    merger = mergers.merger(officer)
    new = mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI")
    for _ in range(2):
        mergers.share(merger, builders.agency(office=office), new)
    plan_of(merger, state=plan_state, open_questions=open_questions)
    return Filer(officer, head, merger)


def plan_of(merger: Merger, *, state: str = Plan.State.READY, open_questions: int = 0) -> Plan:
    return Plan.objects.create(
        merger=merger,
        number=merger.plans.count() + 1,
        state=state,
        merger_version=merger.version,
        counts={"open": open_questions},
        asked_at=NOW,
    )


def step(
    merger: Merger, action: str, actor: User, *, reason: str = "", goes_ahead: bool = False
) -> None:
    take_step(
        merger,
        action,
        actor=actor,
        now=LATER,
        version=merger.version,
        reason=reason,
        goes_ahead=goes_ahead,
    )


def submitted() -> Filer:
    made = filer()
    step(made.merger, MergerAction.SUBMIT, made.officer)
    return made


def approved() -> Filer:
    made = submitted()
    step(made.merger, MergerAction.APPROVE, made.head)
    return made


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


def open_round(merger: Merger, officer: User) -> ReviewRound:
    made = ReviewRound.objects.create(
        merger=merger,
        number=1,
        opened_by=officer,
        opened_at=NOW,
        due_on=NOW.date() + timedelta(days=7),
    )
    ReviewReply.objects.create(round=made, agency=merger.shares.first().old)  # type: ignore[union-attr]
    return made


@pytest.mark.django_db
def test_approval_freezes_the_plan_that_was_submitted() -> None:
    made = submitted()

    step(made.merger, MergerAction.APPROVE, made.head)

    assert made.merger.state == MergerState.APPROVED
    assert made.merger.approved_plan == made.merger.plans.get()
    assert (made.merger.approved_by, made.merger.approved_at) == (made.head, LATER)
    assert list(made.merger.steps.values_list("action", "source", "target")) == [
        ("submit", "draft", "awaiting_approval"),
        ("approve", "awaiting_approval", "approved"),
    ]
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True)) == [
        "merger.submit",
        "merger.approve",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "open_questions", "code"),
    [
        (Plan.State.WAITING, 0, "plan_being_made"),
        (Plan.State.RUNNING, 0, "plan_being_made"),
        (Plan.State.FAILED, 0, "plan_failed"),
        (Plan.State.READY, 3, "plan_open"),
    ],
)
def test_nothing_is_submitted_without_a_plan_that_leaves_nothing_open(
    state: str, open_questions: int, code: str
) -> None:
    made = filer(plan_state=state, open_questions=open_questions)

    with pytest.raises(Refused) as refusal:
        step(made.merger, MergerAction.SUBMIT, made.officer)

    assert codes(refusal) == [code]
    made.merger.refresh_from_db()
    assert made.merger.state == MergerState.DRAFT
    assert not made.merger.steps.exists()


@pytest.mark.django_db
def test_nothing_is_submitted_before_it_is_planned_or_described() -> None:
    made = filer()
    made.merger.plans.all().delete()

    with pytest.raises(Refused) as unplanned:
        step(made.merger, MergerAction.SUBMIT, made.officer)
    made.merger.shares.all().delete()
    with pytest.raises(Refused) as undescribed:
        step(made.merger, MergerAction.SUBMIT, made.officer)

    assert codes(unplanned) == ["no_plan"]
    assert codes(undescribed) == ["nothing_described"]


@pytest.mark.django_db
def test_a_plan_of_an_older_description_is_not_submitted() -> None:
    made = filer()
    with transaction.atomic():
        touch(made.merger, "merger.edit", actor=made.officer, now=NOW)

    with pytest.raises(Refused) as refusal:
        step(made.merger, MergerAction.SUBMIT, made.officer)

    assert codes(refusal) == ["plan_out_of_date"]


@pytest.mark.django_db
def test_an_answer_given_after_the_plan_puts_it_out_of_date() -> None:
    made = filer()
    reply = ReviewReply.objects.get(round=open_round(made.merger, made.officer))
    ReviewItem.objects.create(reply=reply, position=1, answer="continues", answered_at=LATER)
    ReviewRound.objects.update(closed_at=LATER)

    with pytest.raises(Refused) as refusal:
        step(made.merger, MergerAction.SUBMIT, made.officer)

    assert codes(refusal) == ["plan_out_of_date"]


@pytest.mark.django_db
def test_silence_in_a_review_is_passed_over_only_by_the_officers_word() -> None:
    made = filer()
    open_round(made.merger, made.officer)

    with pytest.raises(Refused) as refusal:
        step(made.merger, MergerAction.SUBMIT, made.officer)
    step(made.merger, MergerAction.SUBMIT, made.officer, goes_ahead=True)
    step(made.merger, MergerAction.APPROVE, made.head)

    assert codes(refusal) == ["round_open"]
    assert made.merger.state == MergerState.APPROVED
    # What is approved is frozen: nobody answers any more.
    assert ReviewRound.objects.get().closed_at == LATER


@pytest.mark.django_db
def test_a_round_opened_after_the_submission_has_nobodys_word() -> None:
    made = submitted()
    open_round(made.merger, made.officer)
    ReviewRound.objects.update(opened_at=LATER + timedelta(hours=1))

    with pytest.raises(Refused) as refusal:
        step(made.merger, MergerAction.APPROVE, made.head)

    assert codes(refusal) == ["round_open"]


@pytest.mark.django_db
def test_who_edited_does_not_approve_whatever_account_they_use() -> None:
    made = submitted()
    person = builders.person(at=made.merger.office)
    User.objects.filter(pk__in=[made.officer.pk, made.head.pk]).update(person=person)
    head = User.objects.get(pk=made.head.pk)

    with pytest.raises(Barred):
        step(made.merger, MergerAction.APPROVE, head)

    assert [one.action for one in allowed_steps(made.merger, head)] == ["send_back", "withdraw"]


@pytest.mark.django_db
def test_who_only_submitted_does_not_approve_either() -> None:
    made = filer()
    second = builders.user(Role.OFFICE_OFFICER, agency=made.merger.office)
    step(made.merger, MergerAction.SUBMIT, second)
    person = builders.person(at=made.merger.office)
    User.objects.filter(pk__in=[second.pk, made.head.pk]).update(person=person)

    with pytest.raises(Barred):
        step(made.merger, MergerAction.APPROVE, User.objects.get(pk=made.head.pk))


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  \n "])
def test_sending_back_and_withdrawing_say_why(reason: str) -> None:
    made = submitted()

    for action in (MergerAction.SEND_BACK, MergerAction.WITHDRAW):
        with pytest.raises(Refused) as refusal:
            step(made.merger, action, made.head, reason=reason)
        assert codes(refusal) == ["no_reason"]


@pytest.mark.django_db
def test_what_is_sent_back_after_approval_is_approved_anew() -> None:
    made = approved()

    step(made.merger, MergerAction.SEND_BACK, made.head, reason="Quyết định được đính chính")

    assert made.merger.state == MergerState.DRAFT
    assert made.merger.approved_plan is None
    assert made.merger.approved_by is None
    assert made.merger.approved_at is None


@pytest.mark.django_db
def test_withdrawing_ends_it_and_keeps_everything() -> None:
    made = approved()

    step(made.merger, MergerAction.WITHDRAW, made.officer, reason="Nghị quyết bị hoãn")

    assert made.merger.state == MergerState.WITHDRAWN
    assert made.merger.ended_at == LATER
    assert made.merger.shares.count() == 2
    assert made.merger.approved_plan is not None


@pytest.mark.django_db
def test_the_portal_takes_its_own_steps() -> None:
    made = approved()

    with transaction.atomic():
        locked = Merger.objects.select_for_update().get(pk=made.merger.pk)
        take_own_step(locked, MergerAction.TAKE_EFFECT, now=LATER)
        take_own_step(locked, MergerAction.COMPLETE, now=LATER)

    made.merger.refresh_from_db()
    assert made.merger.state == MergerState.COMPLETED
    assert made.merger.ended_at == LATER
    assert made.merger.steps.filter(actor=None).count() == 2


@pytest.mark.django_db
def test_another_offices_officer_cannot_even_through_the_service() -> None:
    made = filer()
    stranger = builders.user(Role.OFFICE_OFFICER)

    with pytest.raises(Merger.DoesNotExist):
        step(made.merger, MergerAction.SUBMIT, stranger)

    assert allowed_steps(made.merger, stranger) == []


@pytest.mark.django_db
def test_a_form_of_an_older_version_takes_no_step() -> None:
    made = filer()

    with pytest.raises(StaleVersion):
        take_step(made.merger, MergerAction.SUBMIT, actor=made.officer, now=LATER, version=99)


@pytest.mark.django_db(transaction=True)
def test_of_two_heads_approving_at_once_exactly_one_does() -> None:
    made = submitted()
    heads = [made.head, builders.user(Role.OFFICE_HEAD, agency=made.merger.office)]
    ready = Barrier(2)

    def approve(head: User) -> str:
        mine = Merger.objects.get(pk=made.merger.pk)
        ready.wait()
        try:
            step(mine, MergerAction.APPROVE, head)
        except IllegalStep:
            return "too late"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(approve, heads))

    assert outcomes == ["done", "too late"]
    assert made.merger.steps.filter(action=MergerAction.APPROVE).count() == 1


@pytest.mark.django_db
def test_whose_turn_it_is_and_the_bodies_concerned_are_told() -> None:
    made = filer()
    old = made.merger.shares.first().old  # type: ignore[union-attr]
    clerk = builders.user(Role.CLERK, agency=old)
    builders.user(Role.CLERK)

    step(made.merger, MergerAction.SUBMIT, made.officer)
    step(made.merger, MergerAction.APPROVE, made.head)
    step(made.merger, MergerAction.WITHDRAW, made.head, reason="Hoãn")

    told = [(notice.recipient, notice.title[:30]) for notice in Notice.objects.order_by("pk")]
    assert sorted(told, key=lambda one: (one[1], one[0].pk)) == sorted(
        [
            (made.head, "Phương án sắp xếp chờ phê duyệ"),
            (made.officer, "Phương án sắp xếp đã được phê "),
            (clerk, "Phương án sắp xếp đã được phê "),
            (made.officer, "Phương án sắp xếp đã rút: Sắp "),
            (clerk, "Phương án sắp xếp đã rút: Sắp "),
        ],
        key=lambda one: (one[1], one[0].pk),
    )


@pytest.mark.django_db
def test_the_bodies_are_not_told_of_a_draft_they_never_heard_of() -> None:
    made = filer()
    builders.user(Role.CLERK, agency=made.merger.shares.first().old)  # type: ignore[union-attr]

    step(made.merger, MergerAction.WITHDRAW, made.officer, reason="Nhập nhầm")

    assert not Notice.objects.exists()
