"""Handing a device to its subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from devices.forms import HandOverForm
from devices.handover import services
from devices.lifecycle import IllegalMove, Move, find_rule
from devices.models import Device
from portal.agencies.models import SubscriberKind
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


@sensitive_post_parameters("pin", "pin_again")
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what is checked and set at a hand-over, and carry it out."""
    device = _visible(request, code)
    if not request.user.can(Capability.KEEP_DEVICES):
        raise PermissionDenied
    if not _can_be_handed_over(device, request.user):
        messages.warning(request, _("Thiết bị này không chờ bàn giao."))
        return redirect("devices:detail", device.uuid)
    form = _form(request, device)
    violations: Sequence[Violation] = ()
    if request.method == "POST" and form.is_valid():
        try:
            services.hand_over(device, **form.cleaned_data, actor=request.user, now=timezone.now())
        except Refused as refusal:
            violations = refusal.violations
        except Device.DoesNotExist as error:
            raise Http404 from error
        else:
            text = _("Đã bàn giao thiết bị %(serial)s. Tiếp theo: gửi thông báo bàn giao (Mẫu 07).")
            messages.success(request, text % {"serial": device.serial})
            return redirect("devices:detail", device.uuid)
    context = {
        "device": device,
        "form": form,
        "violations": violations,
        "is_for_person": _is_for_person(device),
        "asks_pin": "pin" in form.fields,
    }
    return render(request, "devices/hand_over.html", context)


def _visible(request: UserRequest, code: UUID) -> Device:
    devices = Device.objects.visible_to(request.user)
    return get_object_or_404(
        devices.select_related("agency", "subscriber", "key__token"), uuid=code
    )


def _form(request: UserRequest, device: Device) -> HandOverForm:
    holder = request.user.full_name
    if _is_for_person(device) and device.subscriber is not None:
        holder = device.subscriber.name
    return HandOverForm(
        request.POST or None,
        holder=holder,
        asks_pin=device.key is not None and hasattr(device.key, "token"),
        today=timezone.localdate(),
    )


def _is_for_person(device: Device) -> bool:
    return device.subscriber is not None and device.subscriber.kind == SubscriberKind.PERSON


def _can_be_handed_over(device: Device, user: User) -> bool:
    try:
        find_rule(Move.HAND_OVER, device.custody, device.condition, user.role)
    except IllegalMove:
        return False
    return True
