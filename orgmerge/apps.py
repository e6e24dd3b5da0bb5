"""The app of reorganisations."""

from __future__ import annotations

from django.apps import AppConfig


class OrgmergeConfig(AppConfig):
    name = "orgmerge"
    default_auto_field = "django.db.models.BigAutoField"
