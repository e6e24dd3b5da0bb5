"""Forms of what comes with the effective day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgmerge.models import Merger, MergerBody
from orgmerge.vocabulary import About
from portal.core.rules import Violation


class ListSentForm(forms.Form):
    """With which number, and when, the list of bodies went to the CA.

    ``violations`` are what a Refused said.
    """

    violations: Sequence[Violation] = ()

    number = forms.CharField(label=_("Số, ký hiệu công văn"), max_length=40)
    sent_on = forms.DateField(label=_("Ngày gửi"), help_text=_("Ví dụ: 01/12/2026."))


class SignedRecordForm(forms.Form):
    """The scan of a record that both sides have signed."""

    violations: Sequence[Violation] = ()

    file = forms.FileField(
        label=_("Bản quét biên bản đã ký"),
        help_text=_("PDF, PNG hoặc JPEG, tối đa 10 MB."),
        error_messages={"required": _("Hãy chọn tệp quét của biên bản đã ký.")},
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )


class SendToForm(forms.Form):
    """Where something left behind goes."""

    violations: Sequence[Violation] = ()

    about = forms.ChoiceField(choices=About, widget=forms.HiddenInput)
    uuid = forms.UUIDField(widget=forms.HiddenInput)
    body = forms.ModelChoiceField(
        MergerBody.objects.none(), label=_("Chuyển đến"), empty_label=_("Chọn đơn vị")
    )

    def __init__(self, *args: Any, merger: Merger, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["body"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = merger.bodies.filter(agency__isnull=False).order_by("position")
