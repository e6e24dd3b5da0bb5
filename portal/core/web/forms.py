"""Form fields that read Vietnamese text in one normal form and run the named checks on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.core.rules import Finding, Severity
from portal.core.text.identifiers import Check
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
