"""What goes over, kind by kind, a chunk at a time; the caller holds the reorganisation's lock.

Each takes the next rows after a key and returns how many went over and the last key, None at the
end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from devices import services as devices
from devices.lifecycle import Custody
from devices.models import Device
from orgmerge.models import GoneOver, PlanLine
from orgmerge.services import lines
from orgmerge.services.common import merger_act
from orgmerge.services.leftovers import GIVEN_BACK
from orgmerge.services.ways import Ways
from orgmerge.words import About, Action, LineState
from portal.accounts.models import User
from portal.agencies import services as agencies
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.agencies.services import GoingOver
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.bulk import update_rows
from portal.core.roles import Role
from portal.deadlines import services as deadlines
from portal.deadlines.models import Deadline
from portal.notices import services as notices
from requests_app.models import Dossier
from requests_app.services.continuing import continue_under

AT_ONCE = 500
_ON_THE_WAY = (Custody.ALLOCATED, Custody.ON_ITS_WAY)
_Row = TypeVar("_Row", bound=models.Model)
Moved = tuple[int, int | None]


def affiliations(ways: Ways, after: int, now: datetime) -> Moved:
    """People work at the new body from the day on, in the unit and position the review says."""
    rows = Affiliation.objects.filter(
        ways.leaving(About.SUBSCRIBER, by="subscriber"), valid_until__isnull=True
    )
    found = next_rows(rows, after)
    olds = {one.subscriber_id: one.agency_id for one in found}
    moved = agencies.take_up_work(
        found, _places(ways, ways.of(About.SUBSCRIBER, olds)), day=ways.merger.effective_on
    )
    return moved, last_of(found)


def subscribers(ways: Ways, after: int, now: datetime) -> Moved:
    """People and systems are managed by the new body. A body that ended stays the subscriber it
    was: its certificates tell of it."""
    rows = Subscriber.objects.filter(ways.leaving(About.SUBSCRIBER))
    found = next_rows(rows.exclude(organisation__in=ways.ended_bodies()), after)
    olds = {one.pk: one.agency_id for one in found}
    moved = agencies.go_over(found, _places(ways, ways.of(About.SUBSCRIBER, olds)))
    _record(ways, About.SUBSCRIBER, moved, olds, now=now)
    return len(moved), last_of(found)


def certificates(ways: Ways, after: int, now: datetime) -> Moved:
    """Certificates are managed by the new body, with the clocks that run about them."""
    rows = Certificate.objects.filter(ways.leaving(About.CERTIFICATE)).select_related("subscriber")
    found = next_rows(rows.defer("der", "crl_entry"), after)
    olds = {one.pk: one.agency_id for one in found}
    to = ways.of(About.CERTIFICATE, olds, holders=_with_their_holders(ways, found))
    moved = [one for one in found if one.pk in to]
    for one in moved:
        one.agency, one.office = to[one.pk], to[one.pk].office
    update_rows(moved, ["agency", "office"])
    _pass_on(moved, owed_by=set(olds.values()), now=now)
    _record(ways, About.CERTIFICATE, moved, olds, now=now)
    return len(moved), last_of(found)


def devices_(ways: Ways, after: int, now: datetime) -> Moved:
    """Devices are the new body's, wherever they lie; those on their way go to it."""
    rows = Device.objects.filter(ways.leaving(About.DEVICE)).exclude(custody__in=GIVEN_BACK)
    found = next_rows(rows.select_related("subscriber"), after)
    olds = {one.pk: one.agency_id for one in found if one.agency_id is not None}
    to = ways.of(About.DEVICE, olds, holders=_with_their_holders(ways, found))
    paper = devices.Paper("merger", ways.merger.uuid, _("Quyết định %s") % ways.merger.decision)
    groups: dict[tuple[int, bool], list[Device]] = defaultdict(list)
    for one in found:
        if one.pk in to:
            groups[to[one.pk].pk, one.custody in _ON_THE_WAY].append(one)
    for (_to, is_on_the_way), group in groups.items():
        pass_ = devices.readdress if is_on_the_way else devices.transfer
        pass_(group, to=to[group[0].pk], paper=paper, now=now)
        _tell_the_new_clerks(ways, group, to[group[0].pk], now=now)
    note(ways, About.DEVICE, {pk: (olds[pk], body.pk) for pk, body in to.items()})
    _finish_lines(ways, About.DEVICE, to)
    return len(to), last_of(found)


def deadlines_(ways: Ways, after: int, now: datetime) -> Moved:
    """Whatever else a body that went over as a whole still owed is owed by its successor."""
    found = next_rows(Deadline.objects.open().filter(agency__in=ways.ended_bodies()), after)
    of_heir: dict[int, list[Deadline]] = defaultdict(list)
    for one in found:
        if one.agency_id in ways.heirs:
            of_heir[one.agency_id].append(one)
    moved = 0
    for old, group in of_heir.items():
        heir = ways.heirs[old]
        uuids = [one.target_uuid for one in group]
        moved += deadlines.pass_on(uuids, agency=heir, office=heir.office, now=now, owed_by=[old])
    return moved, last_of(found)


def dossiers(ways: Ways, after: int, now: datetime) -> Moved:
    """Open dossiers go on under the new body or are filed anew in its name (DOMAIN 14.8)."""
    refiled = PlanLine.objects.filter(
        plan=ways.merger.approved_plan_id, about=About.DOSSIER, action=Action.REFILE
    ).exclude(state=LineState.DONE)
    leaving = ways.leaving(About.DOSSIER) | Q(pk__in=refiled.order_by().values("target_id"))
    found = next_rows(Dossier.objects.open().filter(leaving), after)
    to = _dossiers_to(ways, found)
    reason = _("Sắp xếp tổ chức theo %s") % ways.merger.decision
    moved = 0
    for one in found:
        if one.pk not in to:
            continue
        old = one.agency_id
        goes_on = continue_under(one, to[one.pk], names=ways.names, reason=reason, now=now)
        if goes_on is not None:
            moved += 1
            _finish_lines(ways, About.DOSSIER, [one.pk], dossier=goes_on)
            if old != goes_on.agency_id:
                note(ways, About.DOSSIER, {one.pk: (old, goes_on.agency_id)})
    return moved, last_of(found)


def _dossiers_to(ways: Ways, found: Sequence[Dossier]) -> dict[int, Agency]:
    """Return dossier → its body; one of a body that lives on under a new name is refiled there."""
    to = ways.of(About.DOSSIER, {one.pk: one.agency_id for one in found})
    here = {body.pk: body for body in ways.bodies.values()}
    stay = {one.pk: here[one.agency_id] for one in found if one.agency_id in here}
    return stay | to


def next_rows(rows: models.QuerySet[_Row], after: int) -> list[_Row]:
    locked = rows.select_for_update(of=("self",)).filter(pk__gt=after)
    return list(locked.order_by("pk")[:AT_ONCE])


def last_of(found: Sequence[models.Model]) -> int | None:
    return found[-1].pk if len(found) == AT_ONCE else None


def _places(ways: Ways, to: Mapping[int, Agency]) -> dict[int, GoingOver]:
    """Add what the review said of each one's new place."""
    found = {}
    for pk, agency in to.items():
        said = ways.replies.get((About.SUBSCRIBER, pk))
        if said is None:
            found[pk] = GoingOver(to=agency)
        else:
            found[pk] = GoingOver(
                to=agency, unit=said.unit, position=said.position, email=said.email
            )
    return found


def _with_their_holders(ways: Ways, things: Iterable[Any]) -> dict[int, Agency]:
    """Return thing → the new body its holder is managed by already: history of a divided body has
    no line of its own."""
    here = {body.pk: body for body in ways.bodies.values()}
    return {
        one.pk: here[one.subscriber.agency_id]
        for one in things
        if one.subscriber is not None
        and one.subscriber.agency_id in here
        and one.subscriber.agency_id != one.agency_id
        and one.agency_id in ways.ended
    }


def _pass_on(moved: Sequence[Certificate], *, owed_by: set[int], now: datetime) -> None:
    groups: dict[int, list[Certificate]] = defaultdict(list)
    for one in moved:
        groups[one.agency_id].append(one)
    for group in groups.values():
        deadlines.pass_on(
            [one.uuid for one in group],
            agency=group[0].agency,
            office=group[0].office,
            now=now,
            owed_by=owed_by,
        )


def _tell_the_new_clerks(ways: Ways, group: Sequence[Device], to: Agency, *, now: datetime) -> None:
    """An organisation's device passes to another văn thư with minutes (NĐ 30/2020 Điều 32)."""
    serials = [
        one.serial
        for one in group
        if one.subscriber is not None and one.subscriber.kind == SubscriberKind.ORGANISATION
    ]
    if not serials:
        return
    notices.tell(
        User.objects.who_act_for(roles={Role.CLERK}, agency_id=to.pk),
        cause=f"merger:{ways.merger.pk}:organisation-devices:{group[0].pk}",
        title=_("Tiếp nhận %d thiết bị của cơ quan được sắp xếp") % len(serials),
        text=_("Lập biên bản và ghi người giữ mới (Đổi người giữ): %s.") % ", ".join(serials),
        path=reverse("devices:list"),
        now=now,
    )


def _record(
    ways: Ways, about: About, moved: Sequence[Any], olds: Mapping[int, int], *, now: datetime
) -> None:
    if not moved:
        return
    note(ways, about, {one.pk: (olds[one.pk], one.agency_id) for one in moved})
    _finish_lines(ways, about, [one.pk for one in moved])
    to: dict[str, list[str]] = defaultdict(list)
    for one in moved:
        to[str(one.agency.uuid)].append(str(one.uuid))
    act = merger_act("merger.follow", ways.merger, about=str(about), to=dict(to))
    audit.record(act, actor=None, now=now)


def note(ways: Ways, about: About, moved: Mapping[int, tuple[int, int]]) -> None:
    """Keep from where to where each thing went."""
    GoneOver.objects.bulk_create(
        [
            GoneOver(merger=ways.merger, about=about, target_id=pk, old_id=old, new_id=new)
            for pk, (old, new) in moved.items()
        ],
        ignore_conflicts=True,
        batch_size=500,
    )


def _finish_lines(
    ways: Ways, about: About, keys: Iterable[int], *, dossier: Dossier | None = None
) -> None:
    """Close the lines of the plan that asked for no more than this."""
    found = PlanLine.objects.filter(
        plan=ways.merger.approved_plan_id,
        about=about,
        target_id__in=list(keys),
        action__in=[Action.HAND_OVER, Action.REFILE],
    )
    if dossier is not None:
        found.update(dossier=dossier)
    lines.close_quiet(ways.merger, list(found.order_by().values_list("pk", flat=True)))
