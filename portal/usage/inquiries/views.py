"""Questions about idle certificates: asked from the list of them, answered here, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.core.roles import Capability
from portal.core.text.numbers import with_dots
from portal.core.web.forms import CheckedField
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from portal.usage.inquiries import services
from portal.usage.models import IdleInquiry
from portal.usage.querysets import IdleInquiryQuerySet
from portal.usage.rules import KEPT_FOR_DAYS

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_ORDER = Order("asked_at")


class InquiryFilter(django_filters.FilterSet):
    """Filters of the list of questions: what waits, until something else is asked for."""

    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Trả lời"),
        choices=[
            ("keep", gettext_lazy("Giữ lại")),
            ("revoke", gettext_lazy("Đề nghị thu hồi")),
            ("all", gettext_lazy("Tất cả")),
        ],
        empty_label=gettext_lazy("Chưa trả lời"),
        method="in_state",
    )

    class Meta:
        model = IdleInquiry
        fields: list[str] = []

    def in_state(
        self, inquiries: IdleInquiryQuerySet, name: str, value: str
    ) -> IdleInquiryQuerySet:
        return inquiries if value == "all" else inquiries.filter(answer=value)


class AnswerForm(forms.Form):
    """Why certificates are kept, or shall go."""

    reason = CheckedField(
        label=gettext_lazy("Lý do"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Ghi chung cho các chứng thư đã đánh dấu."),
    )


@require_safe
def inquiry_list(request: UserRequest) -> HttpResponse:
    return _page(request, AnswerForm(), ticked=frozenset())


@require_POST
def ask(request: UserRequest) -> HttpResponse:
    """Ask about the certificates that were ticked, or about all that can be asked about."""
    if not request.user.can(Capability.SUPERVISE_USE):
        raise PermissionDenied("who supervises asks")
    chosen = None if "all" in request.POST else _ticked(request)
    refused = Refusals()
    with refused:
        asked = services.ask(chosen, actor=request.user, now=timezone.now())
        messages.success(
            request,
            _("Đã hỏi về %(count)s chứng thư của %(bodies)s đơn vị.")
            % {"count": with_dots(asked.certificates), "bodies": with_dots(asked.bodies)},
        )
    refused.tell(request)
    return redirect(f"{reverse('usage:certificates')}?use=askable")


@require_POST
def answer(request: UserRequest) -> HttpResponse:
    """Keep the ticked certificates, or open the Mẫu 05 that asks to revoke them."""
    if not request.user.can(Capability.REPORT_USE) or not request.user.can(Capability.DRAFT):
        raise PermissionDenied("the body's clerk answers")
    form, chosen = AnswerForm(request.POST), _ticked(request)
    if not form.is_valid():
        return _page(request, form, ticked=chosen)
    refused, reason = Refusals(), form.cleaned_data["reason"]
    with refused:
        if request.POST.get("do") == IdleInquiry.Answer.REVOKE:
            dossier = services.ask_to_revoke(chosen, reason, actor=request.user, now=timezone.now())
            return redirect("requests_app:editor", dossier.uuid)
        count = services.keep(chosen, reason, actor=request.user, now=timezone.now())
        messages.success(
            request, _("Đã trả lời: giữ lại %(count)s chứng thư.") % {"count": with_dots(count)}
        )
        return redirect("usage:inquiries")
    refused.put_on(form)
    return _page(request, form, ticked=chosen)


def _ticked(request: UserRequest) -> frozenset[UUID]:
    """Return the codes that were ticked; what is no code is left out."""
    found = set()
    for text in request.POST.getlist("code"):
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return frozenset(found)


def _page(request: UserRequest, form: AnswerForm, *, ticked: frozenset[UUID]) -> HttpResponse:
    user = request.user
    if not user.can(Capability.READ_DOSSIERS):
        raise PermissionDenied("who reads certificates")
    visible = IdleInquiry.objects.visible_to(user)
    found = InquiryFilter(request.GET, visible)
    narrowed: Any = filtered(found) if request.GET.get("state") else visible.open()
    context = {
        "filter": found,
        "page": keyset_page(narrowed.for_list(), order=_ORDER, params=request.GET),
        "count": capped_count(narrowed),
        "form": form,
        "ticked": ticked,
        "may_answer": user.can(Capability.REPORT_USE)
        and user.can(Capability.DRAFT)
        and not request.GET.get("state"),
        "kept_for_days": KEPT_FOR_DAYS,
    }
    return render_list(
        request, "usage/inquiries.html", fragment="usage/_inquiries.html", context=context
    )
