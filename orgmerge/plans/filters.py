"""How the lines of a plan are narrowed down; the query string says everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from orgmerge.models import Merger, PlanLine
from orgmerge.planner.reasons import REASONS, WARNINGS
from orgmerge.plans import cautions
from orgmerge.plans.wording import TO_CHOOSE, TO_SETTLE
from orgmerge.vocabulary import LineAbout, LineAction, LineStage
from portal.agencies.models import Agency
from portal.core.text.vietnamese import search_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from django.http import QueryDict

    from orgmerge.planner.reasons import Reason
    from orgmerge.plans.access import LineCounts

_ALL = _("Tất cả")
_USUAL = frozenset({"q", "about", "action"})
_FORMS = ("01", "02", "03", "04", "05", "06", "08", "09")
_MOST_BODIES = 200  # a name that fits more bodies is too short to narrow anything
_MOST_LETTERS = 90  # of a reason in a select


class PlanLineFilter(filters.FilterSet):
    """Filters of the lines of one plan; what to choose from is what the plan has."""

    q = filters.CharFilter(label=_("Tên, số hiệu"), method="with_text")
    about = filters.ChoiceFilter(label=_("Đối tượng"), choices=LineAbout, empty_label=_ALL)
    action = filters.ChoiceFilter(label=_("Việc làm"), choices=LineAction, empty_label=_ALL)
    mau = filters.ChoiceFilter(
        field_name="form",
        label=_("Mẫu"),
        choices=[(form, _("Mẫu %(form)s") % {"form": form}) for form in _FORMS],
        empty_label=_ALL,
    )
    stage = filters.ChoiceFilter(label=_("Bước"), choices=LineStage.choices, empty_label=_ALL)
    body = filters.CharFilter(label=_("Đơn vị hiện nay"), method="of_body")
    sender = filters.CharFilter(label=_("Đơn vị sau sắp xếp"), method="sent_by")
    reason = filters.ChoiceFilter(label=_("Lý do"), choices=[], empty_label=_ALL)
    warning = filters.ChoiceFilter(
        label=_("Lưu ý"), choices=[], empty_label=_ALL, method="with_warning"
    )
    open = filters.ChoiceFilter(
        label=_("Chờ người"),
        choices=[
            ("settle", _("Chờ quyết định")),
            ("choose", _("Theo chứng thư được chọn, quyết định")),
            ("any", _("Mọi dòng còn mở")),
        ],
        empty_label=_ALL,
        method="that_wait",
    )
    closing = filters.ChoiceFilter(
        label=_("Thời hạn"),
        choices=[("yes", _("Còn gia hạn, thay đổi được bây giờ, đến ngày hiệu lực thì không"))],
        empty_label=_ALL,
        method="that_close",
    )

    class Meta:
        model = PlanLine
        fields: list[str] = []

    def __init__(
        self,
        data: QueryDict,
        queryset: QuerySet[PlanLine],
        *,
        merger: Merger,
        counts: LineCounts,
        today: date,
    ) -> None:
        super().__init__(data, queryset)
        self.merger, self.today = merger, today
        self.filters["reason"].extra["choices"] = _named(REASONS, counts.reasons)
        self.filters["warning"].extra["choices"] = _named(WARNINGS, counts.warnings)

    def with_text(self, lines: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return lines.filter(search_title__contains=search_key(value))

    def of_body(self, lines: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        named = Agency.objects.filter(search_name__contains=search_key(value)).order_by()
        involved = named.filter(
            Q(merger_shares__merger=self.merger)
            | Q(pk__in=self.merger.bodies.order_by().values("agency"))
            | Q(parent__merger_shares__merger=self.merger)
        )
        return lines.filter(
            agency__in=list(involved.distinct().values_list("pk", flat=True)[:_MOST_BODIES])
        )

    def sent_by(self, lines: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By names without their marks, which SQLite can't compare: there are a few thousand."""
        key, named = search_key(value), self.merger.bodies.order_by().values_list("pk", "name")
        found = [pk for pk, name in named if key in search_key(name)]
        return lines.filter(sender__in=found[:_MOST_BODIES])

    def with_warning(self, lines: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Read as text, the codes are found on both databases alike."""
        as_text = Cast("warnings", TextField())
        found: QuerySet[Any] = lines.alias(warning_text=as_text)
        return found.filter(warning_text__contains=f'"{value}"')

    def that_wait(self, lines: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {"settle": TO_SETTLE, "choose": TO_CHOOSE}
        return lines.filter(parts.get(value, Q(is_open=True)))

    def that_close(self, lines: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        return cautions.closing_lines(lines, self.merger, today=self.today)

    @property
    def usual_fields(self) -> list[forms.BoundField]:
        """The fields that always stand open."""
        return [field for field in self.form if field.name in _USUAL]

    @property
    def further_fields(self) -> list[forms.BoundField]:
        """The fields one opens when they are needed."""
        return [field for field in self.form if field.name not in _USUAL]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for."""
        return any(field.value() for field in self.form)

    @property
    def is_narrowed_further(self) -> bool:
        """Whether a field that is usually folded away is in use."""
        return any(field.value() for field in self.further_fields)


def _named(words: Mapping[str, Reason], counted: Iterable[str]) -> list[tuple[str, str]]:
    """Return the codes a plan has, or all where they were not counted, with their sentences."""
    known = [code for code in words if code in set(counted)] or list(words)
    return [(code, Truncator(str(words[code].sentence)).chars(_MOST_LETTERS)) for code in known]
