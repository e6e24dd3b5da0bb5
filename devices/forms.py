"""What is typed on the pages of devices: shape only, no permission, nothing saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Move
from devices.models import OF_THE_CA, Channel, Device
from devices.serials import NewDevice, read_list, read_range, split_serials
from portal.ca.tokens.pins import pin_problem
from portal.core.rules import Refused
from portal.core.text.vietnamese import nfc

CARRIERS = (("Viettel", "Viettel"), ("Vinaphone", "Vinaphone"), ("Mobifone", "Mobifone"))
_CODE = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
_PIN = {"autocomplete": "new-password", "spellcheck": "false", "maxlength": "16"}


class TakeInForm(forms.Form):
    """A lot of new devices: a pasted list, or a range of serials."""

    kind = forms.ChoiceField(
        label=_("Loại thiết bị"), choices=[(kind.value, kind.label) for kind in OF_THE_CA]
    )
    model = forms.CharField(
        label=_("Kiểu thiết bị"),
        required=False,
        max_length=60,
        help_text=_("Ví dụ: Bit4id TokenME EVO v2."),
    )
    batch = forms.CharField(
        label=_("Tên lô"), max_length=60, help_text=_("Ví dụ: phiếu nhập hoặc hợp đồng mua.")
    )
    carrier = forms.ChoiceField(
        label=_("Nhà mạng"),
        required=False,
        choices=[("", _("Không phải SIM")), *CARRIERS],
        help_text=_("Bắt buộc với lô SIM PKI."),
    )
    first = forms.CharField(
        label=_("Từ số hiệu"),
        required=False,
        max_length=40,
        help_text=_("Ví dụ: VG000101."),
        widget=forms.TextInput(attrs=_CODE),
    )
    last = forms.CharField(
        label=_("Đến số hiệu"),
        required=False,
        max_length=40,
        help_text=_("Ví dụ: VG000150."),
        widget=forms.TextInput(attrs=_CODE),
    )
    listed = forms.CharField(
        label=_("Hoặc danh sách số hiệu"),
        required=False,
        max_length=200_000,
        help_text=_(
            "Mỗi dòng một thiết bị. Với SIM: số hiệu, ICCID, số thuê bao, cách nhau bằng dấu phẩy "
            "hoặc dán từ bảng tính."
        ),
        widget=forms.Textarea(attrs={"rows": 6, **_CODE}),
    )

    def clean(self) -> dict[str, Any]:
        """Turn the list or the range into ``devices``."""
        cleaned = dict(super().clean() or {})
        first, last = cleaned.get("first", ""), cleaned.get("last", "")
        listed = read_list(cleaned.get("listed", ""))
        if listed and (first or last):
            self.add_error(
                "listed", _("Chỉ nhập một trong hai cách: khoảng số hiệu hoặc danh sách.")
            )
        elif listed:
            cleaned["devices"] = listed
        elif first and last:
            cleaned["devices"] = self._range(first, last)
        else:
            self.add_error("first", _("Nhập số hiệu đầu và cuối, hoặc dán danh sách số hiệu."))
        return cleaned

    def _range(self, first: str, last: str) -> list[NewDevice]:
        try:
            return read_range(first, last)
        except Refused as refusal:
            for violation in refusal.violations:
                self.add_error("last", f"{violation.message} {violation.way_out}".strip())
            return []


class SendForm(forms.Form):
    """Which of an agency's allocated devices go, and how."""

    devices = forms.MultipleChoiceField(
        label=_("Thiết bị"), error_messages={"required": _("Chọn ít nhất một thiết bị.")}
    )
    channel = forms.ChoiceField(
        label=_("Cách giao"), choices=Channel.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=_("Ghi chú"),
        required=False,
        max_length=500,
        help_text=_("Ví dụ: số bưu gửi, người đi giao."),
    )

    def __init__(self, data: QueryDict | None, *, devices: Sequence[Device]) -> None:
        super().__init__(data)
        self.codes = [str(device.uuid) for device in devices]
        field = self.fields["devices"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(code, code) for code in self.codes]

    @property
    def chosen(self) -> list[str]:
        """The devices that stand marked on the page: all of them at first."""
        if not self.is_bound:
            return self.codes
        return [str(value) for value in self["devices"].data or []]


class ReceiveForm(forms.Form):
    """Which devices of a shipment were seen; what of the others."""

    LATER, MISSING = "later", "missing"

    seen = forms.MultipleChoiceField(label=_("Thiết bị đã thấy"), required=False)
    typed = forms.CharField(
        label=_("Hoặc nhập, quét số hiệu"),
        required=False,
        max_length=20_000,
        help_text=_("Mỗi dòng một số hiệu, đọc trên chính thiết bị."),
        widget=forms.Textarea(attrs={"rows": 3, "data-scan-ticks": "seen", **_CODE}),
    )
    rest = forms.ChoiceField(
        label=_("Những thiết bị chưa đánh dấu"),
        choices=[
            (LATER, _("Chưa đối chiếu, sẽ xác nhận sau")),
            (MISSING, _("Không có trong gói: báo thiếu với Cục")),
        ],
        initial=LATER,
        widget=forms.RadioSelect,
    )
    on = forms.DateField(
        label=_("Ngày nhận"), widget=forms.DateInput(attrs={"inputmode": "numeric"})
    )
    note = forms.CharField(label=_("Ghi chú"), required=False, max_length=500)

    def __init__(self, data: QueryDict | None, *, outstanding: Sequence[str], today: date) -> None:
        super().__init__(data, initial={"on": today, "rest": self.LATER})
        self.outstanding = list(outstanding)
        self.today = today
        field = self.fields["seen"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(serial, serial) for serial in outstanding]

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError(_("Ngày nhận không thể sau ngày hôm nay."))
        return on

    def clean(self) -> dict[str, Any]:
        """Join what was marked and what was typed; the rest is missing only when said so."""
        cleaned = dict(super().clean() or {})
        typed = split_serials(cleaned.get("typed", ""))
        serials = list(dict.fromkeys([*cleaned.get("seen", []), *typed]))
        rest = [serial for serial in self.outstanding if serial not in serials]
        cleaned["serials"] = serials
        cleaned["missing"] = rest if cleaned.get("rest") == self.MISSING else []
        return cleaned

    @property
    def marked(self) -> list[str]:
        """The serials that stand marked on the page."""
        return [str(value) for value in self["seen"].data or []] if self.is_bound else []


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


class HandOverForm(PinForm):
    """What is checked and set when a device changes hands."""

    serial_seen = forms.CharField(
        label=_("Số hiệu đọc trên thiết bị"),
        max_length=60,
        help_text=_("Đọc số in trên chính thiết bị đang cầm, không chép từ màn hình."),
        widget=forms.TextInput(attrs=_CODE),
    )
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


class NewPinForm(PinForm):
    """The PIN after recovery, and the number read off the device it is for."""

    serial_seen = forms.CharField(
        label=_("Số hiệu đọc trên thiết bị"),
        max_length=60,
        help_text=_("Đọc số in trên chính thiết bị đang cầm, không chép từ màn hình."),
        widget=forms.TextInput(attrs=_CODE),
    )

    field_order = ("serial_seen", "pin", "pin_again")

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        self.fields["pin"].label = _("Mã PIN mới do thuê bao tự đặt")
        self.fields["pin"].help_text = _NEW_PIN_HELP


class ChangePinForm(PinForm):
    """The PIN in use, and the one to take its place."""

    old = forms.CharField(
        label=_("Mã PIN đang dùng"),
        strip=False,
        max_length=64,
        widget=forms.PasswordInput(attrs=_PIN | {"autocomplete": "off"}),
    )

    field_order = ("old", "pin", "pin_again")

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        self.fields["pin"].label = _("Mã PIN mới")
        self.fields["pin"].help_text = _NEW_PIN_HELP


class MoveForm(forms.Form):
    """A plain move and its reason."""

    move = forms.ChoiceField(choices=Move.choices, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Lý do, hoàn cảnh"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
