"""Warning administrators in good time that a year's days off are not announced or not entered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.core.calendar.workdays import work_calendar
from portal.core.models import CalendarDay
from portal.notices.models import Notice
from portal.notices.services import Telling, tell_many

# The days off of a year are announced in its last quarter; earlier there is nothing to enter.
NEXT_YEAR_FROM_MONTH = 10


def warn_of_missing_days(*, now: datetime) -> int:
    """Tell each administrator, once a month, of this year's days and from October the next year's.

    Told of: a year without a table of its own, and days that are only expected and still to come.
    Returns how many notices were written. Safe to repeat.
    """
    today = timezone.localdate(now)
    calendar = work_calendar()
    texts = {
        f"calendar:{year}:{today:%Y-%m}": (year, _text(year, expected))
        for year, expected in _expected(today).items()
        if expected or not calendar.is_announced(year)
    }
    known = set(Notice.objects.filter(cause__in=texts).values_list("recipient", "cause"))
    administrators = list(User.objects.administrators().values_list("pk", flat=True))
    return tell_many(
        [
            Telling(
                recipient_id=pk,
                cause=cause,
                title=_("Lịch nghỉ năm %(year)d chưa đủ") % {"year": year},
                text=text,
                path=f"{reverse('deadlines:calendar')}?nam={year}",
            )
            for cause, (year, text) in texts.items()
            for pk in administrators
            if (pk, cause) not in known
        ],
        now=now,
    )


def _expected(today: date) -> dict[int, int]:
    """Return the years to look at, and how many of their days to come are only expected.

    A year is left out once all that was only expected of it is past.
    """
    years = [today.year, today.year + 1] if today.month >= NEXT_YEAR_FROM_MONTH else [today.year]
    rows: Iterable[date] = CalendarDay.objects.filter(
        is_official=False, date__year__in=years
    ).values_list("date", flat=True)
    days = list(rows)
    past = {day.year for day in days}
    to_come = Counter(day.year for day in days if day >= today)
    return {year: to_come[year] for year in years if to_come[year] or year not in past}


def _text(year: int, expected: int) -> str:
    if not expected:
        return _(
            "Chưa nhập lịch nghỉ chính thức năm %(year)d. Thời hạn đang tạm tính theo ngày nghỉ "
            "của Bộ luật Lao động; khi có thông báo, hãy nhập ngày nghỉ và ngày làm bù."
        ) % {"year": year}
    return _(
        "Năm %(year)d còn %(count)d ngày dự kiến. Khi có thông báo, hãy sửa hoặc xác nhận các ngày "
        "đó."
    ) % {"year": year, "count": expected}
