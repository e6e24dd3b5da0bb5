"""Registers the app, and lets every app hook into the others."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "portal.core"
    verbose_name = "Nền"

    def ready(self) -> None:
        """Import each app's ``checks`` and ``hooks`` (what it adds to the rooms below it)."""
        autodiscover_modules("checks", "hooks")
