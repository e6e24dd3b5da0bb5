"""Clocks that another office watches from now on; what is owed, by whom and when stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal.agencies.models import Agency
from portal.core.database.bulk import update_rows
from portal.deadlines.models import Deadline


def let_watch(clocks: Sequence[Deadline], offices: Mapping[int, Agency]) -> int:
    """Let the offices of ``offices`` (by clock) watch locked clocks; return how many changed.

    Nobody is reminded anew by that: the thresholds are those of the clock.
    """
    changed = []
    for clock in clocks:
        office = offices.get(clock.pk)
        if office is not None and office.pk != clock.office_id:
            clock.office = office
            changed.append(clock)
    update_rows(changed, ["office"])
    return len(changed)
