"""What is typed about a system that signs."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.agencies.forms import BodyField
from portal.core.web.forms import CheckedField, SheetFile
from portal.usage.models import SystemKind

_FIRST_YEAR = 2000


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

    since = forms.CharField(
        label=gettext_lazy("Lộ từ lúc (giờ:phút dd/mm/yyyy)"),
        max_length=20,
        help_text=gettext_lazy("Mọi lượt ký nhận bằng mã này từ lúc đó bị rút khỏi số liệu."),
    )

    def clean_since(self) -> datetime:
        """Return the moment; raises ValidationError for what is none, or lies before 2000."""
        typed: str = self.cleaned_data["since"]
        try:
            moment = datetime.strptime(typed.strip(), "%H:%M %d/%m/%Y")  # noqa: DTZ007
        except ValueError as error:
            raise forms.ValidationError(
                _("Ghi theo dạng 08:30 20/11/2026."), code="bad_moment"
            ) from error
        if moment.year < _FIRST_YEAR:
            raise forms.ValidationError(_("Thời điểm này quá xa."), code="bad_moment")
        return timezone.make_aware(moment)
