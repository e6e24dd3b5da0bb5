"""Registers the app."""

from django.apps import AppConfig


class CaConfig(AppConfig):
    name = "portal.ca"
    verbose_name = "Chứng thư"

    def ready(self) -> None:
        from portal.ca.register import search  # noqa: PLC0415 (models are loaded only now)

        search.register_finders()
