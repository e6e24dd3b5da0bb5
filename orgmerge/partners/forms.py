"""What is typed when several offices work on one reorganisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.agencies import lookup
from portal.agencies.models import Agency
from portal.agencies.querysets import AgencyQuerySet
from portal.core.rules import Violation


class AskForm(forms.Form):
    """Which office is asked to join."""

    office = forms.ModelChoiceField(
        label=_("Sở, Cục được mời"),
        queryset=Agency.objects.none(),
        empty_label=_("Chưa chọn"),
        help_text=_("Cơ quan theo dõi các đơn vị của tỉnh, bộ, ngành kia trong cùng quyết định."),
        error_messages={
            "required": _("Hãy chọn một Sở, Cục."),
            "invalid_choice": _("Sở, Cục này không mời được: đã cùng lập, đã được mời hoặc đã "
                                "chấm dứt hoạt động."),
        },
    )  # fmt: skip
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, offices: AgencyQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        office = self.fields["office"]
        assert isinstance(office, forms.ModelChoiceField)
        office.queryset = offices
        # With the province: names repeat within the country.
        office.label_from_instance = lookup.label  # type: ignore[assignment, method-assign]


class AnswerForm(forms.Form):
    """Why an office does not join, or does not agree to a plan; a yes needs no reason.

    ``violations`` are what a Refused said when it was tried.
    """

    violations: Sequence[Violation] = ()

    reason = forms.CharField(
        label=_("Lý do"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PlanAnswerForm(AnswerForm):
    """What the head of an office that joined says of the plan they have read."""

    plan = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
