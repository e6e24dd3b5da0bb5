"""The way of a covering letter as one table: who may do what when.

An office that consolidates forwards many dossiers under one official letter. Its pages, its
services and the exhaustive test are read from ``LETTER_STEPS``.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.roles import Role
from portal.core.steps import Step, StepTable


class Stage(models.TextChoices):
    """Where a covering letter stands."""

    DRAFT = "draft", _("Đang soạn")
    AWAITING_SIGNATURE = "awaiting_signature", _("Chờ lãnh đạo Sở ký")
    AWAITING_SEAL = "awaiting_seal", _("Đã ký, chờ chuyển Cục")
    FORWARDING = "forwarding", _("Đang chuyển từng hồ sơ")
    SENT = "sent", _("Đã chuyển Cục")
    CANCELLED = "cancelled", _("Đã bỏ")


class LetterAction(models.TextChoices):
    """What can be done to a covering letter; the label is the button's text."""

    REQUEST_SIGNATURE = "request_signature", _("Trình lãnh đạo Sở ký")
    REVISE = "revise", _("Lấy lại để sửa")
    SEND_BACK_TO_DRAFT = "send_back_to_draft", _("Yêu cầu soạn lại")
    SIGN = "sign", _("Ký công văn")
    SEAL = "seal", _("Ký số cơ quan và chuyển Cục")
    CANCEL = "cancel", _("Bỏ công văn này")


# Who had a hand in the text; it is no action of the table.
EDITING = "editing"

LetterStep = Step[LetterAction, Stage]

LETTER_STEPS: StepTable[LetterAction, Stage] = StepTable(
    (
        Step(
            action=LetterAction.REQUEST_SIGNATURE,
            sources=frozenset({Stage.DRAFT}),
            target=Stage.AWAITING_SIGNATURE,
            role=Role.OFFICE_OFFICER,
        ),
        Step(
            action=LetterAction.SIGN,
            sources=frozenset({Stage.AWAITING_SIGNATURE}),
            target=Stage.AWAITING_SEAL,
            role=Role.OFFICE_HEAD,
            barred_by=frozenset({EDITING}),
        ),
        Step(
            action=LetterAction.SEND_BACK_TO_DRAFT,
            sources=frozenset({Stage.AWAITING_SIGNATURE}),
            target=Stage.DRAFT,
            role=Role.OFFICE_HEAD,
            needs_reason=True,
        ),
        Step(
            action=LetterAction.SEAL,
            sources=frozenset({Stage.AWAITING_SEAL}),
            target=Stage.FORWARDING,
            role=Role.OFFICE_OFFICER,
            barred_by=frozenset({LetterAction.SIGN}),
        ),
        Step(
            action=LetterAction.REVISE,
            sources=frozenset({Stage.AWAITING_SIGNATURE, Stage.AWAITING_SEAL}),
            target=Stage.DRAFT,
            role=Role.OFFICE_OFFICER,
        ),
        Step(
            action=LetterAction.CANCEL,
            sources=frozenset({Stage.DRAFT}),
            target=Stage.CANCELLED,
            role=Role.OFFICE_OFFICER,
        ),
    )
)

# What the CA sees: a letter that has left the office.
LEFT_THE_OFFICE = frozenset({Stage.FORWARDING, Stage.SENT})


def stages_waiting_for(role: str) -> list[Stage]:
    """Return the stages at which a letter waits for ``role``."""
    return [stage for stage in Stage if LETTER_STEPS.awaited(stage) == role]
