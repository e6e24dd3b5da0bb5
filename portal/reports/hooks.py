"""What of reports waits for a person, for their work list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.core.web import waiting
from portal.core.web.waiting import Waiting
from portal.reports.models import Report

if TYPE_CHECKING:
    from portal.accounts.models import User

_NAMED = 5


def waiting_of(user: User) -> Iterator[Waiting]:
    """Return the reports ``user`` has to sign or to issue."""
    unsigned = Report.objects.visible_to(user).waiting_for(user).order_by("updated_at", "pk")
    for report in unsigned.only("uuid", "since", "until", "stage")[:_NAMED]:
        words = f"{report.get_stage_display()}: {report.title}"
        path = reverse("reports:report", args=[report.uuid])
        yield Waiting(None, words, _("Xem báo cáo"), path)


waiting.find_in(waiting_of)
