"""Addresses of drafting: starting, the editor, the letter's data, spreadsheets."""

from __future__ import annotations

from django.urls import path

from requests_app.drafts.views import editor, letter_data, spreadsheets
from requests_app.start_page.views import questions, shortcuts, start

urlpatterns = [
    path("lap-moi/", start.start, name="start"),
    path("lap-moi/chuyen-gi/", questions.happened, name="start_happened"),
    path("lap-moi/cach-lam/", questions.way, name="start_way"),
    path(
        "lap-moi/tu-chung-thu/<uuid:uuid>/",
        shortcuts.from_certificate,
        name="start_from_certificate",
    ),
    path("lap-moi/tu-thiet-bi/<uuid:uuid>/", shortcuts.from_device, name="start_from_device"),
    path("<uuid:uuid>/soan/", editor.editor, name="editor"),
    path("<uuid:uuid>/soan/van-ban/", letter_data.letter_data, name="letter_data"),
    path("<uuid:uuid>/bang-tinh/", spreadsheets.upload, name="import"),
    path("<uuid:uuid>/bang-tinh/<uuid:token>/", spreadsheets.report, name="import_report"),
    path("<uuid:uuid>/danh-sach.xlsx", spreadsheets.export, name="export_rows"),
    path("bang-mau/<slug:kind>.xlsx", spreadsheets.template, name="sheet_template"),
]
