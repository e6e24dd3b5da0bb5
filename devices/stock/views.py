"""The CA's stock: what there is, what comes in, how far its keys are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from devices.lifecycle import Condition, Custody
from devices.models import OF_THE_CA, Device, Intake, Stocktaking, StocktakingLine
from devices.serials import MOST_AT_ONCE
from devices.stock import services
from devices.stock.forms import TakeInForm
from portal.core.roles import Capability, Scope
from portal.core.web.refusals import Refusals

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
    may_take_in = request.user.can(Capability.SUPPLY_DEVICES)
    if request.method == "POST" and not may_take_in:
        raise PermissionDenied
    intakes = Intake.objects.select_related("created_by")
    unfinished = list(intakes.unfinished())
    progress = {
        "unfinished": unfinished,
        "finished": list(intakes.filter(ended_at__isnull=False)[:_INTAKES_SHOWN]),
    }
    if request.htmx and request.method != "POST":  # type: ignore[attr-defined]
        return render(request, "devices/_intakes.html", progress)
    listed = ""
    with suppress(ValueError):
        # What a stock-taking found that the register does not know is to be taken in.
        counted = Stocktaking.objects.visible_to(request.user).filter(
            uuid=UUID(request.GET.get("kiem-ke", ""))
        )
        unknown = StocktakingLine.objects.filter(
            stocktaking__in=counted, result=StocktakingLine.Result.UNKNOWN
        )
        serials = unknown.order_by("serial").values_list("serial", flat=True)
        listed = "\n".join(serials[:MOST_AT_ONCE])
    form = TakeInForm(request.POST or None, initial={"listed": listed})
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with refused:
            intake = services.take_in(
                given["kind"],
                given["devices"],
                model=given["model"],
                batch=given["batch"],
                carrier=given["carrier"],
                actor=request.user,
                now=timezone.now(),
            )
            text = _("Đã nhập kho %(count)d thiết bị. Khóa đang được tạo; tiến độ hiện bên dưới.")
            messages.success(request, text % {"count": intake.count})
            return redirect("devices:stock")
    context = {
        **progress,
        "shelves": _shelves(),
        "form": form,
        "violations": refused.violations,
        "may_take_in": may_take_in,
        "makes_keys": settings.SIMULATION,
    }
    return render(request, "devices/stock.html", context)


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
