"""What a register is: whose rows, in which order, which columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from django.db.models import Model, QuerySet

from portal.accounts.models import User
from portal.core.roles import Scope
from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Row = TypeVar("Row", bound=Model)
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Column(SheetColumn[Entry]):
    """One column: in the spreadsheet always, on the page only where it fits.

    ``names_body``: on the page only for who reads of several bodies.
    """

    is_on_page: bool = True
    names_body: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Generic[Row, Entry]):
    """A book that clerks keep.

    ``rows`` are those a user may see; ``shown`` leaves out of a row what that user may not read;
    ``entries`` adds to a page of them what stands elsewhere, in a fixed number of queries; ``url``
    is the page an entry leads to, "" when the user has none.
    """

    slug: str
    title: _StrPromise
    purpose: _StrPromise
    order: Order
    rows: Callable[[User], QuerySet[Row]]
    entries: Callable[[Sequence[Row], datetime], list[Entry]]
    columns: tuple[Column[Entry], ...]
    url: Callable[[Entry], str]
    shown: Callable[[Row, User], Row] = field(default=lambda row, user: row)

    def columns_for(self, user: User) -> list[Column[Entry]]:
        """Return the columns a page has room for; the first is the one that leads on."""
        has_one_body = user.scope is Scope.BODY
        return [
            column
            for column in self.columns
            if column.is_on_page and not (column.names_body and has_one_body)
        ]
