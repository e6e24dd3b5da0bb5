"""What names an office that has ended, or not the one that follows its body now: dossiers at the
desk, letters not sent, devices, certificates, clocks, rules about who gets which form.

As with ``going_over`` each takes the next rows after a key, under the reorganisation's lock. What
is closed stays as it was printed; the heir's people read it (``User.body_ids``). Decision 0021.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from devices import services as devices
from devices.lifecycle import Custody
from devices.models import Device, Shipment
from orgmerge.services.common import merger_act
from orgmerge.services.going_over import Moved, last_of, next_rows, note
from orgmerge.services.leftovers import FINAL, strayed
from orgmerge.services.office_heirs import living
from orgmerge.services.successions import basis_of
from orgmerge.services.ways import Ways
from orgmerge.words import About
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.bulk import update_rows
from portal.core.roles import Role
from portal.deadlines import services as deadlines
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.watching import let_watch
from portal.notices import services as notices
from requests_app.models import CoveringLetter, Dossier
from requests_app.services import offices
from requests_app.services.routing_ending import end_rules_naming


def routes(ways: Ways, after: int, now: datetime) -> Moved:
    """Rules that name an ended office end on the day; administrators are told."""
    count = 0
    for old, heir in ways.offices.items():
        if heir is not None:
            ended = end_rules_naming(
                Agency.objects.get(pk=old),
                heir,
                day=ways.merger.effective_on,
                now=now,
                basis=basis_of(ways.merger),
            )
            count += len(ended)
    return count, None


def covering_letters(ways: Ways, after: int, now: datetime) -> Moved:
    """Letters that were not sent are the heir's to write, before the dossiers under them go."""
    rows = CoveringLetter.objects.filter(office__in=list(ways.offices), stage__in=offices.UNSENT)
    found = next_rows(rows, after)
    groups: dict[int, list[CoveringLetter]] = defaultdict(list)
    for one in found:
        groups[one.office_id].append(one)
    reason = _("Lập lại theo %s.") % ways.merger.decision
    moved = 0
    for old, group in groups.items():
        if (heir := ways.offices[old]) is not None:
            offices.take_over_letters(group, heir, reason=reason, now=now)
            moved += len(group)
    return moved, last_of(found)


def dossiers(ways: Ways, after: int, now: datetime) -> Moved:
    """Open dossiers are seen to by the office that follows their body now."""
    rows = Dossier.objects.open().filter(strayed(ways.merger, ways.offices))
    found = next_rows(rows.select_related("agency__office"), after)
    olds = _olds(found)
    moved = offices.go_to_offices(found, _offices_of(ways, found), now=now)
    _note(ways, About.DOSSIER, moved, olds)
    _record(ways, About.DOSSIER, moved, now=now)
    _tell(ways, moved, _("Tiếp nhận %d hồ sơ của Sở được sắp xếp"), "requests_app:list", now=now)
    return len(moved), last_of(found)


def devices_(ways: Ways, after: int, now: datetime) -> Moved:
    """Devices that are out; what lies at an office goes with that office, not with its body."""
    rows = Device.objects.filter(strayed(ways.merger, ways.offices)).exclude(custody__in=FINAL)
    found = next_rows(rows.select_related("agency__office"), after)
    olds = _olds(found)
    lying = [one for one in found if one.custody == Custody.AT_OFFICE]
    to = _offices_of(ways, [one for one in found if one.custody != Custody.AT_OFFICE])
    to |= {one.pk: heir for one in lying if (heir := ways.offices.get(one.office_id or 0))}
    moved = devices.go_to_offices(found, to)
    passed = [one for one in moved if one.custody == Custody.AT_OFFICE]
    _note(ways, About.DEVICE, passed, olds)
    _record(ways, About.DEVICE, moved, now=now)
    _tell(ways, passed, _("Tiếp nhận %d thiết bị đang ở Sở được sắp xếp"), "devices:list", now=now)
    return len(moved), last_of(found)


def shipments(ways: Ways, after: int, now: datetime) -> Moved:
    """Shipments under way; the devices in them have entries of their own."""
    rows = Shipment.objects.under_way().filter(strayed(ways.merger, ways.offices))
    found = next_rows(rows.select_related("agency__office"), after)
    return len(_plainly(ways, found)), last_of(found)


def certificates(ways: Ways, after: int, now: datetime) -> Moved:
    """Certificates that can still be used; nothing about their subject changes."""
    rows = Certificate.objects.filter(revoked_at__isnull=True, not_after__gt=now)
    strays = rows.filter(strayed(ways.merger, ways.offices)).select_related("agency__office")
    found = next_rows(strays.defer("der", "crl_entry"), after)
    moved = _plainly(ways, found)
    _record(ways, About.CERTIFICATE, moved, now=now)
    return len(moved), last_of(found)


def deadlines_(ways: Ways, after: int, now: datetime) -> Moved:
    """Clocks that run: the office that watches them, and who owes them where that was an office.

    A review is watched by the office that holds it.
    """
    theirs = strayed(ways.merger, ways.offices) | Q(agency__in=list(ways.offices))
    reviews = Q(kind=DeadlineKind.MERGER_REVIEW) & ~Q(office__in=list(ways.offices))
    rows = Deadline.objects.open().filter(theirs).exclude(reviews)
    found = next_rows(rows.select_related("agency__office"), after)
    moved = let_watch(found, _offices_of(ways, found))
    for old, heir in ways.offices.items():
        owed = [one.target_uuid for one in found if one.agency_id == old]
        if owed and heir is not None:
            moved += deadlines.pass_on(owed, agency=heir, office=heir, now=now, owed_by=[old])
    return moved, last_of(found)


def _plainly(ways: Ways, found: Sequence[Any]) -> list[Any]:
    """Write the office alone; return the rows that have another one now."""
    to = _offices_of(ways, found)
    moved = [one for one in found if one.pk in to and to[one.pk].pk != one.office_id]
    for one in moved:
        one.office = to[one.pk]
    update_rows(moved, ["office"])
    return moved


def _offices_of(ways: Ways, rows: Sequence[Any]) -> dict[int, Agency]:
    """Return row → the office that follows its body now; of what no office follows (the CA's and
    the office's own) who does the work of the one it names."""
    found: dict[int, Agency] = {}
    for one in rows:
        own = one.agency.office if one.agency is not None else None
        office = living(own, ways.offices) if own else ways.offices.get(one.office_id or 0)
        if office is not None:
            found[one.pk] = office
    return found


def _olds(rows: Sequence[Any]) -> dict[int, int | None]:
    return {one.pk: one.office_id for one in rows}


def _note(ways: Ways, about: About, moved: Sequence[Any], olds: Mapping[int, int | None]) -> None:
    """Keep from which office to which each thing went."""
    pairs = ((one.pk, olds[one.pk], one.office_id) for one in moved)
    note(ways, about, {pk: (old, new) for pk, old, new in pairs if old is not None})


def _record(ways: Ways, about: About, moved: Sequence[Any], *, now: datetime) -> None:
    if not moved:
        return
    to: dict[str, list[str]] = defaultdict(list)
    for one in moved:
        to[str(one.office.uuid)].append(str(one.uuid))
    act = merger_act("merger.follow_office", ways.merger, about=str(about), to=dict(to))
    audit.record(act, actor=None, now=now)


def _tell(ways: Ways, moved: Sequence[Any], title: str, page: str, *, now: datetime) -> None:
    """Tell the officers of each office what came to them."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for one in moved:
        groups[one.office_id].append(one)
    for office, group in groups.items():
        notices.tell(
            User.objects.of_office(office).filter(role=Role.OFFICE_OFFICER),
            cause=f"merger:{ways.merger.pk}:office:{page}:{group[0].pk}",
            title=title % len(group),
            text=_("Theo %s.") % ways.merger.decision,
            path=reverse(page),
            now=now,
        )
