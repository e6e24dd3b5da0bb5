"""What is typed about reports: the span, and what a person says to the numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.web.forms import DayField
from portal.reports.spans import Span, offered

OTHER = "other"


class SpanForm(forms.Form):
    """Which span: one of those offered, or two days."""

    offered = forms.ChoiceField(label=_("Kỳ báo cáo"), widget=forms.RadioSelect)
    since = DayField(label=_("Từ ngày"), required=False)
    until = DayField(label=_("Đến ngày"), required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spans = {f"{one.since}_{one.until}": one for one in offered(today)}
        field = self.fields["offered"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *((code, one.words[:1].upper() + one.words[1:]) for code, one in self.spans.items()),
            (OTHER, _("Khoảng khác")),
        ]
        field.initial = next(iter(self.spans))

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("offered") == OTHER:
            for name in ("since", "until"):
                if not typed.get(name) and name not in self.errors:
                    self.add_error(name, _("Chọn “Khoảng khác” thì ghi cả hai ngày."))
        return typed

    @property
    def span(self) -> Span:
        """The span that was chosen, once the form is valid."""
        typed = self.cleaned_data
        if typed["offered"] != OTHER:
            return self.spans[typed["offered"]]
        return Span(typed["since"], typed["until"])


class AskedSpanForm(forms.Form):
    """The span in the address of a list."""

    since = DayField()
    until = DayField()


class WordsForm(forms.Form):
    """What a person says to the numbers."""

    remarks = forms.CharField(
        label=_("Đánh giá, kết quả thực hiện"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Việc đã làm, khó khăn, kiểm tra, khen thưởng, kỷ luật. Mỗi dòng một đoạn."),
    )
    plans = forms.CharField(
        label=_("Nhu cầu năm sau, kiến nghị"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
