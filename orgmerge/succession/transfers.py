"""Transfers to the new bodies, kind by kind, a chunk at a time; the caller holds the
reorganisation's lock.

Each takes the next rows after a key and returns how many were transferred and the last key, None
at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from devices import services as devices
from devices.lifecycle import Custody
from devices.models import Device
from orgmerge.acts import merger_act
from orgmerge.models import PlanLine, TransferEntry
from orgmerge.plans import line_states
from orgmerge.succession.bodies import basis_of
from orgmerge.succession.destinations import Destinations, person_stays_away
from orgmerge.succession.remainders import GIVEN_BACK
from orgmerge.vocabulary import LineAbout, LineAction, LineState
from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.accounts.rules import role_fits_body
from portal.agencies import services as agencies
from portal.agencies.models import Affiliation, Agency, AgencyKind, Subscriber, SubscriberKind
from portal.agencies.services import SubscriberTransfer
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability, roles_that_can
from portal.deadlines import services as deadlines
from portal.deadlines.models import Deadline
from portal.notices import services as notices
from requests_app.models import Dossier
from requests_app.succession.dossiers import continue_under

AT_ONCE = 500
_ON_THE_WAY = (Custody.ALLOCATED, Custody.ON_ITS_WAY)
_Row = TypeVar("_Row", bound=models.Model)
Moved = tuple[int, int | None]
Transfer: TypeAlias = Callable[[Destinations, int, datetime], Moved]
# In the order in which they stand in this module, then in ``handover``. Those who sign in come
# first: the new body's clerks are told of what comes to them.
TRANSFERS: list[Transfer] = []


def transfer(work: Transfer) -> Transfer:
    """Have the sweep take this over as well."""
    TRANSFERS.append(work)
    return work


@transfer
def transfer_accounts(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Accounts go where the plan or the review says their person goes, else where their body as a
    whole went. Of those who led a body, the first at the new one leads it; the others wait for two
    administrators. Who does not go along loses the account.
    """
    leaving = destinations.leaving(LineAbout.SUBSCRIBER, by="person")
    found = next_rows(User.objects.filter(leaving, is_active=True), after)
    people = {user.person_id: user.agency_id for user in found if user.person_id}
    lines = PlanLine.objects.filter(
        plan=destinations.merger.approved_plan_id,
        about=LineAbout.SUBSCRIBER,
        target_id__in=list(people),
    )
    line_of = {line.target_id: line for line in lines}
    planned = destinations.of(LineAbout.SUBSCRIBER, people)
    to: dict[int, Agency] = {}
    for user in found:
        person = user.person_id or 0
        successor = destinations.successors.get(user.agency_id)
        reply = destinations.replies.get((LineAbout.SUBSCRIBER, person))
        if user.can(Capability.ADMINISTER) and successor is not None:
            to[user.pk] = successor
        elif person and person_stays_away(line_of.get(person), reply):
            continue
        elif way := planned.get(person) or successor:
            to[user.pk] = way
    without_role = _second_heads(destinations, found, to)
    touched = accounts.follow_body(
        found, to, without_role=without_role, basis=basis_of(destinations.merger), now=now
    )
    # What those who can't work on have not read is told to the new body's clerks, an office's
    # officers.
    closed = {user.pk: user.agency_id for user in touched if not user.is_active}
    successors = {pk: to.get(pk) or destinations.successors.get(old) for pk, old in closed.items()}
    bodies = {body.pk for body in successors.values() if body}
    is_theirs = Q(role__in=roles_that_can(Capability.COVER_DOSSIERS)) | (
        Q(role__in=roles_that_can(Capability.DRAFT)) & ~Q(agency__kind=AgencyKind.OFFICE)
    )
    # Those whose own turn comes with a later chunk sit at the old body still.
    passes_to = {old: body.pk for old, body in destinations.successors.items() if body.pk in bodies}
    clerks: dict[int, list[User]] = {}
    for clerk in User.objects.filter(is_theirs, is_active=True, agency__in={*bodies, *passes_to}):
        clerks.setdefault(passes_to.get(clerk.agency_id, clerk.agency_id), []).append(clerk)
    readers = {pk: clerks.get(body.pk, []) for pk, body in successors.items() if body}
    if readers:
        notices.hand_on(readers, now=now)
    return len(touched), last_of(found)


@transfer
def transfer_affiliations(destinations: Destinations, after: int, now: datetime) -> Moved:
    """People work at the new body from the day on, in the unit and position the review says."""
    rows = Affiliation.objects.filter(
        destinations.leaving(LineAbout.SUBSCRIBER, by="subscriber"), valid_until__isnull=True
    )
    found = next_rows(rows, after)
    olds = {one.subscriber_id: one.agency_id for one in found}
    moved = agencies.transfer_affiliations(
        found,
        _places(destinations, destinations.of(LineAbout.SUBSCRIBER, olds)),
        day=destinations.merger.effective_on,
    )
    return moved, last_of(found)


@transfer
def transfer_subscribers(destinations: Destinations, after: int, now: datetime) -> Moved:
    """People and systems are managed by the new body. A body that ended stays the subscriber it
    was: its certificates tell of it."""
    rows = Subscriber.objects.filter(destinations.leaving(LineAbout.SUBSCRIBER))
    found, to = next_with_destinations(
        rows.exclude(organisation__in=destinations.ended_bodies()),
        after,
        lambda some: destinations.of(LineAbout.SUBSCRIBER, _bodies_of(some)),
    )
    olds = _bodies_of(found)
    moved = agencies.transfer_subscribers(found, _places(destinations, to))
    _record(destinations, LineAbout.SUBSCRIBER, moved, olds, now=now)
    return len(moved), last_of(found)


@transfer
def transfer_certificates(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Certificates are managed by the new body, with the clocks that run about them."""
    rows = Certificate.objects.filter(destinations.leaving(LineAbout.CERTIFICATE)).select_related(
        "subscriber"
    )
    moved, to = next_with_destinations(
        rows.defer("der", "crl_entry"),
        after,
        lambda some: destinations.of(
            LineAbout.CERTIFICATE,
            _bodies_of(some),
            holders=_with_their_holders(destinations, some),
        ),
    )
    olds = _bodies_of(moved)
    for one in moved:
        one.agency, one.office = to[one.pk], to[one.pk].office
    update_rows(moved, ["agency", "office"])
    owed_by = set(olds.values())
    groups: dict[int, list[Certificate]] = defaultdict(list)
    for each in moved:
        groups[each.agency_id].append(each)
    for group in groups.values():
        deadlines.pass_on(
            [one.uuid for one in group],
            agency=group[0].agency,
            office=group[0].office,
            now=now,
            owed_by=owed_by,
        )
    _record(destinations, LineAbout.CERTIFICATE, moved, olds, now=now)
    return len(moved), last_of(moved)


@transfer
def transfer_devices(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Devices are the new body's, wherever they lie; those on their way go to it."""
    rows = Device.objects.filter(destinations.leaving(LineAbout.DEVICE)).exclude(
        custody__in=GIVEN_BACK
    )
    found, to = next_with_destinations(
        rows.select_related("subscriber"),
        after,
        lambda some: destinations.of(
            LineAbout.DEVICE, _bodies_of(some), holders=_with_their_holders(destinations, some)
        ),
    )
    olds = _bodies_of(found)
    paper = devices.Paper(
        "merger", destinations.merger.uuid, _("Quyết định %s") % destinations.merger.decision
    )
    groups: dict[tuple[int, bool], list[Device]] = defaultdict(list)
    for one in found:
        groups[to[one.pk].pk, one.custody in _ON_THE_WAY].append(one)
    for (_to, is_on_the_way), group in groups.items():
        pass_ = devices.readdress if is_on_the_way else devices.transfer
        pass_(group, to=to[group[0].pk], paper=paper, now=now)
        # An organisation's device passes to another văn thư with minutes (NĐ 30/2020 Điều 32).
        serials = [
            one.serial
            for one in group
            if one.subscriber is not None and one.subscriber.kind == SubscriberKind.ORGANISATION
        ]
        if serials:
            notices.tell(
                User.objects.who_can(Capability.DRAFT, agency_id=to[group[0].pk].pk),
                cause=f"merger:{destinations.merger.pk}:organisation-devices:{group[0].pk}",
                title=_("Tiếp nhận %d thiết bị của cơ quan được sắp xếp") % len(serials),
                text=_("Lập biên bản và ghi người giữ mới (Đổi người giữ): %s.")
                % ", ".join(serials),
                path=reverse("devices:list"),
                now=now,
            )
    note(destinations, LineAbout.DEVICE, {pk: (olds[pk], body.pk) for pk, body in to.items()})
    _finish_lines(destinations, LineAbout.DEVICE, to)
    return len(to), last_of(found)


@transfer
def transfer_deadlines(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Whatever else a body owed that was transferred whole is owed by its successor."""
    found = next_rows(Deadline.objects.open().filter(agency__in=destinations.ended_bodies()), after)
    of_heir: dict[int, list[Deadline]] = defaultdict(list)
    for one in found:
        if one.agency_id in destinations.successors:
            of_heir[one.agency_id].append(one)
    moved = 0
    for old, group in of_heir.items():
        successor = destinations.successors[old]
        uuids = [one.target_uuid for one in group]
        moved += deadlines.pass_on(
            uuids, agency=successor, office=successor.office, now=now, owed_by=[old]
        )
    return moved, last_of(found)


@transfer
def transfer_dossiers(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Open dossiers go on under the new body or are filed anew in its name (DOMAIN 14.8)."""
    refiled = PlanLine.objects.filter(
        plan=destinations.merger.approved_plan_id, about=LineAbout.DOSSIER, action=LineAction.REFILE
    ).exclude(state=LineState.DONE)
    leaving = destinations.leaving(LineAbout.DOSSIER) | Q(
        pk__in=refiled.order_by().values("target_id")
    )
    found = next_rows(Dossier.objects.open().filter(leaving), after)
    # Dossier → its body; one of a body that lives on under a new name is refiled there.
    to = destinations.of(LineAbout.DOSSIER, {one.pk: one.agency_id for one in found})
    here = {body.pk: body for body in destinations.bodies.values()}
    stay = {one.pk: here[one.agency_id] for one in found if one.agency_id in here}
    to = stay | to
    reason = _("Sắp xếp tổ chức theo %s") % destinations.merger.decision
    moved = 0
    for one in found:
        if one.pk not in to:
            continue
        old = one.agency_id
        goes_on = continue_under(one, to[one.pk], names=destinations.names, reason=reason, now=now)
        if goes_on is not None:
            moved += 1
            _finish_lines(destinations, LineAbout.DOSSIER, [one.pk], dossier=goes_on)
            if old != goes_on.agency_id:
                note(destinations, LineAbout.DOSSIER, {one.pk: (old, goes_on.agency_id)})
    return moved, last_of(found)


def next_rows(rows: models.QuerySet[_Row], after: int) -> list[_Row]:
    locked = rows.select_for_update(of=("self",), no_key=True).filter(pk__gt=after)
    return list(locked.order_by("pk")[:AT_ONCE])


def next_with_destinations(
    rows: models.QuerySet[_Row], after: int, of: Callable[[Sequence[_Row]], dict[int, Agency]]
) -> tuple[list[_Row], dict[int, Agency]]:
    """Return the next rows that ``of`` has a destination for, locked, and these destinations.

    What has none is passed over and counts for nothing: whoever goes on where a run was killed
    takes the very chunks that were left, so as many people are told of as many things.
    """
    found: list[_Row] = []
    to: dict[int, Agency] = {}
    while len(found) < AT_ONCE:
        some = next_rows(rows, after)
        destinations = of(some)
        going = [one for one in some if one.pk in destinations][: AT_ONCE - len(found)]
        found += going
        to |= {one.pk: destinations[one.pk] for one in going}
        if len(some) < AT_ONCE:
            break
        after = some[-1].pk
    return found, to


def last_of(found: Sequence[models.Model]) -> int | None:
    return found[-1].pk if len(found) == AT_ONCE else None


def _bodies_of(things: Iterable[Any]) -> dict[int, int]:
    """Return thing → the body it belongs to, by their keys."""
    return {one.pk: one.agency_id for one in things if one.agency_id is not None}


def _places(destinations: Destinations, to: Mapping[int, Agency]) -> dict[int, SubscriberTransfer]:
    """Add what the review said of each one's new place."""
    found = {}
    for pk, agency in to.items():
        said = destinations.replies.get((LineAbout.SUBSCRIBER, pk))
        if said is None:
            found[pk] = SubscriberTransfer(to=agency)
        else:
            found[pk] = SubscriberTransfer(
                to=agency, unit=said.unit, position=said.position, email=said.email
            )
    return found


def _with_their_holders(destinations: Destinations, things: Iterable[Any]) -> dict[int, Agency]:
    """Return thing → the new body its holder is managed by already: history of a divided body has
    no line of its own."""
    here = {body.pk: body for body in destinations.bodies.values()}
    return {
        one.pk: here[one.subscriber.agency_id]
        for one in things
        if one.subscriber is not None
        and one.subscriber.agency_id in here
        and one.subscriber.agency_id != one.agency_id
        and one.agency_id in destinations.ended
    }


def _record(
    destinations: Destinations,
    about: LineAbout,
    moved: Sequence[Any],
    olds: Mapping[int, int],
    *,
    now: datetime,
) -> None:
    if not moved:
        return
    note(destinations, about, {one.pk: (olds[one.pk], one.agency_id) for one in moved})
    _finish_lines(destinations, about, [one.pk for one in moved])
    to: dict[str, list[str]] = defaultdict(list)
    for one in moved:
        to[str(one.agency.uuid)].append(str(one.uuid))
    act = merger_act("merger.follow", destinations.merger, about=str(about), to=dict(to))
    audit.record(act, actor=None, now=now)


def note(
    destinations: Destinations, about: LineAbout, moved: Mapping[int, tuple[int, int]]
) -> None:
    """Keep from where to where each thing went."""
    TransferEntry.objects.bulk_create(
        [
            TransferEntry(
                merger=destinations.merger, about=about, target_id=pk, old_id=old, new_id=new
            )
            for pk, (old, new) in moved.items()
        ],
        ignore_conflicts=True,
        batch_size=500,
    )


def _finish_lines(
    destinations: Destinations,
    about: LineAbout,
    keys: Iterable[int],
    *,
    dossier: Dossier | None = None,
) -> None:
    """Close the lines of the plan that asked for no more than this."""
    found = PlanLine.objects.filter(
        plan=destinations.merger.approved_plan_id,
        about=about,
        target_id__in=list(keys),
        action__in=[LineAction.HAND_OVER, LineAction.REFILE],
    )
    if dossier is not None:
        found.update(dossier=dossier)
    line_states.close_quiet(
        destinations.merger, list(found.order_by().values_list("pk", flat=True))
    )


def _second_heads(
    destinations: Destinations, users: Sequence[User], to: dict[int, Agency]
) -> set[int]:
    """Return the accounts that would be a body's second head, or whose role is not that body's."""
    heads = roles_that_can(Capability.SIGN_LETTERS, Capability.SIGN_COVERING_LETTERS)
    leading = User.objects.filter(
        is_active=True, role__in=heads, agency__in={body.pk for body in to.values()}
    )
    led = set(leading.values_list("agency_id", flat=True))
    waiting: set[int] = set()
    in_order = sorted(users, key=lambda user: (destinations.order.get(user.agency_id, 0), user.pk))
    for user in in_order:
        body = to.get(user.pk)
        if body is None:
            continue
        leads = user.can(Capability.SIGN_LETTERS) or user.can(Capability.SIGN_COVERING_LETTERS)
        if role_fits_body(user.role, body.kind) or (leads and body.pk in led):
            waiting.add(user.pk)
        elif leads:
            led.add(body.pk)
    return waiting
