"""What is typed in inspections: checklist, round, answers, minutes, findings, proposals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency
from portal.core.web.forms import CheckedField, DayField
from portal.inspection.known import FACTS
from portal.inspection.models import (
    AssessmentAnswer,
    ChecklistItem,
    ConductProposal,
    InspectionRound,
    InspectionVisit,
    RoundItem,
)
from portal.inspection.scoring import MOST_POINTS, Verdict
from portal.inspection.workflow import NEW_DAY, FindingStep

MOST_NUMBER = 1_000_000  # of a figure a body gives: more is a slip of the hand
MOST_FILES = 5  # with one report about a finding
ENDINGS = ".pdf,.png,.jpg,.jpeg,.xlsx"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_LONG = 4000


def _text(label: Any, *, rows: int = 3, required: bool = True, **kwargs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(
        label=label, max_length=_LONG, required=required, widget=widget, **kwargs
    )


class FilesInput(forms.FileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Up to ``MOST_FILES`` files; what they are is for the service to check."""

    def __init__(self, **kwargs: Any) -> None:
        widget = FilesInput(attrs={"accept": ENDINGS})
        super().__init__(required=False, allow_empty_file=True, widget=widget, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list) else [data] if data else []
        if len(files) > MOST_FILES:
            raise ValidationError(
                _("Chỉ gửi tối đa %(most)d tệp một lần."),
                code="too_many_files",
                params={"most": MOST_FILES},
            )
        return [super(FilesField, self).clean(one, initial) for one in files]


class ItemForm(forms.Form):
    """One line of the checklist."""

    title = CheckedField(label=_("Nội dung kiểm tra"), max_length=300)
    basis = CheckedField(label=_("Căn cứ"), required=False, max_length=200)
    points = forms.IntegerField(label=_("Điểm tối đa"), min_value=1, max_value=MOST_POINTS)
    evidence = CheckedField(
        label=_("Minh chứng cần có"),
        required=False,
        max_length=300,
        help_text=_("Ví dụ: văn bản phân công, sổ theo dõi."),
    )
    number_label = CheckedField(
        label=_("Số liệu cần ghi"),
        required=False,
        max_length=120,
        help_text=_("Để trống nếu nội dung này không cần số liệu."),
    )
    fact = forms.ChoiceField(
        label=_("Hệ thống đối chiếu"),
        required=False,
        choices=[("", _("Không")), *((one.code, one.words) for one in FACTS)],
        help_text=_("Số mà hệ thống tự biết, hiện cạnh câu trả lời của đơn vị."),
    )
    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, item: ChecklistItem) -> ItemForm:
        """Return the form of a line as it stands."""
        names = ("title", "basis", "points", "evidence", "number_label", "fact", "version")
        return cls(initial={name: getattr(item, name) for name in names})

    @property
    def facts(self) -> dict[str, Any]:
        """What was typed, once valid."""
        return {name: typed for name, typed in self.cleaned_data.items() if name != "version"}


class RoundForm(forms.Form):
    """A new round; ``bodies`` are those the office may inspect."""

    title = CheckedField(label=_("Tên đợt"), max_length=200)
    basis = CheckedField(
        label=_("Căn cứ"),
        required=False,
        max_length=250,
        help_text=_("Ví dụ: Kế hoạch số 12/KH-SKHCN ngày 05/01/2026."),
    )
    year = forms.IntegerField(
        label=_("Năm"), min_value=_FIRST_YEAR, max_value=_LAST_YEAR, localize=False
    )
    due_on = DayField(label=_("Hạn tự đánh giá"))
    everyone = forms.BooleanField(label=_("Tất cả đơn vị có con dấu riêng"), required=False)
    bodies = forms.ModelMultipleChoiceField(
        label=_("Hoặc chọn từng đơn vị"),
        queryset=Agency.objects.none(),
        to_field_name="uuid",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, bodies: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        field = self.fields["bodies"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = bodies

    def clean_due_on(self) -> date:
        due_on: date = self.cleaned_data["due_on"]
        if due_on < self.today:
            raise ValidationError(_("Hạn không được ở trong quá khứ."), code="day_is_past")
        return due_on

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not typed.get("everyone") and not typed.get("bodies"):
            self.add_error("everyone", ValidationError(_("Chưa chọn đơn vị nào."), code="no_body"))
        return typed


class AddBodyForm(forms.Form):
    """One more body for a round."""

    body = forms.ModelChoiceField(
        label=_("Thêm đơn vị"), queryset=Agency.objects.none(), to_field_name="uuid"
    )

    def __init__(self, *args: Any, bodies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["body"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = bodies


class AnswersForm(forms.Form):
    """What a body says of each item: verdict, number where one is wanted, remark, a file."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    drop = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(
        self,
        *args: Any,
        items: Sequence[RoundItem],
        answers: Mapping[int, AssessmentAnswer],
        evidence: Collection[int] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.items = items
        drop = self.fields["drop"]
        assert isinstance(drop, forms.TypedMultipleChoiceField)
        drop.choices = [(str(pk), "") for pk in evidence]
        for place, item in enumerate(items, 1):
            kept = answers.get(item.pk)
            self.fields[f"verdict_{item.pk}"] = forms.ChoiceField(
                label=_("Nội dung %(place)d: tự đánh giá") % {"place": place},
                required=False,
                choices=[("", _("Chưa đánh giá")), *Verdict.choices],
                initial=kept.verdict if kept else "",
            )
            if item.number_label:
                self.fields[f"number_{item.pk}"] = forms.IntegerField(
                    label=item.number_label,
                    required=False,
                    min_value=0,
                    max_value=MOST_NUMBER,
                    initial=kept.number if kept else None,
                )
            self.fields[f"remark_{item.pk}"] = forms.CharField(
                label=_("Thuyết minh"),
                required=False,
                max_length=1000,
                initial=kept.remark if kept else "",
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"file_{item.pk}"] = forms.FileField(
                label=_("Thêm minh chứng"),
                required=False,
                allow_empty_file=True,
                widget=forms.FileInput(attrs={"accept": ENDINGS}),
            )


class ReviewForm(forms.Form):
    """The office's own verdict on each item; none leaves the body's."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        items: Sequence[RoundItem],
        answers: Mapping[int, AssessmentAnswer],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.items = items
        for place, item in enumerate(items, 1):
            kept = answers.get(item.pk)
            self.fields[f"verdict_{item.pk}"] = forms.ChoiceField(
                label=_("Nội dung %(place)d: Sở đánh giá") % {"place": place},
                required=False,
                choices=[("", _("Như đơn vị tự đánh giá")), *Verdict.choices],
                initial=kept.office_verdict if kept else "",
            )
            self.fields[f"remark_{item.pk}"] = forms.CharField(
                label=_("Nhận xét của Sở"),
                required=False,
                max_length=1000,
                initial=kept.office_remark if kept else "",
                widget=forms.Textarea(attrs={"rows": 2}),
            )


class StepForm(forms.Form):
    """One step of an assessment: which, seen at which version, why."""

    action = forms.CharField(max_length=20, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    text = _text(_("Nội dung"), required=False)


class VisitPlanForm(forms.Form):
    """A visit to come."""

    planned_on = DayField(label=_("Ngày dự kiến kiểm tra"))
    members = _text(_("Đoàn kiểm tra"), help_text=_("Mỗi người một dòng: họ tên, chức vụ."))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_planned_on(self) -> date:
        planned_on: date = self.cleaned_data["planned_on"]
        if planned_on < self.today:
            raise ValidationError(_("Ngày dự kiến không được ở trong quá khứ."), code="day_is_past")
        return planned_on


class MinutesForm(forms.Form):
    """What is kept of a visit, until its minutes are signed."""

    planned_on = DayField(label=_("Ngày dự kiến kiểm tra"))
    members = _text(_("Đoàn kiểm tra"), help_text=_("Mỗi người một dòng: họ tên, chức vụ."))
    held_on = DayField(label=_("Ngày đã kiểm tra"), required=False)
    met_with = _text(_("Đại diện đơn vị được kiểm tra"), required=False)
    found = _text(_("Kết quả kiểm tra"), rows=8, required=False)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_held_on(self) -> date | None:
        held_on: date | None = self.cleaned_data["held_on"]
        if held_on is not None and held_on > self.today:
            raise ValidationError(_("Ngày kiểm tra chưa tới."), code="day_is_ahead")
        return held_on


class FindingForm(forms.Form):
    """A new finding, about an item and from a visit where it is from one."""

    title = CheckedField(label=_("Kiến nghị"), max_length=250)
    text = _text(_("Yêu cầu cụ thể"), required=False)
    due_on = DayField(label=_("Hạn thực hiện"))
    item = forms.ModelChoiceField(
        label=_("Về nội dung"),
        queryset=RoundItem.objects.none(),
        required=False,
        empty_label=_("Nội dung khác"),
    )
    visit = forms.ModelChoiceField(
        label=_("Nêu khi"),
        queryset=InspectionVisit.objects.none(),
        required=False,
        empty_label=_("Xem tự đánh giá"),
    )

    def __init__(self, *args: Any, items: Any, visits: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("item", items), ("visit", visits)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


class FindingStepForm(forms.Form):
    """One step of a finding: what is said, until when, with which files."""

    action = forms.CharField(max_length=20, widget=forms.HiddenInput)
    text = _text(_("Nội dung"), required=False)
    due_on = DayField(label=_("Hạn mới"), required=False)
    attached = FilesField(
        label=_("Minh chứng"), help_text=_("PDF, ảnh hoặc bảng tính, mỗi tệp tối đa 10 MB.")
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def for_step(self, step: FindingStep) -> FindingStepForm:
        """Leave out what this step does not ask; return the form."""
        if step.needs != NEW_DAY:
            del self.fields["due_on"]
        return self


class ProposalForm(forms.Form):
    """A proposal for reward or discipline."""

    kind = forms.ChoiceField(label=_("Loại đề nghị"), choices=ConductProposal.Kind.choices)
    agency = forms.ModelChoiceField(
        label=_("Đơn vị"), queryset=Agency.objects.none(), to_field_name="uuid"
    )
    about = CheckedField(
        label=_("Tập thể, cá nhân"),
        max_length=200,
        help_text=_("Tên tập thể, hoặc họ tên, chức vụ."),
    )
    reason = _text(_("Lý do"))
    round = forms.ModelChoiceField(
        label=_("Theo đợt kiểm tra"),
        queryset=InspectionRound.objects.none(),
        to_field_name="uuid",
        required=False,
        empty_label=_("Không theo đợt nào"),
    )

    def __init__(self, *args: Any, bodies: Any, rounds: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("agency", bodies), ("round", rounds)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


class DecisionForm(forms.Form):
    """What was decided of a proposal."""

    decision = forms.ChoiceField(label=_("Kết luận"), choices=ConductProposal.Decision.choices)
    basis = CheckedField(
        label=_("Số, ngày văn bản"),
        required=False,
        max_length=200,
        help_text=_("Ví dụ: Quyết định số 15/QĐ-UBND ngày 20/11/2026."),
    )
    note = _text(_("Ghi chú"), required=False)
