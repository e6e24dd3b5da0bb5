"""What pages share on which many devices make one move: the list, and what came of serials read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.lifecycle import Condition, Custody
from devices.models import Device
from devices.querysets import DeviceQuerySet
from devices.returns.forms import BatchForm
from devices.scans import Reading
from portal.core.rules import Violation

SHOWN = 300  # more than a page can hold are scanned or pasted


def present(devices: DeviceQuerySet, custody: Custody) -> DeviceQuerySet:
    """Return those at ``custody`` that are not lost, by serial."""
    return devices.filter(custody=custody).exclude(condition=Condition.LOST).order_by("serial")


def goes_on(request: HttpRequest, reading: Reading) -> bool:
    """Odd serials hold up the others until the user says to leave them aside."""
    return bool(reading.devices) and (not reading.odd or "skip" in request.POST)


def done(request: HttpRequest, reading: Reading, count: int, back: str) -> HttpResponse:
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


def context_of(
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
