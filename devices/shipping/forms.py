"""What goes in a shipment, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.forms import CODE
from devices.models import Channel, Device
from devices.serials import split_serials
from portal.core.web.forms import DayField

if TYPE_CHECKING:
    from django.http import QueryDict


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
        widget=forms.Textarea(attrs={"rows": 3, "data-scan-ticks": "seen", **CODE}),
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
    on = DayField(
        label=_("Ngày nhận"),
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
