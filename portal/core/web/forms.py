"""Form fields that read Vietnamese text in one normal form, days as they are typed, and run the
named checks on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.core.rules import Finding, Severity
from portal.core.text.identifiers import Check, check_day, in_full, parse_day
from portal.core.text.vietnamese import nfc


class CheckedField(forms.CharField):
    """One line of text in normal form; errors of ``checks`` refuse it, warnings are kept aside."""

    def __init__(self, *, checks: Sequence[Check] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.checks = tuple(checks)
        self.warnings: list[Finding] = []

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return nfc(text) if text else ""

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        found = [finding for check in self.checks for finding in check(value)] if value else []
        self.warnings = [one for one in found if one.severity is Severity.WARNING]
        errors = [one for one in found if one.severity is Severity.ERROR]
        if errors:
            raise ValidationError([ValidationError(one.message, one.code) for one in errors])


class Offered(str):
    """A value offered beside a field, taken with the button that names it."""

    __slots__ = ()


class OfferInput(forms.TextInput):
    """One line of text; a value offered beside it takes its place when its button is pressed."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if taken := data.get(f"{name}-dung"):
            return Offered(taken)
        return super().value_from_datadict(data, files, name)


class ChooserInput(OfferInput):
    """One line of text with a list to choose from while typing; other values can be typed."""

    template_name = "core/chooser.html"

    def __init__(self, options: Sequence[str] = (), attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.options = options

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"co-{name}"
        return {**context, "options": self.options}


class DayInput(forms.DateInput, OfferInput):
    """A day: text, as no browser writes dd/mm/yyyy for everybody."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        usual = {"placeholder": "dd/mm/yyyy", "inputmode": "numeric", "autocomplete": "off"}
        super().__init__(usual | (attrs or {}))


class DayField(forms.DateField):
    """A day however it is typed, where there is no doubt; shown back dd/mm/yyyy.

    An offer that was taken comes back once more: nothing is done with a day nobody has seen.
    """

    widget = DayInput
    looks_twice = True  # at an offer that was taken

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        if isinstance(value, date):
            return value.date() if isinstance(value, datetime) else value
        text = nfc(str(value))
        if day := parse_day(text):
            return day
        raise ValidationError([ValidationError(one.message, one.code) for one in check_day(text)])

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if self.looks_twice and isinstance(value, Offered):
            raise ValidationError(
                _("Đã điền %(day)s. Hãy xem lại rồi bấm nút lần nữa."),
                code="offer_taken",
                params={"day": str(value)},
            )
        return day

    def bound_data(self, data: Any, initial: Any) -> Any:
        data = super().bound_data(data, initial)
        return in_full(nfc(data)) if isinstance(data, str) else data

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> DayBoundField:
        return DayBoundField(form, self, field_name)


class DayBoundField(forms.BoundField):
    """A day in its form, with what is offered when it could not be read."""

    @property
    def offer(self) -> str:
        """The day somebody most likely meant, "" when the one typed is right or past guessing."""
        typed = self.data if self.form.is_bound else ""
        if not isinstance(typed, str) or not typed or parse_day(nfc(typed)):
            return ""
        return next((one.suggestion for one in check_day(nfc(typed))), "")


class FilterDayField(DayField):
    """A day a list is narrowed by: an offer does no harm, and is taken at once."""

    looks_twice = False


class TypedDayFilter(django_filters.DateFilter):
    """A day a list is narrowed by, read as in every form."""

    field_class = FilterDayField


class SheetFile(forms.FileField):
    """A spreadsheet to be read; one too large is refused before it is."""

    default_error_messages = {
        "required": gettext_lazy("Hãy chọn tệp."),
        "empty": gettext_lazy("Tệp rỗng."),
    }

    def __init__(self, *, suffixes: str = ".xlsx", **kwargs: Any) -> None:
        super().__init__(widget=forms.FileInput(attrs={"accept": suffixes}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> UploadedFile[Any]:
        uploaded: UploadedFile[Any] = super().clean(data, initial)
        if (uploaded.size or 0) > settings.MAX_UPLOAD_BYTES:
            raise ValidationError(
                _("Tệp lớn hơn %(most)d MB."),
                code="upload_too_large",
                params={"most": settings.MAX_UPLOAD_BYTES // (1024 * 1024)},
            )
        return uploaded


def warnings_of(form: forms.BaseForm) -> list[Finding]:
    """Return what the checks of a cleaned form only warn about."""
    return [
        finding
        for field in form.fields.values()
        if isinstance(field, CheckedField)
        for finding in field.warnings
    ]
