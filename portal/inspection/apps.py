"""The app of inspections."""

from __future__ import annotations

from django.apps import AppConfig


class InspectionConfig(AppConfig):
    name = "portal.inspection"
    default_auto_field = "django.db.models.BigAutoField"
