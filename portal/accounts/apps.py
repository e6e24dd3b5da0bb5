"""Registers the app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    verbose_name = "Tài khoản"

    def ready(self) -> None:
        from portal.accounts import checks  # noqa: F401, PLC0415 (they register themselves)
