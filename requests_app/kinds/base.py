"""What a Mẫu declares: fields in the official order, rules, effect, letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

from portal.core.rules import Finding, Severity, Violation

Answers: TypeAlias = Mapping[str, str]
Check: TypeAlias = Callable[[str], Sequence[Finding]]
RowCheck: TypeAlias = Callable[[Answers, date], Sequence["CellFinding"]]


class Widget(StrEnum):
    """How a field is typed in the browser."""

    TEXT = "text"
    DATE = "date"
    EMAIL = "email"
    TEL = "tel"
    SELECT = "select"
    CHECKBOX = "checkbox"
    TEXTAREA = "textarea"


@dataclass(frozen=True, slots=True)
class CellFinding:
    """A finding about one field of one row ("" for the row as a whole)."""

    field: str
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a row or of section 1: official label, checks, how it is typed.

    ``checks`` see a non-empty, NFC, trimmed value. ``is_personal`` values are masked in lists.
    """

    name: str
    label: str
    checks: tuple[Check, ...] = ()
    is_required: bool = False
    widget: Widget = Widget.TEXT
    choices: tuple[tuple[str, str], ...] = ()
    max_length: int = 250
    hint: str = ""
    is_personal: bool = False
    default: str = ""
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the printed list: official header and what stands in a cell."""

    label: str
    text: Callable[[Answers], str]
    width: str = ""  # CSS width on paper, e.g. "12%"
    group: str = ""  # header above several columns (Mẫu 06, Mẫu 04 column 7)


class EffectKind(StrEnum):
    """What accepting a row does; carried out in ``requests_app.execution``."""

    ISSUE = "issue"
    RECORD_HANDOVER = "record_handover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A Mẫu. Adding a form is adding a file that declares one."""

    code: str
    number: str  # "01"
    version: str
    title: str  # what pages call it
    subject: str  # trích yếu after "V/v", or the named document's title
    legal_basis: str
    is_layout_verified: bool
    source_note: str  # where the layout was seen, or that it is our own design
    procedure: str
    about: str  # "person", "organisation", "system", "certificate", "device"
    contact_title: str
    contact_fields: tuple[Field, ...]
    list_title: str
    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    notes: tuple[str, ...]  # printed under the list, as on the form
    effect: EffectKind
    row_checks: tuple[RowCheck, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)  # variant → its own subject
    template: str = "letters/petition.html"
    item_title: Callable[[Answers], str] = lambda answers: ""
    body: str = ""  # opening paragraph of the letter


def check_row(kind: Kind, answers: Answers, today: date) -> list[CellFinding]:
    """Return everything found in one row: empty required cells, each cell's checks, the row's."""
    found: list[CellFinding] = []
    for one in kind.fields:
        found.extend(CellFinding(one.name, finding) for finding in check_cell(one, answers))
    for row_check in kind.row_checks:
        found.extend(row_check(answers, today))
    return found


def check_cell(one: Field, answers: Answers) -> list[Finding]:
    """Return what is found in one cell."""
    value = answers.get(one.name, "")
    if not value:
        if one.is_required:
            return [Finding("missing", f"Chưa nhập “{one.label}”.")]
        return []
    if len(value) > one.max_length:
        return [
            Finding("too_long", f"“{one.label}” dài {len(value)} ký tự, chỉ được {one.max_length}.")
        ]
    if one.choices and value not in {key for key, _ in one.choices}:
        return [Finding("not_a_choice", f"“{value}” không có trong danh sách “{one.label}”.")]
    return [finding for check in one.checks for finding in check(value)]


def has_errors(findings: Sequence[CellFinding]) -> bool:
    """Say whether any finding stops the row."""
    return any(one.finding.severity is Severity.ERROR for one in findings)


def violations_of(row: int, findings: Sequence[CellFinding]) -> list[Violation]:
    """Return the errors of row number ``row`` as violations for a refusal."""
    return [
        Violation(one.finding.code, one.finding.message, row=row)
        for one in findings
        if one.finding.severity is Severity.ERROR
    ]


def plain(value: Any) -> str:
    """Return a cell's value as text ("" for None)."""
    return "" if value is None else str(value)
