"""The way of a reorganisation as one table: who may do what when.

Buttons, services and the exhaustive test are read from ``STEPS``; nothing else says who may do
what.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orgmerge.vocabulary import MergerState
from portal.core.roles import Role
from portal.core.steps import Step, StepTable


class MergerAction(models.TextChoices):
    """What can be done to a reorganisation; the label is the button's text."""

    SUBMIT = "submit", _("Trình lãnh đạo phê duyệt")
    SEND_BACK = "send_back", _("Trả lại để sửa")
    APPROVE = "approve", _("Phê duyệt phương án")
    WITHDRAW = "withdraw", _("Rút phương án")
    TAKE_EFFECT = "take_effect", _("Bắt đầu có hiệu lực")
    COMPLETE = "complete", _("Hoàn thành")


# Who has edited or planned; it is no action of the table.
EDITING = "editing"
READY_PLAN = "ready_plan"  # a present plan without open questions

StepOfMerger = Step[MergerAction, MergerState]

EDITABLE = frozenset({MergerState.DRAFT})
BEFORE_FORCE = frozenset({MergerState.DRAFT, MergerState.AWAITING_APPROVAL, MergerState.APPROVED})
ENDED = frozenset({MergerState.COMPLETED, MergerState.WITHDRAWN})

STEPS: StepTable[MergerAction, MergerState] = StepTable(
    (
        Step(
            action=MergerAction.SUBMIT,
            sources=EDITABLE,
            target=MergerState.AWAITING_APPROVAL,
            role=Role.OFFICE_OFFICER,
            needs=READY_PLAN,
        ),
        Step(
            action=MergerAction.APPROVE,
            sources=frozenset({MergerState.AWAITING_APPROVAL}),
            target=MergerState.APPROVED,
            role=Role.OFFICE_HEAD,
            barred_by=frozenset({EDITING}),
            needs=READY_PLAN,
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
)
