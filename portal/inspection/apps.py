"""The app of inspections."""

from __future__ import annotations

from django.apps import AppConfig


class InspectionConfig(AppConfig):
    name = "portal.inspection"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal.core.web import waiting  # noqa: PLC0415 (models are loaded only now)
        from portal.inspection import hooks  # noqa: PLC0415

        hooks.register_finders()
        waiting.find_in(hooks.waiting_of)
