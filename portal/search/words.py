"""Words as they are kept, and the things that have those somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from portal.core.database.bulk import among, insert_rows
from portal.core.text.vietnamese import search_key
from portal.search.models import LONGEST, SearchWord

_WORD = re.compile(r"[0-9a-z]+")
_AT_ONCE = 500  # parameters of one statement
_MOST_TRIED = 1000  # rows that have the rarest of several words that do not stand side by side
_Word = TypeVar("_Word", bound=SearchWord)
_Rows = TypeVar("_Rows", bound="QuerySet[Any]")


def fold(text: str) -> str:
    """Return the words of ``text`` in lower case without marks, a space between them."""
    return " ".join(_WORD.findall(search_key(text)))


@lru_cache(maxsize=4096)
def phrases(text: str) -> frozenset[str]:
    """Return what ``text`` is found by: from each word on to its end, and first and last word.

    What people type of a name stands side by side in it ("văn tím") or is surname and given name
    ("lò tím"): one look into an index, whatever the words are.
    """
    words = fold(text).split()
    found = {" ".join(words[start:])[:LONGEST] for start in range(len(words))}
    if len(words) > 2:  # noqa: PLR2004 (something stands between them)
        found.add(f"{words[0]} {words[-1]}"[:LONGEST])
    return frozenset(found)


def keep(
    model: type[_Word], of: str, wanted: Mapping[int, set[tuple[str, int, int | None]]]
) -> None:
    """Let the things (by key, in the column ``of``) be found by these (text, agency, office) and
    by nothing else; rows that are right stay. In the caller's transaction."""
    keys = sorted(wanted)
    rows = model._default_manager
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        missing = {key: set(wanted[key]) for key in some}
        wrong = []
        standing = rows.filter(among(of, some)).order_by()
        for pk, key, *row in standing.values_list(
            "pk", f"{of}_id", "text", "agency_id", "office_id"
        ):
            if tuple(row) in missing[key]:
                missing[key].remove(tuple(row))
            else:
                wrong.append(pk)
        for first in range(0, len(wrong), _AT_ONCE):
            rows.filter(pk__in=wrong[first : first + _AT_ONCE]).delete()
        add(model, of, missing)


def add(
    model: type[_Word], of: str, found_by: Mapping[int, Iterable[tuple[str, int, int | None]]]
) -> None:
    """Let new things be found by these; as ``keep``."""
    rows = [
        (key, *row) for key, some in found_by.items() for row in sorted(some, key=itemgetter(0))
    ]
    if rows:
        insert_rows(model, [f"{of}_id", "text", "agency_id", "office_id"], rows)


def matching(words: QuerySet[Any], of: str, typed: str, *, most: int) -> list[int]:
    """Return the keys of up to ``most`` things that ``words`` find by what is typed.

    ``words`` are those of what the user may see, as far as columns of theirs say it. First what
    has the words side by side, then what has each of them. Where every one of these is common and
    they never stand together, some may be left out: a further word finds them.
    """
    phrase = fold(typed)[:LONGEST]
    if not phrase:
        return []
    words = words.order_by()
    found = dict.fromkeys(_keys(words.filter(text__begins=phrase), of, most * 4))
    parts = set(phrase.split())
    if len(found) < most and len(parts) > 1:
        rarest, count = _rarest(words, parts)
        tried = words.filter(text__begins=rarest)
        if count == _MOST_TRIED:
            tried = words.filter(pk__in=tried.values("pk")[:_MOST_TRIED])
        found |= dict.fromkeys(_keys(_with(tried, of, parts - {rarest}), of, most * 4))
    return list(found)[:most]


def having(rows: _Rows, words: QuerySet[Any], of: str, typed: str, *, path: str = "") -> _Rows:
    """Return those of ``rows``, a list's, which ``words`` find by each word that is typed; all.

    ``path`` leads from a word to the row where that is not the thing itself (``of``). What is rare
    is looked up; where every word is common a page of the list is soon full of rows that have it.
    """
    parts = set(fold(typed).split())
    if not parts:
        return rows.none()
    words, path = words.order_by(), path or of
    rarest, count = _rarest(words, parts)
    having_all = _with(words.filter(text__begins=rarest), of, parts - {rarest})
    if count < _MOST_TRIED:
        return rows.filter(pk__in=set(having_all.values_list(path, flat=True)))
    return rows.filter(Exists(having_all.filter(**{path: OuterRef("pk")})))


def _rarest(words: QuerySet[Any], parts: Iterable[str]) -> tuple[str, int]:
    """Return the rarest of ``parts`` and how often it stands, counted up to ``_MOST_TRIED``."""
    sizes = {
        part: len(words.filter(text__begins=part).values_list("pk", flat=True)[:_MOST_TRIED])
        for part in sorted(parts)
    }
    return min(sizes.items(), key=lambda one: (one[1], -len(one[0])))


def _with(words: QuerySet[Any], of: str, parts: Iterable[str]) -> QuerySet[Any]:
    """Return those of ``words`` whose things have each of ``parts`` too."""
    everywhere: QuerySet[Any] = words.model._default_manager.all()
    for part in sorted(parts):
        there = everywhere.filter(**{of: OuterRef(of)}, text__begins=part)
        words = words.filter(Exists(there))
    return words


def _keys(words: QuerySet[Any], of: str, most: int) -> list[int]:
    return list(words.values_list(of, flat=True)[:most])
