"""Subscribers: found by what identifies them, made when a row is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.agencies.facts import NewPlace, PersonFacts, SystemFacts
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.agencies.services.words import keep_words_of_subscribers
from portal.agencies.tree import managing_agency
from portal.audit import services as audit
from portal.core.database.bulk import insert_objects, update_rows
from portal.core.database.fields import keyed_hash
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.core.text.identifiers import normalise_phone
from portal.core.text.vietnamese import nfc, person_sort_key, search_key, sort_key

if TYPE_CHECKING:
    from portal.accounts.models import User

_T = TypeVar("_T")
_CHUNK = 500  # parameters of one statement
_PLACE = ("unit", "position", "email", "phone")


def match_or_create_person(
    number: str,
    *,
    name: str,
    birth_on: date | None = None,
    agency: Agency,
    unit: str = "",
    position: str = "",
    email: str = "",
    phone: str = "",
    now: datetime,
) -> Subscriber:
    """Return the person with this identity number, made if unknown, working at ``agency``.

    See ``match_or_create_people``.
    """
    person = PersonFacts(
        number=number,
        name=name,
        birth_on=birth_on,
        unit=unit,
        position=position,
        email=email,
        phone=phone,
    )
    return match_or_create_people([person], agency=agency, now=now)[0]


@transaction.atomic
def match_or_create_people(
    people: Sequence[PersonFacts], *, agency: Agency, now: datetime
) -> list[Subscriber]:
    """Return the persons in order, found by identity number or made, each working at ``agency``.

    The body becomes the one that manages them; a changed position ends one Affiliation and begins
    another. Raises Refused, naming rows from 1, when a number belongs to somebody of another name
    (ask ``conflicts_of`` first to sort such rows out). The caller audits.
    """
    people = [_clean(person) for person in people]
    hashes = [keyed_hash(person.number) for person in people]
    found = _by_hash(hashes, lock=True)
    new = {
        key: Subscriber(
            kind=SubscriberKind.PERSON,
            name=person.name,
            search_name=search_key(person.name),
            sort_name=person_sort_key(person.name),
            identity_number=person.number,
            identity_hash=key,
            birth_on=person.birth_on,
            agency=agency,
        )
        for person, key in reversed(list(zip(people, hashes, strict=True)))  # the first one wins
        if key not in found
    }
    if new:
        # In one order everywhere: two lists with the same people can't wait for each other.
        # Another transaction may make one meanwhile: theirs is taken.
        in_order = [new[key] for key in sorted(new)]
        Subscriber.objects.bulk_create(in_order, ignore_conflicts=True, batch_size=_CHUNK)
        found |= _by_hash(list(new), lock=True)
    if violations := [one for one in _conflicts(people, hashes, found) if one]:
        raise Refused(*violations)
    facts = dict(zip(hashes, people, strict=True))
    come = _place(found, facts, agency=agency, today=timezone.localdate(now))
    keep_words_of_subscribers(come)
    return [found[key] for key in hashes]


def conflicts_of(people: Sequence[PersonFacts]) -> list[Violation | None]:
    """Say of each person, in order, whether the number already belongs to somebody else.

    For the CA's eyes only: an agency never learns whether a person exists elsewhere.
    """
    people = [_clean(person) for person in people]
    hashes = [keyed_hash(person.number) for person in people]
    return _conflicts(people, hashes, _by_hash(hashes))


@transaction.atomic
def organisation_subscriber(agency: Agency) -> Subscriber:
    """Return the subscriber that ``agency`` itself is, made if it has none yet."""
    subscriber, is_new = Subscriber.objects.get_or_create(
        organisation=agency,
        defaults={
            "kind": SubscriberKind.ORGANISATION,
            "name": agency.name,
            "search_name": agency.search_name,
            "sort_name": agency.sort_name,
            "agency": managing_agency(agency),
        },
    )
    if is_new:
        keep_words_of_subscribers([subscriber.pk])
    return subscriber


def may_reveal(user: User) -> bool:
    """Say whether ``user``'s work needs whole identity numbers of the persons they see."""
    return user.can(Capability.REVEAL_IDENTITIES)


@transaction.atomic
def reveal_identities(
    subscribers: Iterable[Subscriber], *, actor: User, now: datetime
) -> dict[int, str]:
    """Return person → whole identity number for those ``actor`` sees; each reading is recorded.

    Nothing for a role whose work shows masked numbers only.
    """
    if not may_reveal(actor):
        return {}
    wanted = {subscriber.pk for subscriber in subscribers}
    people = Subscriber.objects.visible_to(actor).people().filter(pk__in=wanted)
    seen = list(people.select_related("agency__office").order_by("pk"))
    audit.record_many([_reading_of(subscriber) for subscriber in seen], actor=actor, now=now)
    return {subscriber.pk: subscriber.identity_number for subscriber in seen}


@transaction.atomic
def reveal_identity(subscriber: Subscriber, *, actor: User, now: datetime) -> str:
    """Return the whole identity number; that it was read is recorded.

    Raises Subscriber.DoesNotExist (not visible) or PermissionDenied.
    """
    seen = Subscriber.objects.visible_to(actor).people().select_related("agency__office")
    subscriber = seen.get(pk=subscriber.pk)
    if not may_reveal(actor):
        raise PermissionDenied("this role sees masked numbers only")
    audit.record(_reading_of(subscriber), actor=actor, now=now)
    number: str = subscriber.identity_number
    return number


@transaction.atomic
def find_by_number(number: str, *, actor: User, now: datetime) -> Subscriber | None:
    """Return the person with a whole identity number, of those ``actor`` sees; None if there is
    none, or the role's work shows masked numbers only.

    Whoever is told that a number is somebody's has read it: that is recorded.
    """
    if not may_reveal(actor):
        return None
    seen = Subscriber.objects.visible_to(actor).people().select_related("agency__office")
    person = seen.filter(identity_hash=keyed_hash(number)).first()
    if person is not None:
        audit.record(_reading_of(person), actor=actor, now=now)
    return person


def _reading_of(subscriber: Subscriber) -> audit.Act:
    agency = subscriber.agency
    return audit.Act(
        action="subscriber.reveal",
        target_type="subscriber",
        target_uuid=subscriber.uuid,
        agency_uuid=agency.uuid,
        office_uuid=agency.office.uuid if agency.office else None,
    )


def _clean(person: PersonFacts) -> PersonFacts:
    return replace(
        person,
        number=nfc(person.number),
        name=nfc(person.name),
        unit=nfc(person.unit),
        position=nfc(person.position),
        email=nfc(person.email),
        phone=normalise_phone(person.phone),
    )


def _by_hash(hashes: Sequence[str], *, lock: bool = False) -> dict[str, Subscriber]:
    found: dict[str, Subscriber] = {}
    for chunk in _chunks(sorted(set(hashes))):
        known = Subscriber.objects.filter(identity_hash__in=chunk).order_by("identity_hash")
        for person in known.select_for_update(no_key=True) if lock else known:
            found[person.identity_hash or ""] = person
    return found


def _conflicts(
    people: Sequence[PersonFacts], hashes: Sequence[str], found: Mapping[str, Subscriber]
) -> list[Violation | None]:
    """Compare with those on record, and within the list itself."""
    first: dict[str, tuple[str, date | None]] = {
        key: (person.search_name, person.birth_on) for key, person in found.items()
    }
    conflicts: list[Violation | None] = []
    for row, (person, key) in enumerate(zip(people, hashes, strict=True), start=1):
        name, birth_on = first.setdefault(key, (search_key(person.name), person.birth_on))
        is_same = name == search_key(person.name) and (
            None in (birth_on, person.birth_on) or birth_on == person.birth_on
        )
        conflicts.append(
            None
            if is_same
            else Violation(
                "person_differs",
                _("Số định danh cá nhân này đã được đăng ký với họ tên hoặc ngày sinh khác."),
                row=row,
                way_out=_("Hãy đối chiếu với thẻ căn cước rồi trả lại hoặc từ chối dòng này."),
            )
        )
    return conflicts


def _place(
    found: Mapping[str, Subscriber],
    facts: Mapping[str, PersonFacts],
    *,
    agency: Agency,
    today: date,
) -> set[int]:
    """Let each person work at ``agency`` as ``facts`` say, keeping the history; return who is new
    there."""
    by_pk = {person.pk: facts[key] for key, person in found.items()}
    come = {person.pk for person in found.values() if person.agency_id != agency.pk}
    standing: dict[int, Affiliation] = {}
    for chunk in _chunks(sorted(by_pk)):
        Subscriber.objects.filter(pk__in=chunk).exclude(agency=agency).update(agency=agency)
        open_here = Affiliation.objects.filter(
            subscriber__in=chunk, agency=agency, valid_until__isnull=True
        )
        standing |= {one.subscriber_id: one for one in open_here}
    for person in found.values():
        person.agency = agency
    changed = [
        one
        for pk, one in standing.items()
        if any(getattr(one, name) != value for name, value in by_pk[pk].place().items())
    ]
    ended = [one for one in changed if one.valid_from < today]
    for one in ended:
        one.valid_until = today
    mended = [one for one in changed if one.valid_from >= today]  # begun today: mend it in place
    for one in mended:
        for name, value in by_pk[one.subscriber_id].place().items():
            setattr(one, name, value)
    come |= by_pk.keys() - standing.keys()
    begun = [pk for pk in by_pk if pk not in standing] + [one.subscriber_id for one in ended]
    Affiliation.objects.bulk_update(ended, ["valid_until"], batch_size=_CHUNK)
    Affiliation.objects.bulk_update(mended, _PLACE, batch_size=_CHUNK)
    insert_objects(
        [
            Affiliation(subscriber_id=pk, agency=agency, valid_from=today, **by_pk[pk].place())
            for pk in begun
        ]
    )
    return come


def _chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


_LOCK = 68  # ours among PostgreSQL's advisory locks


@transaction.atomic
def match_or_create_systems(systems: Sequence[SystemFacts]) -> list[Subscriber]:
    """Return the systems in order, made if unknown.

    A system belongs to the body that manages its owner's subscribers (Điều 10 khoản 3 Nghị định
    68/2024/NĐ-CP) and is the same one while name and address are, case and marks apart. Two lists
    at once make it once. The caller audits.
    """
    owners = {facts.owner.pk: facts.owner for facts in systems}
    bodies = {pk: managing_agency(owner) for pk, owner in owners.items()}
    if connection.vendor == "postgresql":  # SQLite has one writer anyway
        # Nobody else makes systems of these bodies until the transaction ends. Not by the body's
        # row: a dossier is locked by now, and bodies come before dossiers.
        with connection.cursor() as cursor:
            for pk in sorted({body.pk for body in bodies.values()}):
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, pk])
    keys = [(bodies[facts.owner.pk].pk, *_key(facts.name, facts.host)) for facts in systems]
    found = {
        (known.agency_id, *_key(known.name, known.domain_name)): known
        for known in Subscriber.objects.filter(
            kind=SubscriberKind.SYSTEM,
            agency__in={body.pk for body in bodies.values()},
            search_name__in={name for _body, name, _host in keys},
        ).order_by("-pk")
    }
    new = {
        key: Subscriber(
            kind=SubscriberKind.SYSTEM,
            name=nfc(facts.name),
            search_name=search_key(facts.name),
            sort_name=sort_key(facts.name),
            agency=bodies[facts.owner.pk],
            domain_name=nfc(facts.host),
        )
        for key, facts in reversed(list(zip(keys, systems, strict=True)))  # the first one wins
        if key not in found
    }
    Subscriber.objects.bulk_create(new.values())
    keep_words_of_subscribers([one.pk for one in new.values()])
    found |= new
    return [found[key] for key in keys]


def _key(name: str, host: str) -> tuple[str, str]:
    return search_key(name), nfc(host).lower()


@transaction.atomic
def change_places(places: Sequence[NewPlace], *, agency: Agency, now: datetime) -> None:
    """Let people and systems be managed by ``agency`` from today, as ``places`` say.

    What a place leaves out stays as it is on record. Who comes from another body (R41) leaves it
    today and brings e-mail and telephone along, not the position; duties at a third body go on. A
    changed place ends one Affiliation and begins another. The caller audits.
    """
    wanted = {place.subscriber.pk: place for place in places}
    found = Subscriber.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    locked = list(found)
    people = [one for one in locked if one.kind == SubscriberKind.PERSON]
    systems = [one for one in locked if one.kind == SubscriberKind.SYSTEM]
    _move(people, wanted, agency=agency, today=timezone.localdate(now))
    for system in systems:
        place = wanted[system.pk]
        name = nfc(place.name) or system.name
        system.name, system.search_name, system.sort_name = name, search_key(name), sort_key(name)
        system.domain_name = nfc(place.host) or system.domain_name
    for one in [*people, *systems]:
        one.agency = agency
    columns = ["agency", "name", "search_name", "sort_name", "domain_name"]
    Subscriber.objects.bulk_update([*people, *systems], columns, batch_size=_CHUNK)
    keep_words_of_subscribers({one.pk for one in locked})


def _move(
    people: Sequence[Subscriber],
    wanted: Mapping[int, NewPlace],
    *,
    agency: Agency,
    today: date,
) -> None:
    standing = {
        (one.subscriber_id, one.agency_id): one
        for one in Affiliation.objects.filter(subscriber__in=people, valid_until__isnull=True)
    }
    ended: list[Affiliation] = []
    begun: list[Affiliation] = []
    mended: list[Affiliation] = []
    for person in people:
        place = wanted[person.pk]
        here = standing.get((person.pk, agency.pk))
        left = standing.get((person.pk, place.leaves.pk)) if place.leaves else None
        before = here or left
        stays = before is not None and before.agency_id == agency.pk
        new = Affiliation(
            subscriber=place.subscriber,
            agency=agency,
            unit=nfc(place.unit) or (before.unit if before and stays else ""),
            position=before.position if before and stays else "",
            email=place.email or (before.email if before else ""),
            phone=before.phone if before else "",
            valid_from=today,
        )
        if left is not None:
            ended.append(left)
        if here is None:
            begun.append(new)
        elif all(getattr(here, name) == getattr(new, name) for name in _PLACE):
            continue
        elif here.valid_from < today:
            ended.append(here)
            begun.append(new)
        else:  # begun today: mend it in place
            new.pk = here.pk
            mended.append(new)
    for one in ended:
        one.valid_until = today
    Affiliation.objects.bulk_update(ended, ["valid_until"], batch_size=_CHUNK)
    Affiliation.objects.bulk_update(mended, _PLACE, batch_size=_CHUNK)
    Affiliation.objects.bulk_create(begun, batch_size=_CHUNK)


_TAKEN_ALONG = ("unit", "position", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberTransfer:
    """Where a subscriber passes to; what is left empty stays as it was at the body that ended."""

    to: Agency
    unit: str = ""
    position: str = ""
    email: str = ""


@transaction.atomic
def transfer_subscribers(
    subscribers: Sequence[Subscriber], transfers: Mapping[int, SubscriberTransfer]
) -> list[Subscriber]:
    """Let the bodies of ``transfers`` (by subscriber) manage locked ``subscribers`` from now on;
    return those that changed.

    Who has none, or is there already, is left alone. The caller audits.
    """
    moved = []
    for one in subscribers:
        transfer = transfers.get(one.pk)
        if transfer is not None and transfer.to.pk != one.agency_id:
            one.agency = transfer.to
            moved.append(one)
    update_rows(moved, ["agency"])
    keep_words_of_subscribers([one.pk for one in moved])
    return moved


@transaction.atomic
def transfer_affiliations(
    affiliations: Sequence[Affiliation],
    transfers: Mapping[int, SubscriberTransfer],
    *,
    day: date,
) -> int:
    """End open ``affiliations`` on ``day`` and begin them at the bodies of ``transfers`` (by
    person); return how many.

    Whoever works at the new body already only leaves the old one. The caller has locked what
    everybody locks who does this, and audits.
    """
    going = [
        (one, transfers[one.subscriber_id])
        for one in affiliations
        if one.subscriber_id in transfers and transfers[one.subscriber_id].to.pk != one.agency_id
    ]
    there = set(
        Affiliation.objects.filter(
            subscriber__in={one.subscriber_id for one, _transfer in going}, valid_until__isnull=True
        ).values_list("subscriber_id", "agency_id")
    )
    begun, ended, mended = [], [], []
    for one, transfer in going:
        is_there = (one.subscriber_id, transfer.to.pk) in there
        there.add((one.subscriber_id, transfer.to.pk))
        if one.valid_from >= day and not is_there:  # begun on the day or later: mend it in place
            _put(one, one, transfer)
            mended.append(one)
            continue
        if not is_there:
            begun.append(_put(Affiliation(subscriber_id=one.subscriber_id), one, transfer))
            begun[-1].phone, begun[-1].valid_from = one.phone, day
        one.valid_until = max(day, one.valid_from)
        ended.append(one)
    update_rows(ended, ["valid_until"])
    update_rows(mended, ["agency", *_TAKEN_ALONG])
    Affiliation.objects.bulk_create(begun, batch_size=500)
    keep_words_of_subscribers({one.subscriber_id for one, _transfer in going})
    return len(going)


def _put(new: Affiliation, before: Affiliation, transfer: SubscriberTransfer) -> Affiliation:
    new.agency = transfer.to
    for name in _TAKEN_ALONG:
        setattr(new, name, nfc(getattr(transfer, name)) or getattr(before, name))
    return new
