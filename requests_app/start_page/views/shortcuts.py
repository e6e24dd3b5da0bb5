"""Starting a dossier from the page of a certificate, a device or a dossier that refused rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from devices.models import Device
from portal.ca.models import Certificate
from portal.core.web.refusals import Refusals
from requests_app.drafts import prefilled
from requests_app.drafts.prefilled import start_dossier
from requests_app.mandates.drafting import sender_for
from requests_app.models import Dossier
from requests_app.pages import components
from requests_app.start_page.offers import Offer, offers_for_certificate, offers_for_device
from requests_app.start_page.views.questions import must_draft

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@require_POST
def from_certificate(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Open the draft that was asked for on a certificate's page, if it may be asked."""
    visible = Certificate.objects.visible_to(request.user)
    joined = visible.select_related("subscriber", "agency", "key__device")
    certificate = get_object_or_404(joined.defer("der", "crl_entry"), uuid=uuid)
    offers = offers_for_certificate(certificate, request.user, timezone.now())
    return _start(request, offers, certificate)


@require_POST
def from_device(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Open the draft that was asked for on a device's page, if it may be asked."""
    device = get_object_or_404(Device.objects.visible_to(request.user), uuid=uuid)
    offers = offers_for_device(device, request.user, timezone.now())
    return _start(request, offers, device)


@require_POST
def file_again(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Open a draft with the refused rows of a dossier that is over, or with one of them."""
    must_draft(request.user)
    dossier = components.find(request.user, uuid)
    row = request.POST.get("row", "")
    refused = Refusals()
    try:
        with refused:
            anew = prefilled.file_again(
                dossier,
                row=UUID(row) if row else None,
                actor=request.user,
                now=timezone.now(),
            )
            messages.success(
                request,
                _("Đã chép %(count)s dòng sang hồ sơ mới. Sửa theo lý do từ chối rồi trình ký.")
                % {"count": anew.row_count},
            )
            return redirect("requests_app:editor", anew.uuid)
    except (Dossier.DoesNotExist, ValueError) as error:
        raise Http404 from error
    messages.error(request, " ".join(one.message for one in refused.violations))
    return redirect("requests_app:detail", dossier.uuid)


def _start(
    request: UserRequest, offers: Sequence[Offer], thing: Certificate | Device
) -> HttpResponse:
    offer = next((one for one in offers if one.code == request.POST.get("do")), None)
    if offer is None:
        raise Http404
    if offer.is_open and offer.draft:
        return redirect(offer.draft)
    refused = Refusals()
    if offer.is_open:
        with refused:
            dossier = start_dossier(
                offer.kind_code,
                variant=offer.variant,
                actor=request.user,
                now=timezone.now(),
                agency=sender_for(request.user, thing.agency),
                certificates=[thing] if isinstance(thing, Certificate) else (),
                devices=[thing] if isinstance(thing, Device) else (),
                answers=offer.answers,
            )
            return redirect("requests_app:editor", dossier.uuid)
    route = "ca:detail" if isinstance(thing, Certificate) else "devices:detail"
    context = {
        "offer": offer,
        "violations": refused.violations or offer.violations,
        "back": reverse(route, args=[thing.uuid]),
    }
    return render(request, "requests_app/editor/start_refused.html", context)
