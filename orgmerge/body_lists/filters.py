"""How the rows of an uploaded list are narrowed down."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from orgmerge.filters import ALL, NarrowingFilter, containing
from orgmerge.models import BodyListRow
from orgmerge.vocabulary import Extent


class ListRowFilter(NarrowingFilter):
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
        empty_label=ALL,
        method="of_part",
    )

    class Meta:
        model = BodyListRow
        fields: list[str] = []

    def with_text(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        names = ("old__search_name", "old_agency", "new_name", "source")
        return rows.filter(pk__in=containing(rows, value, *names))

    def of_part(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {
            "bad": Q(is_bad=True, is_dropped=False),
            "unseen": Q(reviewed_at=None, is_dropped=False),
            "partly": Q(extent=Extent.PARTLY),
            "dropped": Q(is_dropped=True),
        }
        return rows.filter(parts[value])
