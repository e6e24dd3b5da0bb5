"""What is typed to take a step: which, why, with which PIN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.rules import Violation
from portal.core.web.forms import SheetFile
from requests_app.models import Dossier, ReturnReason
from requests_app.steps.reasons import has_blank, numbers_in, with_rows
from requests_app.workflow import Action

if TYPE_CHECKING:
    from django.http import QueryDict


class SignedFile(SheetFile):
    """A letter signed with the device's own software; left out, the PIN is asked for."""

    def __init__(self) -> None:
        super().__init__(
            suffixes=".pdf",
            label=_("Văn bản đã ký bằng phần mềm của thiết bị"),
            required=False,
            help_text=_("Tệp PDF do phần mềm ký ghi ra từ đúng văn bản tải về ở đây."),
        )

    def clean(self, data: Any, initial: Any = None) -> Any:
        return super().clean(data, initial) if data else None


# Steps back whose reason is about rows of the list.
NAMES_ROWS = frozenset({Action.RETURN, Action.SEND_BACK, Action.SEND_BACK_TO_DRAFT})

PIN_ATTRS = {
    "autocomplete": "off",
    "inputmode": "numeric",
    "spellcheck": "false",
    "maxlength": "32",
}


class StepForm(forms.Form):
    """One step of the workflow: which, seen at which version, why, with which PIN.

    ``violations`` are what a Refused said when the step was tried.
    """

    violations: Sequence[Violation] = ()

    action = forms.ChoiceField(choices=Action.choices, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason_code = forms.ChoiceField(label=_("Lý do theo danh mục"), required=False)
    reason = forms.CharField(
        label=_("Nội dung lý do"),
        required=False,
        max_length=2000,
        help_text=_("Ghi rõ dòng nào, giấy tờ nào, sửa thế nào. Bên nhận đọc nguyên văn."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    rows = forms.CharField(
        label=_("Dòng có sai sót"),
        required=False,
        max_length=500,
        help_text=_("Ghi số thứ tự, ví dụ 2, 5, 7–9; nơi có danh sách thì tích ô ở từng dòng."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-rows": ""}),
    )
    pin = forms.CharField(
        label=_("Mã PIN của thiết bị ký"),
        required=False,
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )

    signed_file = SignedFile()

    def __init__(
        self,
        *args: Any,
        dossier: Dossier | None = None,
        step: str = "",
        reasons: Sequence[ReturnReason] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._dossier = dossier
        if dossier is None or step not in NAMES_ROWS:
            del self.fields["rows"]
        self._texts = {reason.code: reason.text for reason in reasons}
        field = self.fields["reason_code"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Chọn lý do")), *self._texts.items()]
        field.widget.attrs["data-fills"] = self["reason"].id_for_label

    @property
    def picked_rows(self) -> set[int]:
        """The rows that were ticked in the list of the page the form stands on."""
        ticked = self.data.getlist("row") if hasattr(self.data, "getlist") else []
        return {int(one) for one in ticked if one.isascii() and one.isdigit() and len(one) < 6}  # noqa: PLR2004

    def clean_rows(self) -> list[int]:
        """Return the numbers typed and ticked."""
        try:
            numbers = {*numbers_in(self.cleaned_data["rows"]), *self.picked_rows}
        except ValueError as error:
            message = _("Không hiểu “%(part)s”. Ghi số thứ tự dòng, ví dụ 2, 5, 7–9.")
            raise forms.ValidationError(message, params={"part": error.args[0]}) from error
        assert self._dossier is not None
        if beyond := [one for one in sorted(numbers) if not 1 <= one <= self._dossier.row_count]:
            message = _("Danh sách không có dòng %(row)s.")
            raise forms.ValidationError(message, params={"row": beyond[0]})
        return sorted(numbers)

    def clean(self) -> dict[str, Any]:
        """A reason chosen and no text written: the catalogue's own text is the reason.

        The rows named stand in it; a blank nobody filled comes back.
        """
        cleaned = dict(super().clean() or {})
        code = cleaned.get("reason_code", "")
        if code and not str(cleaned.get("reason", "")).strip():
            cleaned["reason"] = self._texts[code]
        if (rows := cleaned.get("rows")) and self._dossier is not None:
            items = self._dossier.items.filter(position__in=rows)
            titles = dict(items.values_list("position", "title"))
            cleaned["reason"] = with_rows(str(cleaned.get("reason", "")), titles)
        if has_blank(str(cleaned.get("reason", ""))) and "reason" not in self.errors:
            # What comes back is the text to be filled in, not an empty field.
            data = cast("QueryDict", self.data).copy()
            data["reason"] = str(cleaned["reason"])
            self.data = data
            self.add_error(
                "reason",
                _("Lý do còn chỗ chưa điền (“…”). Chọn dòng hoặc sửa lời văn rồi gửi lại."),
            )
        return cleaned
