"""The way of a body's own paper as one table: written at the desk, signed by the head, issued."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.roles import Role
from portal.core.steps import Step, StepTable
from requests_app.letter_workflow import EDITING


class PaperStage(models.TextChoices):
    """Where a paper stands."""

    DRAFT = "draft", _("Đang soạn")
    AWAITING_SIGNATURE = "awaiting_signature", _("Chờ lãnh đạo ký")
    AWAITING_SEAL = "awaiting_seal", _("Đã ký, chờ phát hành")
    ISSUED = "issued", _("Đã phát hành")
    CANCELLED = "cancelled", _("Đã bỏ")


class PaperAction(models.TextChoices):
    """What can be done to a paper; named as of covering letters."""

    REQUEST_SIGNATURE = "request_signature", _("Trình lãnh đạo ký")
    REVISE = "revise", _("Lấy lại để sửa")
    SEND_BACK_TO_DRAFT = "send_back_to_draft", _("Yêu cầu soạn lại")
    SIGN = "sign", _("Ký văn bản")
    SEAL = "seal", _("Ký số cơ quan và phát hành")
    CANCEL = "cancel", _("Bỏ văn bản này")


# Who writes, and who signs, in a body, an office and at the CA.
DESKS = (
    (Role.CLERK, Role.HEAD),
    (Role.OFFICE_OFFICER, Role.OFFICE_HEAD),
    (Role.CA_OPERATOR, Role.CA_SUPERVISOR),
)

PaperStep = Step[PaperAction, PaperStage]


def _steps_of(desk: Role, head: Role) -> tuple[PaperStep, ...]:
    draft, waiting = frozenset({PaperStage.DRAFT}), frozenset({PaperStage.AWAITING_SIGNATURE})
    signed = frozenset({PaperStage.AWAITING_SEAL})
    return (
        Step(
            action=PaperAction.REQUEST_SIGNATURE,
            sources=draft,
            target=PaperStage.AWAITING_SIGNATURE,
            role=desk,
        ),
        Step(
            action=PaperAction.SIGN,
            sources=waiting,
            target=PaperStage.AWAITING_SEAL,
            role=head,
            barred_by=frozenset({EDITING}),
        ),
        Step(
            action=PaperAction.SEND_BACK_TO_DRAFT,
            sources=waiting,
            target=PaperStage.DRAFT,
            role=head,
            needs_reason=True,
        ),
        Step(
            action=PaperAction.SEAL,
            sources=signed,
            target=PaperStage.ISSUED,
            role=desk,
            barred_by=frozenset({PaperAction.SIGN}),
        ),
        Step(
            action=PaperAction.REVISE,
            sources=waiting | signed,
            target=PaperStage.DRAFT,
            role=desk,
        ),
        Step(
            action=PaperAction.CANCEL,
            sources=draft,
            target=PaperStage.CANCELLED,
            role=desk,
        ),
    )


PAPER_STEPS: StepTable[PaperAction, PaperStage] = StepTable(
    step for desk, head in DESKS for step in _steps_of(desk, head)
)


def waiting_stages(role: str) -> set[PaperStage]:
    """Return the stages at which a paper waits for ``role`` to sign or to issue it."""
    ahead = (PaperAction.SIGN, PaperAction.SEAL)
    steps = [one for one in PAPER_STEPS if one.role == role and one.action in ahead]
    return {stage for step in steps for stage in step.sources}
