"""What was found in a sheet: row by row, cell by cell, and what is offered to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from openpyxl.utils import get_column_letter

from portal.core.rules import Finding, Severity

REASONS = _("Lý do chưa nhập được")  # the one more column of a sheet of rejects
_EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class SheetFinding:
    """One finding in one cell. ``column`` counts from 1; 0 is the whole row.

    ``value`` is what stands in the cell; ``header`` names its column or field.
    """

    row: int
    column: int
    finding: Finding
    header: str = ""
    value: str = ""

    @property
    def cell(self) -> str:
        """The cell as a spreadsheet names it: "D3"; "" for a whole row."""
        return f"{get_column_letter(self.column)}{self.row}" if self.column else ""

    @property
    def key(self) -> str:
        """What a form calls the offer of this cell."""
        return f"{self.row}:{self.column}"

    @property
    def is_error(self) -> bool:
        return self.finding.severity is Severity.ERROR


@dataclass(slots=True)
class SheetRow:
    """One row with something in it: its number in the sheet, its answers, its findings.

    ``texts`` are its cells as read, ``title`` whom or what it is about. ``afterwards`` is what can
    be mended in the editor alone: what the sheet has no column for, what the draft holds already.
    """

    number: int
    answers: dict[str, str]
    findings: list[SheetFinding] = field(default_factory=list)
    afterwards: list[SheetFinding] = field(default_factory=list)
    texts: Sequence[str] = ()
    title: str = ""
    is_hidden: bool = False

    @property
    def errors(self) -> list[SheetFinding]:
        """What has to be mended in the row."""
        return [one for one in self.findings if one.is_error]

    @property
    def has_errors(self) -> bool:
        """Whether the row can't be taken as it is."""
        return any(one.is_error for one in self.findings)

    @property
    def told(self) -> list[SheetFinding]:
        """The errors and warnings."""
        return [one for one in self.findings if one.finding.severity is not Severity.NONE]

    @property
    def offers(self) -> list[SheetFinding]:
        """The cells for which a value is offered, once each."""
        by_column = {one.column: one for one in self.findings if one.finding.suggestion}
        return list(by_column.values())


@dataclass(slots=True)
class Remark:
    """What was only noted, alike in several cells: told once, with the first of them."""

    finding: Finding
    header: str
    cells: list[SheetFinding] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The first few of the places: D3 “5/3/1990”, D4 “6/3/1990” …"""
        shown = [
            (f"{one.cell} “{one.value}”" if one.value else one.cell)
            or gettext("dòng %(row)d") % {"row": one.row}
            for one in self.cells[:_EXAMPLES]
        ]
        return ", ".join(shown) + (" …" if len(self.cells) > _EXAMPLES else "")


@dataclass(frozen=True, slots=True)
class SheetReport:
    """A whole sheet. ``notes`` are about rows that hold nothing; ``others`` name the sheets of the
    file that hold such a list as well and were not read."""

    rows: list[SheetRow]
    notes: list[SheetFinding]
    title: str = ""
    others: Sequence[str] = ()

    @property
    def findings(self) -> list[SheetFinding]:
        """Everything found, in the order of the sheet."""
        found = [one for row in self.rows for one in row.findings]
        return sorted([*found, *self.notes], key=lambda one: (one.row, one.column))

    @property
    def good_rows(self) -> list[SheetRow]:
        """The rows without errors."""
        return [row for row in self.rows if not row.has_errors]

    @property
    def bad_rows(self) -> list[SheetRow]:
        """The rows that can't be taken as they are."""
        return [row for row in self.rows if row.has_errors]

    @property
    def told_rows(self) -> list[SheetRow]:
        """The good rows about which there is something to say."""
        return [row for row in self.rows if row.told and not row.has_errors]

    @property
    def hidden_rows(self) -> list[SheetRow]:
        """The rows a spreadsheet does not show."""
        return [row for row in self.rows if row.is_hidden]

    @property
    def unfinished_rows(self) -> list[SheetRow]:
        """The rows for which something is left to do in the editor, however good they are."""
        return [row for row in self.rows if any(one.is_error for one in row.afterwards)]

    @property
    def error_count(self) -> int:
        """How many things have to be mended in the rows."""
        return sum(len(row.errors) for row in self.rows)

    @property
    def problem_count(self) -> int:
        """How many the editor will list once all rows are in."""
        afterwards = sum(one.is_error for row in self.rows for one in row.afterwards)
        return self.error_count + afterwards

    @property
    def remarks(self) -> list[Remark]:
        """What was only noted in cells and rows, one line for all that are alike."""
        found: dict[tuple[str, int], Remark] = {}
        for one in self.findings:
            if one.finding.severity is Severity.NONE:
                key = (one.finding.code, one.column)
                found.setdefault(key, Remark(one.finding, one.header)).cells.append(one)
        return list(found.values())
