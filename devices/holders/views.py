"""Between the subscriber and the agency: taken back, given again, passed to another holder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from devices.forms import DayForm, SerialForm
from devices.holders import services
from devices.lifecycle import Move
from devices.models import Device
from portal.core.roles import Capability
from portal.core.text.vietnamese import nfc
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class SeenForm(DayForm, SerialForm):
    """The serial read off the thing, and what is to be said of it."""

    day_label = gettext_lazy("Ngày nhận lại")

    reason = forms.CharField(
        label=gettext_lazy("Ghi chú, tình trạng bên ngoài"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    field_order = ("serial_seen", "on", "reason")


class GiveAgainForm(SeenForm):
    """The same, and why the device goes out again."""

    day_label = gettext_lazy("Ngày giao lại")

    reason = forms.CharField(
        label=gettext_lazy("Lý do giao lại"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class HolderForm(DayForm):
    """Who keeps an organisation's device from now on, and under which paper."""

    day_label = gettext_lazy("Ngày giao nhận")

    holder = forms.CharField(label=gettext_lazy("Người giữ mới"), max_length=150)
    reason = forms.CharField(
        label=gettext_lazy("Văn bản cho phép, biên bản giao nhận"),
        max_length=1000,
        help_text=gettext_lazy("Ghi số, ngày văn bản và biên bản."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    field_order = ("holder", "on", "reason")

    def clean_holder(self) -> str:
        return nfc(self.cleaned_data["holder"])


@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: UserRequest, code: UUID) -> HttpResponse:
    """Take a device back from its subscriber: the serial is read off the thing."""

    def enter(device: Device, given: Mapping[str, Any]) -> object:
        return services.take_back(
            [device],
            serials_seen=[given["serial_seen"]],
            note=given["reason"],
            on=given["on"],
            actor=request.user,
            now=timezone.now(),
        )

    done = _("Đã nhận lại thiết bị %(serial)s từ thuê bao. Tiếp theo: nộp lại kèm Mẫu 08.")
    return _page(request, code, SeenForm, Move.TAKE_BACK, enter=enter, done=done)


@require_http_methods(["GET", "HEAD", "POST"])
def give_again(request: UserRequest, code: UUID) -> HttpResponse:
    """Give a device that came back early to its subscriber again."""

    def enter(device: Device, given: Mapping[str, Any]) -> object:
        return services.give_again(
            device,
            serials_seen=[given["serial_seen"]],
            reason=given["reason"],
            on=given["on"],
            actor=request.user,
            now=timezone.now(),
        )

    done = _("Đã giao lại thiết bị %(serial)s cho thuê bao.")
    return _page(request, code, GiveAgainForm, Move.GIVE_AGAIN, enter=enter, done=done)


@require_http_methods(["GET", "HEAD", "POST"])
def change_holder(request: UserRequest, code: UUID) -> HttpResponse:
    """Enter who keeps an organisation's device from now on."""

    def enter(device: Device, given: Mapping[str, Any]) -> object:
        return services.change_holder(device, **given, actor=request.user, now=timezone.now())

    done = _("Đã ghi nhận người giữ mới của thiết bị %(serial)s.")
    return _page(request, code, HolderForm, Move.CHANGE_HOLDER, enter=enter, done=done)


def _page(
    request: UserRequest,
    code: UUID,
    make_form: type[DayForm],
    move: Move,
    *,
    enter: Callable[[Device, Mapping[str, Any]], object],
    done: str,
) -> HttpResponse:
    """Show the form of a move; a right one is entered, and the device's page says so."""
    devices = Device.objects.visible_to(request.user).select_related("agency", "subscriber")
    device = get_object_or_404(devices, uuid=code)
    if not request.user.can(Capability.KEEP_DEVICES):
        raise PermissionDenied
    form = make_form(request.POST or None)
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        try:
            with refused:
                enter(device, form.cleaned_data)
                messages.success(request, done % {"serial": device.serial})
                return redirect("devices:detail", device.uuid)
        except Device.DoesNotExist as error:
            raise Http404 from error
    if not refused and not device.can(move, request.user.role):
        text = _("Thiết bị này hiện không thực hiện được “%(move)s”.")
        messages.warning(request, text % {"move": move.label})
        return redirect("devices:detail", device.uuid)
    context = {
        "device": device,
        "form": form,
        "violations": refused.violations,
        "move": move,
        "is_for_person": device.is_for_person,
    }
    return render(request, "devices/holding.html", context)
