"""The stages of a dossier as a bar: where it stands, since when, until when, who has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _

from devices.lifecycle import Custody
from portal.accounts.models import User
from portal.core.roles import Role, Scope, profile_of
from portal.core.steps import PORTAL
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, DossierEvent
from requests_app.workflow import HANDING_BACK, PETITIONS, Route, State

NAMED = 2  # people named one by one; of more than that the rest is counted


class Place(StrEnum):
    """Where a dossier is, as people say it."""

    WRITING = "writing"
    SIGNING = "signing"
    OFFICE = "office"
    CA = "ca"
    CARRYING_OUT = "carrying_out"
    HANDING_OVER = "handing_over"


class Standing(StrEnum):
    """How far a stage is."""

    DONE = "done"
    NOW = "now"
    COMING = "coming"
    STOPPED = "stopped"


_AT_THE_BODY = {
    State.DRAFT: Place.WRITING,
    State.RETURNED: Place.WRITING,
    State.AWAITING_SIGNATURE: Place.SIGNING,
    State.AWAITING_SEAL: Place.SIGNING,
}
_CARRIED_OUT = frozenset({State.ACCEPTED, State.EXECUTING, State.EXECUTION_FAILED})
_NOT_HANDED_OVER = (Custody.ALLOCATED, Custody.ON_ITS_WAY, Custody.AT_AGENCY)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. ``since`` is the day it began to stand here, of a past one the day it left;
    ``people`` come before ``where``, the address."""

    place: Place
    label: str
    standing: Standing = Standing.COMING
    since: date | None = None
    until: date | None = None
    people: str = ""
    where: str = ""
    note: str = ""

    @property
    def standing_words(self) -> str:
        """How far it is, for who does not see the bar."""
        return {
            Standing.DONE: _("đã xong"),
            Standing.NOW: _("đang ở bước này"),
            Standing.COMING: _("chưa đến"),
            Standing.STOPPED: _("dừng ở bước này"),
        }[self.standing]


def stages_of(
    dossier: Dossier, user: User, *, events: Sequence[DossierEvent] | None = None
) -> list[Stage]:
    """Return the stages of ``dossier`` on its route as ``user`` may know them.

    ``events`` are its history as ``user`` reads it, the oldest first; asked for when not given.
    """
    if events is None:
        events = list(dossier.events.all())
    stages = [Stage(place, _label(dossier, place)) for place in _places(dossier)]
    places = [stage.place for stage in stages]
    # Where it is, of an ended one where it was last, and when it left each stage.
    here = Place.WRITING
    left: dict[Place, date] = {}
    for event in events:
        before = _place_of(event.source, dossier.route) or here
        after = _place_of(event.target, dossier.route) or before
        if after is not before:
            left[before] = _day(event)
        here = after
    is_at = _place_of(dossier.state, dossier.route)
    if events and is_at is None:
        left[here] = _day(events[-1])
    here = is_at or here
    if dossier.state in (State.COMPLETED, State.PARTLY_COMPLETED):
        return _ended(dossier, stages, left)
    at = places.index(here) if here in places else len(places) - 1
    shown = [
        replace(stage, standing=Standing.DONE, since=left.get(stage.place)) if n < at else stage
        for n, stage in enumerate(stages)
    ]
    if dossier.state in (State.REJECTED, State.WITHDRAWN):
        stopped = _day(events[-1]) if events else None
        shown[at] = replace(shown[at], standing=Standing.STOPPED, since=stopped)
        return shown
    since = timezone.localdate(dossier.created_at)
    for event in events:
        came_from = _place_of(event.source, dossier.route)
        came_to = _place_of(event.target, dossier.route)
        if came_to is here and (came_from is not here or event.target == State.RETURNED):
            since = _day(event)
    people, where = _who(dossier, user)
    shown[at] = replace(
        shown[at],
        standing=Standing.NOW,
        since=since,
        until=dossier.due_on if dossier.queue else None,
        people=people,
        where=where,
    )
    return shown


def _places(dossier: Dossier) -> list[Place]:
    desks = {
        Route.VIA_OFFICE: [Place.OFFICE, Place.CA],
        Route.OUTSIDE: [Place.OFFICE, Place.CA],
        Route.OFFICE_ONLY: [Place.OFFICE],
        Route.OFFICE_MINUTES: [Place.OFFICE],
    }.get(Route(dossier.route), [Place.CA])
    found = [Place.WRITING, Place.SIGNING, *desks]
    if dossier.route in PETITIONS:
        found.append(Place.CARRYING_OUT)
        if kinds.get(dossier.kind).effect is EffectKind.ISSUE:
            found.append(Place.HANDING_OVER)
    return found


def _label(dossier: Dossier, place: Place) -> str:
    effect = kinds.get(dossier.kind).effect
    if place is Place.CARRYING_OUT:
        return {
            EffectKind.ISSUE: _("Cấp"),
            EffectKind.RENEW_CHANGE: _("Cấp lại"),
            EffectKind.REVOKE: _("Thu hồi"),
            EffectKind.RECOVER: _("Khôi phục"),
        }.get(effect, _("Thực hiện"))
    return {
        Place.WRITING: _("Soạn"),
        Place.SIGNING: _("Ký"),
        Place.OFFICE: _("Sở nhận") if dossier.route in HANDING_BACK else _("Sở"),
        Place.CA: _("Cục nhận") if dossier.route in HANDING_BACK else _("Cục"),
        Place.HANDING_OVER: _("Bàn giao"),
    }[place]


def _place_of(state: str, route: str) -> Place | None:
    """Return where a dossier in ``state`` is; None once it has ended."""
    if place := _AT_THE_BODY.get(State(state)):
        return place
    if state == State.EXECUTING and route == Route.OUTSIDE:
        return Place.CA
    if state in _CARRIED_OUT:
        return Place.CARRYING_OUT
    if state == State.FORWARDED:
        return Place.CA
    if state in (State.SUBMITTED, State.DECIDED):
        is_office = route in (Route.OFFICE_ONLY, Route.OFFICE_MINUTES, Route.OUTSIDE) or (
            route == Route.VIA_OFFICE and state == State.SUBMITTED
        )
        return Place.OFFICE if is_office else Place.CA
    return None


def _day(event: DossierEvent) -> date:
    return timezone.localdate(event.at)


def _who(dossier: Dossier, user: User) -> tuple[str, str]:
    """Return the people a dossier waits for and their body.

    Who of a body has it while it writes and signs is the body's own business.
    """
    if dossier.queue == PORTAL:
        asked = dossier.waits_for_another_ca() and _("Chờ trả lời của CA")
        outside = dossier.route == Route.OUTSIDE and _("Sở ghi trả lời của CA")
        return outside or asked or _("Hệ thống thực hiện"), ""
    if not dossier.queue:
        return "", ""
    scope = profile_of(dossier.queue).scope
    if scope is Scope.BODY and user.scope not in (Scope.BODY, Scope.TREE):
        return "", dossier.agency.name
    if scope is Scope.BODY and user.scope is Scope.BODY and dossier.agency_id not in user.body_ids:
        return "", dossier.agency.name
    desk = {Scope.BODY: dossier.agency, Scope.OFFICE: dossier.office}.get(scope, dossier.addressee)
    roles = {str(dossier.queue)}
    acting = User.objects.who_act_for(roles=roles, agency_id=desk.pk if desk else None)
    names = list(acting.order_by("full_name", "pk").values_list("full_name", flat=True))
    role = str(Role(dossier.queue).label)
    where = desk.name if desk else ""
    if not names:
        return role, where
    listed = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        listed = _("%(names)s và %(count)s người khác") % {
            "names": listed,
            "count": len(names) - NAMED,
        }
    return f"{listed} ({role})", where


def _ended(dossier: Dossier, stages: list[Stage], left: dict[Place, date]) -> list[Stage]:
    """Return the stages of what was carried out; its devices may still have to be handed over."""
    ended = timezone.localdate(dossier.ended_at) if dossier.ended_at else None
    done = [
        replace(stage, standing=Standing.DONE, since=left.get(stage.place, ended))
        for stage in stages
    ]
    if stages[-1].place is not Place.HANDING_OVER:
        return done
    places = list(
        dossier.items.filter(device__isnull=False, result__isnull=False)
        .order_by()
        .values_list("device__custody", flat=True)
    )
    waiting = sum(place in _NOT_HANDED_OVER for place in places)
    if not places:
        return done[:-1]  # nothing of it lives on a device
    if not waiting:
        return [*done[:-1], replace(done[-1], since=None)]
    note = _("đã bàn giao %(done)s trên %(total)s thiết bị") % {
        "done": len(places) - waiting,
        "total": len(places),
    }
    last = replace(stages[-1], standing=Standing.NOW, since=ended, note=note)
    return [*done[:-1], replace(last, where=dossier.agency.name)]
