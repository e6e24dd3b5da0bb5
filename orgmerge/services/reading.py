"""What a page says of the rows: old names as of the day before, and what happens to each body.

Whether a name is kept is judged by the name and type, for each body after the reorganisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from orgmerge import gathering, names, register
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.reasons_of_lines import D68, ORGANISATIONS
from orgmerge.words import MergerKind
from portal.agencies.models import Agency, AgencyVersion

_ENDS = f"Điều 17 khoản 3 {D68}"
ARTICLES = {
    MergerKind.NEW_NAME: ORGANISATIONS,
    MergerKind.NAME_KEPT: ORGANISATIONS,
    MergerKind.SUPERIOR: ORGANISATIONS,
    MergerKind.RENAME: f"Điều 15 khoản 2 {D68}",
    MergerKind.SPLIT: _ENDS,
    MergerKind.DISSOLUTION: _ENDS,
}


JOINED = ("old", "new__parent", "new__parent_body")  # what a row is shown with


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row old → new as the page shows it."""

    share: MergerShare
    old_name: str  # as it is called until the effective day
    new: MergerBody | None
    kind: MergerKind

    @property
    def article(self) -> str:
        """The article that says what happens to certificates then."""
        return ARTICLES[self.kind]

    @property
    def superior(self) -> str:
        """Who stands above from the effective day on."""
        above = self.new and (self.new.parent_body or self.new.parent)
        return above.name if above else ""


def shown_rows(merger: Merger, shares: Sequence[MergerShare]) -> list[ShownRow]:
    """Return a page of rows, with names as of the days they are about.

    ``shares`` come with what JOINED names. A fixed number of queries.
    """
    if not shares:
        return []
    day = merger.effective_on - timedelta(days=1)
    old_names = names_on((share.old for share in shares), day=day)
    kinds = _kinds(merger, {share.new_id for share in shares}, day=day)
    return [
        ShownRow(share, old_names[share.old_id], share.new, kinds[share.new_id]) for share in shares
    ]


def _kinds(
    merger: Merger, targets: Iterable[int | None], *, day: date
) -> Mapping[int | None, MergerKind]:
    """Return what sort of reorganisation each of ``targets`` comes from."""
    wanted = set(targets)
    described = gathering.described(merger)
    into = [share for share in described.shares if share.new in wanted]
    lives_on = {target.agency for key, target in described.targets.items() if key in wanted} - {
        None
    }
    bodies = register.bodies_with_superiors(
        {share.old for share in into} | {agency for agency in lives_on if agency}, today=day
    )
    return {key: names.kind_of(described.targets.get(key or 0), into, bodies) for key in wanted}


def names_on(agencies: Iterable[Agency], *, day: date) -> Mapping[int, str]:
    """Return what the bodies are called on ``day``; as the register has them where it says
    nothing of that day. One query."""
    known = {agency.pk: agency.name for agency in agencies}
    versions = AgencyVersion.objects.on(day).filter(agency__in=known)
    return known | dict(versions.order_by().values_list("agency_id", "name"))
