"""How the list of deadlines is narrowed down."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.web.forms import TypedDayFilter
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.querysets import DeadlineQuerySet

OPEN, OVERDUE, TODAY, WEEK, DONE = "open", "overdue", "today", "week", "done"


class DeadlineFilter(filters.FilterSet):
    """By how urgent, by kind, by the day they end.

    One body's and those of some days, where another page leads there.
    """

    state = filters.ChoiceFilter(
        label=_("Tình trạng"),
        choices=[
            (OPEN, _("Chưa xong")),
            (OVERDUE, _("Quá hạn")),
            (TODAY, _("Đến hạn hôm nay")),
            (WEEK, _("Đến hạn trong tuần này")),
            (DONE, _("Đã xong")),
        ],
        empty_label=_("Tất cả"),
        method="by_state",
    )
    kind = filters.ChoiceFilter(label=_("Việc"), choices=DeadlineKind, empty_label=_("Tất cả"))
    day = TypedDayFilter(
        label=_("Đến hạn ngày"),
        field_name="due_on",
    )
    since = TypedDayFilter(field_name="due_on", lookup_expr="gte", widget=forms.HiddenInput)
    until = TypedDayFilter(field_name="due_on", lookup_expr="lte", widget=forms.HiddenInput)
    agency = filters.UUIDFilter(field_name="agency__uuid", widget=forms.HiddenInput)

    class Meta:
        model = Deadline
        fields: list[str] = []

    def __init__(self, data: Any, *, today: date, queryset: DeadlineQuerySet) -> None:
        super().__init__(data, queryset=queryset)
        self.today = today

    def by_state(self, deadlines: DeadlineQuerySet, _name: str, value: str) -> DeadlineQuerySet:
        match value:
            case "overdue":
                return deadlines.overdue(self.today)
            case "today":
                return deadlines.due_today(self.today)
            case "week":
                return deadlines.due_this_week(self.today)
            case "done":
                return deadlines.done()
        return deadlines.open()
