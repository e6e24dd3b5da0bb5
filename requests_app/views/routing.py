"""Who gets which form: the rules, as an administrator reads and keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.core.roles import Role
from portal.core.rules import Refused, Violation
from requests_app import services
from requests_app.forms import EndRuleForm, RuleForm
from requests_app.models import RoutingRule

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

RULES_A_PAGE = 50


@require_safe
def rules(request: UserRequest) -> HttpResponse:
    """List the rules, the newest of each procedure first."""
    _permit(request.user)
    found = RoutingRule.objects.select_related("office", "addressee").prefetch_related("copies")
    page = Paginator(found, RULES_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "today": timezone.localdate()}
    return render(request, "requests_app/routing/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: UserRequest) -> HttpResponse:
    """Put a rule in force; the one it replaces ends on its first day."""
    _permit(request.user)
    form = RuleForm(request.POST or None, initial={"valid_from": timezone.localdate()})
    violations: tuple[Violation, ...] = ()
    if form.is_valid():
        facts = services.RuleFacts(**form.cleaned_data)
        try:
            services.add_rule(facts, actor=request.user, now=timezone.now())
        except Refused as refusal:
            violations = refusal.violations
        else:
            messages.success(request, _("Đã ghi quy định nơi nhận."))
            return redirect("requests_app:routing")
    context = {"form": form, "violations": violations}
    return render(request, "requests_app/routing/add.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: UserRequest, uuid: UUID) -> HttpResponse:
    """End a rule before a day."""
    _permit(request.user)
    rule = get_object_or_404(RoutingRule.objects.select_related("office", "addressee"), uuid=uuid)
    form = EndRuleForm(request.POST or None, initial={"until": timezone.localdate()})
    violations: tuple[Violation, ...] = ()
    if form.is_valid():
        until = form.cleaned_data["until"]
        try:
            services.end_rule(rule, until=until, actor=request.user, now=timezone.now())
        except Refused as refusal:
            violations = refusal.violations
        else:
            messages.success(request, _("Đã kết thúc quy định."))
            return redirect("requests_app:routing")
    context = {"form": form, "rule": rule, "violations": violations}
    return render(request, "requests_app/routing/end.html", context)


def _permit(user: User) -> None:
    if user.role != Role.ADMINISTRATOR:
        raise PermissionDenied
