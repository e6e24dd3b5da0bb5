"""The PIN of a device in its subscriber's hands: a new one after recovery, a change."""

from __future__ import annotations

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

from devices.models import Device
from devices.pins import services as pins
from devices.pins.forms import ChangePinForm, NewPinForm
from portal.ca.tokens import services as tokens
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@sensitive_post_parameters("pin", "pin_again")
@require_http_methods(["GET", "HEAD", "POST"])
def new_pin(request: UserRequest, code: UUID) -> HttpResponse:
    """Let the subscriber of a recovered device set its PIN, at the clerk's desk or their own."""
    device = _mine(request, code)
    if not pins.needs_new_pin(device):
        messages.warning(request, _("Thiết bị này không chờ đặt mã PIN mới."))
        return redirect("devices:detail", device.uuid)
    form = NewPinForm(request.POST or None)
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        try:
            with refused:
                given, now = form.cleaned_data, timezone.now()
                pins.set_new_pin(device, **given, actor=request.user, now=now)
                text = _("Đã đặt mã PIN mới cho thiết bị %(serial)s; thiết bị ký số được ngay.")
                messages.success(request, text % {"serial": device.serial})
                return redirect("devices:detail", device.uuid)
        except Device.DoesNotExist as error:
            raise Http404 from error
    return _render(request, device, form, refused, is_new=True)


@sensitive_post_parameters("old", "pin", "pin_again")
@require_http_methods(["GET", "HEAD", "POST"])
def change_pin(request: UserRequest, code: UUID) -> HttpResponse:
    """Let whoever knows the PIN of a device put another in its place."""
    device = _mine(request, code)
    if not pins.may_try_pin(device, request.user):
        raise PermissionDenied
    if not pins.pin_can_be_changed(device):
        messages.warning(request, _("Thiết bị này không đổi mã PIN được lúc này."))
        return redirect("devices:detail", device.uuid)
    form = ChangePinForm(request.POST or None, at_desk=pins.is_at_desk(device, request.user))
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with refused:
                pins.change_pin(
                    device,
                    old=given["old"],
                    new=given["pin"],
                    serial_seen=given.get("serial_seen", ""),
                    actor=request.user,
                    now=timezone.now(),
                )
                text = _("Đã đổi mã PIN của thiết bị %(serial)s.")
                messages.success(request, text % {"serial": device.serial})
                return redirect("devices:detail", device.uuid)
        except tokens.WrongPin as wrong:
            text = _("Mã PIN không đúng. Thiết bị còn cho thử %(tries)s lần trước khi khóa.")
            form.add_error("old", text % {"tries": wrong.tries_left})
        except (tokens.Locked, tokens.NoPinYet):
            text = _(
                "Thiết bị đã bị khóa hoặc chưa đặt mã PIN. Mở trang thiết bị để xem việc tiếp theo."
            )
            form.add_error("old", text)
        except Device.DoesNotExist as error:
            raise Http404 from error
    return _render(request, device, form, refused, is_new=False)


def _mine(request: UserRequest, code: UUID) -> Device:
    """Return the device when a PIN of it is typed at this account; raises Http404 or 403."""
    devices = Device.objects.visible_to(request.user)
    device = get_object_or_404(devices.select_related("agency", "subscriber", "key"), uuid=code)
    if not pins.may_set_pin(device, request.user):
        raise PermissionDenied
    return device


def _render(
    request: UserRequest,
    device: Device,
    form: NewPinForm | ChangePinForm,
    refused: Refusals,
    *,
    is_new: bool,
) -> HttpResponse:
    context = {
        "device": device,
        "form": form,
        "violations": refused.violations,
        "is_new": is_new,
        "is_for_person": device.is_for_person,
    }
    return render(request, "devices/pin.html", context)
