"""What an administrator types about a body."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from portal.agencies import lookup
from portal.agencies.facts import AgencyFacts, NameForms, SignerFacts
from portal.agencies.models import Agency, AgencyKind, AgencyVersion, SignedPaper, SigningForm
from portal.agencies.rules import CHECKS
from portal.core.rules import Violation
from portal.core.text import names
from portal.core.text.names import CERTIFICATE_NAME_LENGTH
from portal.core.text.provinces import PROVINCES, province_name, province_now, province_of_today
from portal.core.text.vietnamese import sort_key
from portal.core.web.forms import CheckedField, ChooserInput, DayField


class BodyField(CheckedField):
    """A body named by typing; suggestions come while typing where script runs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=350, **kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {
            **super().widget_attrs(widget),
            "list": "goi-y-don-vi",
            "hx-get": reverse_lazy("agencies:suggest"),
            "hx-trigger": "input changed delay:300ms",
            "hx-target": "#goi-y-don-vi",
        }

    def clean(self, value: Any) -> Agency | None:
        typed = super().clean(value)
        if not typed:
            return None
        return lookup.find(Agency.objects.filter(dissolved_on__isnull=True), typed)


class VersionForm(forms.Form):
    """What a body is from a day on."""

    name = CheckedField(
        label=_("Tên đơn vị"),
        max_length=250,
        help_text=_("Ghi đúng theo quyết định thành lập; tên này được in trên công văn."),
    )
    short_name = CheckedField(
        label=_("Tên viết tắt"),
        max_length=30,
        checks=[CHECKS["short_name"]],
        help_text=_("Dùng trong ký hiệu văn bản, ví dụ UBND, SKHCN."),
    )
    province = CheckedField(
        label=_("Tỉnh, thành phố"),
        max_length=60,
        widget=ChooserInput(sorted(PROVINCES, key=sort_key)),
    )
    place = CheckedField(
        label=_("Địa danh"), max_length=60, help_text=_("Ghi trước ngày tháng trên văn bản.")
    )
    address = CheckedField(label=_("Địa chỉ"), max_length=250, required=False)
    parent = BodyField(label=_("Cơ quan cấp trên trực tiếp"), required=False)
    office = forms.ModelChoiceField(
        label=_("Sở KH&CN hoặc Cục CNTT theo dõi"),
        queryset=Agency.objects.filter(kind=AgencyKind.OFFICE, dissolved_on__isnull=True),
        required=False,
        empty_label=_("Không có"),
    )
    has_seal = forms.BooleanField(
        label=_("Có con dấu riêng"),
        required=False,
        help_text=_("Đơn vị không có con dấu riêng gửi hồ sơ qua cơ quan cấp trên."),
    )
    agency_code = CheckedField(
        label=_("Mã định danh điện tử"),
        max_length=35,
        required=False,
        checks=[CHECKS["agency_code"]],
        help_text=_("Theo Quyết định 20/2020/QĐ-TTg, ví dụ H23.45.01."),
    )
    tax_code = CheckedField(
        label=_("Mã số thuế"), max_length=14, required=False, checks=[CHECKS["tax_code"]]
    )
    budget_code = CheckedField(
        label=_("Mã quan hệ ngân sách"),
        max_length=7,
        required=False,
        checks=[CHECKS["budget_code"]],
    )
    email = CheckedField(
        label=_("Thư điện tử công vụ"), max_length=254, required=False, checks=[CHECKS["email"]]
    )
    email_domain = CheckedField(
        label=_("Tên miền thư công vụ"),
        max_length=100,
        required=False,
        checks=[CHECKS["email_domain"]],
    )
    phone = CheckedField(
        label=_("Điện thoại"), max_length=20, required=False, checks=[CHECKS["phone"]]
    )
    head_title = CheckedField(
        label=_("Chức vụ người đứng đầu"), max_length=60, help_text=_("Ví dụ: CHỦ TỊCH, GIÁM ĐỐC.")
    )
    signs_for = CheckedField(
        label=_("Ký thay mặt"),
        max_length=120,
        required=False,
        help_text=_("Ví dụ: TM. ỦY BAN NHÂN DÂN."),
    )
    decision = CheckedField(
        label=_("Căn cứ"),
        max_length=250,
        help_text=_("Số, ngày và tên quyết định thành lập hoặc thay đổi."),
    )
    valid_from = DayField(label=_("Có hiệu lực từ ngày"))

    def clean_province(self) -> str:
        """One of today's provinces; what a body of before has may stay."""
        typed: str = self.cleaned_data["province"]
        if not typed or typed == self.initial.get("province"):
            return typed
        if found := province_of_today(typed):
            return found
        said = [_("“%(name)s” không phải một trong 34 tỉnh, thành phố từ ngày 01/7/2025.")]
        name = province_name(typed)
        meant = province_now(name) or names.nearest(name, PROVINCES)
        if meant:
            said.append(_("Có phải: “%(meant)s”?"))
        message = " ".join(map(str, said))
        params = {"name": typed, "meant": meant}
        raise forms.ValidationError(message, "unknown_province", params)

    def facts(self) -> AgencyFacts:
        """Return what was typed, once it is valid."""
        columns = AgencyFacts.__dataclass_fields__
        return AgencyFacts(
            **{name: value for name, value in self.cleaned_data.items() if name in columns}
        )


class RegisterForm(VersionForm):
    """A body that is not in the portal yet."""

    kind = forms.ChoiceField(label=_("Loại đơn vị"), choices=AgencyKind)
    field_order = ["kind"]


class NamesForm(forms.Form):
    """How a body's name is written; ``name`` is what pages show."""

    name = CheckedField(label=_("Tên viết thường"), max_length=250)
    capital_name = CheckedField(label=_("Tên viết hoa"), max_length=250)
    certificate_name = CheckedField(
        label=_("Tên ngắn trong chứng thư"), max_length=CERTIFICATE_NAME_LENGTH, required=False
    )

    def __init__(self, data: Any = None, *, version: AgencyVersion) -> None:
        proposed = NameForms.proposed(version.name)
        if version.names_checked_at is not None:
            proposed = NameForms(
                name=version.name,
                capital_name=version.in_capitals,
                certificate_name=version.certificate_name,
            )
        super().__init__(data, prefix=str(version.pk), initial=asdict(proposed))
        self.version = version
        self.violations: tuple[Violation, ...] = ()

    def forms(self) -> NameForms:
        """Return what was typed, once it is valid."""
        return NameForms(**self.cleaned_data)


class ChangeForm(VersionForm):
    """A change of a body from a day on. ``seen`` is the version the form was filled from."""

    seen = DayField(widget=forms.HiddenInput)
    field_order = ["valid_from", "decision"]


def initial_of(version: AgencyVersion) -> dict[str, Any]:
    """Return what a form to change ``version`` begins with: all but the day and the decision."""
    initial = version.facts().columns()
    initial["parent"] = lookup.label(version.parent) if version.parent else ""
    return initial | {"decision": "", "seen": version.valid_from.isoformat()}


class SignerForm(forms.Form):
    """Who may sign for a body from a day on."""

    account = forms.ChoiceField(
        label=_("Tài khoản lãnh đạo"),
        required=False,
        help_text=_("Chứng thư cá nhân của người này dùng để ký. Chưa có tài khoản thì để trống."),
    )
    name = CheckedField(
        label=_("Họ và tên"),
        max_length=150,
        required=False,
        help_text=_("Chỉ ghi khi chưa có tài khoản: người này chỉ ký tay."),
    )
    form = forms.ChoiceField(label=_("Hình thức ký"), choices=SigningForm)
    title = CheckedField(
        label=_("Chức vụ ghi trên văn bản"),
        max_length=120,
        help_text=_("Ví dụ CHỦ TỊCH, PHÓ CHỦ TỊCH, CHÁNH VĂN PHÒNG; không kèm KT., TL., TUQ., Q."),
    )
    papers = forms.MultipleChoiceField(
        label=_("Văn bản được ký"),
        required=False,
        choices=SignedPaper,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Bắt buộc với TL., TUQ.: đúng những văn bản mà căn cứ nêu."),
    )
    document = CheckedField(
        label=_("Căn cứ"),
        max_length=250,
        required=False,
        help_text=_("Số, ngày và tên quyết định, thông báo phân công, giấy ủy quyền, quy chế."),
    )
    valid_from = DayField(label=_("Được ký từ ngày"))
    valid_until = DayField(
        label=_("Đến trước ngày"),
        required=False,
        help_text=_("Bắt buộc với TUQ.; để trống khi chưa biết."),
    )

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._accounts = {str(one.uuid): one for one in lookup.accounts_that_sign(agency)}
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        named = ((key, f"{one.full_name} – {one.position}") for key, one in self._accounts.items())
        field.choices = [("", _("Chưa có tài khoản")), *named]

    def facts(self) -> SignerFacts:
        """Return what was typed, once it is valid."""
        typed = self.cleaned_data
        account = self._accounts.get(typed["account"])
        return SignerFacts(
            name=account.full_name if account else typed["name"],
            form=typed["form"],
            title=typed["title"],
            valid_from=typed["valid_from"],
            valid_until=typed["valid_until"],
            document=typed["document"],
            papers=tuple(typed["papers"]),
            person=account.person if account else None,
        )


class EndSignerForm(forms.Form):
    """The day from which somebody no longer signs."""

    on = DayField(label=_("Không ký nữa từ ngày"))
