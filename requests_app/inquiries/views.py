"""The page on which a body says whether people of its have moved to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.core.web.refusals import Refusals
from requests_app.inquiries import services
from requests_app.models import TransferInquiry

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ROWS = 25


class AnswerForm(forms.Form):
    """What a body says of one person."""

    inquiry = forms.UUIDField(widget=forms.HiddenInput)
    answer = forms.ChoiceField(
        label=gettext_lazy("Trả lời"),
        choices=[one for one in TransferInquiry.Answer.choices if one[0]],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=gettext_lazy("Ý kiến"), required=False, max_length=500)


@require_http_methods(["GET", "HEAD", "POST"])
def inquiries(request: UserRequest) -> HttpResponse:
    """List what the user's body is asked, what is open first; a POST answers one."""
    visible = services.visible_to(request.user)
    sent = AnswerForm(request.POST) if request.method == "POST" else None
    refused = Refusals()
    if sent is not None:
        sent.is_valid()
        named = sent.cleaned_data.get("inquiry")
        asked = visible.filter(uuid=named).first() if named else None
        if asked is None:
            raise Http404
        if sent.is_valid():
            with refused:
                services.answer(
                    asked,
                    sent.cleaned_data["answer"],
                    reason=sent.cleaned_data["reason"],
                    actor=request.user,
                    now=timezone.now(),
                )
                messages.success(request, _("Đã ghi nhận trả lời."))
                return redirect("requests_app:inquiries")
    is_open = request.GET.get("state") == "open"
    if is_open:
        visible = visible.filter(answer="")
    page = Paginator(visible.order_by("answer", "due_on", "pk"), ROWS).get_page(
        request.GET.get("page")
    )
    shown = [
        (
            one,
            None
            if one.answer
            else sent
            if sent is not None and sent.cleaned_data.get("inquiry") == one.uuid
            else AnswerForm(initial={"inquiry": one.uuid}, auto_id=f"{one.pk}_%s"),
        )
        for one in page
    ]
    context = {
        "page": page,
        "inquiries": shown,
        "is_open": is_open,
        "violations": refused.violations,
    }
    return render(request, "requests_app/inquiries.html", context)
