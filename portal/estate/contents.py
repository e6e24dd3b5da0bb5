"""The files of a delivery become rows: every cell as text, every certificate as it came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from operator import attrgetter
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _
from openpyxl.utils.datetime import from_excel

from orgmerge.body_lists.sheets import MOST_FILE_ROWS, cell_text, rows_of_text
from portal.ca.authority.anchors import anchors
from portal.ca.register.certificate_files import read_certificates
from portal.core import archives
from portal.core.background.leases import Lease
from portal.core.database.bulk import collector_paused, insert_rows
from portal.core.database.fields import EncryptedTextField
from portal.core.rules import Refused, refuse
from portal.core.text.identifiers import normalise_serial, parse_day
from portal.core.text.remembered import remembered
from portal.documents import services as documents
from portal.estate.columns import (
    COLUMNS,
    HEADER_WITHIN,
    NEEDED,
    about_of,
    find_header,
    header_key,
    is_header,
    meaning,
)
from portal.estate.models import ColumnMeaning, DeliveredFile, DeliveredRow, Delivery
from portal.estate.revocations import SUFFIX as REVOCATIONS
from portal.estate.revocations import read_revocations
from requests_app.spreadsheets.workbook import open_sheet

_PIECE = 1000  # rows written at once
_MOST_COLUMNS = 80
_SHEETS = (".xlsx", ".csv", ".txt", ".tsv")
SINGLE = (".cer", ".crt", ".der", ".pem")
CERTIFICATES = (*SINGLE, ".p7b", ".p7c", ".zip")
SUFFIXES = (*_SHEETS, *CERTIFICATES, REVOCATIONS)
_MOST_NOTES = 50
SERIAL_DIGITS = frozenset("0123456789ABCDEF")
_DAYS = range(20_000, 73_051)  # as a workbook counts: 1954 to 2099


@dataclass(slots=True)
class ReadSheet:
    """A list: what its columns mean, its rows with their numbers, read while they are asked for,
    what is odd, and the rows a workbook hides: known after the last."""

    header: list[str]
    columns: dict[str, str]
    rows: Iterator[tuple[int, list[str]]]
    notes: list[tuple[str, str]] = field(default_factory=list)
    hidden: Set[int] = frozenset()


def read_sheet(content: bytes, *, kept: dict[str, str]) -> ReadSheet:
    """Return what a list holds; raise Refused for one that can't be read, be it on the way."""
    notes: list[tuple[str, str]] = []
    hidden: Set[int] = frozenset()
    numbered: Iterator[tuple[int, Sequence[Any]]]
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        anything = [f"\0{number}" for number in range(_MOST_COLUMNS)]
        sheet = open_sheet(
            content,
            headers=anything,
            takes_merged=True,
            most_rows=MOST_FILE_ROWS,
            fits=lambda texts: is_header(texts, kept),
            is_streamed=True,
        )
        numbered, hidden = chain([(1, sheet.header)], sheet.rows), sheet.hidden
        notes += [("other_sheet", title) for title in sheet.others]
        notes += [("merged_cells", ref) for ref in sorted(set(sheet.merged.values()))]
    else:
        numbered = rows_of_text(
            content, knows=lambda titles: any(meaning(one, kept) for one in titles)
        )
    rows = ((number, [cell_text(one) for one in values]) for number, values in numbered)
    first = list(islice(rows, HEADER_WITHIN + 1))
    found = find_header([row for _number, row in first], kept)
    if found is None or not set(NEEDED) & set(found[2].values()):
        raise _no_header()
    ends, header, columns = found
    said = ((number, row) for number, row in chain(first[ends:], rows) if any(row))
    return ReadSheet(header, columns, said, notes[:_MOST_NOTES], hidden)


def _no_header() -> Refused:
    names = ", ".join(str(COLUMNS[name].label) for name in NEEDED)
    return refuse(
        "no_header",
        _("Không tìm thấy dòng tiêu đề trong 20 dòng đầu (cần có một trong: %(names)s).")
        % {"names": names},
        way_out=_("Ghi tiêu đề cho các cột rồi tải lên lại."),
    )


def read_files(delivery: Delivery, lease: Lease) -> None:
    """Read what was not read yet, a file at a time; what was written of one half read goes."""
    kept = dict(
        ColumnMeaning.objects.filter(office=delivery.office_id).values_list("header", "field")
    )
    for file in delivery.files.filter(is_read=False).select_related("document"):
        DeliveredRow.objects.filter(file=file).delete()
        content = documents.read(file.document)
        with collector_paused():
            read: ReadSheet | None = None
            try:
                made: Iterator[DeliveredRow] = iter(())
                if file.document.name.lower().endswith(REVOCATIONS):
                    count = len(read_revocations(content, anchors()))
                    file.notes = [["revocations", str(count)]]
                elif is_sheet(file.document.name, content):
                    read = read_sheet(content, kept=kept)
                    file.header, file.columns = read.header, read.columns
                    file.notes = [list(one) for one in read.notes]
                    made = _rows_of(file, read.rows)
                else:
                    certificates = read_certificates(content, file.document.name)
                    problems = certificates.problems[:_MOST_NOTES]
                    file.notes = [
                        ["list_in_archive" if name.lower().endswith(_SHEETS) else code, name]
                        for name, code in problems
                    ]
                    if certificates.of_cas:
                        file.notes.append(["of_ca", str(len(certificates.of_cas))])
                    made = (
                        DeliveredRow(
                            delivery_id=file.delivery_id,
                            file=file,
                            number=number,
                            der=one.der,
                            serial=one.serial,
                            title=one.subject.common_name[:250],
                        )
                        for number, one in enumerate(certificates.certificates, start=1)
                    )
                file.rows_read = write(made, lease)
                if read is not None:
                    hidden = [["hidden_row", str(number)] for number in sorted(read.hidden)]
                    file.notes = [*file.notes, *hidden][:_MOST_NOTES]
                if not file.rows_read and "revocations" not in [one[0] for one in file.notes]:
                    file.problem = _("Tệp không có dòng, chứng thư nào đọc được.")
            except Refused as refused:
                file.problem = " ".join(one.sentence for one in refused.violations)[:400]
                DeliveredRow.objects.filter(file=file).delete()
                file.rows_read = 0
            except documents.Damaged:
                file.problem = _("Tệp lưu trên máy chủ bị hỏng; hãy tải lên lại.")
        file.is_read = file.is_named = True
        file.save()


def is_sheet(name: str, content: bytes) -> bool:
    """Say whether a file is a list: a workbook by what is in it, else text that is no PEM."""
    if content.startswith(b"PK"):
        try:
            return not name.lower().endswith(".zip") or "xl/workbook.xml" in archives.parts_of(
                content, most_parts=500, most_bytes=64 * 1024 * 1024
            )
        except (archives.Unreadable, archives.TooLarge):
            return name.lower().endswith(".xlsx")
    return name.lower().endswith(_SHEETS)


def _rows_of(file: DeliveredFile, rows: Iterable[tuple[int, list[str]]]) -> Iterator[DeliveredRow]:
    """Yield each row of a list: the same object, filled anew, for there may be very many."""
    row, about = DeliveredRow(delivery_id=file.delivery_id, file=file), about_of(file.columns)
    for number, cells in rows:
        row.uuid, row.number, row.said = uuid4(), number, json.dumps(cells, ensure_ascii=False)
        name_row(row, cells_in(cells, file.columns), about)
        yield row


def name_row(row: DeliveredRow, said: Mapping[str, str], about: str) -> None:
    """Write at a row of a list what it is about: by that it is found, and shown."""
    row.about, row.serial = about, serial_of(said.get("serial", ""))[:40]
    names: tuple[str, ...] = ("name", "device_serial", "body")
    if about == DeliveredRow.About.BODY:
        names = ("body", "name")
    row.title = next((said[one] for one in names if said.get(one)), "")[:250]


_COLUMNS = (
    "uuid", "delivery_id", "about", "file_id", "number", "der", "title", "serial", "verdict",
    "findings", "doubts", "certificate_id", "made_certificate", "was",
)  # fmt: skip
_values = attrgetter(*_COLUMNS)


def write(rows: Iterator[DeliveredRow], lease: Lease) -> int:
    """Write rows while they are made, some at a time; return how many."""
    said = DeliveredRow._meta.get_field("said")
    assert isinstance(said, EncryptedTextField)
    written = 0
    while piece := [(*_values(row), said.seal(row.said, row)) for row in islice(rows, _PIECE)]:
        with transaction.atomic():
            insert_rows(DeliveredRow, (*_COLUMNS, "said"), piece)
        written += len(piece)
        lease.extend()
    return written


def cells_of(row: DeliveredRow, columns: dict[str, str]) -> dict[str, str]:
    """Return field → text of a row of a sheet."""
    return cells_in(json.loads(row.said) if row.said else [], columns)


def cells_in(cells: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return field → text of the cells of a row."""
    return {
        name: cells[at]
        for number, name in columns.items()
        if name and (at := int(number)) < len(cells) and cells[at]
    }


def identity_of(text: str) -> str:
    """Return an identity number without signs; a workbook loses the zero it begins with."""
    digits = "".join(char for char in text if char.isalnum())
    if len(digits) == 11 and digits.isdecimal():  # noqa: PLR2004 (of twelve)
        return digits.zfill(12)
    return digits


def serial_of(typed: str) -> str:
    """Return a certificate's serial as it is kept; what is none stays as it was typed."""
    bare = normalise_serial(typed).removeprefix("0X")
    return bare.zfill(16) if bare and set(bare) <= SERIAL_DIGITS else bare[:60]


@remembered(4096)
def day_of(text: str) -> date | None:
    """Return the day a cell says: typed, or the number a workbook keeps of it; None otherwise."""
    if day := parse_day(text):
        return day
    if text.isdecimal() and int(text) in _DAYS:
        found = from_excel(int(text))
        return found.date() if hasattr(found, "date") else None
    return None


def keep_meanings(file: DeliveredFile, columns: dict[str, str], *, office: int) -> None:
    """Keep what each column of a file means, for it and for the office's next lists."""
    file.columns, file.is_named = columns, False
    file.save(update_fields=["columns", "is_named"])
    for at, text in enumerate(file.header):
        if key := header_key(text):
            ColumnMeaning.objects.update_or_create(
                office_id=office, header=key, defaults={"field": columns.get(str(at), "")}
            )
