"""Until when a desk answers: so many hours of work, kept as a moment and as a deadline's day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from portal.agencies.models import Agency
from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.core.calendar.workhours import WorkHours
from portal.core.database.bulk import update_rows
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.deadlines.moves import Moved
from portal.support.models import Question


def start(question: Question, owner: Agency, *, now: datetime) -> None:
    """Let the desk of ``owner`` owe an answer from ``now`` on; the caller saves the question."""
    calendar = work_calendar()
    question.waiting_since, question.due_at = now, _ends_at(now, calendar)
    today, due_on = timezone.localdate(now), timezone.localdate(question.due_at)
    deadlines.open_deadline(
        DeadlineKind.SUPPORT_ANSWER,
        agency=owner,
        office=question.office,
        target_type="question",
        target_uuid=question.uuid,
        title=question.subject,
        path=reverse("support:question", args=[question.uuid]),
        working_days=calendar.between(today, due_on),
        now=now,
    )


def follow_calendar(moved: Sequence[Moved]) -> None:
    """A changed calendar moved deadlines: the moments at which the hours end follow."""
    calendar = work_calendar()
    uuids = [one.deadline.target_uuid for one in moved]
    questions = list(Question.objects.filter(uuid__in=uuids, due_at__isnull=False))
    for question in questions:
        question.due_at = _ends_at(question.waiting_since, calendar)
    update_rows(questions, ["due_at"])


def _ends_at(since: datetime, calendar: WorkCalendar) -> datetime:
    hours = WorkHours(settings.SUPPORT_WORKING_HOURS)
    return hours.add(since, settings.SUPPORT_ANSWER_HOURS, calendar)
