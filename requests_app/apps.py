"""Registers the app."""

from __future__ import annotations

from django.apps import AppConfig


class RequestsConfig(AppConfig):
    name = "requests_app"
    verbose_name = "Hồ sơ"

    def ready(self) -> None:
        from portal.ca.register import renewals  # noqa: PLC0415 (models are loaded only now)
        from portal.core.web import waiting  # noqa: PLC0415
        from portal.deadlines import moves  # noqa: PLC0415
        from requests_app import hooks as following  # noqa: PLC0415
        from requests_app import search  # noqa: PLC0415
        from requests_app.inquiries import services as inquiries  # noqa: PLC0415
        from requests_app.models import Dossier  # noqa: PLC0415
        from requests_app.proceedings import services as proceedings  # noqa: PLC0415

        moves.follow("dossier", following.follow_calendar, rows=Dossier.objects.order_by())
        renewals.find_in(following.open_renewals)
        search.register_finders()
        waiting.find_in(inquiries.waiting_of)
        waiting.find_in(proceedings.waiting_of)
