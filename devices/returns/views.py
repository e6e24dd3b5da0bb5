"""Many devices at once, by list or by scan: back from subscribers, from an office to the CA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devices.batches import Batch, BatchForm, BatchWords, asked_about, batch_page, present
from devices.holders import services as holders
from devices.ledger import Paper
from devices.lifecycle import Custody, Move
from devices.models import Channel, Device
from devices.returns import services
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from portal.core.text.vietnamese import nfc
from portal.core.web.forms import DayField

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class OfficeReturnForm(BatchForm):
    """The same under the office's covering document."""

    number = forms.CharField(
        label=gettext_lazy("Số, ký hiệu văn bản của Sở"),
        max_length=60,
        help_text=gettext_lazy("Ví dụ: 215/SKHCN-CNTT."),
    )
    signed_on = DayField(
        label=gettext_lazy("Ngày văn bản"),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Cách giao"), choices=Channel.choices, widget=forms.RadioSelect
    )

    field_order = ("seen", "typed", "number", "signed_on", "channel", "on", "note")

    def clean_number(self) -> str:
        return nfc(self.cleaned_data["number"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        signed_on, on = cleaned.get("signed_on"), cleaned.get("on")
        if signed_on and signed_on > self.today:
            self.add_error("signed_on", gettext("Ngày văn bản không thể sau ngày hôm nay."))
        elif signed_on and on and on < signed_on:
            self.add_error("on", gettext("Ngày nhận không thể trước ngày văn bản của Sở."))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
def take_back_many(request: UserRequest) -> HttpResponse:
    """Take devices back from subscribers: those to be returned are listed, others can be typed."""
    if request.user.scope is not Scope.BODY:
        raise Http404

    def record(devices: list[Device], given: dict[str, Any]) -> tuple[int, str]:
        entries = holders.take_back(
            devices,
            serials_seen=[device.serial for device in devices],
            on=given["on"],
            note=given["note"],
            actor=request.user,
            now=timezone.now(),
        )
        messages.info(request, _("Tiếp theo: giao thiết bị cho Sở hoặc Cục kèm Mẫu 08."))
        return len(entries), reverse("devices:take_back_many")

    batch = Batch(
        move=Move.TAKE_BACK,
        capability=Capability.KEEP_DEVICES,
        waiting=present(asked_about(request), Custody.TO_BE_RETURNED),
        record=record,
        words=BatchWords(
            title=_("Nhận lại thiết bị từ thuê bao"),
            lead=_(
                "Thuê bao nộp lại thiết bị khi chứng thư hết hạn hoặc bị thu hồi (Điều 20 Nghị "
                "định 68/2024/NĐ-CP). Thiết bị nộp sớm thì quét hoặc gõ số hiệu."
            ),
            empty=_("Không có thiết bị nào đang phải thu hồi."),
            confirm=_("Xác nhận đã nhận lại"),
            looks_on=_("Văn thư nhận lại thiết bị; anh/chị chỉ xem."),
        ),
    )
    return batch_page(request, batch, BatchForm, today=timezone.localdate())


@require_safe
def office_returns(request: UserRequest) -> HttpResponse:
    """Show the CA which offices hold devices that go back to it."""
    if request.user.scope is not Scope.CA:
        raise Http404
    waiting = present(Device.objects.visible_to(request.user), Custody.AT_OFFICE)
    offices = (
        waiting.order_by()
        .values("office__uuid", "office__name")
        .annotate(devices=Count("pk"))
        .order_by("-devices", "office__name")
    )
    return render(request, "devices/office_returns.html", {"offices": list(offices)})


@require_http_methods(["GET", "HEAD", "POST"])
def office_return(request: UserRequest, code: UUID) -> HttpResponse:
    """Confirm devices an office hands in to the CA, under its covering document."""
    if request.user.scope is not Scope.CA:
        raise Http404
    office = get_object_or_404(Agency.objects.visible_to(request.user), uuid=code)

    def record(devices: list[Device], given: dict[str, Any]) -> tuple[int, str]:
        text = _("Văn bản số %(number)s ngày %(day)s của %(office)s")
        day = f"{given['signed_on']:%d/%m/%Y}"
        covering = text % {"number": given["number"], "day": day, "office": office.name}
        entries = services.take_returned(
            devices,
            Move.RETURN_TO_CA,
            paper=Paper("", None, covering[:200]),
            notes={device.pk: given["note"] for device in devices},
            channel=given["channel"],
            on=given["on"],
            actor=request.user,
            now=timezone.now(),
        )
        return len(entries), reverse("devices:office_return", args=[office.uuid])

    theirs = Device.objects.visible_to(request.user).filter(office=office)
    batch = Batch(
        move=Move.RETURN_TO_CA,
        capability=Capability.SUPPLY_DEVICES,
        waiting=present(theirs, Custody.AT_OFFICE),
        record=record,
        words=BatchWords(
            title=_("Nhận thiết bị do %(office)s nộp") % {"office": office.name},
            lead="",
            empty=_("Sở này không còn thiết bị nào chờ nộp về Cục."),
            confirm=_("Xác nhận Cục đã nhận"),
            looks_on=_("Cán bộ tiếp nhận đối chiếu và xác nhận; anh/chị chỉ xem."),
        ),
        office=office,
    )
    return batch_page(
        request,
        batch,
        OfficeReturnForm,
        today=timezone.localdate(),
        template="devices/office_return.html",
    )
