"""The world a plan is made from: what is described, and what the register holds of the bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def world_of(merger: Merger, *, today: date) -> facts.World:
    """Return everything a plan of ``merger`` is made from, in a fixed number of queries for each
    thousand bodies, and one for each thousand devices."""
    world = gather(described(merger), today=today)
    world.replies = answers.replies(merger)
    world.decided = answers.decided(merger)
    world.chosen = answers.chosen(merger)
    return world


def described(merger: Merger) -> Description:
    """Return what ``merger`` describes."""
    listed: Iterable[tuple[Any, ...]] = merger.bodies.order_by("position", "pk").values_list(
        "pk", "name", "province", "agency_id", "email_domain",
        "parent_body__name", "parent__name", "parent_id",
    )  # fmt: skip
    found: dict[int, facts.Target] = {}
    above: dict[int, int] = {}
    for pk, name, province, agency, domain, new_superior, superior, parent in listed:
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
        )
    targets = dict(_under_new_names(found.values(), above))
    rows = merger.shares.order_by("position", "pk")
    shares = [
        facts.BodyShare(old=old, new=new, extent=extent, is_implied=is_implied)
        for old, new, extent, is_implied in rows.values_list(
            "old_id", "new_id", "extent", "is_implied"
        )
    ]
    return Description(targets, shares, merger.effective_on)


def gather(
    description: Description, *, today: date, tracked: queries.Tracked = iter
) -> facts.World:
    """Return the world of a description: nothing that the bodies have is left out. ``tracked``
    tells somebody how far the reading has come.

    Units without a seal are theirs as well. The bodies above stand in it for their names alone.
    """
    body_ids = involved(description)
    found = queries.read(body_ids, today=today, tracked=tracked)
    return facts.World(
        day=max(description.effective_on, today),
        bodies=queries.bodies_with_superiors(body_ids, today=today),
        targets=description.targets,
        shares=description.shares,
        certificates=found.certificates,
        devices=found.devices,
        subscribers=list(found.subscribers.values()),
        dossiers=found.dossiers,
    )


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
