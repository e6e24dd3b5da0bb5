"""What is decided about one row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from requests_app.models import Decision, DossierItem


class RowDecisionForm(forms.Form):
    """What is decided about one row."""

    decision = forms.ChoiceField(
        label=_("Kết quả"),
        required=False,
        choices=Decision.choices,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Lý do từ chối"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"list": "ly-do"}),
    )

    def __init__(self, data: Any = None, *, item: DossierItem) -> None:
        initial = {"decision": item.decision, "reason": item.decision_reason}
        super().__init__(data, prefix=str(item.uuid), initial=initial)
        self.item = item

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        if cleaned.get("decision") == Decision.REFUSED and not cleaned.get("reason"):
            self.add_error("reason", _("Từ chối phải nêu rõ lý do."))
        return cleaned
