"""Rules of routing as an administrator types them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency, AgencyKind
from portal.ca.models import Storage
from requests_app.models import Procedure
from requests_app.routing.presets import PRESETS
from requests_app.workflow import Route


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
