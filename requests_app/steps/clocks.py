"""The clocks of a dossier: whose turn it is, until when."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from portal.agencies.models import Agency
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from requests_app import kinds
from requests_app.models import Dossier, Procedure
from requests_app.submission.settlement import limit_of
from requests_app.titles import clipped, title_of

_OF_THE_CA = {
    Procedure.ISSUE: DeadlineKind.CA_ISSUE,
    Procedure.RENEW_CHANGE: DeadlineKind.CA_RENEW_CHANGE,
    Procedure.REVOKE: DeadlineKind.CA_REVOKE,
    Procedure.RECOVER: DeadlineKind.RECOVERY,
}


def start_decision(dossier: Dossier, *, now: datetime) -> None:
    """Open the clock of who decides, if the law gives the procedure one."""
    procedure = Procedure(kinds.get(dossier.kind).procedure)
    if procedure in _OF_THE_CA:
        days = limit_of(dossier, today=timezone.localdate(now))
        kind = _OF_THE_CA[procedure]
        start(kind, dossier, owner=dossier.addressee, now=now, working_days=days)


def close(dossier: Dossier, *, now: datetime) -> None:
    """Note that the dossier was answered: what was owed of it is done."""
    for kind in {*_OF_THE_CA.values(), DeadlineKind.OFFICE_CHECK}:
        deadlines.close(kind, dossier.uuid, now=now)


def start(
    kind: DeadlineKind,
    dossier: Dossier,
    *,
    owner: Agency,
    now: datetime,
    working_days: int | None = None,
) -> None:
    """Open a clock of ``owner``; ``working_days`` None is the law's own limit."""
    deadlines.open_deadline(
        kind,
        agency=owner,
        office=dossier.office,
        target_type="dossier",
        target_uuid=dossier.uuid,
        title=clipped(title_of(dossier)),
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        now=now,
        working_days=working_days,
    )
