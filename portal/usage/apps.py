"""The app that supervises the use of certificates."""

from __future__ import annotations

from django.apps import AppConfig


class UsageConfig(AppConfig):
    name = "portal.usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal.ca.register import panels  # noqa: PLC0415 (models are loaded only now)
        from portal.core.web import waiting  # noqa: PLC0415
        from portal.usage import hooks  # noqa: PLC0415

        panels.find_in(hooks.panel_of)
        waiting.find_in(hooks.waiting_of)
