"""The rows that follow from others: who stood under a body that ends, or that is renamed, has
another superior from the effective day on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max

from orgmerge.description.values import BodyFacts
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.planner import names
from orgmerge.vocabulary import Extent
from portal.agencies.models import Agency, AgencyVersion

_AT_ONCE = 500  # keys in one query
_MOST_LEVELS = 6  # of the tree of bodies


@dataclass(frozen=True, slots=True)
class Superior:
    """Who stands above from the effective day on; neither: a person has to say (a split body)."""

    agency: int | None = None
    body: int | None = None

    @classmethod
    def in_place_of(cls, rows: Sequence[MergerShare], bodies: Mapping[int, MergerBody]) -> Superior:
        """Return who takes the place of a body that ends by these rows, if that is one."""
        body = bodies.get(rows[0].new_id or 0)
        if len(rows) != 1 or rows[0].extent != Extent.WHOLE or body is None:
            return cls()
        return cls(agency=body.agency_id) if body.agency_id else cls(body=body.pk)


def imply(merger: Merger) -> int:
    """Bring the implied rows of a locked reorganisation in line with the rest; return how many.

    Rows that stay keep their keys: answers and choices hang on them. A few queries for each
    thousand bodies.
    """
    shares = list(merger.shares.order_by("position"))
    bodies = {body.pk: body for body in merger.bodies.all()}
    said = [share for share in shares if not share.is_implied]
    implied = {share.old_id: share for share in shares if share.is_implied}
    # The bodies that follow, each with its superior afterwards.
    taken = {share.old_id for share in said}
    described = {share.new_id for share in said}
    taken |= {body.agency_id for body in bodies.values() if body.agency_id and body.pk in described}
    above = ended_or_renamed(said, bodies)
    wanted: dict[int, Superior] = {}
    for _level in range(_MOST_LEVELS):
        if not above:
            break
        below = {
            child: above[parent]
            for child, parent in _children(merger, above)
            if child not in taken and child not in wanted
        }
        wanted |= below
        # Who stands under them stays there; a certificate shows the superior's superior too.
        above = {child: Superior(agency=child) for child in below}
    # What follows no more is taken out; what follows another superior now gets that one.
    over = [share for old, share in implied.items() if old not in wanted]
    for start in range(0, len(over), _AT_ONCE):
        part = over[start : start + _AT_ONCE]
        merger.shares.filter(pk__in=[share.pk for share in part]).delete()
        merger.bodies.filter(pk__in=[share.new_id or 0 for share in part], shares=None).delete()
    late = []
    for old, share in implied.items():
        body = bodies.get(share.new_id or 0)
        if old not in wanted or body is None:
            continue
        above_it = wanted[old]
        if (body.parent_id, body.parent_body_id) != (above_it.agency, above_it.body):
            body.parent_id, body.parent_body_id = above_it.agency, above_it.body
            late.append(body)
    MergerBody.objects.bulk_update(late, ["parent", "parent_body"], batch_size=_AT_ONCE)
    missing = {old: one for old, one in wanted.items() if old not in implied}
    if missing:
        last = merger.bodies.aggregate(last=Max("position"))["last"] or 0
        # How the bodies stand on the day, before anything of this decision is in force.
        keys = sorted(missing)
        versions: dict[int, AgencyVersion] = {}
        for start in range(0, len(keys), _AT_ONCE):
            rows = AgencyVersion.objects.on(merger.effective_on).filter(
                agency__in=keys[start : start + _AT_ONCE]
            )
            joined = rows.select_related("agency", "parent", "office")
            versions |= {version.agency_id: version for version in joined}
        theirs = []
        for position, (former, each) in enumerate(missing.items(), start=last + 1):
            if former not in versions:
                continue  # registered to begin later: there is nothing of it to go on yet
            columns = BodyFacts(facts=versions[former].facts()).columns()
            columns |= {"agency": versions[former].agency, "parent_id": each.agency}
            del columns["parent"]
            theirs.append(
                MergerBody(
                    merger=merger,
                    position=position,
                    parent_body_id=each.body,
                    **{name: value for name, value in columns.items() if name != "parent_body"},
                )
            )
        MergerBody.objects.bulk_create(theirs, batch_size=_AT_ONCE)
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
                for position, body in enumerate(theirs, start=last + 1)
            ],
            batch_size=_AT_ONCE,
        )
    return len(wanted)


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
        found[old] = Superior.in_place_of(rows, bodies)
    return found


def _children(merger: Merger, above: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Yield (body, superior) for the offices' bodies under these that exist on the day."""
    keys = sorted(above)
    existing = Agency.objects.existing(merger.effective_on).filter(office__in=merger.office_ids())
    for start in range(0, len(keys), _AT_ONCE):
        found = existing.filter(parent__in=keys[start : start + _AT_ONCE]).order_by("sort_name")
        yield from found.values_list("pk", "parent_id")
