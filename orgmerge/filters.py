"""How the list of reorganisations, and the rows of one, are narrowed down."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from orgmerge.models import BodyListRow, Merger, MergerBody, MergerShare
from orgmerge.querysets import MergerQuerySet
from orgmerge.words import Extent, MergerKind, MergerState
from portal.core.text import search_key

if TYPE_CHECKING:
    from django.http import QueryDict

_ALL = _("Tất cả")
_MOST_FOUND = 1000  # keys that one statement names


class MergerFilter(filters.FilterSet):
    """Decision, title or a body in it; state; kind."""

    q = filters.CharFilter(label=_("Số quyết định, tên gọi hoặc đơn vị"), method="with_text")
    state = filters.ChoiceFilter(
        label=_("Trạng thái"), choices=MergerState.choices, empty_label=_ALL
    )
    kind = filters.ChoiceFilter(label=_("Hình thức"), choices=MergerKind.choices, empty_label=_ALL)

    class Meta:
        model = Merger
        fields: list[str] = []

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for."""
        return any((self.data or {}).get(name) for name in self.filters)

    def with_text(self, mergers: MergerQuerySet, _name: str, value: str) -> MergerQuerySet:
        olds = MergerShare.objects.filter(old__search_name__contains=search_key(value))
        news = MergerBody.objects.filter(merger__in=mergers.order_by().values("pk"))
        return mergers.filter(
            Q(pk__in=_worded(mergers, value, "decision", "title"))
            | Q(pk__in=olds.order_by().values("merger"))
            | Q(pk__in=news.filter(pk__in=_worded(news, value, "name")).order_by().values("merger"))
        )


class RowFilter(filters.FilterSet):
    """The rows of one reorganisation: by name, and by what sort they are."""

    q = filters.CharFilter(label=_("Tên đơn vị cũ hoặc mới"), method="with_text")
    part = filters.ChoiceFilter(
        label=_("Dòng"),
        choices=[
            ("said", _("Do người lập ghi")),
            ("implied", _("Suy ra từ dòng khác")),
            ("partly", _("Chuyển một phần")),
            ("ended", _("Chấm dứt, không có đơn vị kế thừa")),
        ],
        empty_label=_ALL,
        method="of_part",
    )

    class Meta:
        model = MergerShare
        fields: list[str] = []

    def __init__(self, data: QueryDict, queryset: QuerySet[Any]) -> None:
        super().__init__(data, queryset)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for."""
        return any((self.data or {}).get(name) for name in self.filters)

    def with_text(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(pk__in=_worded(rows, value, "old__search_name", "new__name"))

    def of_part(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {
            "said": Q(is_implied=False),
            "implied": Q(is_implied=True),
            "partly": Q(extent=Extent.PARTLY),
            "ended": Q(new__isnull=True),
        }
        return rows.filter(parts[value])


class ListRowFilter(filters.FilterSet):
    """The rows of an uploaded list: by name, and by what is to be done about them."""

    q = filters.CharFilter(label=_("Tên đơn vị, xã"), method="with_text")
    part = filters.ChoiceFilter(
        label=_("Dòng"),
        choices=[
            ("bad", _("Có lỗi")),
            ("unseen", _("Chưa xem xét")),
            ("partly", _("Chuyển một phần")),
            ("dropped", _("Đã bỏ")),
        ],
        empty_label=_ALL,
        method="of_part",
    )

    class Meta:
        model = BodyListRow
        fields: list[str] = []

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for."""
        return any((self.data or {}).get(name) for name in self.filters)

    def with_text(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        names = ("old__search_name", "old_agency", "new_name", "source")
        return rows.filter(pk__in=_worded(rows, value, *names))

    def of_part(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {
            "bad": Q(is_bad=True, is_dropped=False),
            "unseen": Q(reviewed_at=None, is_dropped=False),
            "partly": Q(extent=Extent.PARTLY),
            "dropped": Q(is_dropped=True),
        }
        return rows.filter(parts[value])


def _worded(rows: QuerySet[Any], text: str, *columns: str) -> list[int]:
    """Return the keys of rows in one of whose columns ``text`` stands, marks and case aside.

    Read here: SQLite takes "Ủ" and "ủ" for two letters. There are thousands, not millions.
    """
    wanted = search_key(text)
    found = rows.order_by().values_list("pk", *columns)
    hits = (pk for pk, *values in found if any(wanted in search_key(one or "") for one in values))
    return list(islice(hits, _MOST_FOUND))
