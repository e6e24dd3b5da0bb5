"""What the filters of all lists about reorganisations share."""

from __future__ import annotations

from itertools import islice
from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.core.text.vietnamese import search_key

ALL = _("Tất cả")
_MOST_FOUND = 1000  # keys that one statement names


class NarrowingFilter(filters.FilterSet):
    """A filter that knows whether anything is asked for."""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for."""
        return any((self.data or {}).get(name) for name in self.filters)


def containing(rows: QuerySet[Any], text: str, *columns: str) -> list[int]:
    """Return the keys of rows in one of whose columns ``text`` stands, marks and case aside.

    Read here: SQLite takes "Ủ" and "ủ" for two letters. There are thousands, not millions.
    """
    wanted = search_key(text)
    found = rows.order_by().values_list("pk", *columns)
    hits = (pk for pk, *values in found if any(wanted in search_key(one or "") for one in values))
    return list(islice(hits, _MOST_FOUND))
