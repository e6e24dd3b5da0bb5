"""The annex of a covering letter: the lines of a plan on paper, in one go or piece by piece.

The layout is the portal's own: no form of the decree prescribes it. What a line costs is the lines
of text it is broken into, so reasons stand once, at the head, and are referred to by number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.template.loader import render_to_string

from orgmerge.models import Merger, PlanLine
from orgmerge.plan_sheet import ListedLine
from orgmerge.reasons import REASONS
from orgmerge.words import About
from portal.documents.letters import cell
from portal.documents.pieces import Piece, print_piece

STYLESHEET = "letters/annex.css"
MOST_AT_ONCE = 200  # lines: two seconds; more would hold up the others who wait for an answer
MOST_LINES = 30_000  # some 2,000 pages: beyond it nobody reads paper
_LAYOUT_NOTE = "Phụ lục do hệ thống tự thiết kế; Nghị định 68/2024/NĐ-CP không quy định mẫu."
_WIDTHS = (
    ("STT", "6%"),
    ("Đơn vị hiện nay", "23%"),
    ("Đối tượng", "28%"),
    ("Việc làm", "14%"),
    ("Đơn vị lập hồ sơ", "23%"),
    ("Lý do, căn cứ", "6%"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What is the same for all pieces of one annex."""

    merger: Merger
    lines: int
    reasons: Mapping[str, int]  # code → its number at the head
    is_narrowed: bool
    is_draft: bool
    day: date


@dataclass(frozen=True, slots=True)
class Done:
    """How far an annex is printed."""

    lines: int = 0
    pages: int = 0


def numbered(codes: Collection[str]) -> Mapping[str, int]:
    """Return the number of each reason: in the order in which reasons are listed everywhere."""
    known = [code for code in REASONS if code in codes]
    unknown = sorted(set(codes).difference(REASONS))
    return {code: number for number, code in enumerate([*known, *unknown], start=1)}


def annex(paper: Paper, lines: Sequence[PlanLine]) -> bytes:
    """Return a whole annex as PDF."""
    return piece(paper, lines, done=Done(), is_last=True).pdf


def piece(paper: Paper, lines: Sequence[PlanLine], *, done: Done, is_last: bool) -> Piece:
    """Print ``lines``, which follow on those ``done``; the last of them may be left for the next
    piece."""
    html = render_to_string(
        "orgmerge/print/plan_annex.html",
        {
            "merger": paper.merger,
            "columns": _WIDTHS,
            "rows": list(_rows(paper, lines, done)),
            "first_page": done.pages + 1,
            "is_first": not done.pages,
            "is_last": is_last,
            "reasons": [_reason(code) for code in paper.reasons],
            "lines": paper.lines,
            "is_narrowed": paper.is_narrowed,
            "is_draft": paper.is_draft,
            "day": paper.day,
            "layout_note": _LAYOUT_NOTE,
        },
    )
    return print_piece(html, stylesheet=STYLESHEET, rows=len(lines), is_last=is_last)


def _rows(paper: Paper, lines: Iterable[PlanLine], done: Done) -> Iterable[Sequence[str]]:
    for number, line in enumerate(lines, start=done.lines + 1):
        listed = ListedLine(line)
        thing = f"{About(line.about).label}: {line.title}"
        reason = str(paper.reasons[line.reason])
        cells = (listed.body, thing, listed.deed, listed.sender)
        yield str(number), *map(cell, cells), reason


def _reason(code: str) -> tuple[str, str]:
    found = REASONS.get(code)
    return (str(found.sentence), found.article) if found else (code, "")
