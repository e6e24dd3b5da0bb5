"""Handing a device to its subscriber."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from devices.batches import Batch, BatchForm, BatchWords, asked_about, batch_page, present
from devices.forms import SerialForm
from devices.handover import services
from devices.lifecycle import Custody, Move
from devices.models import Device
from devices.pins.forms import PinForm
from portal.core.roles import Capability, Scope
from portal.core.text.vietnamese import nfc
from portal.core.web.forms import DayField
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import UserRequest


class HandOverForm(PinForm, SerialForm):
    """What is checked and set when a device changes hands."""

    on = DayField(
        label=_("Ngày bàn giao"),
    )
    holder = forms.CharField(label=_("Người nhận"), max_length=150)

    field_order = ("serial_seen", "on", "holder", "pin", "pin_again")

    def __init__(self, data: QueryDict | None, *, holder: str, asks_pin: bool, today: date) -> None:
        super().__init__(data, initial={"holder": holder, "on": today})
        if not asks_pin:
            del self.fields["pin"], self.fields["pin_again"]

    def clean_holder(self) -> str:
        return nfc(self.cleaned_data["holder"])


@sensitive_post_parameters("pin", "pin_again")
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what is checked and set at a hand-over, and carry it out."""
    devices = Device.objects.visible_to(request.user)
    device = get_object_or_404(
        devices.select_related("agency", "subscriber", "key__token"), uuid=code
    )
    if not request.user.can(Capability.KEEP_DEVICES):
        raise PermissionDenied
    if not device.can(Move.HAND_OVER, request.user.role):
        messages.warning(request, _("Thiết bị này không chờ bàn giao."))
        return redirect("devices:detail", device.uuid)
    holder = request.user.full_name
    if device.is_for_person and device.subscriber is not None:
        holder = device.subscriber.name
    form = HandOverForm(
        request.POST or None,
        holder=holder,
        asks_pin=device.key is not None and hasattr(device.key, "token"),
        today=timezone.localdate(),
    )
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        try:
            with refused:
                services.hand_over(
                    device, **form.cleaned_data, actor=request.user, now=timezone.now()
                )
                text = _(
                    "Đã bàn giao thiết bị %(serial)s. Tiếp theo: gửi thông báo bàn giao (Mẫu 07)."
                )
                messages.success(request, text % {"serial": device.serial})
                return redirect("devices:detail", device.uuid)
        except Device.DoesNotExist as error:
            raise Http404 from error
    context = {
        "device": device,
        "form": form,
        "violations": refused.violations,
        "is_for_person": device.is_for_person,
        "asks_pin": "pin" in form.fields,
    }
    return render(request, "devices/hand_over.html", context)


class HandOverManyForm(BatchForm):
    """Which devices were put into their subscribers' hands, on which day."""

    day_label = _("Ngày bàn giao")
    note = None  # type: ignore[assignment]  # how a form drops a field


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over_many(request: UserRequest) -> HttpResponse:
    """Hand many devices over in one go: those that wait are listed, others can be typed."""
    if request.user.scope is not Scope.BODY:
        raise Http404

    def record(devices: list[Device], given: dict[str, Any]) -> tuple[int, str]:
        moves = services.hand_over_many(
            devices,
            serials_seen=[device.serial for device in devices],
            on=given["on"],
            actor=request.user,
            now=timezone.now(),
        )
        return len(moves), f"{reverse('devices:list')}?notice=owed"

    batch = Batch(
        move=Move.HAND_OVER,
        capability=Capability.KEEP_DEVICES,
        waiting=present(asked_about(request), Custody.AT_AGENCY),
        record=record,
        words=BatchWords(
            title=_("Bàn giao nhiều thiết bị"),
            lead=_(
                "Đánh dấu hoặc quét từng thiết bị đã trao tận tay người đứng tên (thiết bị của cơ "
                "quan: văn thư giữ). Người nhận tự đặt mã PIN sau đó ở trang thiết bị; thông báo "
                "bàn giao gửi theo Mẫu 07."
            ),
            empty=_("Không có thiết bị nào chờ bàn giao."),
            confirm=_("Xác nhận đã bàn giao"),
            looks_on=_("Văn thư bàn giao thiết bị; anh/chị chỉ xem."),
            next=_(
                "Tiếp theo: gửi thông báo bàn giao (Mẫu 07); thuê bao tự đặt mã PIN ở trang thiết "
                "bị."
            ),
        ),
    )
    return batch_page(request, batch, HandOverManyForm, today=timezone.localdate())
