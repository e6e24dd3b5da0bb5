"""Registers the app."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "devices"
    verbose_name = "Thiết bị"

    def ready(self) -> None:
        from devices.register import search  # noqa: PLC0415 (models are loaded only now)

        search.register_finders()
