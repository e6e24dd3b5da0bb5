"""One move made by many devices: the page on which they are ticked, scanned or pasted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from devices.forms import CODE, DayForm
from devices.lifecycle import Condition, Custody, Move
from devices.models import Device
from devices.querysets import DeviceQuerySet
from devices.scans import Reading, read_serials
from devices.serials import MOST_AT_ONCE, split_serials
from portal.agencies.models import Agency
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

    from portal.accounts.models import UserRequest

SHOWN = 300  # more than a page can hold are scanned or pasted


class BatchForm(DayForm):
    """Which devices were seen: ticked in the list, scanned or pasted."""

    day_label = _("Ngày nhận")

    seen = forms.MultipleChoiceField(label=_("Thiết bị đã thấy"), required=False)
    typed = forms.CharField(
        label=_("Quét, gõ hoặc dán số hiệu"),
        required=False,
        max_length=80_000,
        help_text=_("Mỗi dòng một số hiệu, đọc trên chính thiết bị."),
        widget=forms.Textarea(attrs={"rows": 4, "data-scan-ticks": "seen", **CODE}),
    )
    note = forms.CharField(label=_("Ghi chú"), required=False, max_length=500)

    field_order: Sequence[str] = ("seen", "typed", "on", "note")

    def __init__(
        self, data: QueryDict | None = None, *, today: date, listed: Sequence[Device] = ()
    ) -> None:
        super().__init__(data, today=today)
        field = self.fields["seen"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(device.serial, device.serial) for device in listed]

    def clean(self) -> dict[str, Any]:
        """Join what was ticked and what was typed; a serial ticked and typed counts once."""
        cleaned = dict(super().clean() or {})
        ticked = cleaned.get("seen", [])
        typed = [one for one in split_serials(cleaned.get("typed", "")) if one not in ticked]
        cleaned["serials"] = [*ticked, *typed]
        if not cleaned["serials"] and not self.errors:
            self.add_error("typed", gettext("Chưa đánh dấu, quét hoặc nhập số hiệu nào."))
        if len(cleaned["serials"]) > MOST_AT_ONCE:
            text = gettext("Mỗi lần nhiều nhất %(most)d số hiệu; chia thành nhiều lần.")
            self.add_error("typed", text % {"most": MOST_AT_ONCE})
        return cleaned

    @property
    def rest(self) -> list[forms.BoundField]:
        """What is asked beside which devices they are."""
        return [field for field in self if field.name not in ("seen", "typed")]

    @property
    def marked(self) -> list[str]:
        """The serials that stand marked on the page."""
        return [str(value) for value in self["seen"].data or []] if self.is_bound else []


@dataclass(frozen=True, slots=True)
class BatchWords:
    """What the page of a batch says."""

    title: str | _StrPromise
    lead: str | _StrPromise
    empty: str | _StrPromise  # nothing waits
    confirm: str | _StrPromise  # the button
    looks_on: str | _StrPromise  # to who may not confirm
    next: str | _StrPromise = ""  # said after what was done


@dataclass(frozen=True, slots=True)
class Batch:
    """A move that many devices make in one go, all or none.

    ``waiting`` are those that can be ticked; ``office`` is where all must come from, if anywhere:
    no other than those that wait there can then be meant.
    ``record`` carries the move out for devices and what the form says; it returns how many moved
    and where the user goes next, and may raise what ``Refusals`` shows.
    """

    move: Move
    capability: Capability
    waiting: DeviceQuerySet
    record: Callable[[list[Device], dict[str, Any]], tuple[int, str]]
    words: BatchWords
    office: Agency | None = None


def present(devices: DeviceQuerySet, custody: Custody) -> DeviceQuerySet:
    """Return those at ``custody`` that are not lost, by serial, with who is named beside each."""
    here = devices.filter(custody=custody).exclude(condition=Condition.LOST)
    return here.select_related("subscriber", "agency").order_by("serial")


def asked_about(request: UserRequest) -> DeviceQuerySet:
    """Return the devices the user may see, those of one dossier where the address names it."""
    return Device.objects.visible_to(request.user).of_dossier(request.GET.get("dossier", ""))


def batch_page(
    request: UserRequest,
    batch: Batch,
    form_class: type[BatchForm],
    *,
    today: date,
    template: str = "devices/batch.html",
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Show what waits for a move, and record it for the devices that were seen.

    Odd serials hold up the others until the user says to leave them aside.
    """
    may_confirm = request.user.can(batch.capability)
    if request.method == "POST" and not may_confirm:
        raise PermissionDenied
    listed = list(batch.waiting[:SHOWN])
    form = form_class(request.POST or None, today=today, listed=listed)
    reading: Reading | None = None
    violations: Sequence[Violation] = ()
    if request.method == "POST" and form.is_valid():
        serials = form.cleaned_data["serials"]
        reading = read_serials(serials, batch.move, actor=request.user, office=batch.office)
        violations = reading.odd
        if reading.devices and (not reading.odd or "skip" in request.POST):
            with Refusals() as refused:
                count, back = batch.record(reading.devices, form.cleaned_data)
                text = ngettext("Đã ghi nhận %d thiết bị.", "Đã ghi nhận %d thiết bị.", count)
                messages.success(request, text % count)
                if batch.words.next:
                    messages.info(request, batch.words.next)
                if reading.repeated:  # what was left aside is named once more
                    text = gettext("Đọc hơn một lần, chỉ tính một: %(serials)s.")
                    messages.info(request, text % {"serials": ", ".join(reading.repeated[:20])})
                if reading.left:
                    text = gettext("Để lại, chưa ghi nhận: %(serials)s.")
                    messages.warning(request, text % {"serials": ", ".join(reading.left)})
                return redirect(back)
            violations = [*refused.violations, *reading.odd]
    count = len(listed) if len(listed) < SHOWN else batch.waiting.order_by().count()
    shown = {
        "batch": batch,
        "form": form,
        "violations": violations,
        "listed": listed,
        "unlisted": count - len(listed),
        "ready": len(reading.devices) if reading and reading.odd else 0,
        "repeated": reading.repeated if reading else [],
        "may_confirm": may_confirm,
    }
    return render(request, template, {**shown, **(context or {})})
