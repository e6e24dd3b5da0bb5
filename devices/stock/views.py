"""The CA's stock: what there is, what comes in, how far its keys are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from devices.forms import TakeInForm
from devices.lifecycle import Condition, Custody
from devices.models import OF_THE_CA, Device, Intake
from devices.stock import services
from portal.core.roles import Capability, Scope
from portal.core.rules import Refused, Violation

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_INTAKES_SHOWN = 10
LOW_STOCK = 20


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the stock holds of one kind."""

    kind: str
    label: str
    ready: int
    without_key: int
    unsound: int

    @property
    def is_low(self) -> bool:
        """Whether it is time to take more in."""
        return 0 < self.ready < LOW_STOCK


@require_http_methods(["GET", "HEAD", "POST"])
def stock(request: UserRequest) -> HttpResponse:
    """Show the stock and take a lot in; htmx asks for the progress alone."""
    if request.user.scope is not Scope.CA:
        raise Http404
    if request.method == "POST":
        return _take_in(request)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "devices/_intakes.html", _progress())
    return _render(request, TakeInForm(), ())


def _take_in(request: UserRequest) -> HttpResponse:
    if not request.user.can(Capability.SUPPLY_DEVICES):
        raise PermissionDenied
    form = TakeInForm(request.POST)
    violations: Sequence[Violation] = ()
    if form.is_valid():
        given = form.cleaned_data
        try:
            intake = services.take_in(
                given["kind"],
                given["devices"],
                model=given["model"],
                batch=given["batch"],
                carrier=given["carrier"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            violations = refusal.violations
        else:
            text = _("Đã nhập kho %(count)d thiết bị. Khóa đang được tạo; tiến độ hiện bên dưới.")
            messages.success(request, text % {"count": intake.count})
            return redirect("devices:stock")
    return _render(request, form, violations)


def _render(
    request: UserRequest, form: TakeInForm, violations: Sequence[Violation]
) -> HttpResponse:
    context = {
        **_progress(),
        "shelves": _shelves(),
        "form": form,
        "violations": violations,
        "may_take_in": request.user.can(Capability.SUPPLY_DEVICES),
        "makes_keys": settings.SIMULATION,
    }
    return render(request, "devices/stock.html", context)


def _progress() -> dict[str, Any]:
    """Return what the progress of the lots is shown from."""
    intakes = list(Intake.objects.select_related("created_by")[:_INTAKES_SHOWN])
    return {
        "intakes": intakes,
        "is_making_keys": any(intake.ended_at is None for intake in intakes),
    }


def _shelves() -> list[Shelf]:
    sound = Q(condition=Condition.OK)
    rows = (
        Device.objects.filter(custody=Custody.STOCK)
        .order_by()
        .values("kind")
        .annotate(
            ready=Count("pk", filter=sound & Q(key__isnull=False)),
            without_key=Count("pk", filter=sound & Q(key__isnull=True)),
            unsound=Count("pk", filter=~sound),
        )
    )
    counts = {row["kind"]: row for row in rows}
    empty = {"ready": 0, "without_key": 0, "unsound": 0}
    shelves = []
    for kind in OF_THE_CA:
        row = counts.get(kind, empty)
        shelves.append(
            Shelf(kind, str(kind.label), row["ready"], row["without_key"], row["unsound"])
        )
    return shelves
