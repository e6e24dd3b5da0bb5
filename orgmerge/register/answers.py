"""What people said of single things: answers of the review, settlements, chosen certificates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q

from orgmerge.models import Merger, ReviewItem
from orgmerge.planner import facts
from orgmerge.vocabulary import LineAbout, ReviewAnswer
from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate

# Said of a certificate, these tell of whom it belongs to as well.
_OF_THE_HOLDER = frozenset({ReviewAnswer.CONTINUES, ReviewAnswer.MOVES, ReviewAnswer.LEFT})

Key = tuple[str, int]


def replies(merger: Merger, *, among: Q | None = None) -> dict[Key, facts.Reply]:
    """Return what the bodies answered in any round of ``merger``; the newest answer counts.

    ``among`` narrows the items where one thing alone is asked for.
    """
    found: dict[Key, facts.Reply] = {}
    items = ReviewItem.objects.filter(among or Q(), reply__round__merger=merger).exclude(answer="")
    rows: Iterable[tuple[Any, ...]] = items.order_by("answered_at", "pk").values_list(
        "certificate_id",
        "certificate__subscriber_id",
        "certificate__kind",
        "device_id",
        "subscriber_id",
        "answer",
        "moves_to_id",
        "email",
        "unit",
        "position_title",
    )
    for row in rows:
        certificate, holder, kind, device, subscriber, answer, to, email, unit, position = row
        if subscriber is None and kind != SubscriberKind.ORGANISATION and answer in _OF_THE_HOLDER:
            subscriber = holder
        said = facts.Reply(answer=answer, to=to, email=email, unit=unit, position=position)
        for about, pk in (
            (LineAbout.CERTIFICATE, certificate),
            (LineAbout.DEVICE, device),
            (LineAbout.SUBSCRIBER, subscriber),
        ):
            if pk is not None:
                found[about.value, pk] = said
    return found


def decided(merger: Merger) -> dict[Key, facts.Decided]:
    """Return what the office settled of things the planner leaves to people."""
    rows = merger.settlements.values_list("about", "target_id", "action", "body_id")
    return {(about, pk): facts.Decided(action=action, to=body) for about, pk, action, body in rows}


def placed(merger: Merger) -> Iterator[tuple[int, int]]:
    """Yield the body of each organisation certificate of which the office settled under whom it
    goes on, and that described body."""
    rows = merger.settlements.filter(about=LineAbout.CERTIFICATE, body__isnull=False)
    target_of = dict(rows.values_list("target_id", "body_id"))
    of_bodies = Certificate.objects.filter(kind=SubscriberKind.ORGANISATION, pk__in=target_of)
    for pk, agency in of_bodies.order_by("pk").values_list("pk", "agency_id"):
        yield agency, target_of[pk]


def chosen(merger: Merger) -> dict[int, int]:
    """Return body → the certificate chosen to live on under its name; 0 where none is."""
    return {
        body: certificate or 0
        for body, certificate in merger.choices.values_list("body_id", "certificate_id")
    }
