"""Letters on Mẫu 05 for the tests: certificates in hand, right rows, dossiers along their way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfReader

from portal.ca.models import Certificate
from portal.documents import services as documents
from requests_app.catalogue.mau_05_revoke.prefill import row_of
from requests_app.drafts import attachments
from requests_app.models import DeliveredPaper, Dossier, Procedure
from requests_app.submission.checks import violations_before_signing
from tests import builders, story

NOW = builders.NOW
SOON = NOW + timedelta(seconds=5)
CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}


def cast() -> story.Cast:
    return story.cast(procedure=Procedure.REVOKE)


def held(people: story.Cast, name: str = "Lò Văn Thử", **about: Any) -> Certificate:
    """A person's certificate at the body, in hand."""
    return story.give_certificate(builders.person(name, at=people.agency), **about)


def row(certificate: Certificate, **changes: str) -> Mapping[str, str]:
    """A right row for a person's certificate."""
    return {**row_of(certificate, cause="retired"), **CARD, **changes}


def draft(people: story.Cast, *rows: Mapping[str, str]) -> Dossier:
    return story.draft_of(people, "mau_05_revoke", rows)


def confirmed(people: story.Cast, *certificates: Certificate, refuse: int = 0) -> Dossier:
    """At the worker's door."""
    dossier = draft(people, *(row(one) for one in certificates))
    story.decide(story.send_in_ink(dossier, people), people, refuse=refuse)
    return story.confirm(dossier, people)


def stops(dossier: Dossier) -> list[tuple[int | None, str]]:
    """Return what stops the draft, by row."""
    found = violations_before_signing(dossier, now=NOW)
    return [(violation.row, violation.code) for violation in found]


def attach(dossier: Dossier, people: story.Cast, kind: str, *, to_row: int | None = None) -> None:
    dossier.refresh_from_db()
    item = dossier.items.get(position=to_row) if to_row else None
    attachments.attach(
        dossier,
        SimpleUploadedFile("don.pdf", story.blank_pdf(), content_type="application/pdf"),
        kind=kind,
        item_uuid=item.uuid if item else None,
        actor=people.clerk,
        now=NOW,
        version=dossier.version,
    )
    dossier.refresh_from_db()


def paper_of(dossier: Dossier) -> str:
    """Return the words of the notice."""
    notice = DeliveredPaper.objects.get(dossier=dossier)
    pages = PdfReader(BytesIO(documents.read(notice.document))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def successor_of(certificate: Certificate) -> Certificate:
    """A certificate on the same key, as renewal and change leave it."""
    made = builders.certificate(subscriber=certificate.subscriber, key_pair=certificate.key)
    made.predecessor, made.issued_at = certificate, NOW
    made.save()
    return made
