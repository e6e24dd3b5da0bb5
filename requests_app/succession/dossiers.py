"""Open dossiers of a body that has ended: they go on under its successor, or are written anew.

DOMAIN 14.8: what asks for something in the old name (01–04) and was sent is stopped and filed again
in the new name; the rest goes on. What was never sent is simply the successor's to finish.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability
from portal.core.text.vietnamese import search_key
from portal.deadlines import services as deadlines
from portal.notices import services as notices
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.kinds.effects import effect_of
from requests_app.models import Attachment, Dossier, DossierItem, Outcome
from requests_app.routing.services import rule_for
from requests_app.steps.engine import take_own_step
from requests_app.steps.rows import take_back_undone
from requests_app.submission.settlement import set_copies, version_in_force
from requests_app.titles import clipped, headline_of
from requests_app.words import add_words, move_words
from requests_app.workflow import ENDED, Action, State, queue_of

_WAITS_FOR_SIGNATURES = frozenset({State.AWAITING_SIGNATURE, State.AWAITING_SEAL})
_STILL_WRITTEN = frozenset({State.DRAFT, State.RETURNED})
_COPIED = (
    "title",
    "search_title",
    "answers",
    "storage",
    "identity_hash",
    "subscriber_id",
    "certificate_id",
    "device_id",
    "renews",
)

Names = Mapping[str, str]  # the search key of a name → the name that takes its place


@transaction.atomic
def continue_under(
    dossier: Dossier, agency: Agency, *, names: Names, reason: str, now: datetime
) -> Dossier | None:
    """Let an open dossier go on under ``agency``; return the one that does, None when nothing was
    to be done: it has ended, is being carried out just now, or is the successor's already.

    ``names`` are put into the rows of what is written anew, where a cell holds nothing but such a
    name; ``reason`` stands in the history.
    """
    locked = Dossier.objects.select_for_update(of=("self",), no_key=True).get(pk=dossier.pk)
    if locked.state in ENDED or locked.state == State.EXECUTING:
        return None
    if locked.sent_at is not None and effect_of(locked).is_in_the_senders_name:
        # What was not carried out is stopped and written again, in the name of ``agency``.
        is_partly_done = locked.items.filter(outcome=Outcome.DONE).exists()
        take_back_undone(locked, now=now)
        take_own_step(
            locked, Action.STOP_REST if is_partly_done else Action.STOP, now=now, reason=reason
        )
        anew = _written_anew(locked, agency, names=names, now=now)
        _tell(anew, _("Hồ sơ được lập lại dưới tên mới"), reason=reason, now=now)
        data = {"continues": str(locked.uuid), "rows": anew.row_count}
        audit.record(dossier_act("dossier.file_anew", anew, data=data), actor=None, now=now)
        return anew
    if locked.agency_id == agency.pk:
        return None
    # ``agency`` finishes it as it stands; a letter that was sent keeps the old name.
    came_from = locked.agency
    if locked.state in _WAITS_FOR_SIGNATURES:
        take_own_step(locked, Action.REOPEN, now=now, reason=reason)
    locked.agency = agency
    if locked.sent_at is None:
        locked.office = agency.office
    if locked.state in _STILL_WRITTEN:
        # The old body's number is not the new one's, and its name may stand in the rows.
        locked.letter_number, locked.letter_date = "", None
        rows = list(locked.items.all())
        for row in rows:
            row.answers = _renamed(row.answers, names)
        update_rows(rows, ["answers"])
    locked.version += 1
    locked.updated_at = now
    locked.save()
    move_words([locked])
    deadlines.pass_on(
        [locked.uuid], agency=agency, office=locked.office, now=now, owed_by=[came_from.pk]
    )
    _tell(locked, _("Hồ sơ tiếp tục dưới tên đơn vị kế thừa"), reason=reason, now=now)
    data = {"from": str(came_from.uuid), "state": locked.state}
    audit.record(dossier_act("dossier.go_on", locked, data=data), actor=None, now=now)
    return locked


def _written_anew(dossier: Dossier, agency: Agency, *, names: Names, now: datetime) -> Dossier:
    """Return a new draft of ``agency`` with the rows that were not carried out and their papers."""
    kind = kinds.get(dossier.kind)
    today = timezone.localdate(now)
    rule = rule_for(kind.procedure, office_id=agency.office_id, today=today)
    anew = Dossier.objects.create(
        kind=kind.code,
        kind_version=kind.version,
        variant=dossier.variant,
        agency=agency,
        agency_version=version_in_force(agency.pk, today),
        office_id=agency.office_id,
        route=rule.route,
        addressee=rule.addressee,
        queue=queue_of(State.DRAFT, rule.route),
        waiting_since=today,
        contact=dossier.contact,
        note=dossier.note,
        created_by=dossier.created_by,
        created_at=now,
        updated_at=now,
        continues=dossier,
    )
    set_copies(anew, rule)
    anew.edited_by.set(dossier.edited_by.all())  # who drafted it does not sign it, then and now
    rows = list(dossier.items.exclude(outcome__in=[Outcome.DONE, Outcome.REFUSED]))
    copies = {
        row.pk: DossierItem(
            dossier=anew,
            position=position,
            request_key=uuid.uuid4().hex,
            **{name: getattr(row, name) for name in _COPIED},
        )
        for position, row in enumerate(rows, start=1)
    }
    is_new_issue = kind.issues_anew
    for copy in copies.values():
        copy.answers = _renamed(copy.answers, names)
        if is_new_issue:  # found or set aside for it while it was carried out
            copy.subscriber_id = copy.device_id = None
    DossierItem.objects.bulk_create(copies.values(), batch_size=500)
    add_words(copies.values(), anew)
    anew.count_rows()
    anew.save(update_fields=["row_count", "first_title"])
    # What people handed in goes along; the scan of the old letter does not.
    papers = dossier.attachments.filter(is_current=True).exclude(kind=Attachment.Kind.SIGNED_SCAN)
    Attachment.objects.bulk_create(
        Attachment(
            dossier=anew,
            item=copies.get(paper.item_id or 0),
            kind=paper.kind,
            document_id=paper.document_id,
            added_by_id=paper.added_by_id,
            added_at=paper.added_at,
        )
        for paper in papers
        if paper.item_id is None or paper.item_id in copies
    )
    return anew


def _renamed(answers: Mapping[str, str], names: Names) -> dict[str, str]:
    return {name: names.get(search_key(str(value)), value) for name, value in answers.items()}


def _tell(dossier: Dossier, title: str, *, reason: str, now: datetime) -> None:
    notices.tell(
        User.objects.who_can(Capability.DRAFT, agency_id=dossier.agency_id),
        cause=f"dossier-continues:{dossier.pk}:{dossier.agency_id}",
        title=clipped(f"{title}: {headline_of(dossier)}"),
        text=reason,
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        target_type="dossier",
        target_uuid=dossier.uuid,
        now=now,
    )
