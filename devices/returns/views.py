"""Many devices at once, by list or by scan: back from subscribers, from an office to the CA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from devices.holders import services as holders
from devices.ledger import Paper
from devices.lifecycle import Condition, Custody, Move
from devices.models import Device
from devices.querysets import DeviceQuerySet
from devices.returns import services
from devices.returns.forms import BatchForm, OfficeReturnForm
from devices.returns.scans import Reading, read_serials
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

SHOWN = 300  # more than a page can hold are scanned or pasted


@require_http_methods(["GET", "HEAD", "POST"])
def take_back_many(request: UserRequest) -> HttpResponse:
    """Take devices back from subscribers: those to be returned are listed, others can be typed."""
    if request.user.scope is not Scope.BODY:
        raise Http404
    if request.method == "POST" and not request.user.can(Capability.KEEP_DEVICES):
        raise PermissionDenied
    waiting = _present(Device.objects.visible_to(request.user), Custody.TO_BE_RETURNED)
    listed = list(waiting.select_related("subscriber")[:SHOWN])
    form = BatchForm(request.POST or None, listed=listed)
    reading: Reading | None = None
    violations: Sequence[Violation] = ()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        reading = read_serials(given["serials"], Move.TAKE_BACK, actor=request.user)
        violations = reading.odd
        if _goes_on(request, reading):
            with Refusals() as refused:
                entries = holders.take_back(
                    reading.devices,
                    serials_seen=[device.serial for device in reading.devices],
                    on=given["on"],
                    note=given["note"],
                    actor=request.user,
                    now=timezone.now(),
                )
                messages.info(request, _("Tiếp theo: giao thiết bị cho Sở hoặc Cục kèm Mẫu 08."))
                return _done(request, reading, len(entries), reverse("devices:take_back_many"))
            violations = [*refused.violations, *reading.odd]
    context = _context(form, reading, violations, listed, waiting)
    context["may_confirm"] = request.user.can(Capability.KEEP_DEVICES)
    return render(request, "devices/take_back_many.html", context)


@require_safe
def office_returns(request: UserRequest) -> HttpResponse:
    """Show the CA which offices hold devices that go back to it."""
    if request.user.scope is not Scope.CA:
        raise Http404
    waiting = _present(Device.objects.visible_to(request.user), Custody.AT_OFFICE)
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
    if request.method == "POST" and not request.user.can(Capability.SUPPLY_DEVICES):
        raise PermissionDenied
    theirs = Device.objects.visible_to(request.user).filter(office=office)
    waiting = _present(theirs, Custody.AT_OFFICE)
    listed = list(waiting.select_related("subscriber", "agency")[:SHOWN])
    form = OfficeReturnForm(request.POST or None, listed=listed)
    reading: Reading | None = None
    violations: Sequence[Violation] = ()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        reading = read_serials(
            given["serials"], Move.RETURN_TO_CA, actor=request.user, office=office
        )
        violations = reading.odd
        if _goes_on(request, reading):
            with Refusals() as refused:
                entries = services.take_returned(
                    reading.devices,
                    Move.RETURN_TO_CA,
                    paper=_covering(office, given),
                    notes={device.pk: given["note"] for device in reading.devices},
                    channel=given["channel"],
                    on=given["on"],
                    actor=request.user,
                    now=timezone.now(),
                )
                back = reverse("devices:office_return", args=[office.uuid])
                return _done(request, reading, len(entries), back)
            violations = [*refused.violations, *reading.odd]
    context = _context(form, reading, violations, listed, waiting)
    context |= {"office": office, "may_confirm": request.user.can(Capability.SUPPLY_DEVICES)}
    return render(request, "devices/office_return.html", context)


def _present(devices: DeviceQuerySet, custody: Custody) -> DeviceQuerySet:
    """Return those at ``custody`` that are not lost, by serial."""
    return devices.filter(custody=custody).exclude(condition=Condition.LOST).order_by("serial")


def _goes_on(request: UserRequest, reading: Reading) -> bool:
    """Odd serials hold up the others until the user says to leave them aside."""
    return bool(reading.devices) and (not reading.odd or "skip" in request.POST)


def _covering(office: Agency, given: dict[str, Any]) -> Paper:
    text = _("Văn bản số %(number)s ngày %(day)s của %(office)s")
    values = {
        "number": given["number"],
        "day": f"{given['signed_on']:%d/%m/%Y}",
        "office": office.name,
    }
    return Paper("", None, (text % values)[:200])


def _done(request: UserRequest, reading: Reading, count: int, back: str) -> HttpResponse:
    """Say what was recorded; what was left aside is named once more."""
    text = ngettext("Đã ghi nhận %d thiết bị.", "Đã ghi nhận %d thiết bị.", count) % count
    messages.success(request, text)
    if reading.repeated:
        text = _("Đọc hơn một lần, chỉ tính một: %(serials)s.")
        messages.info(request, text % {"serials": ", ".join(reading.repeated[:20])})
    if reading.left:
        text = _("Để lại, chưa ghi nhận: %(serials)s.")
        messages.warning(request, text % {"serials": ", ".join(reading.left)})
    return redirect(back)


def _context(
    form: BatchForm,
    reading: Reading | None,
    violations: Sequence[Violation],
    listed: Sequence[Device],
    waiting: DeviceQuerySet,
) -> dict[str, Any]:
    count = len(listed) if len(listed) < SHOWN else waiting.order_by().count()
    return {
        "form": form,
        "violations": violations,
        "listed": listed,
        "unlisted": count - len(listed),
        "ready": len(reading.devices) if reading and reading.odd else 0,
        "repeated": reading.repeated if reading else [],
    }
