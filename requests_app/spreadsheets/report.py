"""What was found in a sheet: row by row, cell by cell, and what is offered to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from portal.core.rules import Finding, Severity


@dataclass(frozen=True, slots=True)
class SheetFinding:
    """One finding in one cell. ``column`` counts from 1; 0 is the whole row."""

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


@dataclass(slots=True)
class SheetRow:
    """One row with something in it: its number in the sheet, its answers, its findings."""

    number: int
    answers: dict[str, str]
    findings: list[SheetFinding] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether the row can't be taken as it is."""
        return any(one.finding.severity is Severity.ERROR for one in self.findings)

    @property
    def offers(self) -> list[SheetFinding]:
        """The cells for which a value is offered, once each."""
        by_column = {one.column: one for one in self.findings if one.finding.suggestion}
        return list(by_column.values())


@dataclass(frozen=True, slots=True)
class SheetReport:
    """A whole sheet. ``notes`` are about rows that hold nothing."""

    rows: list[SheetRow]
    notes: list[SheetFinding]

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
        return [row for row in self.rows if row.findings and not row.has_errors]
