"""Many devices at once: ticked in the list, scanned or pasted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devices.forms import CODE, DayForm
from devices.models import Channel, Device
from devices.serials import MOST_AT_ONCE, split_serials
from portal.core.text.vietnamese import nfc
from portal.core.web.forms import DayField

if TYPE_CHECKING:
    from django.http import QueryDict


class BatchForm(DayForm):
    """Which devices were seen: ticked in the list, scanned or pasted."""

    day_label = _("Ngày nhận")

    seen = forms.MultipleChoiceField(label=_("Thiết bị đã thấy"), required=False)
    typed = forms.CharField(
        label=_("Quét, gõ hoặc dán số hiệu"),
        required=False,
        max_length=80_000,
        help_text=_("Mỗi dòng một số hiệu, đọc trên chính thiết bị."),
        widget=forms.Textarea(attrs={"rows": 4, "data-scan-ticks": "seen", **CODE}),
    )
    note = forms.CharField(label=_("Ghi chú"), required=False, max_length=500)

    field_order: Sequence[str] = ("seen", "typed", "on", "note")

    def __init__(
        self, data: QueryDict | None = None, *, today: date, listed: Sequence[Device] = ()
    ) -> None:
        super().__init__(data, today=today)
        field = self.fields["seen"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(device.serial, device.serial) for device in listed]

    def clean(self) -> dict[str, Any]:
        """Join what was ticked and what was typed; a serial ticked and typed counts once."""
        cleaned = dict(super().clean() or {})
        ticked = cleaned.get("seen", [])
        typed = [one for one in split_serials(cleaned.get("typed", "")) if one not in ticked]
        cleaned["serials"] = [*ticked, *typed]
        if not cleaned["serials"] and not self.errors:
            self.add_error("typed", gettext("Chưa đánh dấu, quét hoặc nhập số hiệu nào."))
        if len(cleaned["serials"]) > MOST_AT_ONCE:
            text = gettext("Mỗi lần nhiều nhất %(most)d số hiệu; chia thành nhiều lần.")
            self.add_error("typed", text % {"most": MOST_AT_ONCE})
        return cleaned

    @property
    def marked(self) -> list[str]:
        """The serials that stand marked on the page."""
        return [str(value) for value in self["seen"].data or []] if self.is_bound else []


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
