"""A report's numbers to take away: as a spreadsheet, as JSON, as CSV. All three say the same."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any, NamedTuple

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from openpyxl import Workbook

from portal.core.web.sheets import cell
from portal.reports.figures import PACE_WORDS
from portal.reports.models import Report
from portal.reports.subjects import subjects
from requests_app.workflow import Procedure

_LONGEST_NAME = 31  # of a sheet
_WIDTHS = (28, 34, 44, 44, 14, 14)


class Line(NamedTuple):
    """One number: of what, told apart by what, which measure, how many, how many the span before.

    ``dimension`` is "" for the whole, of which alone the span before is known.
    """

    subject: str
    dimension: str
    key: str
    value: str
    measure: str
    code: str
    number: int
    before: int | None


def lines_of(report: Report) -> Iterator[Line]:
    """Yield every number of a report, the whole of each subject before its parts."""
    for code, subject in subjects().items():
        counted = report.figures.get("subjects", {}).get(code)
        if counted is None:
            continue
        title = str(subject.title)
        for one in subject.measures:
            whole, before = counted["total"].get(one.code, 0), counted["before"].get(one.code, 0)
            yield Line(title, "", "", "", str(one.words), one.code, whole, before)
        for dimension in subject.dimensions:
            for key, label, numbers in counted["by"].get(dimension.code, []):
                for one in subject.measures:
                    if number := numbers.get(one.code):
                        words = str(dimension.words), key, label, str(one.words), one.code
                        yield Line(title, *words, number, None)
    for pace in report.figures.get("paces", []):
        label = str(Procedure(pace["procedure"]).label)
        for code, said in PACE_WORDS.items():
            words = _("Thủ tục"), pace["procedure"], label, str(said), code
            yield Line(_("Thời gian giải quyết"), *words, pace[code], None)


def as_json(report: Report) -> str:
    """Return the report's head and every number."""
    content: dict[str, Any] = {
        "body": report.agency.name,
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "counted_at": report.counted_at.isoformat() if report.counted_at else None,
        "letter_number": report.letter_number,
        "numbers": [line._asdict() for line in lines_of(report)],
        "paces": report.figures.get("paces", []),
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def as_csv(report: Report) -> str:
    """Return every number, a line each; its header is that of ``Line``."""
    stream = StringIO()
    writer = csv.writer(stream)
    writer.writerow(Line._fields)
    writer.writerows(lines_of(report))
    return stream.getvalue()


def as_sheet(report: Report) -> bytes:
    """Return a workbook: a sheet a subject, its whole first."""
    book = Workbook(write_only=True)
    sheets: dict[str, Any] = {}
    for line in lines_of(report):
        sheet = sheets.get(line.subject)
        if sheet is None:
            sheet = sheets[line.subject] = book.create_sheet(
                Truncator(line.subject).chars(_LONGEST_NAME)
            )
            for letter, width in zip("ABCDEF", _WIDTHS, strict=True):
                sheet.column_dimensions[letter].width = width
            header = _("Chia theo"), _("Là"), _("Chỉ tiêu"), _("Kỳ này"), _("Kỳ trước")
            sheet.append([cell(sheet, text) for text in header])
        texts = line.dimension, line.value, line.measure
        row = [cell(sheet, text) for text in texts]
        sheet.append([*row, cell(sheet, line.number), cell(sheet, line.before)])
    if not sheets:
        book.create_sheet(str(report.since.year))
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()
