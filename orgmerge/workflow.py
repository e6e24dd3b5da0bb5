"""The way of a reorganisation as one table: who may do what when.

Buttons, services and the exhaustive test are read from ``STEPS``; nothing else says who may do
what.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from orgmerge.vocabulary import MergerState
from portal.core.roles import Role


class MergerAction(models.TextChoices):
    """What can be done to a reorganisation; the label is the button's text."""

    SUBMIT = "submit", _("Trình lãnh đạo phê duyệt")
    SEND_BACK = "send_back", _("Trả lại để sửa")
    APPROVE = "approve", _("Phê duyệt phương án")
    WITHDRAW = "withdraw", _("Rút phương án")
    TAKE_EFFECT = "take_effect", _("Bắt đầu có hiệu lực")
    COMPLETE = "complete", _("Hoàn thành")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the table.

    ``role`` None is the portal itself. ``not_by_editor``: who edited, planned or submitted may not
    take it, whatever account they use. ``needs_ready_plan``: a present plan without open questions.
    """

    action: MergerAction
    sources: frozenset[MergerState]
    target: MergerState
    role: Role | None
    needs_reason: bool = False
    not_by_editor: bool = False
    needs_ready_plan: bool = False


class IllegalMergerStep(Exception):
    """The action does not exist for this state and role."""


EDITABLE = frozenset({MergerState.DRAFT})
BEFORE_FORCE = frozenset({MergerState.DRAFT, MergerState.AWAITING_APPROVAL, MergerState.APPROVED})
ENDED = frozenset({MergerState.COMPLETED, MergerState.WITHDRAWN})

STEPS: tuple[Step, ...] = (
    Step(
        action=MergerAction.SUBMIT,
        sources=EDITABLE,
        target=MergerState.AWAITING_APPROVAL,
        role=Role.OFFICE_OFFICER,
        needs_ready_plan=True,
    ),
    Step(
        action=MergerAction.APPROVE,
        sources=frozenset({MergerState.AWAITING_APPROVAL}),
        target=MergerState.APPROVED,
        role=Role.OFFICE_HEAD,
        not_by_editor=True,
        needs_ready_plan=True,
    ),
    # Before the day what was approved can still be mended: it is planned and approved anew.
    Step(
        action=MergerAction.SEND_BACK,
        sources=frozenset({MergerState.AWAITING_APPROVAL, MergerState.APPROVED}),
        target=MergerState.DRAFT,
        role=Role.OFFICE_HEAD,
        needs_reason=True,
    ),
    *(
        Step(
            action=MergerAction.WITHDRAW,
            sources=BEFORE_FORCE,
            target=MergerState.WITHDRAWN,
            role=role,
            needs_reason=True,
        )
        for role in (Role.OFFICE_OFFICER, Role.OFFICE_HEAD)
    ),
    # The portal: on the effective day, and when the last line has its end.
    Step(
        action=MergerAction.TAKE_EFFECT,
        sources=frozenset({MergerState.APPROVED}),
        target=MergerState.IN_FORCE,
        role=None,
    ),
    Step(
        action=MergerAction.COMPLETE,
        sources=frozenset({MergerState.IN_FORCE}),
        target=MergerState.COMPLETED,
        role=None,
    ),
)


def steps_open_to(role: str | None, state: str) -> list[Step]:
    """Return what ``role`` may do next with a reorganisation in ``state``, in table order."""
    return [step for step in STEPS if step.role == role and state in step.sources]


def find_step(action: str, *, state: str, role: str | None) -> Step:
    """Return the one line for these; raise IllegalMergerStep when there is none."""
    for step in steps_open_to(role, state):
        if step.action == action:
            return step
    raise IllegalMergerStep(f"{role} cannot {action} a reorganisation that is {state}")
