"""Addresses of the help pages."""

from __future__ import annotations

from django.urls import path

from portal.core.web import views_help as pages

app_name = "help"

urlpatterns = [
    path("", pages.index, name="index"),
    path("<slug:slug>/", pages.guide, name="guide"),
]
