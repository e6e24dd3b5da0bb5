"""Who gets which form: the rules, as an administrator reads them, proposes and confirms changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.agencies.models import Agency, AgencyKind
from portal.ca.models import Storage
from portal.core.roles import Capability
from portal.core.rules import Refused
from portal.core.web.forms import DayField
from portal.core.web.refusals import Refusals
from requests_app.models import Procedure, RoutingProposal, RoutingRule
from requests_app.routing.presets import PRESETS
from requests_app.routing.proposals import (
    Change,
    changes_of,
    confirm_proposal,
    decline_proposal,
    preview_of_preset,
    propose_end,
    propose_preset,
    propose_rule,
    withdraw_proposal,
)
from requests_app.routing.terms import PresetTerms, RuleFacts
from requests_app.workflow import Route

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


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
        label=_("Loại thiết bị"),
        required=False,
        choices=[("", _("Mọi loại")), *Storage.choices],
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
    mail_to = forms.EmailField(
        label=_("Gửi kèm văn bản đã ký qua thư điện tử đến"),
        required=False,
        help_text=_("Hộp thư công vụ của nơi nhận; để trống thì không gửi thư."),
    )
    mail_copy_to = forms.EmailField(label=_("Thư đồng gửi (hộp thư của Sở)"), required=False)
    mails_sheet = forms.BooleanField(
        label=_("Thư kèm cả bảng tính danh sách (.xlsx)"),
        required=False,
        help_text=_("Bảng tính có số định danh như trong văn bản: chỉ chọn khi nơi nhận cần."),
    )
    working_days = forms.IntegerField(
        label=_("Thời hạn giải quyết (ngày làm việc)"),
        required=False,
        min_value=1,
        max_value=30,
        help_text=_("Để trống thì theo quy định chung; chỉ được ngắn hơn."),
    )
    valid_from = DayField(
        label=_("Áp dụng từ ngày"),
    )
    basis = forms.CharField(
        label=_("Căn cứ"),
        max_length=250,
        help_text=_("Số, ngày văn bản quy định nơi nhận."),
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
    valid_from = DayField(
        label=_("Áp dụng từ ngày"),
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

    until = DayField(
        label=_("Kết thúc trước ngày"),
    )


RULES_A_PAGE = 50
_PROPOSED = _("Đã ghi đề nghị. Quy định có hiệu lực khi một quản trị viên khác xác nhận.")


@require_safe
def rules(request: UserRequest) -> HttpResponse:
    """List what waits for a second person, then the rules, the newest of each procedure first."""
    _permit(request.user)
    today = timezone.localdate()
    is_ending = request.GET.get("het-han") == "1"
    rules = RoutingRule.objects.confirmed()
    rules = RoutingRule.objects.ending_without_next(today) if is_ending else rules
    found = rules.select_related("office", "addressee")
    page = Paginator(found.prefetch_related("copies"), RULES_A_PAGE)
    waiting = RoutingProposal.objects.visible_to(request.user).open().for_list()
    lines = [
        {
            "proposal": one,
            "preset": PRESETS.get(one.preset),
            "changes": changes_of(one),
            "is_mine": request.user.is_same_person_as(one.proposed_by),
        }
        for one in waiting
    ]
    context = {
        "page": page.get_page(request.GET.get("page")),
        "today": today,
        "is_ending": is_ending,
        "waiting": lines,
        "to_decide": sum(not line["is_mine"] for line in lines),
    }
    return render(request, "requests_app/routing/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: UserRequest) -> HttpResponse:
    """Propose a rule; once confirmed, the one it replaces ends on its first day."""
    _permit(request.user)
    form = RuleForm(request.POST or None, initial={"valid_from": timezone.localdate()})
    refused = Refusals()
    if form.is_valid():
        facts = RuleFacts(**form.cleaned_data)
        with refused:
            propose_rule(facts, actor=request.user, now=timezone.now())
            messages.success(request, _PROPOSED)
            return redirect("requests_app:routing")
    context = {"form": form, "violations": refused.violations}
    return render(request, "requests_app/routing/add.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def preset(request: UserRequest) -> HttpResponse:
    """Choose a province's set of rules, see what would change, then propose it."""
    _permit(request.user)
    sent = request.POST if request.method == "POST" else request.GET
    form = PresetForm(sent or None, initial={"valid_from": timezone.localdate()})
    refused = Refusals()
    changes: list[Change] = []
    terms: PresetTerms | None = None
    if form.is_valid():
        typed = form.cleaned_data
        chosen = PRESETS[typed["preset"]]
        terms = PresetTerms(
            preset=chosen,
            office=typed["office"],
            valid_from=typed["valid_from"],
            basis=typed["basis"] or chosen.basis,
            copies=list(typed["copies"]),
        )
        with refused:
            if request.method == "POST":
                propose_preset(terms, actor=request.user, now=timezone.now())
                messages.success(request, _PROPOSED)
                return redirect("requests_app:routing")
            changes = preview_of_preset(terms)
    context = {"form": form, "terms": terms, "changes": changes, "violations": refused.violations}
    return render(request, "requests_app/routing/preset.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Propose to end a rule before a day."""
    _permit(request.user)
    found = RoutingRule.objects.confirmed().select_related("office", "addressee")
    rule = get_object_or_404(found, uuid=uuid)
    form = EndRuleForm(request.POST or None, initial={"until": timezone.localdate()})
    refused = Refusals()
    if form.is_valid():
        until = form.cleaned_data["until"]
        with refused:
            propose_end(rule, until=until, actor=request.user, now=timezone.now())
            messages.success(request, _PROPOSED)
            return redirect("requests_app:routing")
    context = {"form": form, "rule": rule, "violations": refused.violations}
    return render(request, "requests_app/routing/end.html", context)


@require_POST
def confirm(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Put a proposal in force."""
    return _decide(request, uuid, confirm_proposal, gettext("Quy định nơi nhận đã có hiệu lực."))


@require_POST
def decline(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Leave everything as it is."""
    return _decide(request, uuid, decline_proposal, gettext("Đã từ chối đề nghị."))


@require_POST
def withdraw(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take one's own proposal back."""
    return _decide(request, uuid, withdraw_proposal, gettext("Đã rút đề nghị."))


def _decide(
    request: UserRequest, uuid: UUID, service: Callable[..., RoutingProposal], done: str
) -> HttpResponse:
    _permit(request.user)
    proposal = get_object_or_404(RoutingProposal.objects.visible_to(request.user), uuid=uuid)
    try:
        service(proposal, actor=request.user, now=timezone.now())
    except Refused as refusal:
        for violation in refusal.violations:
            messages.error(request, f"{violation.message} {violation.way_out}".strip())
    else:
        messages.success(request, done)
    return redirect("requests_app:routing")


def _permit(user: User) -> None:
    if not user.can(Capability.ADMINISTER):
        raise PermissionDenied
