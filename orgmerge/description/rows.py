"""What a page says of the rows: old names as of the day before, and what happens to each body.

Whether a name is kept is judged by the name and type, for each body after the reorganisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.planner import names
from orgmerge.planner.reasons import D68, ORGANISATIONS
from orgmerge.register import inputs, queries
from orgmerge.vocabulary import MergerKind
from portal.agencies.models import AgencyVersion

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
    # What the bodies are called on ``day``; as the register has them where it says nothing of that
    # day.
    known = {agency.pk: agency.name for agency in (share.old for share in shares)}
    versions = AgencyVersion.objects.on(day).filter(agency__in=known)
    old_names = known | dict(versions.order_by().values_list("agency_id", "name"))
    # What sort of reorganisation each of ``targets`` comes from.
    wanted = {share.new_id for share in shares}
    described = inputs.described(merger)
    into = [share for share in described.shares if share.new in wanted]
    lives_on = {target.agency for key, target in described.targets.items() if key in wanted} - {
        None
    }
    bodies = queries.bodies_with_superiors(
        {share.old for share in into} | {agency for agency in lives_on if agency}, today=day
    )
    kinds = {key: names.kind_of(described.targets.get(key or 0), into, bodies) for key in wanted}
    return [
        ShownRow(share, old_names[share.old_id], share.new, kinds[share.new_id]) for share in shares
    ]
