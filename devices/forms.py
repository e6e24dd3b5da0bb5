"""What the forms of devices share: a serial is read off the thing, and it was on a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.web.forms import DayField

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

CODE = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}


class DayForm(forms.Form):
    """The day something happened: ``today`` until said otherwise."""

    day_label: ClassVar[_StrPromise] = _("Ngày")

    on = DayField(
        label=_("Ngày"),
    )

    def __init__(self, data: QueryDict | None = None, *, today: date) -> None:
        super().__init__(data, initial={"on": today})
        self.today = today
        self.fields["on"].label = self.day_label


class SerialForm(forms.Form):
    """The serial read off the thing itself."""

    serial_seen = forms.CharField(
        label=_("Số hiệu đọc trên thiết bị"),
        max_length=60,
        help_text=_("Đọc số in trên chính thiết bị đang cầm, không chép từ màn hình."),
        widget=forms.TextInput(attrs=CODE),
    )
