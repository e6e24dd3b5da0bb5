"""What an officer types to open a review round."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.agencies.forms import DayField
from portal.core.rules import Violation


class RoundForm(forms.Form):
    """Until when, and what else the bodies are to know; ``violations`` are what was refused."""

    violations: Sequence[Violation] = ()

    due_on = DayField(
        label=_("Hạn trả lời"),
        help_text=_("dd/mm/yyyy, trước hoặc đúng ngày hiệu lực."),
    )
    note = forms.CharField(
        label=_("Hướng dẫn thêm"),
        required=False,
        max_length=2000,
        help_text=_("Các đơn vị đọc nguyên văn, ví dụ người liên hệ ở Sở."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
