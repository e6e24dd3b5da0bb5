"""Several letters chosen to be signed with one PIN."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.text.numbers import typed_number
from requests_app.steps.forms import PIN_ATTRS


class BatchSigningForm(forms.Form):
    """Several letters, each at the version that was seen, and one PIN for all of them.

    ``chosen`` are "uuid:version"; what is neither is a form that nobody was shown.
    """

    chosen = forms.CharField(widget=forms.MultipleHiddenInput, required=False)
    looked = forms.BooleanField(label=_("Tôi đã xem từng văn bản được chọn"))
    pin = forms.CharField(
        label=_("Mã PIN của thiết bị ký"),
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )

    @property
    def chosen_before(self) -> list[tuple[UUID, int]]:
        """What was chosen, so that a form that comes back has it still."""
        if not self.is_bound:
            return []
        try:
            return [_seen_letter(one) for one in self._typed()]
        except ValueError:
            return []

    def clean_chosen(self) -> list[tuple[UUID, int]]:
        typed = self._typed()
        if not typed:
            raise forms.ValidationError(_("Chưa chọn văn bản nào."))
        try:
            return [_seen_letter(one) for one in typed]
        except ValueError as error:
            raise forms.ValidationError(
                _("Danh sách đã chọn không đúng; tải lại trang.")
            ) from error

    def _typed(self) -> list[str]:
        data = self.data
        return list(data.getlist("chosen")) if hasattr(data, "getlist") else []


def _seen_letter(text: str) -> tuple[UUID, int]:
    uuid, _colon, version = text.partition(":")
    return UUID(uuid), typed_number(version, otherwise=0)
