"""The stages of a dossier as a bar: where it stands, since when, until when, who has it; and what
still waits once it has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.lifecycle import Condition, Custody
from devices.models import Device, ShipmentItem
from devices.querysets import DeviceQuerySet
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Capability, Role, Scope, profile_of
from portal.core.steps import PORTAL
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, DossierEvent, Outcome, SigningMode
from requests_app.workflow import HANDING_BACK, PETITIONS, Route, State

PEOPLE_NAMED = 2  # people named one by one; of more than that the rest is counted


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
    stages = _way_of(dossier)
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


def _way_of(dossier: Dossier) -> list[Stage]:
    """Return the stages of the route, none of them begun."""
    effect, hands_back = kinds.get(dossier.kind).effect, dossier.route in HANDING_BACK
    office = Stage(Place.OFFICE, _("Sở nhận") if hands_back else _("Sở"))
    ca = Stage(Place.CA, _("Cục nhận") if hands_back else _("Cục"))
    desks = {
        Route.VIA_OFFICE: [office, ca],
        Route.OUTSIDE: [office, ca],
        Route.OFFICE_ONLY: [office],
        Route.OFFICE_MINUTES: [office],
    }.get(Route(dossier.route), [ca])
    found = [Stage(Place.WRITING, _("Soạn")), Stage(Place.SIGNING, _("Ký")), *desks]
    if dossier.route in PETITIONS:
        done = {
            EffectKind.ISSUE: _("Cấp"),
            EffectKind.RENEW_CHANGE: _("Cấp lại"),
            EffectKind.REVOKE: _("Thu hồi"),
            EffectKind.RECOVER: _("Khôi phục"),
        }
        found.append(Stage(Place.CARRYING_OUT, done.get(effect, _("Thực hiện"))))
        if effect is EffectKind.ISSUE:
            found.append(Stage(Place.HANDING_OVER, _("Bàn giao")))
    return found


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
    if dossier.state == State.AWAITING_SIGNATURE and dossier.signing_mode == SigningMode.DIGITAL:
        chosen = Q(person__signs_as=dossier.signer_id) if dossier.signer_id else Q()
        acting = acting.filter(chosen)  # whom alone it waits for: as in ``workable_by``
    names = list(acting.order_by("full_name", "pk").values_list("full_name", flat=True))
    role = str(Role(dossier.queue).label)
    where = desk.name if desk else ""
    if not names:
        return role, where
    listed = ", ".join(names[:PEOPLE_NAMED])
    if len(names) > PEOPLE_NAMED:
        listed = _("%(names)s và %(count)s người khác") % {
            "names": listed,
            "count": len(names) - PEOPLE_NAMED,
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


NAMED = 10  # devices or certificates named one by one, the next once these are done
_OVER = (State.COMPLETED, State.PARTLY_COMPLETED, State.REJECTED)


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """One thing to be done: what, who does it, and for those the link and its words."""

    words: str
    who: str
    url: str = ""
    label: str = ""


def still_waiting(dossier: Dossier, user: User, *, now: datetime) -> list[StillWaiting]:
    """Return what waits because of what was carried out, the next thing first.

    Who does it gets the link; everybody else reads who that is.
    """
    if dossier.state not in _OVER:
        return []
    effect = kinds.get(dossier.kind).effect
    done = dossier.items.filter(outcome=Outcome.DONE).order_by()
    found: list[StillWaiting] = []
    if effect in (EffectKind.ISSUE, EffectKind.REVOKE):
        devices = Device.objects.visible_to(user).of_dossier(str(dossier.uuid))
        devices = devices.exclude(condition=Condition.LOST)
        found += _of_devices(dossier, user, devices, now=now)
        owed = devices.handed_over_without_notice().count() if effect is EffectKind.ISSUE else 0
        if owed:
            words = _("%(count)s thiết bị đã bàn giao, chưa thông báo bằng Mẫu 07") % {
                "count": owed
            }
            link = f"{reverse('requests_app:start')}?need=mau_07_handover"
            found.append(_for_clerk(dossier, user, words, link, _("Lập Mẫu 07")))
    if effect is EffectKind.RENEW_CHANGE:
        results = done.exclude(result=None).values("result")
        new = Certificate.objects.filter(pk__in=results).to_install(now).order_by("common_name")
        for one in new[:NAMED]:
            words = _("Chứng thư mới của %(name)s (%(serial)s) chờ cài vào thiết bị đang dùng") % {
                "name": one.common_name,
                "serial": one.serial,
            }
            link = reverse("ca:detail", args=[one.uuid])
            found.append(_for_clerk(dossier, user, words, link, _("Xem và xác nhận cài đặt")))
    if effect is EffectKind.RECOVER:
        # The PIN of a virtual token; a real device has its own.
        without = Device.objects.waiting_for(Custody.WITH_SUBSCRIBER).filter(
            pk__in=done.exclude(device=None).values("device"), key__token__isnull=False
        )
        unset = without.exclude(key__token__transport_pin="").select_related("subscriber")
        for device in unset[:NAMED]:
            holder = device.subscriber.name if device.subscriber else ""
            words = _("Thiết bị %(serial)s (%(holder)s) chờ đặt mã PIN mới") % {
                "serial": device.serial,
                "holder": holder,
            }
            link = reverse("devices:new_pin", args=[device.uuid])
            found.append(_for_clerk(dossier, user, words, link, _("Đặt mã PIN mới")))
    if effect is EffectKind.RECORD_LOSS:
        keys = dossier.items.exclude(device=None).order_by().values("device__key")
        if valid := Certificate.objects.valid_at(now).filter(key__in=keys).count():
            words = _("%(count)s chứng thư trên thiết bị thất lạc còn hiệu lực, chờ thu hồi") % {
                "count": valid
            }
            link = f"{reverse('requests_app:start')}?need=mau_05_revoke"
            found.append(_for_clerk(dossier, user, words, link, _("Lập Mẫu 05")))
    return found


def _of_devices(
    dossier: Dossier, user: User, devices: DeviceQuerySet, *, now: datetime
) -> list[StillWaiting]:
    """Return what waits of ``devices``: each link leads to these and no others, or to the parcel
    that they are in."""
    found = []
    only = f"?dossier={dossier.uuid}"
    if count := devices.waiting_for(Custody.ALLOCATED).with_valid_certificate(now).count():
        words = _("%(count)s thiết bị đã cấp, chờ gửi về đơn vị") % {"count": count}
        who, url = dossier.addressee.name, ""
        if user.can(Capability.SUPPLY_DEVICES):
            url = reverse("devices:send", args=[dossier.agency.uuid]) + only
        found.append(StillWaiting(words, who, url, _("Gửi thiết bị") if url else ""))
    coming = ShipmentItem.objects.filter(device__in=devices.at(Custody.ON_ITS_WAY))
    parcels = Counter(
        coming.filter(received_at=None).order_by("pk").values_list("shipment__uuid", flat=True)
    )
    for parcel, count in parcels.items():
        words = _("%(count)s thiết bị đang gửi về, chờ xác nhận đã nhận") % {"count": count}
        link = reverse("devices:shipment", args=[parcel])
        found.append(_for_clerk(dossier, user, words, link, _("Xác nhận đã nhận")))
    places = Counter(devices.values_list("custody", flat=True))
    for custody, text, link, label in (
        (
            Custody.AT_AGENCY,
            _("%(count)s thiết bị chờ bàn giao cho thuê bao"),
            reverse("devices:hand_over_many") + only,
            _("Bàn giao"),
        ),
        (
            Custody.TO_BE_RETURNED,
            _("%(count)s thiết bị phải thu hồi từ thuê bao"),
            reverse("devices:take_back_many") + only,
            _("Nhận lại thiết bị"),
        ),
        (
            Custody.BACK_AT_AGENCY,
            _("%(count)s thiết bị đã thu hồi, chờ nộp lại kèm Mẫu 08"),
            f"{reverse('requests_app:start')}?need=mau_08_return",
            _("Lập Mẫu 08"),
        ),
    ):
        if count := places[custody]:
            found.append(_for_clerk(dossier, user, text % {"count": count}, link, label))
    return found


def _for_clerk(dossier: Dossier, user: User, words: str, url: str, label: str) -> StillWaiting:
    """Return what the body's clerk does: to others without the link."""
    is_theirs = user.can(Capability.KEEP_DEVICES) and dossier.agency_id in user.body_ids
    who = _("Văn thư %(agency)s") % {"agency": dossier.agency.name}
    return StillWaiting(words, who, url if is_theirs else "", label if is_theirs else "")


def refused_rows(dossier: Dossier, user: User) -> int:
    """Return how many refused rows ``user`` may file anew; 0 while it is not over."""
    is_theirs = user.can(Capability.DRAFT) and dossier.agency_id in user.body_ids
    if not is_theirs or dossier.state not in _OVER:
        return 0
    return dossier.items.filter(outcome=Outcome.REFUSED).count()
