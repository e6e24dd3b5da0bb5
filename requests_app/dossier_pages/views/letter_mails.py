"""Which mailboxes a dossier's letter went to; whoever got it confirms that it came."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts import throttle
from portal.accounts.addresses import client_address
from portal.core.roles import Capability
from portal.core.web.forms import DayField
from portal.core.web.refusals import Refusals
from requests_app.models import LetterMail
from requests_app.pages import components
from requests_app.submission import letter_mail

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class ReceiptForm(forms.Form):
    """What the sender was told of a letter's receipt."""

    received_on = DayField(label=_("Ngày nhận"))
    received_by = forms.CharField(label=_("Người nhận"), max_length=150)


@require_http_methods(["GET", "HEAD", "POST"])
def letter_mails(request: UserRequest, uuid: UUID) -> HttpResponse:
    """List the mails of a dossier's letter; POST writes down the receipt of one."""
    dossier = components.find(request.user, uuid)
    mails = list(dossier.letter_mails.select_related("mail", "noted_by"))
    if not mails:
        raise Http404
    is_sender = request.user.can(Capability.DRAFT) and request.user.agency_id == dossier.agency_id
    chosen = next((one for one in mails if str(one.uuid) == request.POST.get("mail")), None)
    form = ReceiptForm(request.POST if chosen else None)
    refused = Refusals()
    if chosen and form.is_valid():
        with refused:
            letter_mail.note_receipt(
                chosen, **form.cleaned_data, actor=request.user, now=timezone.now()
            )
            messages.success(request, _("Đã ghi việc nhận văn bản."))
            return redirect("requests_app:letter_mails", dossier.uuid)
    context = {
        "dossier": dossier,
        "mails": mails,
        "form": form,
        "chosen": chosen,
        "blank": ReceiptForm(),
        "is_sender": is_sender,
        "violations": refused.violations,
    }
    return render(request, "requests_app/letter_mail/list.html", context)


@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever holds a mail confirm that it came; throttled by address."""
    now = timezone.now()
    pace = throttle.Pace(
        free=settings.PUBLIC_CHECKS_ALLOWED,
        first=timedelta(seconds=5),
        longest=timedelta(minutes=1),
    )
    try:
        throttle.begin([pace.on(f"{client_address(request)}|receipt")], now=now)
    except throttle.Closed:
        return render(request, "requests_app/letter_mail/confirm.html", status=429)
    sent = get_object_or_404(
        LetterMail.objects.select_related("dossier__agency_version", "mail"), token=token
    )
    if request.method == "POST":
        letter_mail.confirm(sent, now=now)
        return redirect("requests_app:confirm_mail", token)
    return render(request, "requests_app/letter_mail/confirm.html", {"sent": sent})
