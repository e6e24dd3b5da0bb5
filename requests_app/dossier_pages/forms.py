"""A file that is attached to a dossier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from requests_app.models import Attachment


class AttachmentForm(forms.Form):
    """A file to be kept with the dossier."""

    kind = forms.ChoiceField(label=_("Loại tài liệu"))
    row = forms.IntegerField(
        label=_("Thuộc dòng số"),
        required=False,
        min_value=1,
        help_text=_("Chỉ ghi khi đính kèm đề nghị của cá nhân."),
    )
    file = forms.FileField(
        label=_("Tệp"),
        help_text=_("PDF, PNG hoặc JPEG, tối đa 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kinds: Sequence[Attachment.Kind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(kind.value, kind.label) for kind in kinds]
        if Attachment.Kind.OWN_REQUEST not in kinds:
            del self.fields["row"]
        if len(kinds) == 1:
            field.initial = kinds[0].value
            field.widget = forms.HiddenInput()
