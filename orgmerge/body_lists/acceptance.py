"""Making bodies and rows of a list that was looked through, thousands at once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Max

from orgmerge.description import implied_rows
from orgmerge.description.values import BodyFacts
from orgmerge.models import BodyListRow, Merger, MergerBody, MergerShare
from orgmerge.planner import names
from orgmerge.vocabulary import Extent
from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, AgencyVersion
from portal.core.text.identifiers import check_agency_code
from portal.core.text.vietnamese import nfc

_AT_ONCE = 500
_NAME_AND_PROVINCE = re.compile(r"(.+) \((.+)\)")
_PLACE = re.compile(r"\b(?:xã|phường|thị trấn|đặc khu)\s+(.+)$", re.IGNORECASE)
# What belongs to the old body alone and is given anew to a founded one.
_ITS_OWN = ("agency_code", "tax_code", "budget_code", "address", "email", "phone")


@dataclass(slots=True)
class NewBody:
    """A body that rows of the list pass to."""

    name: str
    province: str
    code: str = ""
    agency: int | None = None
    rows: list[BodyListRow] = field(default_factory=list)


def accept_rows(merger: Merger, rows: Sequence[BodyListRow]) -> None:
    """Add the rows of a list to a locked description, with what follows from them.

    A body whose name and type one of its predecessors bears is that predecessor living on
    (DOMAIN 14.9); any other new name founds a body.
    """
    wanted = sorted({key for row in rows for key in (row.old_id, row.new_id) if key})
    versions: dict[int, AgencyVersion] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = AgencyVersion.objects.on(merger.effective_on).filter(
            agency__in=wanted[start : start + _AT_ONCE]
        )
        versions |= {
            one.agency_id: one for one in part.select_related("agency", "parent", "office")
        }
    # The targets by what the rows call them; rows without one end.
    targets: dict[object, NewBody] = {}
    for entry in rows:
        key: object
        if entry.new_id:
            key = entry.new_id
        elif not entry.new_name:
            key = None
        else:
            name, province = _apart(entry, versions)
            key = names.key(name), names.key(province)
        if key is None:
            continue
        if key not in targets:
            targets[key] = _target(entry, versions)
        targets[key].rows.append(entry)
    for target in targets.values():
        if target.agency is None:
            # The predecessor whose name and type the target bears, if exactly one passes whole:
            # which part of a divided body goes on under its name is not the machine's to say.
            same = [
                row.old_id
                for row in target.rows
                if row.old_id
                and row.extent == Extent.WHOLE
                and names.same(versions[row.old_id].name, target.name)
            ]
            target.agency = same[0] if len(same) == 1 else None
    _forget_implied(merger, [row.old_id for row in rows if row.old_id])
    bodies = _bodies(merger, targets, versions)
    _shares(merger, rows, targets, bodies)
    _superiors(merger)
    implied_rows.imply(merger)


def _target(row: BodyListRow, versions: Mapping[int, AgencyVersion]) -> NewBody:
    if row.new_id:
        version = versions[row.new_id]
        is_renamed = row.new_name and not names.same(row.new_name, version.name)
        name = row.new_name if is_renamed else version.name
        return NewBody(name, version.province, agency=row.new_id)
    name, province = _apart(row, versions)
    code = row.new_agency if row.new_agency and not check_agency_code(row.new_agency) else ""
    return NewBody(name, province, code=code)


def _apart(row: BodyListRow, versions: Mapping[int, AgencyVersion]) -> tuple[str, str]:
    """Return the new name and its province: the old body's, unless it stands in brackets."""
    if match := _NAME_AND_PROVINCE.fullmatch(row.new_name):
        return match[1], match[2]
    return nfc(row.new_name), versions[row.old_id or 0].province


def _bodies(
    merger: Merger, targets: Mapping[object, NewBody], versions: Mapping[int, AgencyVersion]
) -> dict[object, MergerBody]:
    """Return the described body of each target: one that is there already, or a new one."""
    there = list(merger.bodies.order_by("position"))
    living = {body.agency_id: body for body in there if body.agency_id}
    founded = {
        (names.key(body.name), names.key(body.province)): body
        for body in there
        if body.agency_id is None
    }
    last = max((body.position for body in there), default=0)
    made: dict[object, MergerBody] = {}
    for key, target in targets.items():
        same = (names.key(target.name), names.key(target.province))
        found = living.get(target.agency) if target.agency else founded.get(same)
        made[key] = found or _body(merger, target, versions, position=(last := last + 1))
    MergerBody.objects.bulk_create(
        [body for body in made.values() if body._state.adding], batch_size=_AT_ONCE
    )
    return made


def _body(
    merger: Merger, target: NewBody, versions: Mapping[int, AgencyVersion], *, position: int
) -> MergerBody:
    """Return a body like the one it goes on from; what is a founded body's own stays empty."""
    whole = [row for row in target.rows if row.extent == Extent.WHOLE]
    version = versions[target.agency or (whole or target.rows)[0].old_id or 0]
    columns = BodyFacts(facts=AgencyFacts.of(version)).columns()
    columns |= {"name": target.name, "province": target.province, "agency": None}
    if target.agency is not None:
        columns["agency"] = version.agency
    else:
        columns |= dict.fromkeys(_ITS_OWN, "")
        columns["agency_code"] = target.code
        # The place a commune's body writes on its letters: the commune's own name.
        match = _PLACE.search(nfc(target.name))
        columns["place"] = (match[1].title()[:60] if match else "") or version.place
    return MergerBody(merger=merger, position=position, **columns)


def _shares(
    merger: Merger,
    rows: Iterable[BodyListRow],
    targets: Mapping[object, NewBody],
    bodies: Mapping[object, MergerBody],
) -> None:
    body_of = {row.pk: bodies[key] for key, target in targets.items() for row in target.rows}
    known: set[tuple[int | None, int | None]] = set(merger.shares.values_list("old_id", "new_id"))
    position = merger.shares.aggregate(last=Max("position"))["last"] or 0
    made = []
    for row in rows:
        body = body_of.get(row.pk)
        pair = (row.old_id, body.pk if body else None)
        if pair in known:
            continue
        known.add(pair)
        position += 1
        made.append(
            MergerShare(
                merger=merger,
                position=position,
                old_id=row.old_id or 0,
                new=body,
                extent=row.extent,
            )
        )
    for body in bodies.values():
        if body.agency_id and (body.agency_id, body.pk) not in known:
            position += 1
            made.append(
                MergerShare(merger=merger, position=position, old_id=body.agency_id, new=body)
            )
    MergerShare.objects.bulk_create(made, batch_size=_AT_ONCE)


def _superiors(merger: Merger) -> None:
    """A body whose superior ends stands under the one that takes the superior's place.

    Where the superior is divided among its own inferiors (a district among communes), who stood
    under it stands under the superior's superior; under any other divided one a person has to say.
    """
    shares = list(merger.shares.filter(is_implied=False).select_related("old"))
    bodies = {body.pk: body for body in merger.bodies.all()}
    above = implied_rows.ended_or_renamed(shares, bodies)
    # The bodies each part of which goes where one of their own inferiors goes.
    parents_into: dict[int | None, set[int | None]] = defaultdict(set)
    parts: dict[int, set[int | None]] = defaultdict(set)
    for share in shares:
        parents_into[share.new_id].add(share.old.parent_id)
        if share.extent == Extent.PARTLY:
            parts[share.old_id].add(share.new_id)
    levels_gone = {
        old for old, targets in parts.items() if all(old in parents_into[new] for new in targets)
    }
    grand = dict(Agency.objects.filter(pk__in=above).order_by().values_list("pk", "parent_id"))
    late = []
    for body in bodies.values():
        was = body.parent_id or 0
        if was not in above:
            continue
        one = above[was]
        if one == implied_rows.Superior() and was in levels_gone:
            upper = grand[was]
            one = above.get(upper or 0, implied_rows.Superior(agency=upper))
        if one.agency != body.parent_id and body.pk != one.body:
            body.parent_id, body.parent_body_id = one.agency, one.body
            late.append(body)
    MergerBody.objects.bulk_update(late, ["parent", "parent_body"], batch_size=_AT_ONCE)


def _forget_implied(merger: Merger, olds: Sequence[int]) -> None:
    gone: dict[int, list[int]] = defaultdict(list)
    for old, new in merger.shares.filter(is_implied=True).values_list("old_id", "new_id"):
        gone[old].append(new or 0)
    bodies = [key for old in set(olds) for key in gone.get(old, ())]
    for start in range(0, len(bodies), _AT_ONCE):
        part = bodies[start : start + _AT_ONCE]
        merger.shares.filter(is_implied=True, new__in=part).delete()
        merger.bodies.filter(pk__in=part, shares=None).delete()
