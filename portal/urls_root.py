"""Addresses without an app of their own: home and health."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, path

urlpatterns: list[URLPattern] = []

if find_spec("requests_app.views") and find_spec("requests_app.views.home"):
    from requests_app.views.home import home

    urlpatterns.append(path("", home, name="home"))
if find_spec("portal.health"):
    from portal import health

    urlpatterns += [
        path("healthz", health.healthz, name="healthz"),
        path("readyz", health.readyz, name="readyz"),
    ]
