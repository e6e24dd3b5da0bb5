"""Whom a reorganisation concerns is told of it, in the transaction of what happened."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.text import Truncator

from orgmerge.models import Merger
from portal.accounts.models import User
from portal.notices import services as notices

_LONGEST_TITLE = 250


def tell_the_office(
    merger: Merger, what: str, title: str, *, text: str = "", now: datetime
) -> None:
    """Tell the people of the offices that work on it once about ``what`` (a stable word)."""
    notices.tell(
        User.objects.of_offices(merger.office_ids()),
        cause=f"merger:{merger.pk}:{what}",
        title=Truncator(title % {"title": merger.title}).chars(_LONGEST_TITLE),
        text=text,
        path=reverse("orgmerge:records", args=[merger.uuid]),
        target_type="merger",
        target_uuid=merger.uuid,
        now=now,
    )
