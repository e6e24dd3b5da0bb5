"""The way of a covering letter as one table: who may do what when.

An office that consolidates forwards many dossiers under one official letter. Its pages, its
services and the exhaustive test are read from ``LETTER_STEPS``.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.roles import Role


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterStep:
    """One line of the table. ``not_by_editor``, ``not_by_signer``: four eyes count persons."""

    action: LetterAction
    sources: frozenset[Stage]
    target: Stage
    role: Role
    needs_reason: bool = False
    not_by_editor: bool = False
    not_by_signer: bool = False


class IllegalLetterStep(Exception):
    """The action does not exist for this stage and role."""


LETTER_STEPS: tuple[LetterStep, ...] = (
    LetterStep(
        action=LetterAction.REQUEST_SIGNATURE,
        sources=frozenset({Stage.DRAFT}),
        target=Stage.AWAITING_SIGNATURE,
        role=Role.OFFICE_OFFICER,
    ),
    LetterStep(
        action=LetterAction.SIGN,
        sources=frozenset({Stage.AWAITING_SIGNATURE}),
        target=Stage.AWAITING_SEAL,
        role=Role.OFFICE_HEAD,
        not_by_editor=True,
    ),
    LetterStep(
        action=LetterAction.SEND_BACK_TO_DRAFT,
        sources=frozenset({Stage.AWAITING_SIGNATURE}),
        target=Stage.DRAFT,
        role=Role.OFFICE_HEAD,
        needs_reason=True,
    ),
    LetterStep(
        action=LetterAction.SEAL,
        sources=frozenset({Stage.AWAITING_SEAL}),
        target=Stage.FORWARDING,
        role=Role.OFFICE_OFFICER,
        not_by_signer=True,
    ),
    LetterStep(
        action=LetterAction.REVISE,
        sources=frozenset({Stage.AWAITING_SIGNATURE, Stage.AWAITING_SEAL}),
        target=Stage.DRAFT,
        role=Role.OFFICE_OFFICER,
    ),
    LetterStep(
        action=LetterAction.CANCEL,
        sources=frozenset({Stage.DRAFT}),
        target=Stage.CANCELLED,
        role=Role.OFFICE_OFFICER,
    ),
)

# What waits for whom, on the work list.
WAITS_FOR: dict[Stage, Role] = {
    Stage.DRAFT: Role.OFFICE_OFFICER,
    Stage.AWAITING_SIGNATURE: Role.OFFICE_HEAD,
    Stage.AWAITING_SEAL: Role.OFFICE_OFFICER,
}
# What the CA sees: a letter that has left the office.
LEFT_THE_OFFICE = frozenset({Stage.FORWARDING, Stage.SENT})


def stages_waiting_for(role: str) -> list[Stage]:
    """Return the stages at which a letter waits for ``role``."""
    return [stage for stage, waited_for in WAITS_FOR.items() if waited_for == role]


def letter_steps_open_to(role: str, stage: str) -> list[LetterStep]:
    """Return what ``role`` may do next, in table order."""
    return [step for step in LETTER_STEPS if step.role == role and stage in step.sources]


def find_letter_step(action: str, *, stage: str, role: str) -> LetterStep:
    """Return the one line for these; raise IllegalLetterStep when there is none."""
    for step in letter_steps_open_to(role, stage):
        if step.action == action:
            return step
    raise IllegalLetterStep(f"{role} cannot {action} a covering letter that is {stage}")
