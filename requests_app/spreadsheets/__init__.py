"""A kind's spreadsheet: the template to fill in, the sheet that comes back, the rows as a sheet."""

from requests_app.spreadsheets.reader import read
from requests_app.spreadsheets.report import SheetFinding, SheetReport, SheetRow
from requests_app.spreadsheets.workbook import MAX_ROWS
from requests_app.spreadsheets.writer import export, template

__all__ = [
    "MAX_ROWS",
    "SheetFinding",
    "SheetReport",
    "SheetRow",
    "export",
    "read",
    "template",
]
