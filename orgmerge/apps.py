"""The app of reorganisations."""

from __future__ import annotations

from django.apps import AppConfig


class OrgmergeConfig(AppConfig):
    name = "orgmerge"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from orgmerge.overview import search  # noqa: PLC0415
        from orgmerge.overview.worklist import waiting_of  # noqa: PLC0415 (models are loaded only now)
        from portal.core.web import waiting  # noqa: PLC0415

        waiting.find_in(waiting_of)
        search.register_finders()
