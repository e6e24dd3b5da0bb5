"""What is typed about demand: a round, and the cells of the form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.web.forms import DayField
from portal.demand.models import Cells, DemandRound
from portal.demand.rows import MOST, ROWS

_MOST_YEARS = 10
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class RoundForm(forms.Form):
    """A new round."""

    title = forms.CharField(label=_("Tên đợt"), max_length=200)
    basis = forms.CharField(
        label=_("Căn cứ"),
        required=False,
        max_length=250,
        help_text=_("Ví dụ: Công văn số 12/SKHCN-CĐS ngày 05/01/2026 của Sở KH&CN."),
    )
    first_year = forms.IntegerField(
        label=_("Từ năm"), min_value=_FIRST_YEAR, max_value=_LAST_YEAR, localize=False
    )
    last_year = forms.IntegerField(
        label=_("Đến năm"), min_value=_FIRST_YEAR, max_value=_LAST_YEAR, localize=False
    )
    row_codes = forms.MultipleChoiceField(
        label=_("Các dòng hỏi"),
        choices=[(row.code, row.full_words) for row in ROWS],
        initial=[row.code for row in ROWS],
        widget=forms.CheckboxSelectMultiple,
    )
    due_on = DayField(label=_("Hạn gửi"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        first, last, due = (typed.get(name) for name in ("first_year", "last_year", "due_on"))
        if first and last and not first <= last < first + _MOST_YEARS:
            self.add_error("last_year", _("Năm cuối không trước năm đầu, nhiều nhất 10 năm."))
        if due and due < self.today:
            self.add_error("due_on", _("Hạn gửi không được ở trong quá khứ."))
        return typed


class MoveDueForm(forms.Form):
    """Another day until which a round is answered, and why."""

    due_on = DayField(label=_("Hạn gửi mới"))
    reason = forms.CharField(label=_("Lý do đổi hạn"), max_length=500)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_due_on(self) -> date:
        due: date = self.cleaned_data["due_on"]
        if due < self.today:
            raise forms.ValidationError(_("Hạn gửi không được ở trong quá khứ."))
        return due


class CellsForm(forms.Form):
    """The cells of the form, a field each: row and year; a note a row."""

    def __init__(
        self,
        *args: Any,
        of: DemandRound,
        cells: Cells,
        notes: Mapping[str, str] | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.of = of
        self.has_notes = notes is not None
        for row in of.rows:
            for year in of.years:
                label = f"{row.words}, {year}"
                number = {"min": 0, "max": MOST, "inputmode": "numeric", "aria-label": label}
                self.fields[f"{row.code}_{year}"] = forms.IntegerField(
                    label=label,
                    required=False,
                    min_value=0,
                    max_value=MOST,
                    initial=cells.get(row.code, {}).get(year),
                    widget=forms.NumberInput(attrs=number),
                )
            if notes is not None:
                label = _("Ghi chú: %(row)s") % {"row": row.words}
                self.fields[f"{row.code}_note"] = forms.CharField(
                    label=label,
                    widget=forms.TextInput(attrs={"aria-label": label}),
                    required=False,
                    max_length=200,
                    initial=notes.get(row.code, ""),
                )

    @property
    def cells(self) -> dict[str, dict[str, int]]:
        """What was typed, once valid; an empty cell is none."""
        found: dict[str, dict[str, int]] = {}
        for row in self.of.rows:
            for year in self.of.years:
                if (number := self.cleaned_data[f"{row.code}_{year}"]) is not None:
                    found.setdefault(row.code, {})[year] = number
        return found

    @property
    def notes(self) -> dict[str, str]:
        return {row.code: self.cleaned_data[f"{row.code}_note"] for row in self.of.rows}


class ProposalForm(CellsForm):
    """A body's own proposal."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class CorrectionForm(CellsForm):
    """Other numbers beside those that were sent, and why."""

    reason = forms.CharField(label=_("Lý do điều chỉnh"), max_length=500)
