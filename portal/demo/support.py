"""Questions to the support desk of the demo, an article of the office, a mandate."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from devices.lifecycle import Condition
from devices.models import Device
from portal.accounts.models import User
from portal.demo.people import Accounts
from portal.support.knowledge import services as knowledge
from portal.support.knowledge.services import Draft
from portal.support.models import Question
from portal.support.questions import services as questions
from portal.support.questions.about import About, about_page
from portal.support.questions.services import Wording
from portal.support.workflow import Action, Category
from requests_app.mandates import services as mandates

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def play(accounts: Accounts, *, now: datetime) -> None:
    """Ask and answer some, unless it was played."""
    if Question.objects.exists():
        return
    locked = (
        Device.objects.filter(agency=accounts.clerk.agency, condition=Condition.LOCKED)
        .exclude(items__dossier__kind="mau_06_recover")
        .first()
    )
    page = reverse("devices:detail", args=[locked.uuid]) if locked else reverse("devices:list")
    _ask(
        accounts.it_officer,
        Wording(
            Category.LOCKED,
            "Thiết bị của anh chị em bộ phận một cửa bị khóa",
            "Nhập sai mã PIN nhiều lần, VGCA PKI Manager báo thiết bị đã bị khóa.",
        ),
        about=about_page(page, accounts.it_officer),
        now=now - 2 * _HOUR,
    )
    late = _ask(
        accounts.clerk_muong_khoa,
        Wording(
            Category.WEB_MOBILE,
            "Gia hạn xong không ký được trên hệ thống văn bản",
            "Ký bằng VSignPDF được, trên hệ thống văn bản thì báo chứng thư không khớp.",
        ),
        now=now - 5 * _DAY,
    )
    questions.note(
        late, "Đã hỏi đơn vị quản trị hệ thống văn bản.", actor=accounts.team, now=now - 4 * _DAY
    )
    driver = _ask(
        accounts.clerk,
        Wording(
            Category.DRIVER,
            "Cài USB Token mới nhưng máy không nhận",
            "Máy Windows 10, thiết bị Bit4id, đã cài VGCA Token Manager.",
        ),
        now=now - 6 * _DAY,
    )
    words = "Thiết bị Bit4id dùng VGCA PKI Manager: gỡ bản cũ rồi cài theo bài kèm theo."
    answered = _step(
        driver,
        Action.ANSWER,
        accounts.team,
        now=now - 5 * _DAY,
        text=words,
        article="cai-usb-token",
    )
    _step(answered, Action.CLOSE, accounts.clerk, now=now - 4 * _DAY, text="Đã ký được.", rating=5)
    handed = _ask(
        accounts.head_pac_ta,
        Wording(
            Category.VSIGN,
            "VSignPDF báo hết bản quyền",
            "Mở phần mềm thì báo bản quyền không hợp lệ, chưa ký được văn bản nào.",
        ),
        now=now - _DAY,
    )
    _step(handed, Action.HAND_OVER, accounts.team, now=now - _HOUR, text="Bản quyền do Cục cấp.")
    knowledge.write(
        "",
        Draft(
            Category.PROCEDURE,
            "Gọi hỗ trợ tại tỉnh Lai Châu",
            "Số trực, giờ trực và khi nào nên gọi thay vì gửi câu hỏi.",
            "## Giờ trực\n\n- Ngày làm việc, 7 giờ 30 đến 17 giờ.\n\n## Nên gọi ngay\n\n"
            "1. Mất thiết bị: báo thất lạc trên cổng trước, rồi gọi.\n"
            "2. Thiết bị bị khóa: xem bài [Thiết bị bị khóa](thiet-bi-bi-khoa.md).",
        ),
        publishes=True,
        seen=0,
        actor=accounts.team,
        now=now - 20 * _DAY,
    )
    today = timezone.localdate(now)
    mandates.give(
        basis="15/UBND-VHXH (thử nghiệm)",
        valid_from=today,
        valid_until=today + timedelta(days=365),
        actor=accounts.head_muong_khoa,
        now=now,
    )


def _ask(actor: User, wording: Wording, *, now: datetime, about: About | None = None) -> Question:
    return questions.ask(wording, about=about or About(), actor=actor, now=now)


def _step(
    question: Question,
    action: Action,
    actor: User,
    *,
    now: datetime,
    text: str = "",
    article: str = "",
    rating: int | None = None,
) -> Question:
    return questions.take_step(
        question,
        action,
        text=text,
        article=article,
        rating=rating,
        actor=actor,
        now=now,
        version=question.version,
    )
