"""What the support desk adds to other rooms: the search box, the work list, its clocks."""

from __future__ import annotations

from django.conf import settings

from portal.core.calendar.workhours import WorkHours
from portal.core.web import waiting
from portal.deadlines import moves
from portal.support.knowledge import library
from portal.support.models import Question
from portal.support.questions import services as questions
from portal.support.questions.clocks import follow_calendar

WorkHours(settings.SUPPORT_WORKING_HOURS)  # what can't be read is told at the start
moves.follow("question", follow_calendar, rows=Question.objects.order_by())
library.register_finders()
questions.register_finders()
waiting.find_in(questions.waiting_of)
