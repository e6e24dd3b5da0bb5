"""What is judged about the use of certificates, without the database.

No published source gives these numbers and cases (86/BCY-CTSBMTT 2021, mục 3 only says that use is
supervised): they are the portal's own, and stand here once (docs/decisions/0034).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

IDLE_DAYS = (90, 180, 365)  # what lists offer; the first is what figures count
RECENT_DAYS = IDLE_DAYS[0]
KEPT_FOR_DAYS = 180  # who gave a reason to keep an idle certificate is not asked again for so long
MOST_EVENTS = 10_000  # in one batch
FUTURE_TOLERANCE = timedelta(minutes=5)  # of a system's clock before an event is refused
SKEW_NOTICED = timedelta(minutes=10)  # between a clock and ours before it is said
LONGEST_EVENT_ID = 64
LONGEST_SERIAL = 40
# All months are those of the country, whatever the database thinks.
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class DocumentKind(models.TextChoices):
    """What was signed; never what stood in it."""

    LETTER = "letter", _("Công văn")
    DECISION = "decision", _("Quyết định")
    REPORT = "report", _("Báo cáo, tờ trình, kế hoạch")
    MINUTES = "minutes", _("Biên bản")
    RESULT = "result", _("Kết quả giải quyết thủ tục hành chính")
    FORM = "form", _("Giấy tờ, biểu mẫu, chứng từ")
    OTHER = "other", _("Loại khác")


class Offence(models.TextChoices):
    """How a certificate was used when it must not be."""

    AFTER_REVOCATION = "after_revocation", _("Ký sau khi chứng thư đã bị thu hồi")
    AFTER_LOSS = "after_loss", _("Ký sau khi báo thất lạc thiết bị")
    OUTSIDE_VALIDITY = "outside_validity", _("Ký ngoài thời hạn hiệu lực của chứng thư")


@dataclass(frozen=True, slots=True)
class Standing:
    """When a certificate could be used."""

    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    lost_since: datetime | None = None

    def offence(self, moment: datetime) -> Offence | None:
        """Say what was wrong with a signature at ``moment``; the gravest only."""
        if self.revoked_at is not None and moment >= self.revoked_at:
            return Offence.AFTER_REVOCATION
        if self.lost_since is not None and moment >= self.lost_since:
            return Offence.AFTER_LOSS
        if not self.not_before <= moment < self.not_after:
            return Offence.OUTSIDE_VALIDITY
        return None


def month_of(moment: datetime) -> date:
    """Return the first day of the month that ``moment`` lies in."""
    return moment.astimezone(ZONE).date().replace(day=1)


def oldest_month(now: datetime) -> date:
    """Return the first month whose events are still kept, and taken; older ones are only counted.

    Whole months: one is either there, event by event, or closed, so that nothing counts twice.
    """
    return month_of(now - timedelta(days=settings.USAGE_EVENT_DAYS))


def begin_of(month: date) -> datetime:
    """Return the first moment of a month."""
    return datetime(month.year, month.month, 1, tzinfo=ZONE)


def months_until(month: date, count: int) -> list[date]:
    """Return ``count`` months, the last being ``month``."""
    last = month.year * 12 + month.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(last - count + 1, last + 1)]
