"""The list of devices, one device, and its plain moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from devices.lifecycle import Condition, Custody, Move, Rule, has_a_page, moves_open_to
from devices.models import Device
from devices.pins import services as pins
from devices.register import services
from devices.register.figures import figures
from devices.register.filters import DeviceFilter
from devices.register.wording import button_of, next_sentence, now_sentence, tone_of
from portal.audit.exports import note_export
from portal.ca.models import Certificate
from portal.ca.register import words
from portal.core.roles import Scope
from portal.core.web import sheets
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
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


class MoveForm(forms.Form):
    """A plain move and its reason."""

    move = forms.ChoiceField(choices=Move.choices, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Lý do, hoàn cảnh"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


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

    @classmethod
    def of(cls, rule: Rule, device: Device, tried: MoveForm | None) -> Self:
        """Return the card of one line of the table; ``tried`` is the form just sent in, if any."""
        own = None
        if not has_a_page(rule.move):
            own = MoveForm(initial={"move": rule.move}, auto_id=f"{rule.move}_%s")
            if tried is not None and tried.data.get("move") == rule.move:
                own = tried
        return cls(
            move=rule.move,
            button=button_of(rule.move),
            form=own,
            url=_page_of(rule.move, device),
            needs_reason=rule.needs_reason,
            is_dangerous=rule.move in _DANGEROUS,
            is_next=_is_next(rule.move, device),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A device as the list shows it, with the page of the user's next step, if there is one."""

    device: Device
    tone: str
    button: str
    url: str

    @classmethod
    def of(cls, user: User, device: Device) -> Self:
        """Return the line of ``device`` in the list that ``user`` sees."""
        tone = tone_of(device.custody)
        for rule in moves_open_to(user.role, custody=device.custody, condition=device.condition):
            if _is_next(rule.move, device) and (url := _page_of(rule.move, device)):
                return cls(device, tone, button_of(rule.move), url)
        return cls(device, tone, "", "")


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
    context: dict[str, Any] = {
        "filter": found,
        "page": page,
        "lines": [Line.of(request.user, device) for device in page],
        "shows_agency": request.user.scope is not Scope.BODY,
        "count": capped_count(found.qs),
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
    return _render_detail(request, _visible(request.user, code), None, Refusals())


@require_POST
def make_move(request: UserRequest, code: UUID) -> HttpResponse:
    """Make one of the plain moves."""
    device = _visible(request.user, code)
    form = MoveForm(request.POST)
    refused = Refusals()
    if form.is_valid():
        move = Move(form.cleaned_data["move"])
        try:
            with refused:
                services.make_move(
                    device,
                    move,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,
                    now=timezone.now(),
                )
                messages.success(request, _("Đã ghi nhận: %(move)s.") % {"move": move.label})
                return redirect("devices:detail", device.uuid)
        except Device.DoesNotExist as error:
            raise Http404 from error
    return _render_detail(request, _visible(request.user, code), form, refused)


def _visible(user: User, code: UUID) -> Device:
    devices = Device.objects.visible_to(user).select_related(
        "agency", "office", "subscriber", "key__token", "intake"
    )
    return get_object_or_404(devices, uuid=code)


def _render_detail(
    request: UserRequest, device: Device, form: MoveForm | None, refused: Refusals
) -> HttpResponse:
    moves = list(device.moves.select_related("actor", "subscriber", "agency", "notice"))
    holder = next((move.holder for move in reversed(moves) if move.holder), "")
    subscriber = device.subscriber.name if device.subscriber else ""
    now = timezone.now()
    owed = Deadline.objects.open().filter(target_uuid=device.uuid)
    is_loss_told = (
        device.condition == Condition.LOST
        and not owed.filter(kind=DeadlineKind.LOSS_MINUTES).exists()
    )
    this = Device.objects.filter(pk=device.pk)
    came_early = (
        device.custody == Custody.BACK_AT_AGENCY and this.with_valid_certificate(now).exists()
    )
    rules = moves_open_to(request.user.role, custody=device.custody, condition=device.condition)
    cards = [
        MoveCard.of(rule, device, form)
        for rule in rules
        if _is_offered(rule, device, came_early=came_early)
    ]
    certificates = []  # on the device's key, the latest first
    if device.key is not None:
        visible = Certificate.objects.visible_to(request.user).filter(key=device.key)
        certificates = [
            CertificateLine(one, str(one.state(now).label), words.sentence(one, now=now))
            for one in visible
        ]
    clocks = owed.visible_to(request.user).select_related("agency").order_by("due_on", "pk")
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
            is_loss_told=is_loss_told,
            is_spent=not came_early,
        ),
        "since": moves[-1].happened_on if moves else None,
        "holder": holder,
        "moves": moves,
        "certificates": certificates,
        "clocks": list(clocks),
        "cards": sorted(cards, key=lambda card: not card.url),  # the next step before trouble
        "violations": refused.violations,
        "owes_notice": device.custody == Custody.WITH_SUBSCRIBER
        and any(one.move == Move.HAND_OVER and not hasattr(one, "notice") for one in moves),
        "pin": {
            "is_wanted": pins.needs_new_pin(device),
            "can_be_changed": pins.pin_can_be_changed(device)
            and pins.may_try_pin(device, request.user),
            "is_typed_here": pins.may_set_pin(device, request.user),
        },
    }
    return render(request, "devices/detail.html", context)


def _is_offered(rule: Rule, device: Device, *, came_early: bool) -> bool:
    """A button for what the page itself starts: the way back to office and CA has its minutes."""
    if rule.move == Move.CHANGE_HOLDER:
        return not device.is_for_person  # a person's device passes to nobody (R44)
    if rule.move == Move.GIVE_AGAIN:
        return came_early
    return rule.sources is not None and (
        not has_a_page(rule.move) or bool(_page_of(rule.move, device))
    )


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
