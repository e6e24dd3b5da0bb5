"""What stands in a house after its sweeps, as JSON: the same after any number of kills.

``python -m tests.drills.tally`` says it in words that two copies of one world share: what was made
meanwhile goes by what it is about, never by its own number.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

import django

django.setup()

from django.contrib.sessions.models import Session  # noqa: E402
from django.core.files.storage import default_storage  # noqa: E402
from django.db.models import QuerySet  # noqa: E402
from django.db.models.functions import Coalesce  # noqa: E402
from django.utils import timezone  # noqa: E402

from devices.models import CustodyMove, Device, Intake  # noqa: E402
from orgmerge.models import Merger, PlanLine, RecordsHandover, TransferEntry  # noqa: E402
from portal.accounts.models import LoginFailure, User  # noqa: E402
from portal.agencies.models import Affiliation, Agency, Subscriber, Succession  # noqa: E402
from portal.audit.models import AuditEntry  # noqa: E402
from portal.ca.models import Authority, Certificate, KeyPair  # noqa: E402
from portal.deadlines.models import Deadline, Reminder  # noqa: E402
from portal.documents.models import Document  # noqa: E402
from portal.notices.models import Mail, Notice  # noqa: E402
from requests_app.models import CoveredDossier, CoveringLetter, Dossier, DossierItem  # noqa: E402

_NUMBER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
# One list may tell of what another run told in two; keys are made as many at once as are missing;
# a package that was not kept is proved anew.
_AS_OFTEN_AS_DUE = ["crl.publish", "key.make", "dossier.archive"]


def tally() -> dict[str, Any]:
    """Return every count that must not depend on when a worker was killed."""
    return {
        "notices": _notices(),
        "reminders": _reminders(),
        "deadlines": _deadlines(),
        "certificates": _certificates(),
        "keys": KeyPair.objects.count(),
        "devices": _rows(
            Device.objects.all(), "serial", "custody", "condition", "agency__name", "office__name"
        ),
        "devices_without_key": Device.objects.filter(key=None).count(),
        "moves": _rows(CustodyMove.objects.all(), "device__serial", "move"),
        "intakes": _rows(Intake.objects.all(), "batch", "count", "keys_made"),
        # What was written anew under a successor goes by what it continues.
        "dossiers": _rows(
            Dossier.objects.exclude(pk__in=_drafted().values("dossier")),
            Coalesce("continues__uuid", "uuid"),
            "state",
            "version",
            "agency__name",
        ),
        "items": _rows(
            DossierItem.objects.exclude(pk__in=_drafted()),
            Coalesce("dossier__continues__uuid", "dossier__uuid"),
            "position",
            "outcome",
        ),
        # What a reorganisation opened has numbers of its own: each line one row, one letter.
        "lines": _rows(
            PlanLine.objects.all(),
            "target_uuid",
            "state",
            "outcome",
            "dossier__kind",
            "dossier__row_count",
            "item__outcome",
        ),
        "letters_of_lines": _rows(
            Dossier.objects.filter(pk__in=_drafted().values("dossier")),
            "agency__name",
            "kind",
            "state",
            "version",
        ),
        "transfers": _transfers(),
        "records": _rows(
            RecordsHandover.objects.all(), "old__name", "body__agency__name", "counts"
        ),
        "mergers": _rows(Merger.objects.all(), "title", "state", "version"),
        "accounts": _rows(User.objects.all(), "username", "agency__name", "role", "is_active"),
        "people": _rows(Subscriber.objects.all(), "kind", "name", "agency__name"),
        "places": _rows(
            Affiliation.objects.all(), "subscriber__name", "agency__name", "valid_until"
        ),
        "letters": _rows(CoveringLetter.objects.all(), "uuid", "stage", "version"),
        "covered": _rows(CoveredDossier.objects.all(), "dossier__uuid", "outcome"),
        "documents": _rows(Document.objects.all(), "media_type"),
        "bodies": _rows(Agency.objects.all(), "name", "dissolved_on", "versions__valid_from"),
        "successions": _rows(
            Succession.objects.all(), "predecessor__name", "successor__name", "in_effect"
        ),
        "responders": Authority.objects.filter(role=Authority.Role.OCSP).count(),
        "acts": _rows(AuditEntry.objects.exclude(action__in=_AS_OFTEN_AS_DUE), "action"),
        "in_no_list": Certificate.objects.unlisted().count(),
        "left_over": [
            Session.objects.filter(expire_date__lt=timezone.now()).count(),
            LoginFailure.objects.count(),
            len(default_storage.listdir("imports")[1]),
        ],
        "not_mailed": Notice.objects.to_mail().count() + Mail.objects.filter(sent_at=None).count(),
        "mails_to_addresses": Mail.objects.exclude(cause=None).count(),
    }


def _certificates() -> dict[str, int]:
    """By what each was asked for, with whose it is and how it stands."""
    keys = _asked_for()
    return _counted(
        (
            keys.get(one.request_key, one.request_key),
            one.agency.name,
            one.revocation_reason,
            one.renewals,
            one.installed_at is not None,
        )
        for one in Certificate.objects.select_related("agency").defer("der", "crl_entry")
    )


def _asked_for() -> dict[str, str]:
    """Return request key → what a row that a reorganisation opened is about: its own is new."""
    rows = _drafted().values_list("request_key", "certificate__request_key", "title")
    return {key: f"instead of {before or title}" for key, before, title in rows}


def _transfers() -> dict[str, int]:
    found = TransferEntry.objects.order_by()
    return _rows(found, "about", "target_id", "old__name", "new__name")


def _drafted() -> QuerySet[DossierItem]:
    """Return the rows of the letters that a reorganisation opened, whether a line knows or not."""
    return DossierItem.objects.filter(dossier__note__startswith="Thực hiện ")


def _rows(rows: QuerySet[Any], *columns: str | Coalesce) -> dict[str, int]:
    return _counted(rows.order_by().values_list(*columns))


def _counted(rows: Iterable[tuple[Any, ...]]) -> dict[str, int]:
    counted = Counter(" | ".join(map(str, row)) for row in rows)
    return dict(sorted(counted.items()))


def _notices() -> dict[str, int]:
    """By cause and recipient; a cause names a clock by what it is about, a row by its sort."""
    about = _clocks()
    found = Notice.objects.order_by().values_list("cause", "recipient__username", "title")
    return _counted(
        (_in_shared_words(cause, about), recipient, title) for cause, recipient, title in found
    )


def _in_shared_words(cause: str, about: dict[str, str]) -> str:
    sort, _colon, rest = cause.partition(":")
    if sort == "deadline":
        clock, _colon, threshold = rest.rpartition(":")
        return f"{about[clock]} {threshold}"
    return _NUMBER.sub("*", cause)


def _reminders() -> dict[str, int]:
    about = _clocks()
    found = Reminder.objects.order_by().values_list("deadline__uuid", "threshold", "state")
    return _counted((about[str(clock)], threshold, state) for clock, threshold, state in found)


def _deadlines() -> dict[str, int]:
    """But for the doors of what was revoked a moment later: they had told nobody of anything."""
    about = _clocks()
    never_mind = Deadline.objects.filter(cancelled_at__isnull=False, reminders=None)
    return _counted(
        (about[str(one.uuid)], one.due_on, one.is_open, one.next_at is None, one.agency.name)
        for one in Deadline.objects.exclude(pk__in=never_mind).select_related("agency").order_by()
    )


def _clocks() -> dict[str, str]:
    """Return clock → what it is about, in words that two copies share."""
    asked_for = _asked_for()
    pairs = Certificate.objects.values_list("uuid", "request_key")
    about = {uuid: asked_for.get(key, key) for uuid, key in pairs}
    about |= {
        uuid: f"{kind} of {agency}"
        for uuid, kind, agency in Dossier.objects.filter(
            pk__in=_drafted().values("dossier")
        ).values_list("uuid", "kind", "agency__name")
    }
    found = Deadline.objects.order_by().values_list("uuid", "kind", "target_uuid")
    return {str(uuid): f"{kind} {about.get(target, target)}" for uuid, kind, target in found}


if __name__ == "__main__":
    json.dump(tally(), sys.stdout)
