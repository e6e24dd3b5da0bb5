"""The form under which an office hands devices in to the CA."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devices.batches import BatchForm
from devices.models import Channel
from portal.core.text.vietnamese import nfc
from portal.core.web.forms import DayField


class OfficeReturnForm(BatchForm):
    """The same under the office's covering document."""

    number = forms.CharField(
        label=_("Số, ký hiệu văn bản của Sở"),
        max_length=60,
        help_text=_("Ví dụ: 215/SKHCN-CNTT."),
    )
    signed_on = DayField(
        label=_("Ngày văn bản"),
    )
    channel = forms.ChoiceField(
        label=_("Cách giao"), choices=Channel.choices, widget=forms.RadioSelect
    )

    field_order = ("seen", "typed", "number", "signed_on", "channel", "on", "note")

    def clean_number(self) -> str:
        return nfc(self.cleaned_data["number"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        signed_on, on = cleaned.get("signed_on"), cleaned.get("on")
        if signed_on and signed_on > self.today:
            self.add_error("signed_on", gettext("Ngày văn bản không thể sau ngày hôm nay."))
        elif signed_on and on and on < signed_on:
            self.add_error("on", gettext("Ngày nhận không thể trước ngày văn bản của Sở."))
        return cleaned
