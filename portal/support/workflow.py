"""The way of a question as one table: who may do what when.

Not the role decides but the part somebody has in the question: the side that asks, the office's
desk, the CA's. Its pages, its services and the exhaustive test are read from ``STEPS``.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.steps import Step, StepTable


class Category(models.TextChoices):
    """What is asked about: Sở TT&TT Đà Nẵng 2020, mục 2c and 2d."""

    PROCEDURE = "procedure", _("Quy trình, hồ sơ, thủ tục")
    PORTAL = "portal", _("Sử dụng cổng này")
    DRIVER = "driver", _("Trình điều khiển, cài thiết bị")
    VSIGN = "vsign", _("Ký tệp PDF (VSignPDF)")
    WEB_MOBILE = "web_mobile", _("Ký số trên web, trên di động")
    LOCKED = "locked", _("Thiết bị bị khóa")
    OTHER = "other", _("Việc khác")


class Desk(models.TextChoices):
    """Who has the question in hand; the ``routes`` of the table."""

    OFFICE = "office", _("Đội hỗ trợ của Sở")
    CA = "ca", _("Cục Chứng thực số và Bảo mật thông tin")


class Part(models.TextChoices):
    """What somebody has to do with a question."""

    ASKER = "asker", _("Bên hỏi")
    OFFICE_DESK = "office_desk", _("Đội hỗ trợ của Sở")
    CA_DESK = "ca_desk", _("Cục")


class State(models.TextChoices):
    """Where a question stands."""

    WAITING = "waiting", _("Chờ trả lời")
    ANSWERED = "answered", _("Đã trả lời")
    CLOSED = "closed", _("Đã xong")
    WITHDRAWN = "withdrawn", _("Đã rút")


class Action(models.TextChoices):
    """What can be done to a question; the label is the button's text."""

    ANSWER = "answer", _("Trả lời")
    HAND_OVER = "hand_over", _("Chuyển Cục")
    HAND_BACK = "hand_back", _("Chuyển lại đội hỗ trợ của Sở")
    ADD = "add", _("Bổ sung thông tin")
    CLOSE = "close", _("Xác nhận đã xong")
    REOPEN = "reopen", _("Hỏi lại")
    WITHDRAW = "withdraw", _("Rút câu hỏi")


OFFICE, CA = frozenset({Desk.OFFICE}), frozenset({Desk.CA})
HAS_OFFICE = "has_office"  # who asked has an office whose team may answer

QuestionStep = Step[Action, State]

STEPS: StepTable[Action, State] = StepTable(
    (
        Step(
            action=Action.ANSWER,
            sources=frozenset({State.WAITING}),
            target=State.ANSWERED,
            role=Part.OFFICE_DESK,
            routes=OFFICE,
            needs_reason=True,
        ),
        Step(
            action=Action.ANSWER,
            sources=frozenset({State.WAITING}),
            target=State.ANSWERED,
            role=Part.CA_DESK,
            routes=CA,
            needs_reason=True,
        ),
        Step(
            action=Action.HAND_OVER,
            sources=frozenset({State.WAITING}),
            target=State.WAITING,
            role=Part.OFFICE_DESK,
            routes=OFFICE,
            needs_reason=True,
        ),
        Step(
            action=Action.HAND_BACK,
            sources=frozenset({State.WAITING}),
            target=State.WAITING,
            role=Part.CA_DESK,
            routes=CA,
            needs_reason=True,
            needs=HAS_OFFICE,
        ),
        Step(
            action=Action.CLOSE,
            sources=frozenset({State.ANSWERED}),
            target=State.CLOSED,
            role=Part.ASKER,
        ),
        Step(
            action=Action.REOPEN,
            sources=frozenset({State.ANSWERED, State.CLOSED}),
            target=State.WAITING,
            role=Part.ASKER,
            needs_reason=True,
        ),
        Step(
            action=Action.ADD,
            sources=frozenset({State.WAITING}),
            target=State.WAITING,
            role=Part.ASKER,
            needs_reason=True,
        ),
        Step(
            action=Action.WITHDRAW,
            sources=frozenset({State.WAITING}),
            target=State.WITHDRAWN,
            role=Part.ASKER,
        ),
    )
)
