"""Registers the app."""

from django.apps import AppConfig


class AgenciesConfig(AppConfig):
    name = "portal.agencies"
    verbose_name = "Đơn vị"

    def ready(self) -> None:
        from portal.agencies import search  # noqa: PLC0415 (models are loaded only now)

        search.register_finders()
