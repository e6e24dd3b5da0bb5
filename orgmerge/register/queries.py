"""What the register holds of bodies, read a thousand bodies at a time by ``values_list``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain
from sys import intern
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from devices.models import Device
from orgmerge.planner import facts, names
from orgmerge.planner.subjects import Subjects
from portal.agencies.levels import province_key
from portal.agencies.models import Affiliation, Agency, AgencyVersion, Subscriber, SubscriberKind
from portal.ca.models import Certificate, RevocationReason
from portal.core.database.bulk import among
from requests_app import kinds
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.workflow import ENDED

AT_ONCE = 1000  # bodies in one statement: bounds the memory and the parameters
PART = 5000  # bodies of which everything is in memory at once
_NO_END = (Outcome.NONE, Outcome.FAILED)  # a row that failed can be carried out again

Chunk = Sequence[int]
Tracked = Callable[[Sequence[Collection[int]]], Iterator[Collection[int]]]


@dataclass(slots=True)
class Found:
    """What was read of the bodies, each thing once.

    There may be hundreds of thousands: equal values are one object (``body_ids`` maps a key to
    itself for that), which halves the memory.
    """

    body_ids: Mapping[int, int]
    # Certificate → the forms of open dossiers that speak of it.
    pending: Mapping[int, set[str]]
    certificates: list[facts.KnownCertificate] = field(default_factory=list)
    devices: list[facts.KnownDevice] = field(default_factory=list)
    subscribers: dict[int, facts.KnownSubscriber] = field(default_factory=dict)
    dossiers: list[facts.KnownDossier] = field(default_factory=list)
    # Certificates of bodies, which are found by the body they name and by the one that manages it.
    _of_bodies: set[int] = field(default_factory=set)
    _days: dict[date, date] = field(default_factory=dict)
    # The keys that devices of the bodies at hand have in common with their certificates.
    keys: dict[int, int] = field(default_factory=dict)

    def body(self, organisation: int | None, agency: int) -> int:
        """Return whose a thing is: the body it names when that is one of these."""
        own = self.body_ids.get(organisation) if organisation is not None else None
        return own if own is not None else self.body_ids.get(agency, agency)

    def holder(self, subscriber: int) -> int:
        """Return the key of a subscriber, the same object as the subscriber's own."""
        known = self.subscribers.get(subscriber)
        return known.pk if known else subscriber

    def last_day(self, not_after: datetime) -> date:
        """Return the day in Hà Nội on which a certificate ends."""
        day = timezone.localdate(not_after)
        return self._days.setdefault(day, day)

    def is_known(self, pk: int, kind: str) -> bool:
        """Say whether the certificate of a body was read already, and note that it is now."""
        if kind != SubscriberKind.ORGANISATION:
            return False
        is_known = pk in self._of_bodies
        self._of_bodies.add(pk)
        return is_known


def bodies_with_superiors(wanted: Iterable[int], *, today: date) -> dict[int, facts.KnownBody]:
    """Return the bodies as they stand today, and all above them."""
    found = bodies(wanted, today=today)
    missing = _parents(found.values()) - found.keys()
    while missing:
        found |= (above := bodies(missing, today=today))
        missing = _parents(above.values()) - found.keys()
    return found


def _parents(some: Iterable[facts.KnownBody]) -> set[int]:
    return {one.parent for one in some if one.parent is not None}


def bodies(wanted: Iterable[int], *, today: date) -> dict[int, facts.KnownBody]:
    """Return the registered bodies as they stand today."""
    found: dict[int, facts.KnownBody] = {}
    for chunk in _chunks(sorted(wanted)):
        versions = AgencyVersion.objects.on(today).filter(among("agency", chunk))
        domain_of = dict(versions.order_by().values_list("agency_id", "email_domain"))
        rows = Agency.objects.filter(pk__in=chunk).order_by("pk")
        for pk, name, province, parent, has_seal in rows.values_list(
            "pk", "name", "province", "parent_id", "has_seal"
        ):
            found[pk] = facts.KnownBody(
                pk=pk,
                name=name,
                key=names.key(name),
                province=province_key(province),
                parent=parent,
                email_domain=domain_of.get(pk, ""),
                has_seal=has_seal,
            )
    return found


def parts(of: Iterable[int], linked: Iterable[Sequence[int]]) -> Sequence[Chunk]:
    """Return the bodies in groups of ``PART`` and a few, those of one group for each other: the
    ``linked`` and what has a certificate, device or person in common are in the same one."""
    ids = sorted(of)
    if len(ids) <= PART:
        return [ids]
    leader = {pk: pk for pk in ids}

    def leader_of(body: int) -> int:
        while (above := leader.setdefault(body, body)) != body:
            leader[body] = body = leader[above]
        return body

    for bodies_linked in chain(linked, _with_much_in_common()):
        first, *others = map(leader_of, bodies_linked)
        leader.update(dict.fromkeys(others, first))
    groups = defaultdict(list)
    for pk in ids:
        groups[leader_of(pk)].append(pk)
    found: list[list[int]] = [[]]
    for group in groups.values():
        if len(found[-1]) + len(group) > PART and found[-1]:
            found.append([])
        found[-1] += group
    return found


def _with_much_in_common() -> Iterator[tuple[int, int]]:
    """Yield the bodies two by two of which one has what another manages or has as well."""
    for rows, other in (
        (Subscriber.objects.order_by(), "organisation"),
        (Affiliation.objects.order_by(), "subscriber__agency"),
        (Certificate.objects.order_by(), "subscriber__agency"),
        (Certificate.objects.order_by(), "subscriber__organisation"),
        (Certificate.objects.order_by(), "key__device__agency"),
    ):
        apart = rows.filter(**{f"{other}__isnull": False}).exclude(agency=F(other))
        yield from apart.values_list("agency", other).distinct()


def read(of: Iterable[int], *, today: date) -> Found:
    """Return everything the bodies have: nothing that ended is left out."""
    ids = sorted(of)
    found, subjects = Found({pk: pk for pk in ids}, _pending()), Subjects()
    chunks = list(_chunks(ids))
    for chunk in chunks:
        organisations = _subscribers(chunk, found)
        rows = Device.objects.filter(among("agency", chunk)).order_by("pk")
        newest = _newest(rows)
        theirs = list(_as_devices(rows, found, newest, body_of=lambda _pk, agency: agency))
        found.devices += theirs
        found.keys = {
            pk: pk for one in theirs for pk in (one.pk, one.certificate) if pk is not None
        }
        _certificates("agency", chunk, found, subjects)
        _certificates("subscriber", organisations, found, subjects)
        entries = Dossier.objects.open().filter(among("agency", chunk)).order_by("pk")
        found.dossiers += [
            facts.KnownDossier(pk, _form(kind), agency, state)
            for pk, kind, agency, state in _rows(entries, "pk", "kind", "agency_id", "state")
        ]
    # The devices that another body keeps with a standing certificate of these: what is done about
    # the certificate depends on how the device is.
    known = {device.pk for device in found.devices}
    wanted = {
        one.device: one
        for one in found.certificates
        if one.device is not None
        and one.device not in known
        and not (one.is_revoked or one.is_superseded)
    }
    latest = {device: one.pk for device, one in wanted.items()}
    for some in _chunks(sorted(wanted)):
        listed = Device.objects.filter(pk__in=some).order_by("pk")
        found.devices += _as_devices(
            listed, found, latest, body_of=lambda pk, _agency: wanted[pk].body
        )
    for chunk in chunks:
        # The people with a second duty here whom another body manages, each once.
        standing = Affiliation.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=today), among("agency", chunk)
        ).exclude(subscriber__agency__in=chunk)
        for key, sort, managed_by in _rows(
            standing.order_by("pk"), "subscriber_id", "subscriber__kind", "agency_id"
        ):
            if key not in found.subscribers:
                found.subscribers[key] = facts.KnownSubscriber(
                    pk=key, kind=intern(sort), body=found.body(None, managed_by)
                )
    # Add those who hold a certificate of these bodies and have moved to another since.
    for each in found.certificates:
        if each.subscriber not in found.subscribers:
            found.subscribers[each.subscriber] = facts.KnownSubscriber(
                pk=each.subscriber, kind=each.kind, body=each.body
            )
    return found


def _certificates(path: str, keys: Chunk, found: Found, subjects: Subjects) -> None:
    successors = Certificate.objects.filter(predecessor=OuterRef("pk")).order_by()
    rows = Certificate.objects.filter(among(path, keys)).order_by("pk")
    for row in _rows(
        rows.annotate(is_followed=Exists(successors)),
        "pk",
        "kind",
        "agency_id",
        "subscriber_id",
        "subscriber__organisation_id",
        "not_after",
        "subject",
        "email",
        "key__storage",
        "key__device",
        "renewals",
        "revocation_reason",
        "is_followed",
    ):
        pk, kind, agency, subscriber, organisation, not_after, subject, email = row[:8]
        storage, device, renewals, reason, is_followed = row[8:]
        if found.is_known(pk, kind):
            continue
        shown, shows_title = subjects.read(subject, kind=kind)
        certificate = facts.KnownCertificate(
            pk=found.keys.get(pk, pk),
            kind=intern(kind),
            body=found.body(organisation, agency),
            subscriber=found.holder(subscriber),
            not_after=found.last_day(not_after),
            names=shown,
            email=email,
            storage=intern(storage),
            device=found.keys.get(device, device),
            renewals=renewals,
            is_revoked=bool(reason),
            is_superseded=is_followed or reason == RevocationReason.SUPERSEDED,
            shows_title=shows_title,
            pending=tuple(sorted(found.pending.get(pk, ()))),
        )
        found.certificates.append(certificate)


def _pending() -> dict[int, set[str]]:
    """Return certificate → the forms of open dossiers that speak of it, of all certificates: what
    is open is little, and to ask body by body reads it again for each chunk."""
    rows = DossierItem.objects.filter(certificate__isnull=False, outcome__in=_NO_END)
    rows = rows.exclude(dossier__state__in=ENDED).order_by()
    found = defaultdict(set)
    for pk, kind in _rows(rows, "certificate_id", "dossier__kind"):
        found[pk].add(_form(kind))
    return found


def _newest(devices: QuerySet[Device]) -> dict[int, int]:
    """Return device → the newest certificate of its key."""
    device_of = dict(devices.filter(key__isnull=False).values_list("key_id", "pk"))
    found: dict[int, int] = {}
    for some in _chunks(sorted(device_of)):
        theirs = Certificate.objects.filter(among("key", some)).order_by("issued_at", "pk")
        found.update((device_of[key], pk) for key, pk in theirs.values_list("key_id", "pk"))
    return found


def _as_devices(
    rows: QuerySet[Device],
    found: Found,
    newest: Mapping[int, int],
    *,
    body_of: Callable[[int, int], int],
) -> Iterator[facts.KnownDevice]:
    for pk, kind, agency, custody, condition, subscriber in _rows(
        rows, "pk", "kind", "agency_id", "custody", "condition", "subscriber_id"
    ):
        yield facts.KnownDevice(
            pk=pk,
            kind=intern(kind),
            body=found.body(None, body_of(pk, agency)),
            custody=intern(custody),
            condition=intern(condition),
            subscriber=found.holder(subscriber) if subscriber is not None else None,
            certificate=newest.get(pk),
        )


def _subscribers(chunk: Chunk, found: Found) -> Chunk:
    """Read who is of these bodies; return those that are the bodies themselves."""
    organisations = []
    for path in ("agency", "organisation"):
        rows = Subscriber.objects.filter(among(path, chunk)).order_by("pk")
        for pk, kind, agency, organisation in _rows(
            rows, "pk", "kind", "agency_id", "organisation_id"
        ):
            if path == "organisation":
                organisations.append(pk)
            if pk not in found.subscribers:
                found.subscribers[pk] = facts.KnownSubscriber(
                    pk=pk, kind=intern(kind), body=found.body(organisation, agency)
                )
    return organisations


def units_under(above: Iterable[int]) -> dict[int, list[int]]:
    """Return body → the units without a seal that are part of it, whether they still exist or not:
    what a dissolved one left behind is the body's to settle."""
    children = defaultdict(list)
    rows = Agency.objects.filter(parent__isnull=False, has_seal=False).order_by("pk")
    for pk, parent in rows.values_list("pk", "parent_id"):
        children[parent].append(pk)
    return {body: _all_below(body, children) for body in above}


def bodies_under(above: Iterable[int]) -> dict[int, list[int]]:
    """Return body → the existing bodies with a seal of their own under it, at any depth."""
    children = defaultdict(list)
    sealed = set()
    rows = Agency.objects.filter(parent__isnull=False, dissolved_on__isnull=True).order_by("pk")
    for pk, parent, has_seal in rows.values_list("pk", "parent_id", "has_seal"):
        children[parent].append(pk)
        if has_seal:
            sealed.add(pk)
    return {body: [pk for pk in _all_below(body, children) if pk in sealed] for body in above}


def _all_below(body: int, children: Mapping[int, Sequence[int]]) -> list[int]:
    below = list(children.get(body, ()))
    for one in below:  # grows while it is walked
        below += children.get(one, ())
    return below


def dissolved_on(of: Iterable[int]) -> dict[int, date]:
    """Return body → the day it ended, of those that have one."""
    found: dict[int, date] = {}
    for chunk in _chunks(sorted(of)):
        ended = Agency.objects.filter(pk__in=chunk, dissolved_on__isnull=False).order_by()
        found.update((pk, day) for pk, day in ended.values_list("pk", "dissolved_on") if day)
    return found


def changed_since(of: Iterable[int], day: date) -> dict[int, date]:
    """Return body → the day its newest version begins, of those changed on ``day`` or later."""
    found: dict[int, date] = {}
    for chunk in _chunks(sorted(of)):
        later = AgencyVersion.objects.filter(among("agency", chunk), valid_from__gte=day)
        rows = later.order_by("valid_from").values_list("agency_id", "valid_from")
        found.update(rows)
    return found


def filed_since(of: Iterable[int], day: date) -> dict[int, date]:
    """Return body → the day of its newest dossier, of those made on ``day`` or later."""
    begins = timezone.make_aware(datetime.combine(day, time.min))
    found: dict[int, date] = {}
    for chunk in _chunks(sorted(of)):
        later = Dossier.objects.filter(among("agency", chunk), created_at__gte=begins)
        rows = later.order_by("created_at").values_list("agency_id", "created_at")
        found.update((agency, timezone.localdate(at)) for agency, at in rows)
    return found


def _form(kind: str) -> str:
    return kinds.get(kind).number


def _rows(queryset: QuerySet[Any], *columns: str) -> Iterator[tuple[Any, ...]]:
    """Return the rows a few thousand at a time; only what is made of them stays in memory."""
    return queryset.values_list(*columns).iterator(chunk_size=5000)


def _chunks(keys: Iterable[int]) -> Iterator[Chunk]:
    listed = list(keys)
    for start in range(0, len(listed), AT_ONCE):
        yield listed[start : start + AT_ONCE]
