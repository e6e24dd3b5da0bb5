"""Many devices at once, by list or by scan: back from subscribers, from an office to the CA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devices import batches
from devices.holders import services as holders
from devices.ledger import Paper
from devices.lifecycle import Custody, Move
from devices.models import Device
from devices.returns import services
from devices.returns.forms import BatchForm, OfficeReturnForm
from devices.scans import Reading, read_serials
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@require_http_methods(["GET", "HEAD", "POST"])
def take_back_many(request: UserRequest) -> HttpResponse:
    """Take devices back from subscribers: those to be returned are listed, others can be typed."""
    if request.user.scope is not Scope.BODY:
        raise Http404
    if request.method == "POST" and not request.user.can(Capability.KEEP_DEVICES):
        raise PermissionDenied
    waiting = batches.present(Device.objects.visible_to(request.user), Custody.TO_BE_RETURNED)
    listed = list(waiting.select_related("subscriber")[: batches.SHOWN])
    form = BatchForm(request.POST or None, today=timezone.localdate(), listed=listed)
    reading: Reading | None = None
    violations: Sequence[Violation] = ()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        reading = read_serials(given["serials"], Move.TAKE_BACK, actor=request.user)
        violations = reading.odd
        if batches.goes_on(request, reading):
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
                return batches.done(
                    request, reading, len(entries), reverse("devices:take_back_many")
                )
            violations = [*refused.violations, *reading.odd]
    context = batches.context_of(form, reading, violations, listed, waiting)
    context["may_confirm"] = request.user.can(Capability.KEEP_DEVICES)
    return render(request, "devices/take_back_many.html", context)


@require_safe
def office_returns(request: UserRequest) -> HttpResponse:
    """Show the CA which offices hold devices that go back to it."""
    if request.user.scope is not Scope.CA:
        raise Http404
    waiting = batches.present(Device.objects.visible_to(request.user), Custody.AT_OFFICE)
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
    waiting = batches.present(theirs, Custody.AT_OFFICE)
    listed = list(waiting.select_related("subscriber", "agency")[: batches.SHOWN])
    form = OfficeReturnForm(request.POST or None, today=timezone.localdate(), listed=listed)
    reading: Reading | None = None
    violations: Sequence[Violation] = ()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        reading = read_serials(
            given["serials"], Move.RETURN_TO_CA, actor=request.user, office=office
        )
        violations = reading.odd
        if batches.goes_on(request, reading):
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
                return batches.done(request, reading, len(entries), back)
            violations = [*refused.violations, *reading.odd]
    context = batches.context_of(form, reading, violations, listed, waiting)
    context |= {"office": office, "may_confirm": request.user.can(Capability.SUPPLY_DEVICES)}
    return render(request, "devices/office_return.html", context)


def _covering(office: Agency, given: dict[str, Any]) -> Paper:
    text = _("Văn bản số %(number)s ngày %(day)s của %(office)s")
    values = {
        "number": given["number"],
        "day": f"{given['signed_on']:%d/%m/%Y}",
        "office": office.name,
    }
    return Paper("", None, (text % values)[:200])
