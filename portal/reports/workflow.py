"""The way of a report as one table: written at the desk, signed by the head, issued."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.roles import Role
from portal.core.steps import Step, StepTable
from requests_app.letter_workflow import EDITING


class ReportStage(models.TextChoices):
    """Where a report stands."""

    DRAFT = "draft", _("Đang soạn")
    AWAITING_SIGNATURE = "awaiting_signature", _("Chờ lãnh đạo ký")
    AWAITING_SEAL = "awaiting_seal", _("Đã ký, chờ phát hành")
    ISSUED = "issued", _("Đã phát hành")
    CANCELLED = "cancelled", _("Đã bỏ")


class ReportAction(models.TextChoices):
    """What can be done to a report; named as of every letter a body writes about its own work."""

    REQUEST_SIGNATURE = "request_signature", _("Trình lãnh đạo ký")
    REVISE = "revise", _("Lấy lại để sửa")
    SEND_BACK_TO_DRAFT = "send_back_to_draft", _("Yêu cầu soạn lại")
    SIGN = "sign", _("Ký báo cáo")
    SEAL = "seal", _("Ký số cơ quan và phát hành")
    CANCEL = "cancel", _("Bỏ báo cáo này")


# Who writes, and who signs, in a body, an office and at the CA.
DESKS = (
    (Role.CLERK, Role.HEAD),
    (Role.OFFICE_OFFICER, Role.OFFICE_HEAD),
    (Role.CA_OPERATOR, Role.CA_SUPERVISOR),
)

ReportStep = Step[ReportAction, ReportStage]


def _steps_of(desk: Role, head: Role) -> tuple[ReportStep, ...]:
    draft, waiting = frozenset({ReportStage.DRAFT}), frozenset({ReportStage.AWAITING_SIGNATURE})
    signed = frozenset({ReportStage.AWAITING_SEAL})
    return (
        Step(
            action=ReportAction.REQUEST_SIGNATURE,
            sources=draft,
            target=ReportStage.AWAITING_SIGNATURE,
            role=desk,
        ),
        Step(
            action=ReportAction.SIGN,
            sources=waiting,
            target=ReportStage.AWAITING_SEAL,
            role=head,
            barred_by=frozenset({EDITING}),
        ),
        Step(
            action=ReportAction.SEND_BACK_TO_DRAFT,
            sources=waiting,
            target=ReportStage.DRAFT,
            role=head,
            needs_reason=True,
        ),
        Step(
            action=ReportAction.SEAL,
            sources=signed,
            target=ReportStage.ISSUED,
            role=desk,
            barred_by=frozenset({ReportAction.SIGN}),
        ),
        Step(
            action=ReportAction.REVISE,
            sources=waiting | signed,
            target=ReportStage.DRAFT,
            role=desk,
        ),
        Step(
            action=ReportAction.CANCEL,
            sources=draft,
            target=ReportStage.CANCELLED,
            role=desk,
        ),
    )


REPORT_STEPS: StepTable[ReportAction, ReportStage] = StepTable(
    step for desk, head in DESKS for step in _steps_of(desk, head)
)
