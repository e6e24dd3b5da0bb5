"""The app that brings in what existed before the portal."""

from __future__ import annotations

from django.apps import AppConfig


class EstateConfig(AppConfig):
    name = "portal.estate"
    verbose_name = "Hiện trạng"
    default_auto_field = "django.db.models.BigAutoField"
