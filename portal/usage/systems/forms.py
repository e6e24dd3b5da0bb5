"""What is typed about a system that signs."""

from __future__ import annotations

from datetime import date, datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal.agencies.forms import BodyField
from portal.core.web.forms import CheckedField, DayField, SheetFile
from portal.usage.models import SystemKind

_FIRST_DAY = date(2000, 1, 1)


class SystemForm(forms.Form):
    """A system to be registered."""

    name = CheckedField(label=gettext_lazy("Tên hệ thống"), max_length=150)
    kind = forms.ChoiceField(
        label=gettext_lazy("Loại"),
        choices=[one for one in SystemKind.choices if one[0] != SystemKind.PAPERS],
    )
    agency = BodyField(
        label=gettext_lazy("Đơn vị chủ quản"),
        required=False,
        help_text=gettext_lazy("Để trống: đơn vị của anh/chị. Ghi tên hoặc mã định danh."),
    )


class EventsFile(forms.Form):
    """A file of events."""

    file = SheetFile(
        label=gettext_lazy("Tệp lượt ký (.csv hoặc .jsonl, UTF-8)"), suffixes=".csv,.jsonl,.json"
    )


class StolenForm(forms.Form):
    """That a token was stolen, and since when."""

    day = DayField(label=gettext_lazy("Lộ từ ngày"))
    hour = forms.TimeField(
        label=gettext_lazy("Lúc (giờ:phút)"),
        input_formats=["%H:%M"],
        initial="00:00",
        help_text=gettext_lazy("Mọi lượt ký nhận bằng mã này từ lúc đó bị rút khỏi số liệu."),
    )

    def since(self) -> datetime:
        """Return the moment that was typed, not before there were portals."""
        day: date = max(self.cleaned_data["day"], _FIRST_DAY)
        return timezone.make_aware(datetime.combine(day, self.cleaned_data["hour"]))
