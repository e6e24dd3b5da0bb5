"""The list of devices, one device, and its plain moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from devices import services
from devices.filters import DeviceFilter
from devices.forms import MoveForm
from devices.guidance import next_sentence, now_sentence, tone_of
from devices.lifecycle import Condition, Custody, Move, Rule, has_a_page, moves_open_to
from devices.models import Device, Intake, Shipment
from portal.ca.models import Certificate
from portal.core.paging import Order, capped_count, keyset_page
from portal.core.roles import AGENCY_ROLES, CA_ROLES
from portal.core.rules import Refused, Violation

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

RECENT = Order("received_at", is_descending=True)
_DANGEROUS = frozenset({Move.REPORT_LOST, Move.REPORT_DAMAGED, Move.RETIRE, Move.LOCK})


@dataclass(frozen=True, slots=True)
class MoveCard:
    """One open move as the page shows it: a link to its own page, or a form."""

    move: Move
    form: MoveForm | None
    url: str
    needs_reason: bool
    is_dangerous: bool


@require_safe
def device_list(request: UserRequest) -> HttpResponse:
    """Show every device the user may see, the newest first, and what waits for the user."""
    found = DeviceFilter(request.GET, Device.objects.visible_to(request.user), user=request.user)
    page = keyset_page(found.qs.for_list(), order=RECENT, params=request.GET)
    for device in page:
        device.tone = tone_of(device.custody)  # type: ignore[attr-defined]
    context: dict[str, Any] = {"filter": found, "page": page, "count": capped_count(found.qs)}
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return render(request, "devices/_list.html", context)
    return render(request, "devices/list.html", context | {"figures": _figures(request.user)})


@require_safe
def detail(request: UserRequest, code: UUID) -> HttpResponse:
    return _render_detail(request, _visible(request.user, code), None, [])


@require_POST
def make_move(request: UserRequest, code: UUID) -> HttpResponse:
    """Make one of the plain moves."""
    device = _visible(request.user, code)
    form = MoveForm(request.POST)
    violations: list[Violation] = []
    if form.is_valid():
        move = Move(form.cleaned_data["move"])
        try:
            services.make_move(
                device,
                move,
                reason=form.cleaned_data["reason"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            violations = list(refusal.violations)
        except Device.DoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("Đã ghi nhận: %(move)s.") % {"move": move.label})
            return redirect("devices:detail", device.uuid)
    return _render_detail(request, _visible(request.user, code), form, violations)


def _visible(user: User, code: UUID) -> Device:
    devices = Device.objects.visible_to(user).select_related(
        "agency", "office", "subscriber", "key", "intake"
    )
    return get_object_or_404(devices, uuid=code)


def _render_detail(
    request: UserRequest, device: Device, form: MoveForm | None, violations: list[Violation]
) -> HttpResponse:
    moves = list(device.moves.select_related("actor", "subscriber", "agency", "notice"))
    holder = next((move.holder for move in reversed(moves) if move.holder), "")
    subscriber = device.subscriber.name if device.subscriber else ""
    context = {
        "device": device,
        "tone": tone_of(device.custody),
        "is_sound": device.condition == Condition.OK,
        "now_sentence": now_sentence(
            device.custody,
            subscriber=subscriber,
            agency=device.agency.name if device.agency else "",
            office=device.office.name if device.office else "",
            holder=holder or subscriber,
        ),
        "next_sentence": next_sentence(device.custody, device.condition),
        "since": moves[-1].happened_on if moves else None,
        "holder": holder,
        "moves": moves,
        "certificates": _certificates(request.user, device),
        "cards": _cards(request.user, device, form),
        "violations": violations,
        "owes_notice": _owes_notice(device, moves),
    }
    return render(request, "devices/detail.html", context)


def _certificates(user: User, device: Device) -> list[Certificate]:
    """Return the certificates on the device's key, the latest first, each with ``is_usable``."""
    if device.key is None:
        return []
    found = list(Certificate.objects.visible_to(user).filter(key=device.key))
    now = timezone.now()
    for certificate in found:
        certificate.is_usable = certificate.is_valid(now)  # type: ignore[attr-defined]
    return found


def _owes_notice(device: Device, moves: list[Any]) -> bool:
    return device.custody == Custody.WITH_SUBSCRIBER and any(
        move.move == Move.HAND_OVER and not hasattr(move, "notice") for move in moves
    )


def _cards(user: User, device: Device, form: MoveForm | None) -> list[MoveCard]:
    rules = moves_open_to(user.role, custody=device.custody, condition=device.condition)
    return [_card(rule, device, form) for rule in rules if rule.sources is not None]


def _card(rule: Rule, device: Device, form: MoveForm | None) -> MoveCard:
    url = ""
    if rule.move == Move.HAND_OVER:
        url = reverse("devices:hand_over", args=[device.uuid])
    elif rule.move == Move.RECEIVE:
        url = reverse("devices:incoming")
    elif rule.move == Move.SEND and device.agency is not None:
        url = reverse("devices:send", args=[device.agency.uuid])
    own = None
    if not has_a_page(rule.move):
        is_tried = form is not None and form.data.get("move") == rule.move
        initial = {"move": rule.move}
        own = form if is_tried else MoveForm(initial=initial, auto_id=f"{rule.move}_%s")
    return MoveCard(
        move=rule.move,
        form=own,
        url=url,
        needs_reason=rule.needs_reason,
        is_dangerous=rule.move in _DANGEROUS,
    )


def _figures(user: User) -> dict[str, int]:
    """Count what waits for the user; the CA's counts are capped, its lists are long."""
    devices = Device.objects.visible_to(user)
    if user.role in CA_ROLES:
        allocated = devices.waiting_for(Custody.ALLOCATED).with_valid_certificate(timezone.now())
        return {
            "to_send": capped_count(allocated),
            "under_way": capped_count(Shipment.objects.visible_to(user).under_way()),
            "making_keys": Intake.objects.unfinished().count(),
        }
    if user.role not in AGENCY_ROLES:
        return {}
    counts = devices.aggregate(
        arriving=Count("pk", filter=Q(custody=Custody.ON_ITS_WAY)),
        to_hand_over=Count("pk", filter=Q(custody=Custody.AT_AGENCY, condition=Condition.OK)),
        to_return=Count(
            "pk", filter=Q(custody__in=[Custody.TO_BE_RETURNED, Custody.BACK_AT_AGENCY])
        ),
    )
    return counts | {"owed": capped_count(devices.handed_over_without_notice())}
