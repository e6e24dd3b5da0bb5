"""People and systems whose body has gone over to another: they go on there, as they stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from portal.agencies.models import Affiliation, Agency, Subscriber
from portal.core.database.bulk import update_rows
from portal.core.text.vietnamese import nfc

_PLACE = ("unit", "position", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOver:
    """Where a subscriber goes on; what is left empty stays as it was at the body that ended."""

    to: Agency
    unit: str = ""
    position: str = ""
    email: str = ""


@transaction.atomic
def go_over(subscribers: Sequence[Subscriber], ways: Mapping[int, GoingOver]) -> list[Subscriber]:
    """Let the new bodies of ``ways`` (by subscriber) manage locked ``subscribers``; return those.

    Who has no way, or is there already, is left alone. The caller audits.
    """
    moved = []
    for one in subscribers:
        way = ways.get(one.pk)
        if way is not None and way.to.pk != one.agency_id:
            one.agency = way.to
            moved.append(one)
    update_rows(moved, ["agency"])
    return moved


@transaction.atomic
def take_up_work(
    affiliations: Sequence[Affiliation], ways: Mapping[int, GoingOver], *, day: date
) -> int:
    """End open ``affiliations`` on ``day`` and begin them at the bodies of ``ways`` (by person);
    return how many.

    Whoever works at the new body already only leaves the old one. The caller has locked what
    everybody locks who does this, and audits.
    """
    going = [
        (one, ways[one.subscriber_id])
        for one in affiliations
        if one.subscriber_id in ways and ways[one.subscriber_id].to.pk != one.agency_id
    ]
    there = set(
        Affiliation.objects.filter(
            subscriber__in={one.subscriber_id for one, _way in going}, valid_until__isnull=True
        ).values_list("subscriber_id", "agency_id")
    )
    begun, ended, mended = [], [], []
    for one, way in going:
        is_there = (one.subscriber_id, way.to.pk) in there
        there.add((one.subscriber_id, way.to.pk))
        if one.valid_from >= day and not is_there:  # begun on the day or later: mend it in place
            _put(one, one, way)
            mended.append(one)
            continue
        if not is_there:
            begun.append(_put(Affiliation(subscriber_id=one.subscriber_id), one, way))
            begun[-1].phone, begun[-1].valid_from = one.phone, day
        one.valid_until = max(day, one.valid_from)
        ended.append(one)
    update_rows(ended, ["valid_until"])
    update_rows(mended, ["agency", *_PLACE])
    Affiliation.objects.bulk_create(begun, batch_size=500)
    return len(going)


def _put(new: Affiliation, before: Affiliation, way: GoingOver) -> Affiliation:
    new.agency = way.to
    for name in _PLACE:
        setattr(new, name, nfc(getattr(way, name)) or getattr(before, name))
    return new
