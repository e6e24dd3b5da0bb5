"""What a report counts: subjects, their measures, and by what these are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from portal.accounts.models import User
from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.reports.spans import Span

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Measure:
    """One number: how many rows of its subject are so in a span.

    ``part_of`` names the measure of which it is a part, where it is one. ``is_main``: it is a
    column where bodies are told apart. With ``amount``, the number is the sum of that column over
    the rows, and its list says so.
    """

    code: str
    words: _StrPromise
    of: Callable[[Span], Q]
    part_of: str = ""
    is_main: bool = False
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are told apart by: the column of its key, and the words of each key.

    ``labels`` None: the words stand in the column ``named_by``.
    """

    code: str
    words: _StrPromise
    column: str
    labels: Callable[[], Mapping[str, str | _StrPromise]] | None = None
    named_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[Row]):
    """Things of one sort that a report counts; a module of ``subjects`` with a ``SUBJECT`` is one.

    ``rows`` are those a user may see. A number and its list are one question: the list of a measure
    is ``rows`` narrowed by it, so it has as many as the number says. ``shown`` leaves out of a row
    what a user may not read.
    """

    code: str
    title: _StrPromise
    place: int
    rows: Callable[[User], QuerySet[Row]]
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    order: Order
    for_list: Callable[[QuerySet[Row]], QuerySet[Row]]
    columns: tuple[SheetColumn[Row], ...]
    url: Callable[[Row], str]
    shown: Callable[[Row, User], Row] = field(default=lambda row, user: row)

    @property
    def main(self) -> Sequence[Measure]:
        """The measures that are columns where rows are told apart."""
        return [one for one in self.measures if one.is_main]

    def measure(self, code: str) -> Measure:
        """Return a measure; raises KeyError."""
        return {one.code: one for one in self.measures}[code]

    def dimensions_for(self, user: User) -> list[Dimension]:
        """Return what the numbers of ``user`` are told apart by: the CA's by office, since its
        bodies are too many to read; a body's own not by body."""
        has = {"body": user.scope.value != "ca", "office": user.scope.value == "ca"}
        return [one for one in self.dimensions if has.get(one.code, True)]
