"""Dated papers handed to the sender: kept, made known, each once for a dossier."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.text import Truncator

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.documents import services as documents
from portal.documents.models import Document
from portal.notices import services as notices
from requests_app.acts import dossier_act
from requests_app.models import DeliveredPaper, Dossier
from requests_app.titles import title_of

PDF = "application/pdf"
_LONGEST_TITLE = 250  # of a notice


@transaction.atomic
def deliver(dossier: Dossier, kind: str, pdf: bytes, *, name: str, now: datetime) -> DeliveredPaper:
    """Keep ``pdf`` and deliver it as ``deliver_document`` does. Render before: the caller holds
    the dossier's row."""
    document = documents.store(pdf, name=name, media_type=PDF, now=now)
    return deliver_document(dossier, kind, document, now=now)


@transaction.atomic
def deliver_document(
    dossier: Dossier, kind: str, document: Document, *, now: datetime
) -> DeliveredPaper:
    """Deliver ``document`` to the dossier's sender, tell its clerks and return the paper.

    ``kind`` is a ``DeliveredPaper.Kind``. Idempotent: what was delivered stays as it is, with the
    day it was delivered on, from which its limit runs (DOMAIN 14.4).
    """
    locked = (
        Dossier.objects.select_for_update(of=("self",), no_key=True)
        .select_related("agency", "office")
        .get(pk=dossier.pk)
    )
    if standing := locked.delivered_papers.filter(kind=kind).select_related("document").first():
        return standing
    paper = DeliveredPaper.objects.create(
        dossier=locked, kind=kind, document=document, delivered_at=now
    )
    title = f"{DeliveredPaper.Kind(paper.kind).label}: {title_of(locked)}"
    notices.tell(
        User.objects.who_can(Capability.DRAFT, agency_id=locked.agency_id),
        cause=f"paper:{paper.pk}",
        title=Truncator(title).chars(_LONGEST_TITLE),
        path=reverse("requests_app:detail", args=[locked.uuid]),
        target_type="dossier",
        target_uuid=locked.uuid,
        now=now,
    )
    data = {"kind": str(kind), "sha256": document.sha256}
    audit.record(dossier_act("dossier.deliver_paper", locked, data=data), actor=None, now=now)
    return paper
