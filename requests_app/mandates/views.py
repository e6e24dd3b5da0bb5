"""The page of mandates: a body's head gives and withdraws them, its office sees those it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.roles import Scope
from portal.core.web.forms import CheckedField, DayField
from portal.core.web.refusals import Refusals
from requests_app.mandates import services
from requests_app.models import RecoveryMandate

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ROWS = 25


class MandateForm(forms.Form):
    """By what paper, from when until when."""

    basis = CheckedField(
        label=gettext_lazy("Căn cứ"),
        help_text=gettext_lazy("Số, ngày văn bản ủy quyền của đơn vị, ví dụ 12/UBND ngày 02/11."),
        max_length=200,
    )
    valid_from = DayField(label=gettext_lazy("Từ ngày"))
    valid_until = DayField(label=gettext_lazy("Đến hết ngày"))


@require_http_methods(["GET", "HEAD", "POST"])
def mandates(request: UserRequest) -> HttpResponse:
    """List the mandates of one's body or office; a POST gives one."""
    if request.user.scope not in (Scope.BODY, Scope.OFFICE):
        raise Http404
    today = timezone.localdate()
    may_give = services.may_give(request.user)
    form = MandateForm(request.POST or None, initial={"valid_from": f"{today:%d/%m/%Y}"})
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        with refused:
            services.give(**form.cleaned_data, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã ghi nhận ủy quyền."))
            return redirect("requests_app:mandates")
    found = RecoveryMandate.objects.visible_to(request.user).for_list()
    context: dict[str, Any] = {
        "page": Paginator(found, ROWS).get_page(request.GET.get("page")),
        "form": form if may_give else None,
        "may_give": may_give,
        "today": today,
        "violations": refused.violations,
    }
    return render(request, "requests_app/mandates.html", context)


@require_POST
def withdraw(request: UserRequest, uuid: UUID) -> HttpResponse:
    mandate = get_object_or_404(RecoveryMandate.objects.visible_to(request.user), uuid=uuid)
    with Refusals() as refused:
        services.withdraw(mandate, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã rút ủy quyền."))
    refused.tell(request)
    return redirect("requests_app:mandates")
