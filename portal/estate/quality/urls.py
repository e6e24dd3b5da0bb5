"""Addresses under /chat-luong-du-lieu/."""

from __future__ import annotations

from django.urls import path

from portal.estate.quality import views

app_name = "quality"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("<str:check>/", views.listing, name="list"),
]
