"""What an administrator types about a day."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.models import CalendarDay
from portal.core.web.forms import CheckedField, DayField


class DayForm(forms.Form):
    """What a day in the table is called and whether it is announced."""

    name = CheckedField(
        label=_("Tên ngày"), max_length=120, help_text=_("Ví dụ: Quốc khánh; Làm bù cho 31/8/2026.")
    )
    is_official = forms.BooleanField(
        label=_("Theo thông báo chính thức"),
        required=False,
        help_text=_("Bỏ chọn khi ngày mới là dự kiến, chưa có thông báo."),
    )


class NewDayForm(DayForm):
    """A day that is not what its weekday says."""

    date = DayField(
        label=_("Ngày"),
    )
    kind = forms.ChoiceField(
        label=_("Loại"), choices=CalendarDay.Kind, widget=forms.RadioSelect, initial="off"
    )
    field_order = ["date", "kind", "name", "is_official"]
