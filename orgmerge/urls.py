"""Addresses of everything about reorganisations, a file for each room."""

from __future__ import annotations

from django.urls import include, path

app_name = "orgmerge"

urlpatterns = [
    path("", include("orgmerge.overview.urls")),
    path("", include("orgmerge.description.urls")),
    path("", include("orgmerge.body_lists.urls")),
    path("", include("orgmerge.repeal.urls")),
    path("", include("orgmerge.partners.urls")),
    path("", include("orgmerge.review.urls")),
    path("", include("orgmerge.plans.urls")),
    path("", include("orgmerge.filing.urls")),
    path("", include("orgmerge.succession.urls")),
]
