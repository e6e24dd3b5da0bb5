"""What is typed on the pages of notices: shape only, nothing saved."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.notices.models import Mailing


class MailingForm(forms.Form):
    """When mail should come."""

    mailing = forms.ChoiceField(
        label=_("Gửi thư điện tử cho tôi"),
        choices=Mailing.choices,
        widget=forms.RadioSelect,
        help_text=_("Thông báo về việc đã quá hạn luôn được gửi ngay, kể cả ngày nghỉ."),
        error_messages={
            "required": _("Hãy chọn một cách nhận thư."),
            "invalid_choice": _("Hãy chọn một trong các cách nhận thư dưới đây."),
        },
    )
