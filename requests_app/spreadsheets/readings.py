"""A sheet as it was read, as JSON: the pages after the upload need not read the file again.

What another version of the code made, or for another form, day or language, is not taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

import portal.core
import requests_app
from portal.core.rules import Finding, Severity
from requests_app.kinds.base import CellFinding, Kind
from requests_app.spreadsheets.reader import Cells, Reading
from requests_app.spreadsheets.report import SheetFinding, SheetRow


def pack(kind: Kind, reading: Reading, *, variant: str, today: date) -> Mapping[str, Any]:
    """Return a reading that nobody has judged yet, ready for JSON.

    What is found in many cells alike is written once: the cells have its number.
    """
    at = _columns(kind)
    numbers: dict[Finding, int] = {}

    def number_of(finding: Finding) -> int:
        return numbers.setdefault(finding, len(numbers))

    packed = {
        "stamp": _stamp(kind, variant, today),
        "title": reading.title,
        "others": list(reading.others),
        "notes": [[one.row, one.column, number_of(one.finding)] for one in reading.notes],
        "rows": [
            [
                row.number,
                row.texts,
                {
                    name: answer
                    for name, answer in row.answers.items()
                    if answer != cells.texts[at[name]]
                },
                {
                    column: raw
                    for column, (text, raw) in enumerate(zip(cells.texts, cells.raw, strict=True))
                    if text != raw
                },
                [[column, number_of(finding)] for column, finding in cells.notes],
                row.is_hidden,
            ]
            for row, cells in reading.rows
        ],
        "checks": [
            [number, [[one.field, number_of(one.finding)] for one in found]]
            for number, found in (reading.checks or {}).items()
            if found
        ],
    }
    return packed | {"findings": [_packed(one) for one in numbers]}


def unpack(kind: Kind, packed: object, *, variant: str, today: date) -> Reading | None:
    """Return what ``pack`` was given; None for anything else, or what does not hold any more."""
    if not isinstance(packed, Mapping) or packed.get("stamp") != _stamp(kind, variant, today):
        return None
    at = _columns(kind)
    width = len(kind.sheet)
    rows = []
    try:
        findings = [_unpacked(one) for one in packed["findings"]]
        for number, said, differing, raw, notes, is_hidden in packed["rows"]:
            if (
                len(said) != width
                or not isinstance(number, int)
                or not at.keys() >= differing.keys()
            ):
                return None
            "".join([*said, *differing.values(), *raw.values()])  # TypeError: some is no text
            texts = ["", *said]
            answers = {name: texts[column] for name, column in at.items()} | differing
            shown = texts.copy()
            for column, text in raw.items():
                shown[int(column)] = text
            cells = Cells(texts, shown, [(int(column), findings[one]) for column, one in notes])
            row = SheetRow(number, answers, texts=tuple(said), is_hidden=is_hidden is True)
            rows.append((row, cells))
        return Reading(
            rows,
            [
                SheetFinding(int(number), int(column), findings[one])
                for number, column, one in packed["notes"]
            ],
            title=str(packed["title"]),
            others=[str(one) for one in packed["others"]],
            checks={
                int(number): [CellFinding(str(name), findings[one]) for name, one in found]
                for number, found in packed["checks"]
            },
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


def _columns(kind: Kind) -> Mapping[str, int]:
    """Return each answer's column, in the order of the sheet."""
    columns = enumerate(kind.sheet, start=1)
    return {one.field: number for number, one in columns if one.field and not one.is_repeat}


def _packed(finding: Finding) -> Sequence[object]:
    suggestion, asks = finding.suggestion, finding.asks
    return [finding.code, str(finding.message), finding.severity.value, str(suggestion), asks]


def _unpacked(packed: Sequence[Any]) -> Finding:
    code, message, severity, suggestion, asks = packed
    if not isinstance(asks, bool):
        raise TypeError(asks)
    return Finding(str(code), str(message), Severity(severity), str(suggestion), asks)


def _stamp(kind: Kind, variant: str, today: date) -> Sequence[object]:
    """Return all that a reading depends on besides the sheet itself."""
    return [_code(), kind.code, kind.version, variant, today.isoformat(), get_language()]


@cache
def _code() -> str:
    """Return a digest of the code that reads and checks, and of the words it says it in."""
    digest = hashlib.blake2b(digest_size=16)
    folders = [Path(str(one.__file__)).parent for one in (portal.core, requests_app)]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    files += [path for folder in settings.LOCALE_PATHS for path in Path(folder).rglob("*.mo")]
    for path in sorted(files):
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    return digest.hexdigest()
