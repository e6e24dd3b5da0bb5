"""The app of the support desk."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class SupportConfig(AppConfig):
    name = "portal.support"
    label = "support"
    verbose_name = "Hỗ trợ"

    def ready(self) -> None:
        from portal.core.calendar.workhours import WorkHours  # noqa: PLC0415
        from portal.core.web import waiting  # noqa: PLC0415 (models are loaded only now)
        from portal.deadlines import moves  # noqa: PLC0415
        from portal.support.knowledge import library  # noqa: PLC0415
        from portal.support.models import Question  # noqa: PLC0415
        from portal.support.questions import services as questions  # noqa: PLC0415
        from portal.support.questions.clocks import follow_calendar  # noqa: PLC0415

        WorkHours(settings.SUPPORT_WORKING_HOURS)  # what can't be read is told at the start
        moves.follow("question", follow_calendar, rows=Question.objects.order_by())
        library.register_finders()
        questions.register_finders()
        waiting.find_in(questions.waiting_of)
