"""The ways of a self-assessment and of a finding as tables: who may do what when.

Not the role decides but the part somebody has: who writes for the inspected body, who heads it, the
office that inspects. Each part is a capability at a body (``assessments.part_of``).
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.steps import Step, StepTable
from requests_app.letter_workflow import EDITING


class Part(models.TextChoices):
    """What somebody has to do with an inspected body."""

    WRITER = "writer", _("Người soạn của đơn vị")
    HEAD = "head", _("Lãnh đạo đơn vị")
    INSPECTOR = "inspector", _("Sở kiểm tra")


class AssessmentStage(models.TextChoices):
    """Where a self-assessment stands."""

    DRAFT = "draft", _("Đang tự đánh giá")
    AWAITING_HEAD = "awaiting_head", _("Chờ lãnh đạo đơn vị gửi")
    SENT = "sent", _("Đã gửi, chờ Sở đánh giá")
    RETURNED = "returned", _("Sở trả lại để hoàn thiện")
    CONCLUDED = "concluded", _("Sở đã kết luận")


class AssessmentAction(models.TextChoices):
    """What can be done to a self-assessment; the label is the button's text."""

    REQUEST = "request", _("Trình lãnh đạo")
    TAKE_BACK = "take_back", _("Lấy lại để sửa")
    SEND_BACK = "send_back", _("Yêu cầu sửa lại")
    SEND = "send", _("Gửi Sở")
    RETURN = "return", _("Trả lại để hoàn thiện")
    CONCLUDE = "conclude", _("Kết luận, chốt điểm")


AssessmentStep = Step[AssessmentAction, AssessmentStage]
_WRITABLE = frozenset({AssessmentStage.DRAFT, AssessmentStage.RETURNED})
_WAITING = frozenset({AssessmentStage.AWAITING_HEAD})
_SENT = frozenset({AssessmentStage.SENT})
WRITABLE = tuple(sorted(_WRITABLE))
# What the office has been sent, and reads.
SHOWN = (AssessmentStage.SENT, AssessmentStage.RETURNED, AssessmentStage.CONCLUDED)

ASSESSMENT_STEPS: StepTable[AssessmentAction, AssessmentStage] = StepTable(
    (
        Step(
            action=AssessmentAction.REQUEST,
            sources=_WRITABLE,
            target=AssessmentStage.AWAITING_HEAD,
            role=Part.WRITER,
        ),
        Step(
            action=AssessmentAction.SEND,
            sources=_WAITING,
            target=AssessmentStage.SENT,
            role=Part.HEAD,
            barred_by=frozenset({EDITING}),
        ),
        Step(
            action=AssessmentAction.SEND_BACK,
            sources=_WAITING,
            target=AssessmentStage.DRAFT,
            role=Part.HEAD,
            needs_reason=True,
        ),
        Step(
            action=AssessmentAction.TAKE_BACK,
            sources=_WAITING,
            target=AssessmentStage.DRAFT,
            role=Part.WRITER,
        ),
        Step(
            action=AssessmentAction.CONCLUDE,
            sources=_SENT,
            target=AssessmentStage.CONCLUDED,
            role=Part.INSPECTOR,
        ),
        Step(
            action=AssessmentAction.RETURN,
            sources=_SENT,
            target=AssessmentStage.RETURNED,
            role=Part.INSPECTOR,
            needs_reason=True,
        ),
    )
)


class FindingState(models.TextChoices):
    """Where a finding stands."""

    OPEN = "open", _("Đơn vị đang thực hiện")
    ANSWERED = "answered", _("Đã báo cáo, chờ Sở xem xét")
    CLOSED = "closed", _("Đã thực hiện xong")
    WITHDRAWN = "withdrawn", _("Đã rút")


class FindingAction(models.TextChoices):
    """What can be done to a finding; the label is the button's text."""

    ANSWER = "answer", _("Báo cáo kết quả thực hiện")
    CLOSE = "close", _("Xác nhận đã xong")
    REOPEN = "reopen", _("Yêu cầu làm tiếp")
    EXTEND = "extend", _("Đổi hạn")
    WITHDRAW = "withdraw", _("Rút kiến nghị")


NEW_DAY = "new_day"  # the step says until when
FindingStep = Step[FindingAction, FindingState]
_OPEN, _ANSWERED = frozenset({FindingState.OPEN}), frozenset({FindingState.ANSWERED})

FINDING_STEPS: StepTable[FindingAction, FindingState] = StepTable(
    (
        Step(
            action=FindingAction.ANSWER,
            sources=_OPEN,
            target=FindingState.ANSWERED,
            role=Part.WRITER,
            needs_reason=True,
        ),
        Step(
            action=FindingAction.CLOSE,
            sources=_ANSWERED,
            target=FindingState.CLOSED,
            role=Part.INSPECTOR,
        ),
        Step(
            action=FindingAction.REOPEN,
            sources=_ANSWERED | {FindingState.CLOSED},
            target=FindingState.OPEN,
            role=Part.INSPECTOR,
            needs_reason=True,
            needs=NEW_DAY,
        ),
        Step(
            action=FindingAction.EXTEND,
            sources=_OPEN,
            target=FindingState.OPEN,
            role=Part.INSPECTOR,
            needs_reason=True,
            needs=NEW_DAY,
        ),
        Step(
            action=FindingAction.WITHDRAW,
            sources=_OPEN | _ANSWERED,
            target=FindingState.WITHDRAWN,
            role=Part.INSPECTOR,
            needs_reason=True,
        ),
    )
)
