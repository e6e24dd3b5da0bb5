"""What is checked and set at a hand-over."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.forms import SerialForm
from devices.pins.forms import PinForm
from portal.core.text.vietnamese import nfc

if TYPE_CHECKING:
    from django.http import QueryDict


class HandOverForm(PinForm, SerialForm):
    """What is checked and set when a device changes hands."""

    on = forms.DateField(
        label=_("Ngày bàn giao"), widget=forms.DateInput(attrs={"inputmode": "numeric"})
    )
    holder = forms.CharField(label=_("Người nhận"), max_length=150)

    field_order = ("serial_seen", "on", "holder", "pin", "pin_again")

    def __init__(self, data: QueryDict | None, *, holder: str, asks_pin: bool, today: date) -> None:
        super().__init__(data, initial={"holder": holder, "on": today})
        if not asks_pin:
            del self.fields["pin"], self.fields["pin_again"]

    def clean_holder(self) -> str:
        return nfc(self.cleaned_data["holder"])
