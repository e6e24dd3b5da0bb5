"""What the portal itself knows of a body beside its answers, and the checklist it offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Affiliation, SubscriberKind
from portal.ca.models import Certificate
from portal.core.law import DECREE
from portal.deadlines.models import Deadline
from portal.usage.models import IdleInquiry, PublicCertificate, UsageAlarm
from portal.usage.querysets import idle_for
from portal.usage.rules import IDLE_DAYS

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is counted: its name, what exactly it counts and why it matters."""

    code: str
    words: _StrPromise
    reason: _StrPromise


FACTS: tuple[Fact, ...] = (
    Fact(
        "returns",
        _("Thiết bị phải nộp lại chưa nộp"),
        _("Đồng hồ thu hồi thiết bị (Điều 20 Nghị định 68/2024/NĐ-CP) còn mở."),
    ),
    Fact(
        "late",
        _("Việc quá hạn"),
        _("Mọi thời hạn của đơn vị đã qua mà chưa xong, tính đến hôm nay."),
    ),
    Fact(
        "alarms",
        _("Cảnh báo ký sai thời điểm"),
        _("Ký sau khi thu hồi, sau khi báo mất hoặc ngoài hiệu lực, ghi nhận trong năm của đợt."),
    ),
    Fact(
        "idle",
        _("Chứng thư không dùng"),
        _("Còn hiệu lực mà không ký từ 90 ngày, khi đơn vị có hệ thống gửi lượt ký."),
    ),
    Fact(
        "unanswered",
        _("Câu hỏi giữ hay thu hồi chưa trả lời"),
        _("Sở hoặc Cục đã hỏi về chứng thư không dùng, đơn vị chưa trả lời."),
    ),
    Fact(
        "no_email",
        _("Người giữ chứng thư chưa có thư điện tử công vụ"),
        _("Nơi công tác hiện nay không ghi địa chỉ thư; thông báo không đến được."),
    ),
    Fact(
        "public",
        _("Chứng thư công cộng dùng song song"),
        _("Đơn vị hoặc Sở đã ghi nhận, chưa thay bằng chứng thư chuyên dùng."),
    ),
)
BY_CODE: Mapping[str, Fact] = {fact.code: fact for fact in FACTS}


def facts_of(agencies: Iterable[int], *, year: int, now: datetime) -> dict[int, dict[str, int]]:
    """Return for each body (by key) how many of each fact there are, in a query a fact."""
    keys, today = list(agencies), timezone.localdate(now)
    begin, after = (
        timezone.make_aware(datetime.combine(date(one, 1, 1), datetime.min.time()))
        for one in (year, year + 1)
    )
    clocks = Deadline.objects.filter(agency__in=keys).order_by()
    certificates = Certificate.objects.filter(agency__in=keys).order_by()
    alarms = UsageAlarm.objects.filter(
        certificate__agency__in=keys, raised_at__gte=begin, raised_at__lt=after
    )
    inquiries = IdleInquiry.objects.open().filter(certificate__agency__in=keys)
    holders = certificates.usable_at(now).filter(kind=SubscriberKind.PERSON)
    working = Affiliation.objects.filter(
        Q(email=""), agency__in=keys, valid_until__isnull=True,
        subscriber__in=holders.values("subscriber"),
    )  # fmt: skip
    public = PublicCertificate.objects.in_use().filter(agency__in=keys)
    counted = {
        "returns": clocks.returns_owed().values("agency").annotate(n=Count("pk")),
        "late": clocks.overdue(today).values("agency").annotate(n=Count("pk")),
        "alarms": alarms.order_by().values("certificate__agency").annotate(n=Count("pk")),
        "idle": idle_for(certificates, IDLE_DAYS[0], now=now)
        .order_by()
        .values("agency")
        .annotate(n=Count("pk")),
        "unanswered": inquiries.order_by().values("certificate__agency").annotate(n=Count("pk")),
        "no_email": working.order_by()
        .values("agency")
        .annotate(n=Count("subscriber", distinct=True)),
        "public": public.order_by().values("agency").annotate(n=Count("pk")),
    }
    found: dict[int, dict[str, int]] = {key: dict.fromkeys(counted, 0) for key in keys}
    for code, rows in counted.items():
        body = "certificate__agency" if code in ("alarms", "unanswered") else "agency"
        for key, number in rows.values_list(body, "n"):
            found[key][code] = number
    return found


@dataclass(frozen=True, slots=True)
class StandardItem:
    """A line of the checklist that the portal offers; an office makes it its own."""

    title: str
    basis: str
    points: int
    evidence: str = ""
    number_label: str = ""
    fact: str = ""


# Our own design after 86/BCY-CTSBMTT mục 3 and the decree's duties; an office edits it.
STANDARD: tuple[StandardItem, ...] = (
    StandardItem(
        "Phân công cán bộ phụ trách quản lý chứng thư, thiết bị lưu khóa bí mật",
        f"Điều 34 {DECREE}",
        10,
        "Văn bản phân công",
    ),
    StandardItem(
        "Ban hành, phổ biến quy chế quản lý, sử dụng chữ ký số",
        f"Điều 34 {DECREE}",
        10,
        "Quy chế hoặc văn bản hướng dẫn",
    ),
    StandardItem(
        "Lập sổ theo dõi, đối chiếu thiết bị với người đang giữ",
        f"Điều 11 {DECREE}",
        15,
        "Sổ theo dõi hoặc biên bản đối chiếu",
        "Số thiết bị đã đối chiếu",
    ),
    StandardItem(
        "Thu hồi, nộp lại thiết bị khi người giữ chuyển công tác, nghỉ việc, hết hạn",
        f"Điều 20 {DECREE}",
        15,
        "Biên bản thu hồi, bàn giao",
        fact="returns",
    ),
    StandardItem("Thực hiện các việc đúng thời hạn", DECREE, 10, fact="late"),
    StandardItem(
        "Không ký bằng chứng thư đã thu hồi, đã báo mất hoặc ngoài hiệu lực",
        DECREE,
        15,
        "Giải trình từng cảnh báo",
        fact="alarms",
    ),
    StandardItem(
        "Sử dụng chứng thư đã cấp; đề nghị thu hồi chứng thư không còn dùng",
        "Mục 3 Công văn 86/BCY-CTSBMTT",
        10,
        fact="idle",
    ),
    StandardItem(
        "Người giữ chứng thư có thư điện tử công vụ",
        DECREE,
        5,
        fact="no_email",
    ),
    StandardItem(
        "Thay chứng thư công cộng bằng chứng thư chuyên dùng công vụ",
        "Mục 3 Công văn 86/BCY-CTSBMTT",
        5,
        fact="public",
    ),
    StandardItem(
        "Tập huấn người sử dụng",
        "Mục 3 Công văn 86/BCY-CTSBMTT",
        5,
        "Kế hoạch, danh sách tham dự",
        "Số người đã tập huấn",
    ),
)
