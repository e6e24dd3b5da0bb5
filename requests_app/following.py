"""What dossiers do when something below them changes."""

from __future__ import annotations

from collections.abc import Sequence

from portal.deadlines import calendar
from portal.deadlines import services as deadlines
from requests_app.models import Dossier


def follow_calendar(moved: Sequence[calendar.Moved]) -> None:
    """A changed calendar moved deadlines: the dossiers' due days, by which lists sort, follow."""
    for one in moved:
        target = one.deadline.target_uuid
        Dossier.objects.filter(uuid=target).update(due_on=deadlines.next_due(target))
