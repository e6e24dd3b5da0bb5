"""How the list of reorganisations, and the rows of one, are narrowed down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from orgmerge.filters import ALL, NarrowingFilter, containing
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.models.querysets import MergerQuerySet
from orgmerge.vocabulary import Extent, MergerKind, MergerState
from portal.core.text.vietnamese import search_key

if TYPE_CHECKING:
    from django.http import QueryDict


class MergerFilter(NarrowingFilter):
    """Decision, title or a body in it; state; kind."""

    q = filters.CharFilter(label=_("Số quyết định, tên gọi hoặc đơn vị"), method="with_text")
    state = filters.ChoiceFilter(
        label=_("Trạng thái"), choices=MergerState.choices, empty_label=ALL
    )
    kind = filters.ChoiceFilter(label=_("Hình thức"), choices=MergerKind.choices, empty_label=ALL)

    class Meta:
        model = Merger
        fields: list[str] = []

    def with_text(self, mergers: MergerQuerySet, _name: str, value: str) -> MergerQuerySet:
        olds = MergerShare.objects.filter(old__search_name__contains=search_key(value))
        news = MergerBody.objects.filter(merger__in=mergers.order_by().values("pk"))
        return mergers.filter(
            Q(pk__in=containing(mergers, value, "decision", "title"))
            | Q(pk__in=olds.order_by().values("merger"))
            | Q(
                pk__in=news.filter(pk__in=containing(news, value, "name"))
                .order_by()
                .values("merger")
            )
        )


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
