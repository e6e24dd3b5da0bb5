"""Forwarding what a sealed covering letter covers: dossier by dossier, in the background.

Each dossier is its own transaction: the step, its audit entry and what the letter notes of it. A
worker that is killed is followed by another that takes up where the rows say; nothing is done
twice. A dossier that can no longer be forwarded is left out and named.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction

from portal.audit import services as audit
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from requests_app.acts import letter_act
from requests_app.covering_letters.steps import COVERING_LETTERS
from requests_app.errors import Barred, StaleVersion
from requests_app.letter_workflow import Stage
from requests_app.models import CoveredDossier, CoveringLetter, Dossier
from requests_app.steps.engine import take_step
from requests_app.workflow import Action

logger = logging.getLogger(__name__)

_GONE = "Hồ sơ đã rút, đã trả lại hoặc đã chuyển trước đó."
_CHANGED = "Hồ sơ đã thay đổi sau khi lập công văn."
_NOT_ALLOWED = "Người chuyển đã tham gia soạn, ký hồ sơ này hoặc không còn quyền chuyển."


def forward_waiting(*, now: datetime, most: int = 5) -> int:
    """Carry on with the letters that are being forwarded; return how many dossiers were settled."""
    started = monotonic()
    waiting = CoveringLetter.objects.filter(stage=Stage.FORWARDING).unclaimed(now)
    settled = 0
    for pk in list(waiting.order_by("sent_at", "pk").values_list("pk", flat=True)[:most]):
        moment = now + timedelta(seconds=monotonic() - started)
        try:
            settled += forward(pk, now=moment)
        except Exception:
            # Its lease runs out and the next sweep takes it up; the others need not wait for it.
            logger.exception("could not forward covering letter %s", pk)
    return settled


def forward(pk: int, *, now: datetime) -> int:
    """Forward what one letter covers, to its end; another worker's letter is left alone."""
    if not claim(pk, now=now):
        return 0
    started = monotonic()
    waiting = CoveredDossier.objects.filter(letter=pk, outcome="").order_by("position")
    settled = 0
    for covered_pk in list(waiting.values_list("pk", flat=True)):
        settled += forward_one(covered_pk, now=now)
        moment = now + timedelta(seconds=monotonic() - started)
        CoveringLetter.objects.hold(pk, now=moment, lease=settings.EXECUTION_LEASE)
    _finish(pk, now=now)
    return settled


def claim(pk: int, *, now: datetime) -> bool:
    """Take a letter for this worker until its lease runs out; say whether it is its own now."""
    waiting = CoveringLetter.objects.filter(stage=Stage.FORWARDING)
    return waiting.claim(pk, now=now, lease=settings.EXECUTION_LEASE)


@transaction.atomic
def forward_one(covered_pk: int, *, now: datetime) -> bool:
    """Forward one dossier or leave it out, and note which; say whether it was still to be done."""
    held = Dossier.objects.select_for_update(of=("self",), no_key=True).order_by()
    held.get(covered__pk=covered_pk)  # before its place in the letter, as all who lock both
    rows = CoveredDossier.objects.select_for_update(of=("self",), no_key=True).select_related(
        "dossier",
        "letter__sent_by__agency",
        "letter__letter",
        "letter__signed_letter",
        "letter__scan",
    )
    covered = rows.get(pk=covered_pk)
    if covered.outcome:
        return False
    covered.reason = _try(covered, covered.letter, now=now)
    outcome = CoveredDossier.Outcome
    covered.outcome = outcome.LEFT_OUT if covered.reason else outcome.FORWARDED
    covered.at = now
    covered.save(update_fields=["outcome", "reason", "at"])
    return True


def _try(covered: CoveredDossier, letter: CoveringLetter, *, now: datetime) -> str:
    """Take the step in the name of who sealed the letter; return why not, "" when it was taken."""
    assert letter.sent_by is not None
    try:
        take_step(
            covered.dossier,
            Action.FORWARD,
            actor=letter.sent_by,
            now=now,
            version=covered.dossier_version,
            paper=letter.paper,
        )
    except (Dossier.DoesNotExist, Barred):
        return _NOT_ALLOWED
    except IllegalStep:
        return _GONE
    except StaleVersion:
        return _CHANGED
    except Refused as refusal:
        return str(refusal)[:250]
    return ""


@transaction.atomic
def _finish(pk: int, *, now: datetime) -> None:
    """Close a letter of which nothing waits any more, and tell who sent it."""
    rows = CoveringLetter.objects.select_for_update(of=("self",), no_key=True)
    letter = rows.select_related("office", "sent_by").get(pk=pk)
    if letter.stage != Stage.FORWARDING or letter.covered.filter(outcome="").exists():
        return
    left_out = letter.covered.filter(outcome=CoveredDossier.Outcome.LEFT_OUT).count()
    forwarded = letter.covered.count() - left_out
    letter.stage, letter.claimed_until = Stage.SENT, None
    letter.version += 1
    letter.updated_at = now
    letter.save()
    act = letter_act("covering.finish", letter, forwarded=forwarded, left_out=left_out)
    audit.record(act, actor=None, now=now)
    assert letter.sent_by is not None
    text = f"Đã chuyển {forwarded} hồ sơ."
    if left_out:
        text += f" {left_out} hồ sơ không chuyển được; xem lý do trong danh sách."
    COVERING_LETTERS.tell(letter, [letter.sent_by], text=text, now=now)
