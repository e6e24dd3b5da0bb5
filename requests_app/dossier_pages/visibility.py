"""What of a dossier who may read: whole rows on record, unsent corrections only at home."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import QuerySet

from portal.accounts.models import User
from portal.core.roles import Scope
from portal.documents.models import Document
from requests_app.acts import note_reading
from requests_app.models import Attachment, Dossier, DossierEvent, DossierItem
from requests_app.workflow import AT_THE_AGENCY, Action, State

_LEAVES_THE_LETTER = (Action.REQUEST_SIGNATURE, Action.SIGN, Action.SEAL)


def hides_rework(dossier: Dossier, user: User) -> bool:
    """Say whether the dossier is being corrected and this is none of ``user``'s business.

    What a body writes into a dossier that came back is its own until it sends it again: the office
    and the bodies with a copy see that it was returned, and the letter that was last sent. The
    auditor sees a body's drafts anyway.
    """
    if _reads_corrections(dossier, user):
        return False
    return dossier.state in AT_THE_AGENCY or (
        dossier.state == State.WITHDRAWN and dossier.round > _last_sent_round(dossier)
    )


def _reads_corrections(dossier: Dossier, user: User) -> bool:
    is_own = user.scope is Scope.BODY and dossier.agency_id in user.body_ids
    return is_own or user.scope is Scope.TREE


def as_sent(dossier: Dossier, user: User) -> Dossier:
    """Return ``dossier`` without number, day, rows and names where they may be a correction's.

    For lists: asks nothing of the database, so a dossier that was withdrawn in a later round counts
    as corrected whatever was sent. The object is for showing, not for saving.
    """
    is_corrected = dossier.state in AT_THE_AGENCY or (
        dossier.state == State.WITHDRAWN and dossier.round > 1
    )
    if is_corrected and not _reads_corrections(dossier, user):
        dossier.letter_number, dossier.letter_date = "", None
        dossier.row_count, dossier.first_title = 0, ""
    return dossier


def shown_events(dossier: Dossier, user: User) -> QuerySet[DossierEvent]:
    """Return the history ``user`` may read: without the steps of an unsent correction."""
    events = dossier.events.all()
    if hides_rework(dossier, user):
        return events.filter(round__lte=_last_sent_round(dossier))
    return events


def last_sent_letter(dossier: Dossier) -> Document | None:
    """Return the letter as it last left the body: signed, or the scan of the paper."""
    sent = dossier.events.filter(action=Action.SEAL).last()
    if sent is None:
        return None
    left = dossier.events.filter(round=sent.round, action__in=_LEAVES_THE_LETTER)
    signed = left.exclude(action=Action.REQUEST_SIGNATURE).filter(document__isnull=False).last()
    if signed is not None:
        return signed.document
    scans = dossier.attachments.filter(kind=Attachment.Kind.SIGNED_SCAN, added_at__lte=sent.at)
    if (scan := scans.last()) is not None:
        return scan.document
    frozen = left.filter(document__isnull=False).last()
    return frozen.document if frozen else None


def _last_sent_round(dossier: Dossier) -> int:
    """Return the round in which it was last sent; the present one where that is not on record."""
    sent = dossier.events.filter(action=Action.SEAL).values_list("round", flat=True)
    return max(sent, default=dossier.round)


def read_row(dossier: Dossier, item_uuid: uuid.UUID, *, actor: User, now: datetime) -> DossierItem:
    """Return one row with everything in it and record who read it.

    Raises Dossier.DoesNotExist (not visible to the actor) or DossierItem.DoesNotExist (not there,
    or part of a correction that was not sent yet).
    """
    dossier = (
        Dossier.objects.visible_to(actor).select_related("agency", "office").get(pk=dossier.pk)
    )
    if hides_rework(dossier, actor):
        raise DossierItem.DoesNotExist
    item = DossierItem.objects.select_related("device", "result").get(
        dossier=dossier, uuid=item_uuid
    )
    note_reading(dossier, actor=actor, now=now)
    return item
