"""Words as they are kept, and the things that have those somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from portal.core.text.vietnamese import search_key
from portal.search.models import LONGEST, SearchWord

_WORD = re.compile(r"[0-9a-z]+")
_AT_ONCE = 500  # parameters of one statement
_MOST_TRIED = 1000  # rows that have the rarest of several words that do not stand side by side
_Word = TypeVar("_Word", bound=SearchWord)


def fold(text: str) -> str:
    """Return the words of ``text`` in lower case without marks, a space between them."""
    return " ".join(_WORD.findall(search_key(text)))


def phrases(text: str) -> set[str]:
    """Return what ``text`` is found by: from each word on to its end, and first and last word.

    What people type of a name stands side by side in it ("văn tím") or is surname and given name
    ("lò tím"): one look into an index, whatever the words are.
    """
    words = fold(text).split()
    found = {" ".join(words[start:])[:LONGEST] for start in range(len(words))}
    if len(words) > 2:  # noqa: PLR2004 (something stands between them)
        found.add(f"{words[0]} {words[-1]}"[:LONGEST])
    return found


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
        standing = rows.filter(**{f"{of}__in": some}).order_by()
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
    model._default_manager.bulk_create(
        [
            model(**{f"{of}_id": key}, text=text, agency_id=agency, office_id=office)
            for key, rows in found_by.items()
            for text, agency, office in sorted(rows, key=str)
        ],
        batch_size=_AT_ONCE,
    )


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
    parts = sorted(set(phrase.split()))
    if len(found) < most and len(parts) > 1:
        having = {part: words.filter(text__begins=part) for part in parts}
        sizes = {
            part: len(rows.values_list("pk", flat=True)[:_MOST_TRIED])
            for part, rows in having.items()
        }
        rarest = min(parts, key=lambda part: (sizes[part], -len(part)))
        tried = having.pop(rarest)
        if sizes[rarest] >= _MOST_TRIED:
            tried = words.filter(pk__in=tried.values("pk")[:_MOST_TRIED])
        everywhere: QuerySet[Any] = words.model._default_manager.all()
        for part in having:
            tried = tried.filter(Exists(everywhere.filter(**{of: OuterRef(of)}, text__begins=part)))
        found |= dict.fromkeys(_keys(tried, of, most * 4))
    return list(found)[:most]


def _keys(words: QuerySet[Any], of: str, most: int) -> Sequence[int]:
    return list(words.values_list(of, flat=True)[:most])
