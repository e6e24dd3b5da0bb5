"""Addresses of drafting: the editor, the letter's data, spreadsheets."""

from __future__ import annotations

from django.urls import path

from requests_app.drafts.views import editor, letter_data, spreadsheets

urlpatterns = [
    path("<uuid:uuid>/soan/", editor.editor, name="editor"),
    path("<uuid:uuid>/soan/van-ban/", letter_data.letter_data, name="letter_data"),
    path("<uuid:uuid>/bang-tinh/", spreadsheets.upload, name="import"),
    path("<uuid:uuid>/bang-tinh/<uuid:token>/", spreadsheets.report, name="import_report"),
    path(
        "<uuid:uuid>/bang-tinh/<uuid:token>/dong-khong-nhap.xlsx",
        spreadsheets.rejects,
        name="import_rejects",
    ),
    path("<uuid:uuid>/danh-sach.xlsx", spreadsheets.export, name="export_rows"),
    path("bang-mau/<slug:kind>.xlsx", spreadsheets.template, name="sheet_template"),
]
