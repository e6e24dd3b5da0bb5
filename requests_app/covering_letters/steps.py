"""A covering letter's own part in its steps: what it covers, what stops it, what follows."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from portal.agencies.models import SignedPaper
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.documents import letters as paper
from requests_app.acts import letter_act
from requests_app.covering_letters import rules
from requests_app.covering_letters.paper import covering_letter_of
from requests_app.letter_workflow import LETTER_STEPS, LetterAction
from requests_app.models import CoveredDossier, CoveringLetter
from requests_app.own_letters.steps import LetterKind
from requests_app.submission.settlement import version_in_force
from requests_app.submission.signers import block_of, signer_on
from requests_app.workflow import State

DOSSIERS_RENDERED_AT_ONCE = 50  # more are rendered by the worker while the page shows progress
_MOST_NAMED = 5  # dossiers in one sentence


def covered_of(letter: CoveringLetter) -> list[CoveredDossier]:
    """Return what a letter covers, joined with what its summary says."""
    found = letter.covered.select_related("dossier__agency", "dossier__agency_version")
    return list(found.order_by("position").defer("dossier__contact", "dossier__note"))


def render_letter(letter: CoveringLetter, *, now: datetime) -> bytes:
    """Return the letter as PDF, as it would be frozen now."""
    return paper.render(content_of(letter, now=now))


def preview_letter(letter: CoveringLetter, *, now: datetime) -> str:
    """Return the letter as HTML for the screen."""
    return paper.render_html(content_of(letter, now=now))


def content_of(letter: CoveringLetter, *, now: datetime) -> paper.Letter:
    """Return what the letter says, as it would be frozen now."""
    version = version_in_force(letter.office_id, timezone.localdate(now))
    on = timezone.localdate(now)
    signer = signer_on(letter.office_id, SignedPaper.COVERING, chosen=letter.signer, on=on)
    block = block_of(letter.office, version, signer, heads=Capability.SIGN_COVERING_LETTERS)
    return covering_letter_of(letter, covered_of(letter), version, block)


def still_waits(one: CoveredDossier) -> bool:
    """Say whether a covered dossier is as the officer saw it; asks nothing of the database."""
    dossier = one.dossier
    return dossier.state == State.SUBMITTED and dossier.version == one.dossier_version


def _printed_at_once(letter: CoveringLetter, now: datetime) -> paper.Letter | None:
    if letter.covered.count() > DOSSIERS_RENDERED_AT_ONCE:
        return None
    return content_of(letter, now=now)


def _problems(letter: CoveringLetter, action: str) -> list[Violation | None]:
    if action != LetterAction.REQUEST_SIGNATURE:
        return []
    changed = [one for one in covered_of(letter) if not still_waits(one)]
    names = [f"{one.letter_number} ({one.dossier.agency.name})" for one in changed[:_MOST_NAMED]]
    return [
        rules.has_dossiers(letter.covered.count()),
        rules.nothing_has_changed([*names, "…"] if len(changed) > _MOST_NAMED else names),
    ]


def _follow(letter: CoveringLetter, action: str, now: datetime) -> None:
    if action == LetterAction.CANCEL:
        waiting = letter.covered.filter(outcome="")
        waiting.update(outcome=CoveredDossier.Outcome.LEFT_OUT, reason="Công văn đã bỏ.", at=now)


def _named(letter: CoveringLetter) -> tuple[str, str]:
    number = letter.letter_number or "chưa có số"
    path = reverse("requests_app:covering_letter", args=[letter.uuid])
    return f"công văn chuyển hồ sơ {number}", path


COVERING_LETTERS: LetterKind[CoveringLetter] = LetterKind(
    rows=CoveringLetter.objects,
    steps=LETTER_STEPS,
    edits=Capability.COVER_DOSSIERS,
    code="covering",
    target_type="covering_letter",
    act=letter_act,
    letter_of=_printed_at_once,
    file_name=lambda letter: f"CV-chuyen-ho-so-{letter.letter_number.replace('/', '-')}.pdf",
    named=_named,
    signed_as=SignedPaper.COVERING,
    problems=_problems,
    follow=_follow,
)
