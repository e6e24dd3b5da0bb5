"""Pages of long lists by key, not by number: the thousandth costs what the first costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import Q
from django.http import QueryDict

Row = TypeVar("Row", bound=models.Model)

AFTER, BEFORE = "after", "before"
MOST_COUNTED = 1000
_NO_VALUE = "none"
_MOST_DIGITS = 18  # of a primary key


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by, the primary key breaking ties; rows without a value come last."""

    column: str
    is_descending: bool = False
    is_nullable: bool = False

    def reversed(self) -> Order:
        return Order(self.column, not self.is_descending, self.is_nullable)


@dataclass(slots=True)
class KeysetPage(Generic[Row]):
    """Some rows of a list, and the parameters of the pages around them (None: there is none)."""

    object_list: list[Row]
    previous_params: str | None = None
    next_params: str | None = None
    is_keyset: bool = field(default=True, init=False)

    @property
    def is_whole(self) -> bool:
        """Whether the list has no other page."""
        return self.previous_params is None and self.next_params is None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)


def keyset_page(
    rows: models.QuerySet[Row], *, order: Order, params: QueryDict, size: int = 50
) -> KeysetPage[Row]:
    """Return the page that ``params`` ask for; a cursor that can't be read means the first."""
    rows = rows.order_by()
    after, before = _cursor(params.get(AFTER)), _cursor(params.get(BEFORE))
    if before is not None:
        found = _take(rows, order=order.reversed(), start=before, size=size + 1, nulls_first=True)
        has_more = len(found) > size
        shown = found[:size][::-1]
        return KeysetPage(
            shown,
            _link(params, BEFORE, shown[:1], order) if has_more else None,
            _link(params, AFTER, shown[-1:], order),
        )
    found = _take(rows, order=order, start=after, size=size + 1, nulls_first=False)
    shown = found[:size]
    return KeysetPage(
        shown,
        _link(params, BEFORE, shown[:1], order) if after is not None else None,
        _link(params, AFTER, shown[-1:], order) if len(found) > size else None,
    )


def first_rows(rows: models.QuerySet[Row], *, order: Order, size: int) -> list[Row]:
    """Return the first ``size`` rows in the order of the list."""
    return _take(rows.order_by(), order=order, start=None, size=size, nulls_first=False)


def capped_count(rows: models.QuerySet[Any]) -> int:
    """Count no further than MOST_COUNTED + 1: a list shows "1.000+" beyond."""
    return rows.order_by().values("pk")[: MOST_COUNTED + 1].count()


@dataclass(frozen=True, slots=True)
class _Cursor:
    value: str  # _NO_VALUE: among the rows that have none
    pk: int


def _cursor(text: str | None) -> _Cursor | None:
    value, _, pk = (text or "").rpartition("~")
    is_key = pk.isascii() and pk.isdigit() and len(pk) <= _MOST_DIGITS
    return _Cursor(value, int(pk)) if value and is_key else None


def _link(params: QueryDict, way: str, rows: list[Row], order: Order) -> str | None:
    if not rows:
        return None
    value = getattr(rows[0], order.column)
    changed = params.copy()
    for name in (AFTER, BEFORE):
        changed.pop(name, None)
    text = value.isoformat() if isinstance(value, date) else value
    changed[way] = f"{_NO_VALUE if value is None else text}~{rows[0].pk}"
    return changed.urlencode()


def _take(
    rows: models.QuerySet[Row],
    *,
    order: Order,
    start: _Cursor | None,
    size: int,
    nulls_first: bool,
) -> list[Row]:
    """Return up to ``size`` rows from the cursor on, those without a value as a part of its own.

    Two plain range queries use the index on both databases; NULLS LAST does not on SQLite.
    """
    if not order.is_nullable:
        return list(_with_value(rows, order, start)[:size])
    in_nulls = start is not None and start.value == _NO_VALUE
    sign, way = ("-", "lt") if order.is_descending else ("", "gt")
    without = rows.filter(**{f"{order.column}__isnull": True}).order_by(f"{sign}pk")
    if start is not None and in_nulls:
        without = without.filter(**{f"pk__{way}": start.pk})
    filled = rows.filter(**{f"{order.column}__isnull": False})
    if nulls_first:
        found = list(without[:size]) if in_nulls else []
        begin = None if in_nulls else start
        rest = size - len(found)
        return found + (list(_with_value(filled, order, begin)[:rest]) if rest else [])
    found = [] if in_nulls else list(_with_value(filled, order, start)[:size])
    rest = size - len(found)
    return found + (list(without[:rest]) if rest else [])


def _with_value(
    rows: models.QuerySet[Row], order: Order, start: _Cursor | None
) -> models.QuerySet[Row]:
    sign = "-" if order.is_descending else ""
    rows = rows.order_by(f"{sign}{order.column}", f"{sign}pk")
    if start is None:
        return rows
    value = cursor_value(rows.model._meta.get_field(order.column), start.value)
    if value is None:  # it cannot be read as what the column holds
        return rows
    way = "lt" if order.is_descending else "gt"
    return rows.filter(**{f"{order.column}__{way}e": value}).filter(
        Q(**{f"{order.column}__{way}": value}) | Q(**{f"pk__{way}": start.pk})
    )


def cursor_value(column: object, text: str) -> date | datetime | int | None:
    """Read what a cursor says of ``column``; None for what no row of ours can hold."""
    try:
        if isinstance(column, models.IntegerField):
            return int(text[:_MOST_DIGITS])
        if not isinstance(column, models.DateTimeField):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        # Ours name their zone; at the ends of time a moment exists in one zone only.
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
