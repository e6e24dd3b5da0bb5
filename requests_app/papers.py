"""Dated papers handed to the sender: kept, made known, each once for a dossier.

Those that an office or the CA has to sign are drafted here, with what the decision says, and
delivered once they are numbered, signed and issued (``requests_app.official_papers``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.text import Truncator

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.documents import letters
from portal.documents import services as documents
from portal.documents.letters import Letter
from portal.documents.models import Document
from portal.notices import services as notices
from requests_app.acts import dossier_act, paper_act
from requests_app.models import DeliveredPaper, Dossier, OfficialPaper
from requests_app.paper_workflow import PaperStage
from requests_app.titles import title_of
from requests_app.workflow import Action

_LONGEST_TITLE = 250  # of a notice


@dataclass(frozen=True, slots=True)
class Prepared:
    """A paper made before the dossier is locked: others wait for who holds that.

    ``original`` is None where it goes out signed: then a draft is made of ``letter``.
    """

    kind: DeliveredPaper.Kind
    issuer: Agency
    letter: Letter
    name: str
    original: letters.Original | None


def prepare(kind: DeliveredPaper.Kind, letter: Letter, *, issuer: Agency, name: str) -> Prepared:
    """Print a paper that goes out at once; one that is to be signed is printed by its own way."""
    original = None if settings.SIGNED_PAPERS else letters.print_original(letter)
    return Prepared(kind, issuer, letter, name, original)


@transaction.atomic
def hand_out(dossier: Dossier, prepared: Prepared, *, now: datetime) -> None:
    """Deliver a paper as ``deliver_document`` does, or draft the one that is to be signed.

    The caller holds the dossier's row.
    """
    if prepared.original is None:
        draft(dossier, prepared, now=now)
        return
    document = documents.store_letter(prepared.original, name=prepared.name, now=now)
    deliver_document(dossier, prepared.kind, document, now=now)


@transaction.atomic
def draft(dossier: Dossier, prepared: Prepared, *, now: datetime) -> OfficialPaper:
    """Draft a paper for who decided the dossier, and ask its issuer's desk for the number.

    Idempotent, as ``deliver_document``. Who decided has drafted: they do not sign.
    """
    standing = dossier.official_papers.filter(kind=prepared.kind)
    if found := standing.exclude(stage=PaperStage.CANCELLED).first():
        return found
    taken = dossier.events.filter(action=Action.DECIDE, actor__isnull=False)
    event = taken.select_related("actor").order_by("-at", "-pk").first()
    drafter = event.actor if event is not None and event.actor is not None else dossier.created_by
    paper = OfficialPaper.objects.create(
        agency=prepared.issuer,
        dossier=dossier,
        kind=prepared.kind,
        content=json.loads(json.dumps(asdict(prepared.letter), default=str)),
        name=prepared.name,
        made_by=drafter,
        made_at=now,
        updated_at=now,
    )
    paper.edited_by.set({drafter, *dossier.decided_by.all()})
    notices.tell(
        User.objects.who_can(Capability.NUMBER_PAPERS, agency_id=prepared.issuer.pk),
        cause=f"official_paper:{paper.pk}:{paper.version}",
        title=Truncator(f"Chờ ghi số, trình ký: {paper.title}: {title_of(dossier)}").chars(
            _LONGEST_TITLE
        ),
        path=reverse("requests_app:official_paper", args=[paper.uuid]),
        target_type="official_paper",
        target_uuid=paper.uuid,
        asks=True,
        now=now,
    )
    audit.record(paper_act("paper.draft", paper), actor=None, now=now)
    return paper


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
