"""Addresses of everything about reorganisations, a file for each part."""

from __future__ import annotations

from django.urls import include, path

app_name = "orgmerge"

urlpatterns = [
    path("", include("orgmerge.urls_describing")),
    path("", include("orgmerge.urls_joining")),
    path("", include("orgmerge.urls_review")),
    path("", include("orgmerge.urls_plan")),
    path("", include("orgmerge.urls_carrying_out")),
    path("", include("orgmerge.urls_records")),
]
