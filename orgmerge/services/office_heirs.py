"""Which office does the work of one that ends: its heir as the rows say, else the leading one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from orgmerge.models import Merger, MergerShare
from orgmerge.words import Extent
from portal.agencies.models import Agency, AgencyKind

Heirs = Mapping[int, Agency | None]  # None: nobody is named


def heirs_of_offices(merger: Merger) -> dict[int, Agency | None]:
    """Return office → who does its work from the day on, for those that end as the rows say; those
    whose heir is still to be registered are left out."""
    return _heirs(merger, lambda _share: True)


def heirs_of_ended_offices(merger: Merger) -> dict[int, Agency | None]:
    """Return the same for those whose end is recorded."""
    return _heirs(merger, _is_recorded)


def living(office: Agency | None, heirs: Heirs) -> Agency | None:
    """Return the office itself, or who does its work when it ends."""
    return office if office is None else heirs.get(office.pk, office)


def _heirs(merger: Merger, counts: Callable[[MergerShare], bool]) -> dict[int, Agency | None]:
    rows: dict[int, list[MergerShare]] = {}
    shares = merger.shares.filter(old__kind=AgencyKind.OFFICE)
    for share in shares.select_related("old", "new__agency").order_by("position"):
        rows.setdefault(share.old_id, []).append(share)
    ending = {old: of for old, of in rows.items() if not (_lives_on(old, of) or _waits(of))}
    found = {old: _whole_heir(of) for old, of in ending.items()}
    if None in found.values():
        leading = _leading(merger, found)
        found = {old: heir or leading for old, heir in found.items()}
    return {old: heir for old, heir in found.items() if all(map(counts, ending[old]))}


def _is_recorded(share: MergerShare) -> bool:
    return share.took_effect_at is not None and share.old.dissolved_on is not None


def _lives_on(old: int, shares: Collection[MergerShare]) -> bool:
    return any(share.new is not None and share.new.agency_id == old for share in shares)


def _waits(shares: Collection[MergerShare]) -> bool:
    return any(share.new is not None and share.new.agency is None for share in shares)


def _whole_heir(shares: Collection[MergerShare]) -> Agency | None:
    """Return the office that all of it goes to; a body of another kind follows nobody."""
    for share in shares:
        agency = share.new.agency if share.new else None
        if share.extent == Extent.WHOLE and agency and agency.kind == AgencyKind.OFFICE:
            return agency
    return None


def _leading(merger: Merger, heirs: Heirs) -> Agency | None:
    """Return the first office working on it that is there after the day, or what it has become."""
    offices = Agency.objects.in_bulk(merger.office_ids())
    after = (living(offices[pk], heirs) for pk in merger.office_ids())
    return next((one for one in after if one and one.exists_on(merger.effective_on)), None)
