"""What bodies and subscribers are found by; kept by whoever writes a name, a place or a body."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db import transaction

from portal.agencies.models import (
    Affiliation,
    Agency,
    AgencyKind,
    AgencyWord,
    Subscriber,
    SubscriberWord,
)
from portal.core.database.bulk import among
from portal.search.words import keep, phrases

_CHUNK = 500  # parameters of one statement


def keep_words_of_bodies(bodies: Collection[int]) -> None:
    """Let these bodies (by key), and who is of them, be found as they stand now; in the caller's
    transaction."""
    for some in _chunks(bodies):
        rows = Agency.objects.filter(pk__in=some).order_by()
        names, owners = {}, {}
        for pk, name, kind, office in rows.values_list("pk", "search_name", "kind", "office_id"):
            names[pk], owners[pk] = name, _offices_of(pk, kind, office)
        wanted = {
            pk: {(text, pk, office) for text in phrases(name) for office in owners[pk]}
            for pk, name in names.items()
        }
        keep(AgencyWord, "body", wanted)
        moved = SubscriberWord.objects.filter(among("agency", some)).order_by()
        offices = defaultdict(set)
        for agency, office in moved.values_list("agency_id", "office_id").distinct():
            offices[agency].add(office)
        late = [pk for pk, known in offices.items() if known != owners.get(pk)]
        there = SubscriberWord.objects.filter(agency__in=late).order_by()
        keep_words_of_subscribers(set(there.values_list("subscriber", flat=True).distinct()))


def keep_words_of_subscribers(subscribers: Collection[int]) -> None:
    """Let these subscribers (by key) be found as they stand now, by each body they are of; in the
    caller's transaction."""
    for some in _chunks(subscribers):
        # Subscriber → body → (kind, office) of each body it is of.
        bodies: defaultdict[int, dict[int, tuple[str, int | None]]] = defaultdict(dict)
        managed = Subscriber.objects.filter(pk__in=some).order_by()
        working = Affiliation.objects.filter(among("subscriber", some), valid_until__isnull=True)
        names = {}
        for pk, name, body, kind, office in managed.values_list(
            "pk", "search_name", "agency_id", "agency__kind", "agency__office_id"
        ):
            names[pk] = name
            bodies[pk][body] = (kind, office)
        for pk, body, kind, office in working.order_by().values_list(
            "subscriber_id", "agency_id", "agency__kind", "agency__office_id"
        ):
            bodies[pk][body] = (kind, office)
        wanted = {
            pk: {
                (text, body, office)
                for text in phrases(name)
                for body, (kind, own) in bodies[pk].items()
                for office in _offices_of(body, kind, own)
            }
            for pk, name in names.items()
        }
        keep(SubscriberWord, "subscriber", wanted)


def fill_bodies() -> int:
    """Write the words of all bodies; return how many there are."""
    keys = list(Agency.objects.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic():
        keep_words_of_bodies(keys)
    return len(keys)


def fill_subscribers() -> int:
    """Write the words of all subscribers; return how many there are."""
    count, last = 0, 0
    rows = Subscriber.objects.order_by("pk")
    while some := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[: 10 * _CHUNK]):
        with transaction.atomic():
            keep_words_of_subscribers(some)
        count, last = count + len(some), some[-1]
    return count


def _offices_of(body: int, kind: str, office: int | None) -> set[int | None]:
    """Return the offices that see a body as theirs: an office sees itself."""
    if kind == AgencyKind.OFFICE:
        return {body, office} - {None}
    return {office}


def _chunks(keys: Collection[int]) -> list[list[int]]:
    in_order = sorted(keys)
    return [in_order[start : start + _CHUNK] for start in range(0, len(in_order), _CHUNK)]
