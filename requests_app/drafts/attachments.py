"""Files that come with a dossier or a row."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.steps import IllegalStep
from portal.documents import services as documents
from portal.documents import uploads
from requests_app.acts import dossier_act
from requests_app.drafts.services import permit_drafting
from requests_app.errors import NotEditable, StaleVersion
from requests_app.models import Attachment, Dossier
from requests_app.workflow import EDITABLE, State

# The scan of the signed letter comes while the dossier waits for the head, who confirms exactly
# this one: afterwards it is not changed. The rest comes in the draft.
_STATES = {Attachment.Kind.SIGNED_SCAN: frozenset({State.AWAITING_SIGNATURE})}
# What is handed in as signed.
_SIGNED = frozenset({Attachment.Kind.SIGNED_SCAN, Attachment.Kind.OWN_REQUEST})
_SCANS = frozenset({uploads.PDF.media_type, uploads.PNG.media_type, uploads.JPEG.media_type})


@transaction.atomic
def attach(
    dossier: Dossier,
    uploaded: UploadedFile[bytes],
    *,
    kind: str,
    item_uuid: uuid.UUID | None = None,
    actor: User,
    now: datetime,
    version: int,
) -> Attachment:
    """Keep an uploaded file with the dossier; a new signed scan takes the earlier one's place.

    Raises Refused (size, type), NotEditable, StaleVersion, Dossier.DoesNotExist.
    """
    dossier = _lock(dossier, kind, actor=actor, version=version)
    if kind == Attachment.Kind.OWN_REQUEST and item_uuid is None:
        raise refuse("no_row", "Chọn dòng mà đề nghị của cá nhân thuộc về.")
    item = dossier.items.get(uuid=item_uuid) if item_uuid else None
    document = documents.store_upload(uploaded, now=now, is_signed_paper=kind in _SIGNED)
    if kind == Attachment.Kind.SIGNED_SCAN:
        if document.media_type not in _SCANS:
            raise refuse(
                "scan_is_no_picture",
                "Bản quét phải là tệp PDF, PNG hoặc JPEG.",
                way_out="Quét văn bản đã ký, đóng dấu thành PDF rồi đính kèm.",
            )
        dossier.attachments.filter(kind=kind).update(is_current=False)
    attachment = Attachment.objects.create(
        dossier=dossier, item=item, kind=kind, document=document, added_by=actor, added_at=now
    )
    _touch(dossier, "dossier.attach", actor=actor, now=now, sha256=document.sha256)
    return attachment


@transaction.atomic
def detach(
    dossier: Dossier, attachment_uuid: uuid.UUID, *, actor: User, now: datetime, version: int
) -> None:
    """Take an attachment off the draft; the file itself stays in the record."""
    attachment = Attachment.objects.select_related("document").get(
        dossier=dossier, uuid=attachment_uuid
    )
    dossier = _lock(dossier, attachment.kind, actor=actor, version=version)
    attachment.is_current = False
    attachment.save(update_fields=["is_current"])
    _touch(dossier, "dossier.detach", actor=actor, now=now, sha256=attachment.document.sha256)


def _lock(dossier: Dossier, kind: str, *, actor: User, version: int) -> Dossier:
    dossier = (
        Dossier.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .get(pk=dossier.pk)
    )
    permit_drafting(actor, dossier.kind, dossier.agency_id)
    if kind == Attachment.Kind.SIGNED_SCAN and not actor.can(Capability.DRAFT):
        raise IllegalStep(f"{actor.role} hands in no signed letter")
    if dossier.state not in _STATES.get(Attachment.Kind(kind), EDITABLE):
        raise NotEditable(dossier.state)
    if dossier.version != version:
        raise StaleVersion(seen=version, current=dossier.version)
    return dossier


def _touch(dossier: Dossier, act: str, *, actor: User, now: datetime, sha256: str) -> None:
    dossier.version += 1
    dossier.updated_at = now
    dossier.save(update_fields=["version", "updated_at"])
    dossier.edited_by.add(actor)  # a scan or a paper is part of what the head signs
    audit.record(dossier_act(act, dossier, data={"sha256": sha256}), actor=actor, now=now)
