"""What is typed on the page of a body's own letter: a step, its number, its scan."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.rules import Violation
from portal.core.web.forms import DayField
from requests_app.steps.forms import PIN_ATTRS, SignedFile


class LetterStepForm(forms.Form):
    """One step of a letter: which, seen at which version, why, with which PIN.

    ``violations`` are what a Refused said when the step was tried.
    """

    violations: Sequence[Violation] = ()

    action = forms.CharField(max_length=20, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Nội dung lý do"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    pin = forms.CharField(
        label=_("Mã PIN của thiết bị ký"),
        required=False,
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )
    signed_file = SignedFile()


class LetterNumberForm(forms.Form):
    """The number and day of a letter, from the body's own document system."""

    letter_number = forms.CharField(
        label=_("Số, ký hiệu văn bản"),
        max_length=40,
        help_text=_("Lấy tại sổ văn bản đi, ví dụ 68/SKHCN-CĐS."),
    )
    letter_date = DayField(
        label=_("Ngày văn bản"),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class LetterScanForm(forms.Form):
    """The scan of a letter signed by hand and sealed."""

    file = forms.FileField(
        label=_("Bản quét văn bản đã ký, đóng dấu"),
        help_text=_("PDF, PNG hoặc JPEG, tối đa 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
