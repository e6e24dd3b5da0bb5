"""Sending devices to agencies, and receiving them there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Min, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from devices.lifecycle import Custody
from devices.models import Device, Shipment
from devices.querysets import DeviceQuerySet
from devices.shipping import services
from devices.shipping.forms import ReceiveForm, SendForm
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_MOST_SENT_AT_ONCE = 500
SENT = Order("sent_at", is_descending=True)


@require_safe
def dispatch(request: UserRequest) -> HttpResponse:
    """Show the CA which agencies have devices waiting to be sent, the longest waiting first."""
    to_send = _to_send(request)
    waiting = (
        to_send.order_by()
        .values("agency__uuid", "agency__name", "office__name")
        # A device has many moves: each is counted once.
        .annotate(
            devices=Count("pk", distinct=True),
            since=Min("moves__at", filter=Q(moves__move="allocate")),
        )
        .order_by("since", "agency__uuid")
    )
    shipments = Shipment.objects.visible_to(request.user).under_way()
    context = {
        "waiting": list(waiting[:200]),
        "to_send": capped_count(to_send),
        "under_way": capped_count(shipments),
        "page": keyset_page(
            shipments.with_counts().select_related("agency"),
            order=SENT,
            params=request.GET,
            size=20,
        ),
    }
    return render(request, "devices/dispatch.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: UserRequest, code: UUID) -> HttpResponse:
    """Send an agency's allocated devices."""
    waiting = _to_send(request)
    agency = get_object_or_404(Agency.objects.visible_to(request.user), uuid=code)
    devices = list(
        waiting.filter(agency=agency)
        .of_dossier(request.GET.get("dossier", ""))
        .select_related("subscriber")
        .order_by("subscriber__sort_name", "pk")[:_MOST_SENT_AT_ONCE]
    )
    form = SendForm(request.POST or None, devices=devices)
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        wanted = set(form.cleaned_data["devices"])
        with refused:
            shipment = services.send(
                [device for device in devices if str(device.uuid) in wanted],
                channel=form.cleaned_data["channel"],
                note=form.cleaned_data["note"],
                actor=request.user,
                now=timezone.now(),
            )
            text = _("Đã ghi nhận gửi %(count)d thiết bị về %(agency)s. Văn thư đã được báo.")
            messages.success(request, text % {"count": len(wanted), "agency": agency.name})
            return redirect("devices:shipment", shipment.uuid)
    context = {
        "agency": agency,
        "devices": devices,
        "form": form,
        "violations": refused.violations,
        "may_send": request.user.can(Capability.SUPPLY_DEVICES),
    }
    return render(request, "devices/send.html", context)


@require_safe
def incoming(request: UserRequest) -> HttpResponse:
    """Show the shipments on their way to the bodies the user may see."""
    shipments = Shipment.objects.visible_to(request.user).under_way().with_counts()
    page = keyset_page(shipments.select_related("agency"), order=SENT, params=request.GET, size=20)
    arriving = Device.objects.visible_to(request.user).at(Custody.ON_ITS_WAY)
    context = {"page": page, "arriving": capped_count(arriving)}
    return render(request, "devices/incoming.html", context)


@require_safe
def shipment(request: UserRequest, code: UUID) -> HttpResponse:
    """Show one shipment, and to a clerk the form that confirms it."""
    found = _visible(request, code)
    return _render_shipment(request, found, _receive_form(found), Refusals())


@require_POST
def receive(request: UserRequest, code: UUID) -> HttpResponse:
    """Confirm devices of a shipment."""
    found = _visible(request, code)
    form = _receive_form(found, request)
    refused = Refusals()
    if form.is_valid():
        given = form.cleaned_data
        try:
            with refused:
                receipt = services.receive(
                    found,
                    serials=given["serials"],
                    missing=given["missing"],
                    note=given["note"],
                    on=given["on"],
                    actor=request.user,
                    now=timezone.now(),
                )
                parts = []
                if count := len(receipt.received):
                    words = ngettext("Đã nhận %d thiết bị", "Đã nhận %d thiết bị", count)
                    parts.append(words % count)
                if count := len(receipt.missing):
                    parts.append(_("đã báo Cục thiếu %d thiết bị") % count)
                if count := len(receipt.open):
                    parts.append(_("còn %d thiết bị chưa xác nhận") % count)
                said = "; ".join(parts)
                messages.success(request, said[:1].upper() + said[1:] + ".")
                return redirect("devices:shipment", found.uuid)
        except (Device.DoesNotExist, Shipment.DoesNotExist) as error:
            raise Http404 from error
    return _render_shipment(request, _visible(request, code), form, refused)


def _to_send(request: UserRequest) -> DeviceQuerySet:
    if request.user.scope is not Scope.CA:
        raise Http404
    waiting = Device.objects.visible_to(request.user).waiting_for(Custody.ALLOCATED)
    return waiting.with_valid_certificate(timezone.now())


def _visible(request: UserRequest, code: UUID) -> Shipment:
    return get_object_or_404(Shipment.objects.visible_to(request.user).with_list(), uuid=code)


def _receive_form(found: Shipment, request: UserRequest | None = None) -> ReceiveForm:
    outstanding = [item.device.serial for item in found.items.all() if item.received_at is None]
    data = request.POST if request else None
    return ReceiveForm(data, outstanding=outstanding, today=timezone.localdate())


def _render_shipment(
    request: UserRequest, found: Shipment, form: ReceiveForm, refused: Refusals
) -> HttpResponse:
    items = list(found.items.all())
    context = {
        "shipment": found,
        "items": items,
        "form": form,
        "violations": refused.violations,
        "received": sum(item.received_at is not None for item in items),
        "missing": sum(item.missing_at is not None and item.received_at is None for item in items),
        "may_receive": request.user.can(Capability.KEEP_DEVICES) and bool(form.outstanding),
    }
    return render(request, "devices/shipment.html", context)
