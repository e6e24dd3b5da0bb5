"""What a body has become, through one decision or several: kept ready for whoever asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from portal.agencies.models import Inheritance, Succession

_CHUNK = 500  # parameters of one statement


def inherit(successions: Sequence[Succession]) -> None:
    """Let the successors inherit, in the caller's transaction; in the order they took effect.

    What went over as a whole brings along what had gone over to it, and reaches what its successor
    has become since. A part of a body brings nothing: nobody can say whose the rest is.
    """
    whole = [one for one in successions if one.extent == Succession.Extent.WHOLE]
    if not whole:
        return
    above = _pairs("heir", {one.predecessor_id for one in whole})
    below = _pairs("ancestor", {one.successor_id for one in whole})
    found: set[tuple[int, int]] = set()
    for one in whole:
        ancestors = {one.predecessor_id} | above[one.predecessor_id]
        heirs = {one.successor_id} | below[one.successor_id]
        for ancestor in ancestors:
            below[ancestor] |= heirs
        for heir in heirs:
            above[heir] |= ancestors
        found |= {(ancestor, heir) for ancestor in ancestors for heir in heirs}
    Inheritance.objects.bulk_create(
        [Inheritance(ancestor_id=ancestor, heir_id=heir) for ancestor, heir in sorted(found)],
        ignore_conflicts=True,
        batch_size=_CHUNK,
    )


def _pairs(side: str, bodies: Collection[int]) -> defaultdict[int, set[int]]:
    """Return body → what stands on the other side of its rows."""
    other = "ancestor" if side == "heir" else "heir"
    found: defaultdict[int, set[int]] = defaultdict(set)
    wanted = sorted(bodies)
    for start in range(0, len(wanted), _CHUNK):
        rows = Inheritance.objects.filter(**{f"{side}__in": wanted[start : start + _CHUNK]})
        for mine, theirs in rows.values_list(side, other):
            found[mine].add(theirs)
    return found
