"""Narrowing the registers; the query string says everything, so a register can be kept."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency
from portal.core.roles import Scope
from portal.core.text.vietnamese import search_key
from portal.core.web.forms import TypedDayFilter
from requests_app.models import Dossier

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import User

ALL = _("Tất cả")
_LONG_AGO, _FAR_OFF = date(1970, 1, 1), date(9000, 1, 1)
_MOST_AGENCIES = 200  # a name that fits more bodies is too short to narrow anything


class DayFilter(TypedDayFilter):
    """A day as a bound of the moments in a column; as the last one it counts whole."""

    def __init__(self, column: str, *, is_last: bool = False, **kwargs: Any) -> None:
        lookup = "lte" if is_last else "gte"
        super().__init__(field_name=column, lookup_expr=lookup, **kwargs)
        self.moment = time.max if is_last else time.min

    def filter(self, qs: QuerySet[Any], value: date | None) -> QuerySet[Any]:
        """Narrow to the moments up to, or from, the day; the ends of time have no moments."""
        if value is None:
            return qs
        day = min(max(value, _LONG_AGO), _FAR_OFF)
        bound = timezone.make_aware(datetime.combine(day, self.moment))
        return qs.filter(**{f"{self.field_name}__{self.lookup_expr}": bound})


class RegisterFilter(django_filters.FilterSet):
    """What all registers are narrowed by: a text, days, the body; ``user`` and ``now`` come in."""

    class Meta:
        model = Dossier
        fields: list[str] = []

    def __init__(
        self, data: QueryDict, queryset: QuerySet[Any], *, user: User, now: datetime
    ) -> None:
        super().__init__(data, queryset)
        self.user, self.now = user, now
        if user.scope is Scope.BODY:
            self.filters.pop("agency", None)

    def of_agency(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        bodies = Agency.objects.visible_to(self.user).filter(
            search_name__contains=search_key(value)
        )
        found = list(bodies.order_by().values_list("pk", flat=True)[:_MOST_AGENCIES])
        return rows.filter(agency__in=found)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(field.value() for field in self.form)
