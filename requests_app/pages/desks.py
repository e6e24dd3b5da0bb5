"""Where dossiers wait and for how long: what the dashboard counts and its list narrows to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.core.roles import Role, Scope, roles_in
from portal.core.steps import PORTAL

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.core.calendar.workdays import WorkCalendar

_BODY = "body"  # who of a body has a returned dossier in hand is the body's own business
# Queue → desk; several queues may be one.
DESK_OF: Mapping[str, str] = {
    **{str(role): _BODY if role in roles_in(Scope.BODY) else str(role) for role in Role},
    PORTAL: PORTAL,
}
_LABELS: Mapping[str, _StrPromise] = {
    _BODY: _("Đơn vị gửi, đang hoàn thiện"),
    PORTAL: _("Hệ thống thực hiện"),
}
DESKS: Mapping[str, _StrPromise] = {
    desk: _LABELS[desk] if desk in _LABELS else Role(desk).label for desk in DESK_OF.values()
}
# Age group → its first day in working days, and what it is called; the last has waited too long.
AGES: Mapping[str, tuple[int, _StrPromise]] = {
    "0-1": (0, _("0–1 ngày")),
    "2-3": (2, _("2–3 ngày")),
    "4-5": (4, _("4–5 ngày")),
    "6": (6, _("trên 5 ngày")),
}


def age_of(working_days: int) -> str:
    """Return the group of what has waited that long."""
    return [group for group, (first, _label) in AGES.items() if first <= max(working_days, 0)][-1]


def at_desk(desk: str) -> Q:
    """Return what a dossier that waits at a desk fulfils."""
    return Q(queue__in=[queue for queue, at in DESK_OF.items() if at == desk])


def of_age(age: str, *, today: date, calendar: WorkCalendar) -> Q:
    """Return what a dossier fulfils that has waited as long as an age group says.

    Without a day it came today.
    """
    first = AGES[age][0]
    later = [start for start, _label in AGES.values() if start > first]
    wanted = Q(waiting_since__lte=_last_day(first, today, calendar))
    if not first:
        wanted = Q()
    if later:
        since = Q(waiting_since__gt=_last_day(min(later), today, calendar))
        wanted &= since if first else since | Q(waiting_since=None)
    return wanted


def _last_day(working_days: int, today: date, calendar: WorkCalendar) -> date:
    """Return the last day from which at least so many working days have passed."""
    day = today
    while calendar.between(day, today) < working_days:
        day -= timedelta(days=1)
    return day
