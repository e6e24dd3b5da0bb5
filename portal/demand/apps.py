"""The app of demand."""

from __future__ import annotations

from django.apps import AppConfig


class DemandConfig(AppConfig):
    name = "portal.demand"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal.core.web import waiting  # noqa: PLC0415
        from portal.demand.worklist import waiting_of  # noqa: PLC0415 (models are loaded only now)

        waiting.find_in(waiting_of)
