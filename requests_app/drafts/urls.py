"""Addresses of drafting: starting, the editor, the letter's data, spreadsheets."""

from __future__ import annotations

from django.urls import path

from requests_app.drafts.views import editor, letter_data
from requests_app.drafts.views import spreadsheets as importing
from requests_app.start_page.views import questions as asking
from requests_app.start_page.views import shortcuts as starting_from
from requests_app.start_page.views import start as starting

urlpatterns = [
    path("lap-moi/", starting.start, name="start"),
    path("lap-moi/chuyen-gi/", asking.happened, name="start_happened"),
    path("lap-moi/cach-lam/", asking.way, name="start_way"),
    path(
        "lap-moi/tu-chung-thu/<uuid:uuid>/",
        starting_from.from_certificate,
        name="start_from_certificate",
    ),
    path("lap-moi/tu-thiet-bi/<uuid:uuid>/", starting_from.from_device, name="start_from_device"),
    path("<uuid:uuid>/soan/", editor.editor, name="editor"),
    path("<uuid:uuid>/soan/van-ban/", letter_data.letter_data, name="letter_data"),
    path("<uuid:uuid>/bang-tinh/", importing.upload, name="import"),
    path("<uuid:uuid>/bang-tinh/<uuid:token>/", importing.report, name="import_report"),
    path("<uuid:uuid>/danh-sach.xlsx", importing.export, name="export_rows"),
    path("bang-mau/<slug:kind>.xlsx", importing.template, name="sheet_template"),
]
