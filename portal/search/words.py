"""Words as they are kept, and the things that have those somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations
from operator import itemgetter
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from portal.core.database.bulk import among, insert_rows
from portal.core.text.remembered import remembered
from portal.core.text.vietnamese import search_key
from portal.search.models import LONGEST, SearchWord

_WORD = re.compile(r"[0-9a-z]+")
_AT_ONCE = 500  # parameters of one statement
_OF_A_PERSON = 5  # words have nearly all names of people at most
_MOST_WORDS = 24  # of a name of which some may be left out: more have few bodies, or none
_FEW = 3  # words that are tried in every order
_MOST_TRIED = 1000  # rows that are looked up or through
_Word = TypeVar("_Word", bound=SearchWord)
_Rows = TypeVar("_Rows", bound="QuerySet[Any]")


def fold(text: str) -> str:
    """Return the words of ``text`` in lower case without marks, a space between them."""
    return " ".join(_WORD.findall(search_key(text)))


@remembered(4096)
def phrases(text: str) -> frozenset[str]:
    """Return what ``text`` is found by: from each word on to its end, with some words left out in
    one place or with none; of a name that is long and no person's, from its first word on. Of a
    very long one none are left out.

    Whatever words of a name people type in its order ("văn tím", "lò tím", of four words any), the
    database looks once into an index, be they rare or common.
    """
    words = fold(text).split()
    size = len(words)
    found = {" ".join(words[start:]) for start in range(size)}
    found |= {
        " ".join(words[start:gap] + words[end:])
        for end in range(2, size if size <= _MOST_WORDS else 0)
        for gap in range(1, end)
        for start in range(gap if size <= _OF_A_PERSON else 1)
    }
    return frozenset(phrase[:LONGEST] for phrase in found)


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

    ``words`` are those of what the user may see, as far as columns of theirs say it.
    """
    for texts in _ways(typed):
        rows = _with(words.order_by(), of, texts)
        if found := dict.fromkeys(rows.values_list(of, flat=True)[: most * 4]):
            return list(found)[:most]
    return []


def having(
    rows: _Rows, words: QuerySet[Any], of: str, typed: str, *, path: str = "", at: str = "pk"
) -> _Rows:
    """Return those of ``rows``, a list's, which ``words`` find by what is typed: as ``matching``.

    ``path`` leads from a word, where that is not the thing itself (``of``), to what stands in the
    column ``at`` of the rows. What is rare is looked up; of what is common a page of the list is
    soon full.
    """
    path = path or of
    for texts in _ways(typed):
        named = _with(words.order_by(), of, texts)
        keys = list(named.values_list(path, flat=True)[:_MOST_TRIED])
        if len(keys) == _MOST_TRIED:
            return rows.filter(Exists(named.filter(**{path: OuterRef(at)})))
        if keys:
            return rows.filter(**{f"{at}__in": set(keys)})
    return rows.none()


def _ways(typed: str) -> Iterator[tuple[str, ...]]:
    """Yield what a thing may be found by, one after the other until something is: what is typed as
    it stands; a few words in any order; the two halves of many."""
    words = fold(typed).split()
    if len(words) <= _FEW:
        yield from dict.fromkeys(
            (" ".join(order)[:LONGEST],) for order in permutations(words) if order
        )
    else:
        middle = len(words) // 2
        yield (" ".join(words)[:LONGEST],)
        yield " ".join(words[:middle])[:LONGEST], " ".join(words[middle:])[:LONGEST]


def _with(words: QuerySet[Any], of: str, texts: tuple[str, ...]) -> QuerySet[Any]:
    """Return those of ``words`` whose things are found by each of ``texts``.

    Of several the rarest is looked through, ``_MOST_TRIED`` rows of it: where all are common, some
    things may be left out; a further word finds them.
    """
    if len(texts) == 1:
        return words.filter(text__begins=texts[0])
    counts = {
        text: len(words.filter(text__begins=text).values_list("pk", flat=True)[:_MOST_TRIED])
        for text in texts
    }
    rarest = min(counts, key=counts.__getitem__)
    tried = words.filter(text__begins=rarest).values("pk")[:_MOST_TRIED]
    everywhere: QuerySet[Any] = words.model._default_manager.all()
    found = words.filter(pk__in=tried)
    for text in counts.keys() - {rarest}:
        found = found.filter(Exists(everywhere.filter(**{of: OuterRef(of)}, text__begins=text)))
    return found
