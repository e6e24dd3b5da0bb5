"""Addresses of the start page: what happened, how it is done, the ways past both."""

from __future__ import annotations

from django.urls import path

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
    path("lap-moi/tu-ho-so/<uuid:uuid>/", shortcuts.file_again, name="file_again"),
    path("lap-moi/tu-thiet-bi/<uuid:uuid>/", shortcuts.from_device, name="start_from_device"),
]
