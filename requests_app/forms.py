"""What is typed on the pages of a dossier: shape only, no permission, nothing saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency, AgencyKind
from portal.ca.models import Storage
from portal.core.rules import Violation
from portal.core.text.numbers import typed_number
from requests_app.covering_letters.workflow import LetterAction
from requests_app.models import Attachment, Decision, DossierItem, Procedure, ReturnReason
from requests_app.routing.presets import PRESETS
from requests_app.workflow import Action, Route

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
    pin = forms.CharField(
        label=_("Mã PIN của thiết bị ký"),
        required=False,
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )

    def __init__(self, *args: Any, reasons: Sequence[ReturnReason] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._texts = {reason.code: reason.text for reason in reasons}
        field = self.fields["reason_code"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Chọn lý do")), *self._texts.items()]
        field.widget.attrs["data-fills"] = self["reason"].id_for_label

    def clean(self) -> dict[str, Any]:
        """A reason chosen and no text written: the catalogue's own text is the reason."""
        cleaned = dict(super().clean() or {})
        code = cleaned.get("reason_code", "")
        if code and not str(cleaned.get("reason", "")).strip():
            cleaned["reason"] = self._texts[code]
        return cleaned


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


class RuleForm(forms.Form):
    """A RoutingRule as an administrator types it."""

    procedure = forms.ChoiceField(label=_("Loại việc"), choices=Procedure.choices)
    office = forms.ModelChoiceField(
        label=_("Áp dụng cho đơn vị thuộc"),
        queryset=Agency.objects.none(),
        to_field_name="uuid",
        required=False,
        empty_label=_("Mọi Sở, đơn vị chuyên trách"),
    )
    storage = forms.ChoiceField(
        label=_("Loại thiết bị"), required=False, choices=[("", _("Mọi loại")), *Storage.choices]
    )
    route = forms.ChoiceField(label=_("Đường đi"), choices=Route.choices)
    addressee = forms.ModelChoiceField(
        label=_("Kính gửi"), queryset=Agency.objects.none(), to_field_name="uuid"
    )
    copies = forms.ModelMultipleChoiceField(
        label=_("Đồng gửi để theo dõi"),
        queryset=Agency.objects.none(),
        to_field_name="uuid",
        required=False,
        help_text=_("Sở và phòng chuyên môn chỉ xem, không thấy số định danh."),
    )
    copies_commune = forms.BooleanField(
        label=_("Đồng gửi phòng Văn hóa – Xã hội của xã, phường nơi đơn vị gửi (nếu có)"),
        required=False,
    )
    channel = forms.CharField(
        label=_("Kênh gửi"),
        required=False,
        max_length=250,
        help_text=_("Ví dụ: Trục liên thông văn bản quốc gia. Chỉ để đơn vị biết."),
    )
    working_days = forms.IntegerField(
        label=_("Thời hạn giải quyết (ngày làm việc)"),
        required=False,
        min_value=1,
        max_value=30,
        help_text=_("Để trống thì theo quy định chung; chỉ được ngắn hơn."),
    )
    valid_from = forms.DateField(
        label=_("Áp dụng từ ngày"), widget=forms.DateInput(attrs={"placeholder": "dd/mm/yyyy"})
    )
    basis = forms.CharField(
        label=_("Căn cứ"), max_length=250, help_text=_("Số, ngày văn bản quy định nơi nhận.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        existing = Agency.objects.filter(dissolved_on__isnull=True)
        offices = existing.filter(kind=AgencyKind.OFFICE)
        receivers = existing.filter(kind__in=[AgencyKind.CA, AgencyKind.OFFICE])
        _offer(self, office=offices, copies=offices, addressee=receivers)


class PresetForm(forms.Form):
    """A province's set of rules, chosen for an office."""

    preset = forms.ChoiceField(
        label=_("Theo cách làm của"),
        choices=[(preset.code, preset.name) for preset in PRESETS.values()],
        widget=forms.RadioSelect,
    )
    office = forms.ModelChoiceField(
        label=_("Áp dụng cho đơn vị thuộc"),
        queryset=Agency.objects.none(),
        to_field_name="uuid",
        empty_label=_("Chọn Sở, đơn vị chuyên trách"),
    )
    valid_from = forms.DateField(
        label=_("Áp dụng từ ngày"), widget=forms.DateInput(attrs={"placeholder": "dd/mm/yyyy"})
    )
    basis = forms.CharField(
        label=_("Căn cứ"),
        required=False,
        max_length=200,
        help_text=_(
            "Số, ngày văn bản của tỉnh anh/chị. Để trống thì ghi văn bản của tỉnh chọn làm mẫu."
        ),
    )
    copies = forms.ModelMultipleChoiceField(
        label=_("Đồng gửi thêm để theo dõi"),
        queryset=Agency.objects.none(),
        to_field_name="uuid",
        required=False,
        help_text=_("Không bắt buộc: ngoài những nơi mẫu đã nêu."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offices = Agency.objects.filter(kind=AgencyKind.OFFICE, dissolved_on__isnull=True)
        _offer(self, office=offices, copies=offices)


def _offer(form: forms.Form, **bodies: QuerySet[Agency]) -> None:
    """Give the fields of a form the bodies that can be chosen in them."""
    for name, queryset in bodies.items():
        field = form.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = queryset


class EndRuleForm(forms.Form):
    """From when a rule no longer holds."""

    until = forms.DateField(
        label=_("Kết thúc trước ngày"), widget=forms.DateInput(attrs={"placeholder": "dd/mm/yyyy"})
    )


class LetterStepForm(forms.Form):
    """One step of a covering letter: which, seen at which version, why, with which PIN.

    ``violations`` are what a Refused said when the step was tried.
    """

    violations: Sequence[Violation] = ()

    action = forms.ChoiceField(choices=LetterAction.choices, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Nội dung lý do"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    pin = forms.CharField(
        label=_("Mã PIN của thiết bị ký"),
        required=False,
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )


class LetterNumberForm(forms.Form):
    """The number and day of a covering letter, from the office's own document system."""

    letter_number = forms.CharField(
        label=_("Số, ký hiệu công văn"),
        max_length=40,
        help_text=_("Lấy tại sổ văn bản đi của Sở, ví dụ 68/SKHCN-CĐS."),
    )
    letter_date = forms.DateField(
        label=_("Ngày công văn"), widget=forms.DateInput(attrs={"placeholder": "dd/mm/yyyy"})
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class LetterScanForm(forms.Form):
    """The scan of a covering letter signed by hand and sealed."""

    file = forms.FileField(
        label=_("Bản quét công văn đã ký, đóng dấu"),
        help_text=_("PDF, PNG hoặc JPEG, tối đa 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


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
