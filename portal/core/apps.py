"""Registers the app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "portal.core"
    verbose_name = "Nền"

    def ready(self) -> None:
        from portal.core import checks  # noqa: F401, PLC0415 (they register themselves)
