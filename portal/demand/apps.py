"""The app of demand."""

from __future__ import annotations

from django.apps import AppConfig


class DemandConfig(AppConfig):
    name = "portal.demand"
    default_auto_field = "django.db.models.BigAutoField"
