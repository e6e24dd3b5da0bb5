"""What an officer types about a reorganisation, a body after it, and who goes where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.description.values import BodyFacts, MergerFacts
from orgmerge.models import Merger, MergerBody
from orgmerge.planner import names
from orgmerge.vocabulary import Extent, MergerKind
from orgmerge.workflow import MergerAction
from portal.agencies import lookup
from portal.agencies.facts import AgencyFacts
from portal.agencies.forms import VersionForm
from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.querysets import AgencyQuerySet
from portal.agencies.rules import CHECKS
from portal.core.rules import Violation
from portal.core.text.identifiers import check_official_email
from portal.core.web.forms import CheckedField, DayField

_HINTS = {
    MergerKind.NEW_NAME: gettext_lazy("Hai hay nhiều đơn vị nhập thành một, mang tên khác."),
    MergerKind.NAME_KEPT: gettext_lazy("Các đơn vị nhập vào một đơn vị; đơn vị đó giữ tên."),
    MergerKind.SUPERIOR: gettext_lazy("Tên không đổi, chuyển sang trực thuộc cơ quan khác."),
    MergerKind.RENAME: gettext_lazy("Một đơn vị đổi tên, đổi loại hoặc đổi địa chỉ."),
    MergerKind.SPLIT: gettext_lazy("Một đơn vị chia thành nhiều, hoặc tách một phần ra."),
    MergerKind.DISSOLUTION: gettext_lazy("Đơn vị chấm dứt, không có đơn vị kế thừa."),
    MergerKind.MIXED: gettext_lazy("Ví dụ nghị quyết sắp xếp cả tỉnh: có đủ các hình thức trên."),
}


class KindForm(forms.Form):
    """The one question a description begins with."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Quyết định này làm gì?"),
        choices=MergerKind,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Hãy chọn một hình thức."),
            "invalid_choice": gettext_lazy("Hãy chọn một hình thức trong danh sách."),
        },
    )

    def options(self) -> Sequence[tuple[str, Any, Any]]:
        """Return (value, label, hint)."""
        return [(kind.value, kind.label, _HINTS[kind]) for kind in MergerKind]


class MergerForm(forms.Form):
    """The decision and the contact point; ``version`` is the one the form was filled from."""

    title = CheckedField(
        label=gettext_lazy("Tên gọi"),
        max_length=250,
        help_text=gettext_lazy("Ví dụ: Sắp xếp xã Tân Uyên và xã Phúc Khoa."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Hình thức"), choices=MergerKind)
    decision = CheckedField(
        label=gettext_lazy("Số quyết định, nghị quyết"),
        max_length=250,
        help_text=gettext_lazy("Ví dụ: 1670/NQ-UBTVQH15. Ghi đúng như văn bản."),
    )
    decided_on = DayField(label=gettext_lazy("Ngày quyết định"))
    effective_on = DayField(
        label=gettext_lazy("Ngày hiệu lực"),
        help_text=gettext_lazy("Tên cũ dùng đến hết ngày trước đó, tên mới dùng từ ngày này."),
    )
    contact_name = CheckedField(
        label=gettext_lazy("Đầu mối liên hệ"),
        max_length=150,
        required=False,
        help_text=gettext_lazy("Người Cục liên hệ khi nhận danh sách (275/BCY-CTSBMTT, mục 4)."),
    )
    contact_position = CheckedField(label=gettext_lazy("Chức vụ"), max_length=120, required=False)
    contact_phone = CheckedField(
        label=gettext_lazy("Điện thoại"),
        max_length=20,
        required=False,
        checks=[CHECKS["phone"]],
    )
    contact_email = CheckedField(
        label=gettext_lazy("Thư điện tử công vụ"),
        max_length=254,
        required=False,
        checks=[check_official_email],
    )
    note = forms.CharField(
        label=gettext_lazy("Ghi chú"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput, required=False)

    def facts(self) -> MergerFacts:
        """Return what was typed, once it is valid."""
        columns = MergerFacts.__dataclass_fields__
        return MergerFacts(**{name: self.cleaned_data[name] for name in columns})


def initial_of_merger(merger: Merger) -> dict[str, Any]:
    """Return what the form about ``merger`` begins with."""
    columns = MergerFacts.__dataclass_fields__
    return {name: getattr(merger, name) for name in columns} | {"version": merger.version}


class NamedBodyField(CheckedField):
    """A registered body named by typing, among ``agencies``; suggestions where script runs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=350, **kwargs)
        self.agencies: AgencyQuerySet = Agency.objects.none()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {
            **super().widget_attrs(widget),
            "list": "goi-y-don-vi",
            "hx-trigger": "input changed delay:300ms",
            "hx-target": "#goi-y-don-vi",
        }

    def choose_for(self, merger: Merger, agencies: AgencyQuerySet) -> None:
        """Name one of ``agencies``; suggested are the bodies that ``merger`` can be about."""
        self.agencies = agencies
        self.widget.attrs["hx-get"] = reverse("orgmerge:suggest", args=[merger.uuid])

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return lookup.find(self.agencies, typed) if typed else None


class SuperiorField(NamedBodyField):
    """A superior: a body of the same decision by its name, else a registered one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.merger: Merger | None = None

    def clean(self, value: Any) -> Any:
        typed = CheckedField.clean(self, value)
        if not typed:
            return None
        return self._described(typed) or lookup.find(self.agencies, typed)

    def _described(self, typed: str) -> MergerBody | Agency | None:
        assert self.merger is not None
        wanted = names.key(typed)
        rows = self.merger.bodies.values_list("pk", "name", "province", "agency_id")
        found = [
            (pk, agency)
            for pk, name, province, agency in rows
            if wanted in (names.key(name), names.key(f"{name} ({province})"))
        ]
        if len(found) > 1:
            raise ValidationError(
                _("Phương án có nhiều đơn vị cùng tên này. Hãy ghi thêm tỉnh trong ngoặc."),
                "several_bodies",
            )
        if not found:
            return None
        ((pk, agency),) = found
        return Agency.objects.get(pk=agency) if agency else self.merger.bodies.get(pk=pk)


class BodyForm(VersionForm):
    """A body after the reorganisation: founded, or a registered one that lives on."""

    agency = NamedBodyField(
        label=gettext_lazy("Đơn vị đang có tiếp tục hoạt động"),
        required=False,
        help_text=gettext_lazy("Để trống nếu quyết định thành lập đơn vị mới."),
    )
    parent = SuperiorField(  # type: ignore[assignment]
        label=gettext_lazy("Cơ quan cấp trên trực tiếp"),
        required=False,
        help_text=gettext_lazy("Cơ quan đang có, hoặc đơn vị khác trong phương án này."),
    )
    sealed_how = CheckedField(
        label=gettext_lazy("Đóng dấu trong thời gian chuyển tiếp"),
        max_length=250,
        required=False,
        help_text=gettext_lazy(
            "Đến khi có chữ ký số tên mới: văn bản tên mới ký, đóng dấu thế nào theo ý kiến của "
            "Cục, ví dụ dấu mới trên giấy, hoặc cơ quan cấp trên gửi thay."
        ),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    field_order = ["agency", "name", "short_name", "parent"]
    office = decision = valid_from = None  # type: ignore[assignment]

    def __init__(self, *args: Any, merger: Merger, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own, superior = self.fields["agency"], self.fields["parent"]
        assert isinstance(own, NamedBodyField)
        assert isinstance(superior, SuperiorField)
        own.choose_for(merger, merger.bodies_to_describe())
        superior.choose_for(merger, Agency.objects.existing(merger.effective_on))
        superior.merger = merger

    def body_facts(self) -> BodyFacts:
        """Return what was typed, once it is valid."""
        above = self.cleaned_data["parent"]
        is_described = isinstance(above, MergerBody)
        self.cleaned_data["parent"] = None if is_described else above
        made = BodyFacts(
            facts=self.facts(),
            agency=self.cleaned_data["agency"],
            parent_body=above if is_described else None,
            sealed_how=self.cleaned_data["sealed_how"],
        )
        self.cleaned_data["parent"] = above
        return made


class RowForm(forms.Form):
    """A registered body that is transferred, wholly or partly."""

    old = NamedBodyField(
        label=gettext_lazy("Đơn vị cũ"),
        help_text=gettext_lazy("Tên đầy đủ, tên kèm tỉnh trong ngoặc, hoặc mã định danh."),
    )
    extent = forms.ChoiceField(
        label=gettext_lazy("Phạm vi chuyển"),
        choices=Extent,
        initial=Extent.WHOLE,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Chuyển một phần: từng người, thiết bị đi đâu do người quyết định, hệ thống không tự "
            "phân chia."
        ),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, merger: Merger, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        old = self.fields["old"]
        assert isinstance(old, NamedBodyField)
        old.choose_for(merger, merger.bodies_to_describe())


class ExtentForm(forms.Form):
    """How much of a body is transferred."""

    extent = forms.ChoiceField(
        label=gettext_lazy("Phạm vi chuyển"), choices=Extent, widget=forms.RadioSelect
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class MergerStepForm(forms.Form):
    """One step: which, seen at which version, why.

    ``violations`` are what a Refused said when the step was tried.
    """

    violations: Sequence[Violation] = ()

    action = forms.ChoiceField(choices=MergerAction, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Lý do"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    goes_ahead = forms.BooleanField(
        label=gettext_lazy("Trình dù đợt rà soát chưa có đủ trả lời"),
        required=False,
    )


_NOT_DESCRIBED = frozenset({"parent", "office", "decision"})
_COLUMNS = tuple(name for name in AgencyFacts.__dataclass_fields__ if name not in _NOT_DESCRIBED)


def initial_of_agency(agency: Agency, *, day: date) -> dict[str, Any]:
    """Return how ``agency`` stands on ``day``, nothing changed yet."""
    versions = AgencyVersion.objects.on(day).filter(agency=agency)
    version = versions.select_related("parent").first()
    initial: dict[str, Any] = {"agency": lookup.label(agency)}
    if version is None:
        return initial | {"name": agency.name, "province": agency.province}
    columns = {name: getattr(version, name) for name in _COLUMNS}
    above = lookup.label(version.parent) if version.parent else ""
    return initial | columns | {"parent": above}


def initial_of_body(body: MergerBody) -> dict[str, Any]:
    """Return what is described of ``body``."""
    columns = {name: getattr(body, name) for name in _COLUMNS}
    above = body.parent_body or body.parent
    return columns | {
        "agency": lookup.label(body.agency) if body.agency else "",
        "parent": f"{above.name} ({above.province})" if above else "",
        "sealed_how": body.sealed_how,
    }
