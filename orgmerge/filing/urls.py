"""Addresses of the pages about reorganisations: carrying them out."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.filing import views

_LINE = "<uuid:code>/thuc-hien/viec/<slug:about>/<uuid:thing>/"

urlpatterns: list[URLPattern] = [
    path("<uuid:code>/thuc-hien/", views.overview, name="progress"),
    path("<uuid:code>/thuc-hien/thiet-bi/", views.devices, name="devices"),
    path("<uuid:code>/thuc-hien/lap-lai/", views.again_alike, name="lines_again"),
    path("<uuid:code>/thuc-hien/<uuid:body_code>/", views.body, name="progress_body"),
    path(f"{_LINE}lap-lai/", views.again, name="line_again"),
    path(f"{_LINE}bo/", views.set_aside, name="line_aside"),
]
