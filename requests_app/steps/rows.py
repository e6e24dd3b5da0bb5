"""What becomes of the rows when a dossier is decided or stopped, and the refusal in writing."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from devices import services as devices
from devices.lifecycle import Custody, Move
from portal.documents import services as documents
from portal.documents.models import Document
from requests_app import papers
from requests_app.models import Decision, DeliveredPaper, Dossier, DossierItem, Outcome
from requests_app.papers import Prepared
from requests_app.submission.letter_content import decider_of, refusal_letter_of


def accept_rows(dossier: Dossier, *, now: datetime) -> None:
    """Settle the refused rows; accepted ones that failed run again."""
    refuse_rows(dossier, now=now)
    failed = dossier.items.filter(decision=Decision.ACCEPTED, outcome=Outcome.FAILED)
    failed.update(outcome="", outcome_reason="")


def refuse_rows(dossier: Dossier, *, now: datetime) -> None:
    """Settle the refused rows; a device set aside for one goes back to the CA."""
    refused = dossier.items.filter(decision=Decision.REFUSED)
    _take_back(refused, reason="Dòng bị từ chối sau khi đã dành thiết bị.", now=now)
    refused.update(outcome=Outcome.REFUSED)


def take_back_undone(dossier: Dossier, *, now: datetime) -> None:
    """Let devices set aside for rows that will never be carried out go back to the CA."""
    undone = dossier.items.exclude(outcome=Outcome.DONE)
    _take_back(undone, reason="Hồ sơ dừng sau khi đã dành thiết bị.", now=now)


def _take_back(items: QuerySet[DossierItem], *, reason: str, now: datetime) -> None:
    set_aside = items.filter(device__custody=Custody.ALLOCATED).select_related("device")
    for item in set_aside:
        assert item.device is not None
        devices.make_move(item.device, Move.RECALL, actor=None, now=now, reason=reason)


def print_refusal(dossier: Dossier) -> Prepared | None:
    """Prepare the notice of the refused rows with their reasons; None if there are none.

    The law wants a refusal in writing with its reason (Điều 22, S2 mục 8). Print it before the
    transaction that keeps it: others wait for what that one holds.
    """
    refused: list[DossierItem] = list(dossier.items.filter(decision=Decision.REFUSED))
    if not refused:
        return None
    return papers.prepare(
        DeliveredPaper.Kind.REFUSAL,
        refusal_letter_of(dossier, refused),
        issuer=decider_of(dossier),
        name=f"Thong-bao-tu-choi-{dossier.letter_number.replace('/', '-')}.pdf",
    )


def keep_refusal(dossier: Dossier, refusal: Prepared | None, *, now: datetime) -> Document | None:
    """Keep the printed notice of the refused rows, if there is one; one that is to be signed is
    drafted, and delivered later."""
    if refusal is None:
        return None
    if refusal.original is None:
        papers.draft(dossier, refusal, now=now)
        return None
    return documents.store_letter(refusal.original, name=refusal.name, now=now)
