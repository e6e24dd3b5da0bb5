"""How long each clock runs and by which article; values the decree text lacks are settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from portal.core import law

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.core.calendar.workdays import WorkCalendar

_MOST_SUPPORT_DAYS = 30  # working days in which the hours for an answer end, whatever is set
CORRECTION_WORKING_DAYS = 30  # a reminder to complete a dossier, no term of the law


@dataclass(frozen=True, slots=True)
class Limit:
    """A length in working days and where it comes from."""

    working_days: int
    article: str
    is_derived: bool = False


def limit_of(kind: str) -> Limit:
    """Return how long a clock of ``kind`` runs, and by what."""
    not_seen = "Chưa thấy thời hạn trong văn bản; theo thiết lập của hệ thống"
    longest = max(settings.CA_RENEW_WORKING_DAYS, settings.CA_CHANGE_WORKING_DAYS)
    at_once = settings.HANDOVER_NOTICE_WORKING_DAYS
    limits: Mapping[str, Limit] = {
        "office_check": Limit(settings.OFFICE_CHECK_WORKING_DAYS, "Quy định nội bộ của Sở", True),
        "ca_issue": Limit(law.ISSUE_WORKING_DAYS, f"Điều 11 {law.DECREE}"),
        "ca_renew_change": Limit(longest, not_seen, True),
        "ca_revoke": Limit(settings.CA_REVOKE_WORKING_DAYS, not_seen, True),
        "recovery": Limit(law.RECOVERY_WORKING_DAYS, f"Điều 22 {law.DECREE}"),
        "handover_notice": Limit(at_once, f"Điều 11 {law.DECREE} (“ngay sau khi bàn giao”)", True),
        "device_return": Limit(law.RETURN_WORKING_DAYS, f"Điều 20 {law.DECREE}"),
        "loss_minutes": Limit(1, f"Điều 20 {law.DECREE} (“gửi ngay”)", True),
        "correction": Limit(
            CORRECTION_WORKING_DAYS, "Nhắc hoàn thiện hồ sơ; không phải thời hạn luật định", True
        ),
        # These end on a day of their own, read from the certificate.
        "renewal_door": Limit(0, f"Điều 12, Điều 14 {law.DECREE}"),
        "certificate_expiry": Limit(0, f"Điều 21 {law.DECREE}"),
        # Until the day its office sets; the letter asks bodies to look through what they have.
        "merger_review": Limit(0, "Công văn 275/BCY-CTSBMTT ngày 16/5/2025; hạn do Sở đặt", True),
        # The day on which the question's working hours end; they are counted by its own app.
        "support_answer": Limit(
            _MOST_SUPPORT_DAYS,
            f"{settings.SUPPORT_ANSWER_HOURS} giờ làm việc, theo thiết lập của hệ thống",
            True,
        ),
        # Until the days that the inspecting office sets.
        "self_assessment": Limit(0, "Đợt kiểm tra của Sở; hạn do Sở đặt", True),
        "inspection_finding": Limit(0, "Kiến nghị kiểm tra của Sở; hạn do Sở đặt", True),
    }
    return limits[kind]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a clock speaks: days before its end, falling; after it where negative.

    ``is_working`` counts working days, else days of the calendar.
    """

    thresholds: tuple[int, ...]
    is_working: bool


# 90, 60, 45 and 31 days before the certificate ends are these many before its door shuts.
_DOOR = Schedule((60, 30, 15, 1), is_working=False)
# Between the door and the end only a new issue is open.
_EXPIRY = Schedule((14, 7, 1), is_working=False)
_CLOCK = Schedule(
    (2, 1, 0, *range(-1, -settings.MOST_OVERDUE_REMINDERS - 1, -1)),
    is_working=True,
)


def schedule_of(kind: str) -> Schedule:
    """Return when a clock of ``kind`` speaks."""
    return {"renewal_door": _DOOR, "certificate_expiry": _EXPIRY}.get(kind, _CLOCK)


def moment_of(
    threshold: int, due_on: date, *, schedule: Schedule, calendar: WorkCalendar
) -> datetime:
    """Return when a threshold is crossed: in the morning of its day."""
    if schedule.is_working:
        day = calendar.add(due_on, -threshold)
    else:
        day = due_on - timedelta(days=threshold)
    return timezone.make_aware(datetime.combine(day, time(settings.REMINDER_HOUR)))


def first_moment(kind: str, due_on: date, calendar: WorkCalendar) -> datetime:
    """Return when a clock of ``kind`` that ends on ``due_on`` speaks first."""
    schedule = schedule_of(kind)
    return moment_of(schedule.thresholds[0], due_on, schedule=schedule, calendar=calendar)
