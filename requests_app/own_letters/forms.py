"""What is typed on the page of a body's own letter: a step, its number, its scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Signer
from portal.core.rules import Violation
from portal.core.web.forms import DayField
from requests_app.steps.forms import PIN_ATTRS, SignedFile
from requests_app.submission.signers import choices_of


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
    signer = forms.ChoiceField(
        label=_("Người ký"),
        required=False,
        help_text=_("Hình thức ký, chức vụ và họ tên in theo người này."),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, signers: Sequence[Signer] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._signers = {str(one.uuid): one for one in signers}
        field = self.fields["signer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices_of(signers)
        if len(signers) <= 1:
            del self.fields["signer"]

    def clean(self) -> dict[str, Any]:
        """Give the signer chosen as a record, None where the head is meant."""
        cleaned = dict(super().clean() or {})
        cleaned["signer"] = self._signers.get(cleaned.get("signer", ""))
        return cleaned


class LetterScanForm(forms.Form):
    """The scan of a letter signed by hand and sealed."""

    file = forms.FileField(
        label=_("Bản quét văn bản đã ký, đóng dấu"),
        help_text=_("PDF, PNG hoặc JPEG, tối đa 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
