"""A lot of new devices, as it is typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.forms import CODE
from devices.models import OF_THE_CA
from devices.serials import read_list, read_range
from portal.core.web.refusals import Refusals

CARRIERS = (("Viettel", "Viettel"), ("Vinaphone", "Vinaphone"), ("Mobifone", "Mobifone"))


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
        widget=forms.TextInput(attrs=CODE),
    )
    last = forms.CharField(
        label=_("Đến số hiệu"),
        required=False,
        max_length=40,
        help_text=_("Ví dụ: VG000150."),
        widget=forms.TextInput(attrs=CODE),
    )
    listed = forms.CharField(
        label=_("Hoặc danh sách số hiệu"),
        required=False,
        max_length=200_000,
        help_text=_(
            "Mỗi dòng một thiết bị. Với SIM: số hiệu, ICCID, số thuê bao, cách nhau bằng dấu phẩy "
            "hoặc dán từ bảng tính."
        ),
        widget=forms.Textarea(attrs={"rows": 6, **CODE}),
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
            with Refusals() as refused:
                cleaned["devices"] = read_range(first, last)
            refused.put_on(self, "last")
        else:
            self.add_error("first", _("Nhập số hiệu đầu và cuối, hoặc dán danh sách số hiệu."))
        return cleaned
