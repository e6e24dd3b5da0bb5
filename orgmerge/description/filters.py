"""How the rows of one reorganisation are narrowed down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from orgmerge.filters import ALL, NarrowingFilter, containing
from orgmerge.models import MergerShare
from orgmerge.vocabulary import Extent

if TYPE_CHECKING:
    from django.http import QueryDict


class RowFilter(NarrowingFilter):
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
        empty_label=ALL,
        method="of_part",
    )

    class Meta:
        model = MergerShare
        fields: list[str] = []

    def __init__(self, data: QueryDict, queryset: QuerySet[Any]) -> None:
        super().__init__(data, queryset)

    def with_text(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(pk__in=containing(rows, value, "old__search_name", "new__name"))

    def of_part(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {
            "said": Q(is_implied=False),
            "implied": Q(is_implied=True),
            "partly": Q(extent=Extent.PARTLY),
            "ended": Q(new__isnull=True),
        }
        return rows.filter(parts[value])
