"""Whether a name is kept is judged by the name, type and all, never by a code (DOMAIN 14.9)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from orgmerge.planner.facts import BodyShare, KnownBody, Target
from orgmerge.vocabulary import Extent, MergerKind
from portal.agencies.levels import Level, level_of
from portal.core.text.names import key, same

__all__ = [
    "DISTRICTS",
    "is_district",
    "key",
    "kind_of",
    "localities",
    "same",
    "wrong_localities",
]

_PROVINCE, _CITY = f"{key('tỉnh')} ", f"{key('thành phố')} "
_DISTRICT_KINDS = ("huyện", "quận", "thị xã")
DISTRICTS = tuple(
    f"{key(words)} "
    for words in (
        *(f"{organ}{kind}" for organ in ("", "UBND ", "HĐND ") for kind in _DISTRICT_KINDS),
        "huyện ủy",
        "quận ủy",
        "thị ủy",
    )
)


def localities(province: str) -> tuple[str, str, str]:
    """Return how L may name a province, made comparable: without its kind, as tỉnh, as city."""
    return province, f"{_PROVINCE}{province}", f"{_CITY}{province}"


def wrong_localities(province: str, new_province: str, above: Collection[str]) -> frozenset[str]:
    """Return the ways to write L that are wrong where ``province`` was and ``new_province`` is: the
    province that was left, or the kind that it is no more by the names that stand ``above``."""
    if province != new_province:
        return frozenset(localities(province))
    _plain, as_province, as_city = localities(province)
    is_province, is_city = f"ubnd {as_province}" in above, f"ubnd {as_city}" in above
    if is_province == is_city:
        return frozenset()
    return frozenset((as_province if is_city else as_city,))


def is_district(name: str, province: str, superior: str) -> bool:
    """Say whether a comparable name is that of a district's organ, ``superior`` the name above it.

    What has no organ in its name and is called after a district is taken for its body too.
    """
    above = [superior] if superior else []
    return name.startswith(DISTRICTS) or level_of(name, province, above) == Level.DISTRICT


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
