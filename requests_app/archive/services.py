"""Closed dossiers become packages in the background; nothing is ever deleted by it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef

from portal.audit import services as audit
from portal.audit.models import AuditEntry
from portal.documents import services as documents
from portal.documents.lasting import stamping
from portal.documents.models import Document
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.archive import package
from requests_app.archive.key import signing_key
from requests_app.models import ArchivePackage, Dossier, OfficialPaper
from requests_app.models.querysets import DossierQuerySet
from requests_app.paper_workflow import PaperStage
from requests_app.workflow import ENDED

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)
AGAIN_AFTER = timedelta(days=1)  # where a document is damaged
AT_ONCE = 10
# Columns by which the portal finds and shows dossiers: they say nothing that others do not.
_OF_LISTS = frozenset(
    {"id", "claimed_until", "version", "queue", "is_at_ca", "first_title", "waiting_since"}
)


def waiting() -> DossierQuerySet:
    """Return the dossiers that are closed, sent once, with no paper still to be delivered."""
    on_the_way = OfficialPaper.objects.filter(dossier=OuterRef("pk"))
    on_the_way = on_the_way.exclude(stage__in=[PaperStage.ISSUED, PaperStage.CANCELLED])
    made = ArchivePackage.objects.filter(dossier=OuterRef("pk"))
    closed = Dossier.objects.filter(state__in=ENDED, sent_at__isnull=False, ended_at__isnull=False)
    return closed.filter(~Exists(made), ~Exists(on_the_way))


def archive_waiting(*, now: datetime) -> int:
    """Make the packages of some dossiers that wait; return how many, 0 when none is left.

    Safe to run twice and twice at once: a dossier is claimed, and has one package.
    """
    free = waiting().unclaimed(now).order_by("ended_at", "pk")
    return sum(_archive(pk, now=now) for pk in list(free.values_list("pk", flat=True)[:AT_ONCE]))


def _archive(pk: int, *, now: datetime) -> bool:
    if not waiting().claim(pk, now=now, lease=LEASE):
        return False
    dossier = Dossier.objects.select_related(
        "agency", "agency_version", "office", "addressee", "letter", "signed_letter"
    ).get(pk=pk)
    try:
        files = _files_of(dossier)
    except documents.Damaged as damaged:
        documents.record_damage(damaged, actor=None, now=now)
        waiting().hold(pk, now=now, lease=AGAIN_AFTER)
        return False
    proof = _proof(dossier, now=now)
    if proof is None:  # a later checkpoint stood already: the next run attests anew
        waiting().release(pk)
        return False
    certificate, key = signing_key(now=now)
    content = package.sealed(
        {**files, package.AUDIT: package.as_json(proof)},
        dossier=str(dossier.uuid),
        certificate=certificate,
        key=key,
        now=now,
        timestamper=by.timestamper if (by := stamping(now)) else None,
    )
    digest = hashlib.sha256(content).hexdigest()
    path = default_storage.save(f"archive/{digest[:2]}/{digest}.zip", ContentFile(content))
    with transaction.atomic():
        Dossier.objects.release(pk)  # before the head of the audit chain is locked
        made, is_new = ArchivePackage.objects.get_or_create(
            dossier=dossier,
            defaults={"path": path, "size": len(content), "sha256": digest, "made_at": now},
        )
        if is_new:
            act = dossier_act("dossier.keep_package", dossier, data={"sha256": made.sha256})
            audit.record(act, actor=None, now=now)
    if not is_new:
        default_storage.delete(path)  # another was quicker once the lease had run out
    return is_new


def _proof(dossier: Dossier, *, now: datetime) -> dict[str, Any] | None:
    """Record that the dossier is archived, with the digest of its entries; have that attested."""
    with transaction.atomic():
        audit.lock_chain()  # no entry about it comes between
        entries = list(AuditEntry.objects.filter(target_uuid=dossier.uuid).order_by("sequence"))
        data = {"digest": package.digest_of(entries), "entries": len(entries)}
        last = audit.record(dossier_act("dossier.archive", dossier, data=data), actor=None, now=now)
    attested = audit.attest(last, now=now)
    if attested is None:
        return None
    return package.audit_extract(entries, last, checkpoint=attested[0], public_key=attested[1])


def _files_of(dossier: Dossier) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    listed: list[dict[str, Any]] = []
    for label, document in _documents_of(dossier):
        name = f"documents/{len(files) + 1:02}-{document.name}"
        files[name] = documents.read(document)
        digest = hashlib.sha256(files[name]).hexdigest()
        listed.append(
            {"file": name, "what": label, "sha256": digest, "kept_at": document.created_at}
        )
    files[package.DATA] = package.as_json(_data_of(dossier) | {"documents": listed})
    files[package.HISTORY] = package.as_json(
        [
            {
                "at": event.at,
                "action": event.action,
                "words": event.get_action_display(),
                "from": event.source,
                "to": event.target,
                "round": event.round,
                "by": event.actor.full_name if event.actor else "",
                "reason": event.reason,
            }
            for event in dossier.events.select_related("actor").order_by("at", "pk")
        ]
    )
    return files


def _documents_of(dossier: Dossier) -> Iterator[tuple[str, Document]]:
    """Yield what the dossier consists of, each file once."""
    found: list[tuple[str, Document | None]] = [
        ("letter, signed", dossier.signed_letter),
        ("letter, before it was signed", dossier.letter),
    ]
    attached = dossier.attachments.filter(is_current=True).select_related("document")
    found += [(f"attachment: {one.kind}", one.document) for one in attached]
    delivered = dossier.delivered_papers.select_related("document")
    found += [(f"delivered: {one.kind}", one.document) for one in delivered]
    seen: set[int] = set()
    for label, document in found:
        if document is not None and document.pk not in seen:
            seen.add(document.pk)
            yield label, document


def _data_of(dossier: Dossier) -> dict[str, Any]:
    kind = kinds.get(dossier.kind)
    return {
        "dossier": {
            column.name: getattr(dossier, column.name)
            for column in dossier._meta.concrete_fields
            if not column.is_relation and column.name not in _OF_LISTS
        },
        "title": str(kind.title),
        "agency": {"uuid": dossier.agency.uuid, "name": dossier.agency_version.name},
        "office": {"uuid": dossier.office.uuid, "name": dossier.office.name}
        if dossier.office
        else None,
        "addressee": {"uuid": dossier.addressee.uuid, "name": dossier.addressee.name},
        "labels": {one.name: str(one.label) for one in (*kind.fields, *kind.contact_fields)},
        "rows": [
            {
                "uuid": item.uuid,
                "position": item.position,
                "title": item.title,
                "answers": item.answers,
                "decision": item.decision,
                "decision_reason": item.decision_reason,
                "outcome": item.outcome,
                "outcome_reason": item.outcome_reason,
                "certificate": item.certificate.serial if item.certificate else "",
                "device": item.device.serial if item.device else "",
                "issued": item.result.serial if item.result else "",
            }
            for item in dossier.items.select_related("certificate", "device", "result")
        ],
    }
