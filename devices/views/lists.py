"""The list of devices, one device, and its plain moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from devices import services
from devices.filters import DeviceFilter
from devices.forms import MoveForm
from devices.guidance import button_of, next_sentence, now_sentence, tone_of
from devices.lifecycle import Condition, Custody, Move, Rule, has_a_page, moves_open_to
from devices.models import Device
from devices.services import pins
from devices.waiting import figures
from portal.agencies.models import SubscriberKind
from portal.audit.exports import note_export
from portal.ca.models import Certificate
from portal.ca.register import words
from portal.core.roles import Scope
from portal.core.rules import Refused, Violation
from portal.core.web import sheets
from portal.core.web.paging import MOST_COUNTED, Order, capped_count, first_rows, keyset_page
from portal.core.web.sheets import SheetColumn
from portal.deadlines.models import Deadline, DeadlineKind

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

RECENT = Order("received_at", is_descending=True)
COLUMNS: tuple[SheetColumn[Device], ...] = (
    SheetColumn(gettext_lazy("Số hiệu thiết bị"), lambda device: device.serial, 24),
    SheetColumn(gettext_lazy("Loại"), lambda device: device.get_kind_display(), 14),
    SheetColumn(gettext_lazy("Kiểu"), lambda device: device.model),
    SheetColumn(gettext_lazy("Nhà mạng"), lambda device: device.carrier, 12),
    SheetColumn(gettext_lazy("Số thuê bao ký số"), lambda device: device.phone, 14),
    SheetColumn(
        gettext_lazy("Chuyển số đang dùng"),
        lambda device: _("có") if device.converts_number else "",
        12,
    ),
    SheetColumn("ICCID", lambda device: device.iccid, 24),
    SheetColumn(
        gettext_lazy("Thuê bao"),
        lambda device: device.subscriber.name if device.subscriber else "",
        36,
    ),
    SheetColumn(
        gettext_lazy("Cơ quan quản lý"),
        lambda device: device.agency.name if device.agency else "",
        44,
    ),
    SheetColumn(gettext_lazy("Đang ở đâu"), lambda device: device.get_custody_display(), 28),
    SheetColumn(gettext_lazy("Tình trạng"), lambda device: device.get_condition_display()),
    SheetColumn(gettext_lazy("Nhập kho"), lambda device: device.received_at),
)
_OWN_PAGES: Mapping[Move, str] = {
    Move.HAND_OVER: "devices:hand_over",
    Move.TAKE_BACK: "devices:take_back",
    Move.GIVE_AGAIN: "devices:give_again",
    Move.CHANGE_HOLDER: "devices:change_holder",
}
# What a list leads to with one button; the rest is for the device's own page.
_NEXT_STEPS = frozenset({Move.SEND, Move.RECEIVE, Move.HAND_OVER, Move.RETURN_TO_CA})
_DANGEROUS = frozenset({Move.REPORT_LOST, Move.REPORT_DAMAGED, Move.RETIRE, Move.LOCK})


@dataclass(frozen=True, slots=True)
class MoveCard:
    """One open move as the page shows it: a link to its own page, or a form."""

    move: Move
    button: str
    form: MoveForm | None
    url: str
    needs_reason: bool
    is_dangerous: bool
    is_next: bool  # what the device waits for, not just what is possible


@dataclass(frozen=True, slots=True)
class Line:
    """A device as the list shows it, with the page of the user's next step, if there is one."""

    device: Device
    tone: str
    button: str
    url: str


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """A certificate on the device's key."""

    certificate: Certificate
    state: str
    sentence: str


@require_safe
def device_list(request: UserRequest) -> HttpResponse:
    """Show every device the user may see, the newest first, and what waits for the user."""
    devices = Device.objects.visible_to(request.user).for_list()
    found = DeviceFilter(request.GET, devices, user=request.user)
    if sheets.is_wanted(request.GET):
        rows = first_rows(found.qs, order=RECENT, size=sheets.MOST_ROWS + 1)
        now = timezone.now()
        note_export("thiet-bi", rows=len(rows), params=request.GET, actor=request.user, now=now)
        return sheets.sheet_response(rows, COLUMNS, name="thiet-bi", today=timezone.localdate(now))
    page = keyset_page(found.qs, order=RECENT, params=request.GET)
    count = capped_count(found.qs)
    context: dict[str, Any] = {
        "filter": found,
        "page": page,
        "lines": [_line(request.user, device) for device in page],
        "shows_agency": request.user.scope is not Scope.BODY,
        "count": f"{MOST_COUNTED:,}+".replace(",", ".") if count > MOST_COUNTED else str(count),
    }
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return render(request, "devices/_list.html", context)
    return render(
        request,
        "devices/list.html",
        context | {"figures": figures(request.user, now=timezone.now())},
    )


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
        "agency", "office", "subscriber", "key__token", "intake"
    )
    return get_object_or_404(devices, uuid=code)


def _render_detail(
    request: UserRequest, device: Device, form: MoveForm | None, violations: list[Violation]
) -> HttpResponse:
    moves = list(device.moves.select_related("actor", "subscriber", "agency", "notice"))
    holder = next((move.holder for move in reversed(moves) if move.holder), "")
    subscriber = device.subscriber.name if device.subscriber else ""
    is_spent = not _has_valid_certificate(device)
    context = {
        "device": device,
        "tone": tone_of(device.custody),
        "is_sound": device.condition == Condition.OK,
        "now_sentence": now_sentence(
            device.custody,
            device.condition,
            subscriber=subscriber,
            agency=device.agency.name if device.agency else "",
            office=device.office.name if device.office else "",
            holder=holder or subscriber,
        ),
        "next_sentence": next_sentence(
            device.custody,
            device.condition,
            is_loss_told=_is_loss_told(device),
            is_spent=is_spent,
        ),
        "since": moves[-1].happened_on if moves else None,
        "holder": holder,
        "moves": moves,
        "certificates": _certificates(request.user, device),
        "clocks": _clocks(request.user, device),
        "cards": _cards(request.user, device, form, is_spent=is_spent),
        "violations": violations,
        "owes_notice": _owes_notice(device, moves),
        "pin": _pin(request.user, device),
    }
    return render(request, "devices/detail.html", context)


def _certificates(user: User, device: Device) -> list[CertificateLine]:
    """Return the certificates on the device's key, the latest first."""
    if device.key is None:
        return []
    now = timezone.now()
    found = Certificate.objects.visible_to(user).filter(key=device.key)
    return [
        CertificateLine(one, str(one.state(now).label), words.sentence(one, now=now))
        for one in found
    ]


def _clocks(user: User, device: Device) -> list[Deadline]:
    """Return what is owed about the device, as far as it is the user's to see, the next first."""
    owed = Deadline.objects.visible_to(user).open().filter(target_uuid=device.uuid)
    return list(owed.select_related("agency").order_by("due_on", "pk"))


def _is_loss_told(device: Device) -> bool:
    """Say whether the minutes of a loss are owed no more."""
    if device.condition != Condition.LOST:
        return False
    owed = Deadline.objects.open().filter(target_uuid=device.uuid)
    return not owed.filter(kind=DeadlineKind.LOSS_MINUTES).exists()


def _has_valid_certificate(device: Device) -> bool:
    found = Device.objects.filter(pk=device.pk).with_valid_certificate(timezone.now())
    return device.custody == Custody.BACK_AT_AGENCY and found.exists()


def _owes_notice(device: Device, moves: list[Any]) -> bool:
    return device.custody == Custody.WITH_SUBSCRIBER and any(
        move.move == Move.HAND_OVER and not hasattr(move, "notice") for move in moves
    )


def _pin(user: User, device: Device) -> dict[str, bool]:
    """Say what is to be done about the device's PIN, and whether it is typed at this account."""
    return {
        "is_wanted": pins.needs_new_pin(device),
        "can_be_changed": pins.pin_can_be_changed(device),
        "is_typed_here": pins.may_set_pin(device, user),
    }


def _cards(user: User, device: Device, form: MoveForm | None, *, is_spent: bool) -> list[MoveCard]:
    rules = moves_open_to(user.role, custody=device.custody, condition=device.condition)
    offered = [rule for rule in rules if _is_offered(rule, device, is_spent=is_spent)]
    cards = [_card(rule, device, form) for rule in offered]
    return sorted(cards, key=lambda card: not card.url)  # the next step before trouble


def _is_offered(rule: Rule, device: Device, *, is_spent: bool) -> bool:
    """A button for what the page itself starts: the way back to office and CA has its minutes."""
    if rule.move == Move.CHANGE_HOLDER:  # a person's device passes to nobody (R44)
        return device.subscriber is None or device.subscriber.kind != SubscriberKind.PERSON
    if rule.move == Move.GIVE_AGAIN:
        return not is_spent
    return rule.sources is not None and (
        not has_a_page(rule.move) or bool(_page_of(rule.move, device))
    )


def _line(user: User, device: Device) -> Line:
    open_moves = moves_open_to(user.role, custody=device.custody, condition=device.condition)
    for rule in open_moves:
        if _is_next(rule.move, device) and (url := _page_of(rule.move, device)):
            return Line(device, tone_of(device.custody), button_of(rule.move), url)
    return Line(device, tone_of(device.custody), "", "")


def _is_next(move: Move, device: Device) -> bool:
    """Say whether the device waits for ``move``; an early return is possible, not awaited."""
    return move in _NEXT_STEPS or device.custody == Custody.TO_BE_RETURNED


def _page_of(move: Move, device: Device) -> str:
    """Return the address of the move's own page, "" when it has none the user begins with."""
    if move in _OWN_PAGES:
        return reverse(_OWN_PAGES[move], args=[device.uuid])
    if move == Move.RECEIVE:
        return reverse("devices:incoming")
    if move == Move.SEND and device.agency is not None:
        return reverse("devices:send", args=[device.agency.uuid])
    if move == Move.RETURN_TO_CA and device.custody == Custody.AT_OFFICE and device.office:
        return reverse("devices:office_return", args=[device.office.uuid])
    return ""


def _card(rule: Rule, device: Device, form: MoveForm | None) -> MoveCard:
    own = None
    if not has_a_page(rule.move):
        is_tried = form is not None and form.data.get("move") == rule.move
        initial = {"move": rule.move}
        own = form if is_tried else MoveForm(initial=initial, auto_id=f"{rule.move}_%s")
    return MoveCard(
        move=rule.move,
        button=button_of(rule.move),
        form=own,
        url=_page_of(rule.move, device),
        needs_reason=rule.needs_reason,
        is_dangerous=rule.move in _DANGEROUS,
        is_next=_is_next(rule.move, device),
    )
