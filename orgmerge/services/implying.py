"""The rows that follow from others: who stood under a body that ends, or that is renamed, has
another superior from the effective day on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max

from orgmerge import names
from orgmerge.described_facts import BodyFacts
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.words import Extent
from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, AgencyVersion

_AT_ONCE = 500  # keys in one query
_MOST_LEVELS = 6  # of the tree of bodies


@dataclass(frozen=True, slots=True)
class Superior:
    """Who stands above from the effective day on; neither: a person has to say (a split body)."""

    agency: int | None = None
    body: int | None = None


def imply(merger: Merger) -> int:
    """Bring the implied rows of a locked reorganisation in line with the rest; return how many.

    Rows that stay keep their keys: answers and choices hang on them. A few queries for each
    thousand bodies.
    """
    shares = list(merger.shares.order_by("position"))
    bodies = {body.pk: body for body in merger.bodies.all()}
    said = [share for share in shares if not share.is_implied]
    implied = {share.old_id: share for share in shares if share.is_implied}
    wanted = _wanted(merger, said, bodies)
    _remove(merger, [share for old, share in implied.items() if old not in wanted])
    _mend(implied, wanted, bodies)
    _add(merger, {old: one for old, one in wanted.items() if old not in implied})
    return len(wanted)


def _wanted(
    merger: Merger, said: Sequence[MergerShare], bodies: Mapping[int, MergerBody]
) -> dict[int, Superior]:
    """Return the bodies that follow, each with its superior afterwards."""
    taken = {share.old_id for share in said}
    taken |= {body.agency_id for body in bodies.values() if _is_said(body, said)}  # type: ignore[misc]
    above = ended_or_renamed(said, bodies)
    found: dict[int, Superior] = {}
    for _level in range(_MOST_LEVELS):
        if not above:
            break
        below = {
            child: above[parent]
            for child, parent in _children(merger, above)
            if child not in taken and child not in found
        }
        found |= below
        # Who stands under them stays there; a certificate shows the superior's superior too.
        above = {child: Superior(agency=child) for child in below}
    return found


def _is_said(body: MergerBody, said: Sequence[MergerShare]) -> bool:
    """Say whether a person put the body there: it stands alone or in a row of theirs."""
    return body.agency_id is not None and any(share.new_id == body.pk for share in said)


def ended_or_renamed(
    said: Sequence[MergerShare], bodies: Mapping[int, MergerBody]
) -> dict[int, Superior]:
    """Return the old bodies whose name no longer stands, and who takes their place."""
    goes_to: dict[int, list[MergerShare]] = {}
    for share in said:
        goes_to.setdefault(share.old_id, []).append(share)
    olds = Agency.objects.in_bulk(list(goes_to))
    found: dict[int, Superior] = {}
    for old, rows in goes_to.items():
        living = [
            bodies[row.new_id] for row in rows if row.new_id and bodies[row.new_id].agency_id == old
        ]
        if living:
            if names.key(living[0].name) != names.key(olds[old].name):
                found[old] = Superior(agency=old)
            continue
        is_one = len(rows) == 1 and rows[0].extent == Extent.WHOLE
        found[old] = _place_of(bodies.get(rows[0].new_id or 0)) if is_one else Superior()
    return found


def _place_of(body: MergerBody | None) -> Superior:
    if body is None:
        return Superior()
    return Superior(agency=body.agency_id) if body.agency_id else Superior(body=body.pk)


def _children(merger: Merger, above: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Yield (body, superior) for the offices' bodies under these that exist on the day."""
    keys = sorted(above)
    existing = Agency.objects.existing(merger.effective_on).filter(office__in=merger.office_ids())
    for start in range(0, len(keys), _AT_ONCE):
        found = existing.filter(parent__in=keys[start : start + _AT_ONCE]).order_by("sort_name")
        yield from found.values_list("pk", "parent_id")


def _remove(merger: Merger, shares: Sequence[MergerShare]) -> None:
    bodies = [share.new_id or 0 for share in shares]
    for start in range(0, len(shares), _AT_ONCE):
        part = [share.pk for share in shares[start : start + _AT_ONCE]]
        merger.shares.filter(pk__in=part).delete()
        merger.bodies.filter(pk__in=bodies[start : start + _AT_ONCE], shares=None).delete()


def _mend(
    implied: Mapping[int, MergerShare],
    wanted: Mapping[int, Superior],
    bodies: Mapping[int, MergerBody],
) -> None:
    late = []
    for old, share in implied.items():
        body = bodies.get(share.new_id or 0)
        if old not in wanted or body is None:
            continue
        one = wanted[old]
        if (body.parent_id, body.parent_body_id) != (one.agency, one.body):
            body.parent_id, body.parent_body_id = one.agency, one.body
            late.append(body)
    MergerBody.objects.bulk_update(late, ["parent", "parent_body"], batch_size=_AT_ONCE)


def _add(merger: Merger, missing: Mapping[int, Superior]) -> None:
    if not missing:
        return
    last = merger.bodies.aggregate(last=Max("position"))["last"] or 0
    versions = _versions(merger, missing)
    bodies = []
    for position, (old, one) in enumerate(missing.items(), start=last + 1):
        if old not in versions:
            continue  # registered to begin later: there is nothing of it to go on yet
        columns = BodyFacts(facts=AgencyFacts.of(versions[old])).columns()
        columns |= {"agency": versions[old].agency, "parent_id": one.agency}
        del columns["parent"]
        bodies.append(
            MergerBody(merger=merger, position=position, parent_body_id=one.body, **_keys(columns))
        )
    MergerBody.objects.bulk_create(bodies, batch_size=_AT_ONCE)
    last = merger.shares.aggregate(last=Max("position"))["last"] or 0
    MergerShare.objects.bulk_create(
        [
            MergerShare(
                merger=merger,
                position=position,
                old_id=body.agency_id or 0,  # each is a registered one
                new=body,
                is_implied=True,
            )
            for position, body in enumerate(bodies, start=last + 1)
        ],
        batch_size=_AT_ONCE,
    )


def _keys(columns: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in columns.items() if name != "parent_body"}


def _versions(merger: Merger, agencies: Iterable[int]) -> dict[int, AgencyVersion]:
    """Return how the bodies stand on the day, before anything of this decision is in force."""
    keys = sorted(agencies)
    found: dict[int, AgencyVersion] = {}
    for start in range(0, len(keys), _AT_ONCE):
        rows = AgencyVersion.objects.on(merger.effective_on).filter(
            agency__in=keys[start : start + _AT_ONCE]
        )
        joined = rows.select_related("agency", "parent", "office")
        found |= {version.agency_id: version for version in joined}
    return found
