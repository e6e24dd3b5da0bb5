"""All addresses of the portal: paths Vietnamese without marks, route names English."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
