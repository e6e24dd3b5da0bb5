"""Names of bodies made comparable; whether a name is kept is judged by it, never by a code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from orgmerge.planner.facts import BodyShare, KnownBody, Target
from orgmerge.vocabulary import Extent, MergerKind
from portal.core.text.vietnamese import nfc

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SPACE = re.compile(r"[\s\-–.,;]+")


def _toned(name: str) -> str:
    """Return ``name`` in lower case with the tone of each word at its end ("hoà" as "hòa")."""
    words = _SPACE.sub(" ", nfc(name).lower()).split()
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    tones = "".join(mark for mark in apart if mark in _TONES)
    return unicodedata.normalize("NFC", "".join(c for c in apart if c not in _TONES)) + tones


# How the same words are written in full on certificates and in short in lists.
_IN_SHORT = tuple(
    (_toned(long), short)
    for long, short in (
        ("ủy ban nhân dân", "ubnd"),
        ("hội đồng nhân dân", "hđnd"),
        ("thành phố", "tp"),
        ("thị trấn", "tt"),
        ("thị xã", "tx"),
    )
)


@lru_cache(maxsize=65536)
def key(name: str) -> str:
    """Return ``name`` so that the same name in other capitals, with its tones placed otherwise or
    in short is equal.

    Marks are part of it, and so is the type: "Xã Tân Tiến" and "Xã Tân Tiên", "Thị trấn Tân Uyên"
    and "Xã Tân Uyên" are two names each (DOMAIN 14.9).
    """
    text = _toned(name)
    for long, short in _IN_SHORT:
        text = text.replace(long, short)
    return text


def same(a: str, b: str) -> bool:
    """Say whether two names are one, type and all, however they are written."""
    return key(a) == key(b)


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
