"""Whether a name is kept is judged by the name, type and all, never by a code (DOMAIN 14.9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orgmerge.planner.facts import BodyShare, KnownBody, Target
from orgmerge.vocabulary import Extent, MergerKind
from portal.core.text.names import key, same

__all__ = ["key", "kind_of", "same"]


def kind_of(
    target: Target | None, shares: Iterable[BodyShare], bodies: Mapping[int, KnownBody]
) -> MergerKind:
    """Return what sort of reorganisation ``target`` comes from, judged by names alone.

    ``shares`` may be all of the merger; None is no successor at all. A body that goes on as itself
    counts among the sources, said or not.
    """
    if target is None:
        return MergerKind.DISSOLUTION
    extents = {share.old: share.extent for share in shares if share.new == target.pk}
    if target.agency is not None:
        extents.setdefault(target.agency, Extent.WHOLE)
    ends_whole = [old for old, extent in extents.items() if extent == Extent.WHOLE]
    whole = [bodies[old] for old in ends_whole if old in bodies]
    if not whole:
        return MergerKind.SPLIT if extents else MergerKind.NEW_NAME
    is_kept = target.key in [body.key for body in whole]
    if len(extents) > 1:
        return MergerKind.NAME_KEPT if is_kept else MergerKind.NEW_NAME
    # Alone: another superior (M3), or its own name or address (M5).
    own = whole[0]
    parent = bodies.get(own.parent) if own.parent is not None else None
    is_under_another = bool(target.superior) and (parent is None or parent.key != target.superior)
    is_elsewhere = bool(target.province) and target.province != own.province
    has_other_superior = is_kept and (is_under_another or is_elsewhere)
    return MergerKind.SUPERIOR if has_other_superior else MergerKind.RENAME
