"""Subscribers whose certificates were changed: where they are now, how they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from portal.agencies.facts import NewPlace
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.core.text.vietnamese import nfc, search_key, sort_key

_CHUNK = 500  # parameters of one statement
_PLACE = ("unit", "position", "email", "phone")


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
        _rename(system, wanted[system.pk])
    for one in [*people, *systems]:
        one.agency = agency
    columns = ["agency", "name", "search_name", "sort_name", "domain_name"]
    Subscriber.objects.bulk_update([*people, *systems], columns, batch_size=_CHUNK)


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


def _rename(system: Subscriber, place: NewPlace) -> None:
    name = nfc(place.name) or system.name
    system.name, system.search_name, system.sort_name = name, search_key(name), sort_key(name)
    system.domain_name = nfc(place.host) or system.domain_name
