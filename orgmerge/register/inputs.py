"""The world a plan is made from: what is described, and what the register holds of the bodies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from orgmerge.models import Merger
from orgmerge.planner import facts, names
from orgmerge.register import answers, queries
from portal.agencies.levels import province_key


@dataclass(frozen=True, slots=True)
class Description:
    """Who passes to whom, as keys of registered bodies and of described ones."""

    targets: Mapping[int, facts.Target]
    shares: Sequence[facts.BodyShare]
    effective_on: date


def worlds_of(merger: Merger, *, today: date) -> Iterator[facts.World]:
    """Yield everything a plan of ``merger`` is made from, in parts (``gather``), in a fixed number
    of queries for each thousand bodies, and one for each thousand devices."""
    replies, decided = answers.replies(merger), answers.decided(merger)
    chosen, placed = answers.chosen(merger), answers.placed(merger)
    for world in gather(described(merger), today=today, linked=placed):
        world.replies, world.decided, world.chosen = replies, decided, chosen
        yield world
        del world


def described(merger: Merger) -> Description:
    """Return what ``merger`` describes."""
    rows = merger.shares.order_by("position", "pk")
    shares = [
        facts.BodyShare(old=old, new=new, extent=extent, is_implied=is_implied)
        for old, new, extent, is_implied in rows.values_list(
            "old_id", "new_id", "extent", "is_implied"
        )
    ]
    rows_of = {(share.old, share.new) for share in shares}
    listed: Iterable[tuple[Any, ...]] = merger.bodies.order_by("position", "pk").values_list(
        "pk", "name", "province", "agency_id", "email_domain",
        "parent_body__name", "parent__name", "parent_id", "agency__parent_id",
    )  # fmt: skip
    found: dict[int, facts.Target] = {}
    above: dict[int, int] = {}
    for pk, name, province, agency, domain, new_superior, superior, parent, before in listed:
        if new_superior is None and parent is not None:
            above[pk] = parent
        found[pk] = facts.Target(
            pk=pk,
            name=name,
            key=names.key(name),
            province=province_key(province),
            agency=agency,
            superior=names.key(new_superior or superior or ""),
            email_domain=domain,
            # Who stood under a body that is split or ends stands under none until a person says.
            superior_unknown=before is not None
            and parent is None
            and new_superior is None
            and (agency, pk) in rows_of,
        )
    targets = dict(_under_new_names(found.values(), above))
    return Description(targets, shares, merger.effective_on)


def gather(
    description: Description,
    *,
    today: date,
    linked: Iterable[tuple[int, int]] = (),
    tracked: queries.Tracked = iter,
) -> Iterator[facts.World]:
    """Yield the world of a description: nothing that the bodies have is left out. That of very many
    bodies comes in parts, which can be planned one after the other; whoever lets each go before the
    next never has it all in memory. ``tracked`` tells somebody how far the reading has come.

    ``linked`` are a body and a target of which somebody said something together. Units without a
    seal are their body's as well. The bodies above stand in it for their names alone.
    """
    ids = involved(description)
    bodies = queries.bodies_with_superiors(ids, today=today)
    sources: dict[int, list[int]] = defaultdict(list)  # of each target
    for share in description.shares:
        if share.new is not None:
            sources[share.new].append(share.old)
    for pk, target in description.targets.items():
        if target.agency is not None:
            sources[pk].append(target.agency)
    if len(ids) > queries.PART:
        for body, pk in linked:
            sources[pk].append(body)
    parts = [frozenset(part) for part in queries.parts(ids, sources.values())]
    for part in tracked(parts):
        found = queries.read(part, today=today)
        is_first = part is parts[0]
        yield facts.World(
            day=max(description.effective_on, today),
            bodies=bodies,
            targets=description.targets,
            shares=description.shares,
            certificates=found.certificates,
            devices=found.devices,
            subscribers=list(found.subscribers.values()),
            dossiers=found.dossiers,
            part=[
                pk
                for pk in description.targets
                if (sources[pk][0] in part if pk in sources else is_first)
            ],
        )
        del found  # or it would stay until the next has been read


def involved(description: Description) -> frozenset[int]:
    """Return the bodies something of which is planned: those described, and their units."""
    named = {share.old for share in description.shares}
    named.update(one.agency for one in description.targets.values() if one.agency is not None)
    return frozenset(named.union(*queries.units_under(named).values()))


def _under_new_names(
    targets: Iterable[facts.Target], above: Mapping[int, int]
) -> Iterable[tuple[int, facts.Target]]:
    """A superior that the same decision renames is called by its new name."""
    renamed = {target.agency: target.key for target in targets if target.agency is not None}
    for target in targets:
        superior = renamed.get(above.get(target.pk, 0), target.superior)
        yield target.pk, replace(target, superior=superior)
