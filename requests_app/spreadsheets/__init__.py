"""A kind's spreadsheet: the template to fill in, the sheet that comes back, the rows as a sheet."""

from requests_app.spreadsheets.reader import ALL, Reading, judge, read, read_rows
from requests_app.spreadsheets.report import SheetFinding, SheetReport, SheetRow
from requests_app.spreadsheets.workbook import MAX_ROWS
from requests_app.spreadsheets.writer import export, rejects, template

__all__ = [
    "ALL",
    "MAX_ROWS",
    "Reading",
    "SheetFinding",
    "SheetReport",
    "SheetRow",
    "export",
    "judge",
    "read",
    "read_rows",
    "rejects",
    "template",
]
