"""Rows as the editor shows and takes them: cells with their findings, what was typed, what differs.

Nothing here saves. A draft keeps what was typed, right or not.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.core.rules import Finding, Severity
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import nfc
from requests_app import kinds
from requests_app.drafts.profile import list_of
from requests_app.kinds import register_findings
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    Field,
    Kind,
    Widget,
    check_rows,
    kept,
)
from requests_app.models import Dossier, DossierItem
from requests_app.spreadsheets import MAX_ROWS

ROWS_A_PAGE = 20
_FILE = "tep-"  # without a colon: the script takes no file for a cell
_INPUT_MODES = {Widget.DATE: "numeric", Widget.TEL: "tel", Widget.EMAIL: "email"}


class Posted(Protocol):
    """A form as Django hands it over."""

    def __iter__(self) -> Iterator[str]: ...

    def getlist(self, key: str) -> Sequence[str]: ...


@dataclass(slots=True)
class Cell:
    """One field of one row on the page."""

    item: UUID
    position: int
    field: Field
    value: str
    findings: list[Finding] = dataclasses.field(default_factory=list)
    stored: str | None = None  # what somebody else saved meanwhile, where it differs

    @property
    def name(self) -> str:
        """The input's name."""
        return cell_name(self.item, self.field.name)

    @property
    def id(self) -> str:
        """The input's id, which links in the summary point at."""
        return f"o-{self.position}-{self.field.name}"

    @property
    def label(self) -> str:
        """What a screen reader says of the input."""
        return _("%(label)s, dòng %(row)d") % {"label": self.field.label, "row": self.position}

    @property
    def widget(self) -> str:
        """How it is typed; a mark that is no mark stays readable as text."""
        is_mark = self.field.widget is Widget.CHECKBOX
        if is_mark and self.value not in ("", *(key for key, _label in self.field.choices)):
            return Widget.TEXT
        return self.field.widget

    @property
    def input_type(self) -> str:
        """The type of a plain input; dates are text, as no browser writes dd/mm/yyyy."""
        return self.widget if self.widget in (Widget.EMAIL, Widget.TEL) else "text"

    @property
    def list_id(self) -> str:
        """The list it offers to choose from, "" for none."""
        return list_of(self.field.name)

    @property
    def input_mode(self) -> str:
        return _INPUT_MODES.get(self.field.widget, "text")

    @property
    def options(self) -> list[tuple[str, str]]:
        """The choices, with what was typed or pasted among them even when it is none."""
        options = list(self.field.choices)
        if not self.field.default:
            options.insert(0, ("", "–"))
        if self.value not in {key for key, _label in options}:
            options.append((self.value, _("%(value)s (không có)") % {"value": self.value or "–"}))
        return options

    @property
    def words(self) -> str:
        """What is shown of a value that nobody reads."""
        return self.field.shown(self.value)

    @property
    def file_name(self) -> str:
        """The name of the input for a file whose content becomes the value."""
        return file_input(self.item)

    @property
    def has_errors(self) -> bool:
        return any(one.severity is Severity.ERROR for one in self.findings)

    @property
    def offer(self) -> str:
        """A value that may be taken with one press, "" when none is offered."""
        return next((one.suggestion for one in self.findings if one.suggestion), "")


@dataclass(slots=True)
class Row:
    """One row on the page."""

    item: DossierItem
    cells: list[Cell]
    is_blank: bool = False

    @property
    def is_clashing(self) -> bool:
        """Whether somebody else saved one of its cells otherwise."""
        return any(cell.stored is not None for cell in self.cells)

    @property
    def state(self) -> tuple[str, str]:
        """Its look and the words of a row that is folded to one line."""
        errors = sum(cell.has_errors for cell in self.cells)
        warnings = sum(bool(cell.findings) and not cell.has_errors for cell in self.cells)
        if errors:
            return "danger", _("%(count)s ô cần sửa") % {"count": with_dots(errors)}
        if self.is_blank:
            return "neutral", _("dòng trống")
        if warnings:
            return "warning", _("%(count)s ô cần xem") % {"count": with_dots(warnings)}
        return "success", _("đủ")


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the summary: which cell, on which page, what is wrong with it."""

    position: int
    label: str
    message: str
    page: int
    anchor: str


def cell_name(item: UUID, name: str) -> str:
    """Return the name of an input in the form."""
    return f"{item}:{name}"


def file_input(item: UUID) -> str:
    """Return the name of a row's file input."""
    return f"{_FILE}{item}"


def row_of_file(name: str) -> UUID | None:
    """Return the row a file input belongs to; None for the name of something else."""
    return as_uuid(name.removeprefix(_FILE)) if name.startswith(_FILE) else None


def page_of(position: int) -> int:
    """Return the page a row stands on."""
    return (position - 1) // ROWS_A_PAGE + 1


def typed_rows(kind: Kind, data: Posted) -> dict[UUID, dict[str, str]]:
    """Return what was typed, row by row; of two inputs with one name the last counts."""
    names = {one.name for one in kind.fields}
    rows: dict[UUID, dict[str, str]] = {}
    for key in data:
        item, _colon, name = key.partition(":")
        if name in names and (uuid := as_uuid(item)):
            rows.setdefault(uuid, {})[name] = data.getlist(key)[-1]
    return {uuid: kept(kind.fields, answers) for uuid, answers in rows.items()}


def as_uuid(text: str) -> UUID | None:
    """Return the UUID a text says, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def changes(
    items: Iterable[DossierItem], typed: Mapping[UUID, Answers]
) -> dict[UUID, dict[str, str]]:
    """Return only the cells that differ from what is kept."""
    found: dict[UUID, dict[str, str]] = {}
    for item in items:
        for name, value in typed.get(item.uuid, {}).items():
            if value != item.answers.get(name, ""):
                found.setdefault(item.uuid, {})[name] = value
    return found


def snapshot(items: Iterable[DossierItem]) -> str:
    """Return what the page shows as JSON: the form brings it back, so that what a person changed
    can be told from what somebody else did meanwhile."""
    return json.dumps({str(item.uuid): item.answers for item in items}, ensure_ascii=False)


def own_changes(typed: Mapping[UUID, Answers], shown: str) -> dict[UUID, dict[str, str]]:
    """Return the cells that differ from the snapshot the page was shown with."""
    try:
        before = json.loads(shown)
    except ValueError:
        before = {}
    if not isinstance(before, dict):
        before = {}
    mine: dict[UUID, dict[str, str]] = {}
    for uuid, answers in typed.items():
        row = before.get(str(uuid))
        seen = row if isinstance(row, dict) else {}
        changed = {name: value for name, value in answers.items() if value != seen.get(name, "")}
        if changed:
            mine[uuid] = changed
    return mine


def findings_of(
    dossier: Dossier, items: Sequence[DossierItem], *, now: datetime
) -> dict[UUID, list[CellFinding]]:
    """Return the findings of each row, the register's among them; a row nobody has typed in yet
    has none."""
    kind = kinds.get(dossier.kind)
    at = {item.position: item.uuid for item in items}
    rows = [(item.position, item.answers) for item in items]
    checks = check_rows(kind, rows, timezone.localdate(now), variant=dossier.variant)
    found = {position: list(checks.get(position, ())) for position in at}
    for position, findings in register_findings.findings(dossier, items, now=now).items():
        found[position] += findings
    return {at[position]: findings for position, findings in found.items()}


def row_views(
    kind: Kind,
    items: Iterable[DossierItem],
    findings: Mapping[UUID, Sequence[CellFinding]],
    typed: Mapping[UUID, Answers] | None = None,
) -> list[Row]:
    """Return the rows as the page shows them.

    ``typed`` is what a person typed but what could not be kept: it stands in the cells, and beside
    it what somebody else saved.
    """
    rows = []
    for item in items:
        mine = (typed or {}).get(item.uuid, {})
        cells = []
        for one in kind.fields:
            kept = str(item.answers.get(one.name, ""))
            value = mine.get(one.name, kept)
            stored = None if value == kept else kept
            cells.append(Cell(item.uuid, item.position, one, value, stored=stored))
        by_name = {cell.field.name: cell for cell in cells}
        for found in findings.get(item.uuid, ()):
            by_name.get(found.field, cells[0]).findings.append(found.finding)
        rows.append(Row(item, cells, kind.is_blank(item.answers | dict(mine))))
    return rows


def problems(
    kind: Kind,
    items: Iterable[DossierItem],
    findings: Mapping[UUID, Sequence[CellFinding]],
) -> list[Problem]:
    """Return the errors as lines of the summary, in the order of the list."""
    labels = {one.name: one.label for one in kind.fields}
    return [
        Problem(
            item.position,
            labels.get(one.field, ""),
            one.finding.message,
            page_of(item.position),
            f"o-{item.position}-{one.field}",
        )
        for item in items
        for one in findings.get(item.uuid, ())
        if one.finding.severity is Severity.ERROR
    ]


def pasted_rows(kind: Kind, text: str, *, first: str = "") -> list[dict[str, str]]:
    """Return the rows of a block copied from a spreadsheet (tabs between cells).

    A line as wide as the kind's sheet, number column and all, is read by the sheet's columns;
    any other from the field called ``first`` on, in the order of the table. A header line and
    blank lines are left out.
    """
    headers = {nfc(column.header).lower() for column in kind.sheet}
    headers |= {one.label.lower() for one in kind.fields}
    columns = {column.field: column for column in reversed(kind.sheet) if not column.is_repeat}
    names = [one.name for one in kind.fields if one.name in columns]
    names = names[names.index(first) if first in names else 0 :]
    try:  # cells with line breaks come quoted from a spreadsheet
        quoted = csv.reader(text.splitlines(keepends=True), delimiter="\t")
        lines = list(islice(quoted, MAX_ROWS + 1))
    except csv.Error:  # a cell beyond all measure: no spreadsheet's quoting
        lines = [line.split("\t") for line in text.splitlines()[: MAX_ROWS + 1]]
    rows = []
    for line in lines:
        cells = [nfc(cell) for cell in line]
        if not any(cells) or headers.issuperset(cell.lower() for cell in cells if cell):
            continue
        if len(cells) == len(kind.sheet):
            answers = {
                column.field: column.answer(cell)
                for column, cell in zip(kind.sheet, cells, strict=True)
                if column.field and not column.is_repeat
            }
        else:
            answers = {
                name: columns[name].answer(cell) for name, cell in zip(names, cells, strict=False)
            }
        rows.append(answers)
    return rows
