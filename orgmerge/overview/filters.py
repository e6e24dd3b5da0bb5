"""How the list of reorganisations is narrowed down."""

from __future__ import annotations

import django_filters as filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgmerge.filters import ALL, NarrowingFilter, containing
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.models.querysets import MergerQuerySet
from orgmerge.vocabulary import MergerKind, MergerState
from portal.core.text.vietnamese import search_key


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
