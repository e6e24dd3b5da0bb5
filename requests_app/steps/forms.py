"""What is typed to take a step: which, why, with which PIN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.rules import Violation
from requests_app.models import ReturnReason
from requests_app.workflow import Action

PIN_ATTRS = {
    "autocomplete": "off",
    "inputmode": "numeric",
    "spellcheck": "false",
    "maxlength": "32",
}


class StepForm(forms.Form):
    """One step of the workflow: which, seen at which version, why, with which PIN.

    ``violations`` are what a Refused said when the step was tried.
    """

    violations: Sequence[Violation] = ()

    action = forms.ChoiceField(choices=Action.choices, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason_code = forms.ChoiceField(label=_("Lý do theo danh mục"), required=False)
    reason = forms.CharField(
        label=_("Nội dung lý do"),
        required=False,
        max_length=2000,
        help_text=_("Ghi rõ dòng nào, giấy tờ nào, sửa thế nào. Bên nhận đọc nguyên văn."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    pin = forms.CharField(
        label=_("Mã PIN của thiết bị ký"),
        required=False,
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )

    def __init__(self, *args: Any, reasons: Sequence[ReturnReason] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._texts = {reason.code: reason.text for reason in reasons}
        field = self.fields["reason_code"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Chọn lý do")), *self._texts.items()]
        field.widget.attrs["data-fills"] = self["reason"].id_for_label

    def clean(self) -> dict[str, Any]:
        """A reason chosen and no text written: the catalogue's own text is the reason."""
        cleaned = dict(super().clean() or {})
        code = cleaned.get("reason_code", "")
        if code and not str(cleaned.get("reason", "")).strip():
            cleaned["reason"] = self._texts[code]
        return cleaned
