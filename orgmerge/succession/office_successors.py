"""Which office does the work of one that ends: its successor by the rows, else the leading one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from orgmerge.models import Merger, MergerShare
from orgmerge.vocabulary import Extent
from portal.agencies.models import Agency, AgencyKind

OfficeSuccessors = Mapping[int, Agency | None]  # None: nobody is named


def successors_of_offices(merger: Merger) -> dict[int, Agency | None]:
    """Return office → who does its work from the day on, for those that end as the rows say; those
    whose successor is still to be registered are left out."""
    return _successors(merger, lambda _share: True)


def successors_of_ended_offices(merger: Merger) -> dict[int, Agency | None]:
    """Return the same for those whose end is recorded."""
    return _successors(
        merger,
        lambda share: share.took_effect_at is not None and share.old.dissolved_on is not None,
    )


def living(office: Agency | None, successors: OfficeSuccessors) -> Agency | None:
    """Return the office itself, or who does its work when it ends."""
    return office if office is None else successors.get(office.pk, office)


def _successors(merger: Merger, counts: Callable[[MergerShare], bool]) -> dict[int, Agency | None]:
    rows: dict[int, list[MergerShare]] = {}
    shares = merger.shares.filter(old__kind=AgencyKind.OFFICE)
    for share in shares.select_related("old", "new__agency").order_by("position"):
        rows.setdefault(share.old_id, []).append(share)
    ending = {
        old: of
        for old, of in rows.items()
        if not (
            any(share.new is not None and share.new.agency_id == old for share in of)
            or any(share.new is not None and share.new.agency is None for share in of)
        )
    }
    found = {old: _whole_successor(of) for old, of in ending.items()}
    if None in found.values():
        # The first office working on it that is there after the day, or what it has become.
        offices = Agency.objects.in_bulk(merger.office_ids())
        after = (living(offices[pk], found) for pk in merger.office_ids())
        leading = next((one for one in after if one and one.exists_on(merger.effective_on)), None)
        found = {old: successor or leading for old, successor in found.items()}
    return {old: successor for old, successor in found.items() if all(map(counts, ending[old]))}


def _whole_successor(shares: Collection[MergerShare]) -> Agency | None:
    """Return the office that all of it goes to; a body of another kind follows nobody."""
    for share in shares:
        agency = share.new.agency if share.new else None
        if share.extent == Extent.WHOLE and agency and agency.kind == AgencyKind.OFFICE:
            return agency
    return None
