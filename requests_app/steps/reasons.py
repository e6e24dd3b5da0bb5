"""The words of a reason: its blanks are filled with the rows picked, or it is not sent."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

_ROWS = re.compile(r"(?<=dòng )(?:…|\.{3})", re.IGNORECASE)
_BLANK = re.compile(r"(?:dòng|:)\s*(?:…|\.{3})", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,5})(?:\s*[-–]\s*(\d{1,5}))?")
_BETWEEN = re.compile(r"[,;\s]+")
NAMED = 20  # rows named with whom they are about; of more the numbers alone


def has_blank(reason: str) -> bool:
    """Say whether ``reason`` still has a place to fill in: "(dòng …)", "Lý do khác: …"."""
    return bool(_BLANK.search(reason))


def numbers_in(text: str) -> list[int]:
    """Return the row numbers typed as "2, 5, 7-9", in order, each once.

    Raises ValueError for anything else.
    """
    found: set[int] = set()
    spaced = re.sub(r"\s*[-–]\s*", "-", text.strip())
    for part in filter(None, _BETWEEN.split(spaced)):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(part)
        found.update(range(first, last + 1))
    return sorted(found)


def rows_in_words(titles: Mapping[int, str]) -> str:
    """Return rows by number and whom they are about: "2: Lò Văn A; 5: Quàng Thị B"."""
    numbers = sorted(titles)
    if len(numbers) <= NAMED and any(titles.values()):
        return "; ".join(f"{one}: {titles[one]}" if titles[one] else str(one) for one in numbers)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def with_rows(reason: str, titles: Mapping[int, str]) -> str:
    """Return ``reason`` with the rows of ``titles`` in its blank, or named at its end.

    A row whose number the text already has is not named again.
    """
    if not titles:
        return reason
    if _ROWS.search(reason):
        return _ROWS.sub(rows_in_words(titles), reason)
    unsaid = {
        number: title
        for number, title in titles.items()
        if not re.search(rf"(?<!\d){number}(?!\d)", reason)
    }
    if not unsaid:
        return reason
    return _("%(reason)s (dòng %(rows)s)") % {
        "reason": reason.rstrip(),
        "rows": rows_in_words(unsaid),
    }
