"""A PIN its holder chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.forms import SerialForm
from portal.ca.tokens.pins import pin_problem

if TYPE_CHECKING:
    from django.http import QueryDict

_PIN = {"autocomplete": "new-password", "spellcheck": "false", "maxlength": "16"}
_NEW_PIN_HELP = _(
    "Từ 8 đến 16 ký tự; không lấy ngày sinh, tên, số điện thoại, dãy liên tiếp. "
    "Người khác không nhìn, không ghi lại."
)


class PinForm(forms.Form):
    """A PIN its holder chooses, typed twice."""

    pin = forms.CharField(
        label=_("Mã PIN do người nhận tự đặt"),
        strip=False,
        help_text=_(
            "Từ 8 đến 16 ký tự; không lấy ngày sinh, tên, số điện thoại, dãy liên tiếp. "
            "Người bàn giao không nhìn, không ghi lại."
        ),
        widget=forms.PasswordInput(attrs=_PIN),
    )
    pin_again = forms.CharField(
        label=_("Nhập lại mã PIN"), strip=False, widget=forms.PasswordInput(attrs=_PIN)
    )

    def clean_pin(self) -> str:
        pin: str = self.cleaned_data["pin"]
        if problem := pin_problem(pin):
            raise forms.ValidationError(problem.message)
        return pin

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        again = cleaned.pop("pin_again", None)
        if cleaned.get("pin") and again is not None and cleaned["pin"] != again:
            self.add_error("pin_again", _("Hai lần nhập mã PIN khác nhau."))
        cleaned.setdefault("pin", "")
        return cleaned


class NewPinForm(PinForm, SerialForm):
    """The PIN after recovery, and the number read off the device it is for."""

    field_order = ("serial_seen", "pin", "pin_again")

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        self.fields["pin"].label = _("Mã PIN mới do thuê bao tự đặt")
        self.fields["pin"].help_text = _NEW_PIN_HELP


class ChangePinForm(PinForm, SerialForm):
    """The PIN in use, the one to take its place; at a clerk's desk the number of the device."""

    old = forms.CharField(
        label=_("Mã PIN đang dùng"),
        strip=False,
        max_length=64,
        widget=forms.PasswordInput(attrs=_PIN | {"autocomplete": "off"}),
    )

    field_order = ("serial_seen", "old", "pin", "pin_again")

    def __init__(self, data: QueryDict | None, *, at_desk: bool) -> None:
        super().__init__(data)
        if not at_desk:
            del self.fields["serial_seen"]
        self.fields["pin"].label = _("Mã PIN mới")
        self.fields["pin"].help_text = _NEW_PIN_HELP
