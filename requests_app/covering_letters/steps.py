"""Taking a step of a covering letter: to the head, signed, sealed, then forwarded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.ca.register import services as ca
from portal.core.database.conflicts import repeated
from portal.core.rules import Refused, Violation, refuse
from portal.documents import letters as paper
from portal.documents import services as documents
from portal.documents.models import SignatureRole
from portal.notices import services as notices
from requests_app.acts import letter_act
from requests_app.covering_letters import rules
from requests_app.covering_letters.paper import covering_letter_of
from requests_app.errors import Barred, StaleVersion
from requests_app.letter_workflow import (
    EDITING,
    LETTER_STEPS,
    LetterAction,
    LetterStep,
    Stage,
)
from requests_app.models import CoveredDossier, CoveringLetter, SigningMode
from requests_app.rules import dossiers as dossier_rules
from requests_app.submission.letters import Signer, open_key
from requests_app.submission.settlement import version_in_force
from requests_app.submission.signing_mode import signing_mode
from requests_app.workflow import State

PDF = "application/pdf"
DOSSIERS_RENDERED_AT_ONCE = 50  # more are rendered by the worker while the page shows progress
_MOST_NAMED = 5  # dossiers in one sentence


@dataclass(slots=True)
class _Prepared:
    """What is made before the row is locked: it takes long, or must commit on its own."""

    pdf: bytes | None = None
    signer: Signer | None = None


def take_letter_step(
    letter: CoveringLetter,
    action: str,
    *,
    actor: User,
    now: datetime,
    version: int,
    reason: str = "",
    pin: str = "",
) -> CoveringLetter:
    """Move a covering letter one step along and return it.

    Raises CoveringLetter.DoesNotExist, IllegalStep, Barred, StaleVersion, Refused, or what
    ``ca.tokens.unlock`` raises when the step signs.
    """
    refuse_look_only(actor, now=now)
    seen = CoveringLetter.objects.visible_to(actor).select_related("office").get(pk=letter.pk)
    step = _check(seen, action, actor=actor, now=now, version=version, reason=reason)
    prepared = _Prepared()
    if step.action == LetterAction.REQUEST_SIGNATURE:
        if seen.covered.count() <= DOSSIERS_RENDERED_AT_ONCE:
            prepared.pdf = render_letter(seen, now=now)
    elif step.action in _SIGNING and seen.signing_mode == SigningMode.DIGITAL:
        prepared.signer = open_key(
            _SIGNING[step.action], agency=seen.office, actor=actor, pin=pin, now=now
        )

    @transaction.atomic
    def take() -> CoveringLetter:
        rows = CoveringLetter.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("office", "letter", "signed_letter").get(pk=letter.pk)
        step = _check(locked, action, actor=actor, now=now, version=version, reason=reason)
        _apply(locked, step, prepared, actor=actor, now=now, reason=reason)
        locked.stage = step.target
        locked.version += 1
        locked.updated_at = now
        locked.save()
        notices.settle("covering_letter", locked.uuid, now=now)
        audit.record(letter_act(f"covering.{step.action}", locked), actor=actor, now=now)
        if role := LETTER_STEPS.awaited(locked.stage):
            people = User.objects.who_act_for(roles={role}, agency_id=locked.office_id)
            tell_of_letter(
                locked, people.exclude(pk=actor.pk), text=locked.sent_back_reason, now=now
            )
        return locked

    return repeated(take)  # a PIN has been counted already: the request can't be repeated


def letter_steps_of(letter: CoveringLetter, user: User) -> list[LetterStep]:
    """Return the steps ``user`` may take now, four eyes considered."""
    is_seen = CoveringLetter.objects.visible_to(user).filter(pk=letter.pk).exists()
    if user.looks_only or not is_seen:
        return []
    steps = LETTER_STEPS.open_to(user.role, state=letter.stage)
    return [step for step in steps if not _is_barred(letter, step, user)]


def covered_of(letter: CoveringLetter) -> list[CoveredDossier]:
    """Return what a letter covers, joined with what its summary says."""
    found = letter.covered.select_related("dossier__agency", "dossier__agency_version")
    return list(found.order_by("position").defer("dossier__contact", "dossier__note"))


def render_letter(letter: CoveringLetter, *, now: datetime) -> bytes:
    """Return the letter as PDF, as it would be frozen now."""
    return paper.render(_content(letter, now=now))


def preview_letter(letter: CoveringLetter, *, now: datetime) -> str:
    """Return the letter as HTML for the screen."""
    return paper.render_html(_content(letter, now=now))


def _content(letter: CoveringLetter, *, now: datetime) -> paper.Letter:
    version = version_in_force(letter.office_id, timezone.localdate(now))
    return covering_letter_of(letter, covered_of(letter), version)


def _check(
    letter: CoveringLetter,
    action: str,
    *,
    actor: User,
    now: datetime,
    version: int,
    reason: str,
) -> LetterStep:
    step = LETTER_STEPS.find(action, state=letter.stage, role=actor.role)
    if letter.version != version:
        raise StaleVersion(seen=version, current=letter.version)
    if _is_barred(letter, step, actor):
        raise Barred(step.action)
    if step.needs_reason and not reason.strip():
        raise refuse("no_reason", "Phải nêu rõ lý do.", way_out="Ghi lý do rồi làm lại.")
    if violations := violations_of_step(letter, step.action, now=now):
        raise Refused(*violations)
    return step


def _is_barred(letter: CoveringLetter, step: LetterStep, user: User) -> bool:
    if (
        LetterAction.SIGN in step.barred_by
        and letter.signed_by
        and user.is_same_person_as(letter.signed_by)
    ):
        return True
    return EDITING in step.barred_by and any(
        user.is_same_person_as(editor) for editor in letter.edited_by.all()
    )


def violations_of_step(letter: CoveringLetter, action: str, *, now: datetime) -> list[Violation]:
    """Return every reason why a letter can't take this step yet."""
    found: list[Violation | None] = []
    if action == LetterAction.REQUEST_SIGNATURE:
        is_used = False
        if letter.letter_number and letter.letter_date is not None:
            others = CoveringLetter.objects.filter(
                office=letter.office_id,
                letter_number=letter.letter_number,
                letter_date__year=letter.letter_date.year,
            )
            is_used = others.exclude(pk=letter.pk).exclude(stage=Stage.CANCELLED).exists()
        changed = [one for one in covered_of(letter) if not still_waits(one)]
        names = [
            f"{one.letter_number} ({one.dossier.agency.name})" for one in changed[:_MOST_NAMED]
        ]
        found = [
            dossier_rules.has_letter_number(letter.letter_number),
            dossier_rules.has_letter_date(letter.letter_date, timezone.localdate(now)),
            rules.number_is_new(is_used, letter.letter_number),
            rules.has_dossiers(letter.covered.count()),
            rules.nothing_has_changed([*names, "…"] if len(changed) > _MOST_NAMED else names),
        ]
    elif action in (LetterAction.SIGN, LetterAction.SEAL):
        is_ink = letter.signing_mode == SigningMode.INK
        found = [
            rules.letter_is_ready(letter.letter_id is not None),
            rules.scan_is_there(is_ink, letter.scan_id is not None),
        ]
    return [violation for violation in found if violation]


def still_waits(one: CoveredDossier) -> bool:
    """Say whether a covered dossier is as the officer saw it; asks nothing of the database."""
    dossier = one.dossier
    return dossier.state == State.SUBMITTED and dossier.version == one.dossier_version


_SIGNING = {
    LetterAction.SIGN: SignatureRole.HEAD,
    LetterAction.SEAL: SignatureRole.ORGANISATION,
}


def _apply(
    letter: CoveringLetter,
    step: LetterStep,
    prepared: _Prepared,
    *,
    actor: User,
    now: datetime,
    reason: str,
) -> None:
    if prepared.signer is not None:
        original = letter.signed_letter or letter.letter
        assert original is not None
        letter.signed_letter = documents.sign(
            original,
            role=prepared.signer.role,
            certificate=prepared.signer.certificate,
            key=prepared.signer.key,
            signed_by=actor,
            now=now,
            chain=ca.chain(),
        )
    match step.action:
        case LetterAction.REQUEST_SIGNATURE:
            mode, letter.signing_reason = signing_mode(letter.office, now=now)
            letter.signing_mode, letter.sent_back_reason = mode, ""
            letter.edited_by.add(actor)
            if prepared.pdf is not None:
                freeze_letter(letter, prepared.pdf, now=now)
        case LetterAction.REVISE | LetterAction.SEND_BACK_TO_DRAFT:
            letter.letter = letter.signed_letter = letter.scan = None
            letter.signed_by = letter.signed_at = None
            letter.sent_back_reason = reason.strip()
        case LetterAction.SIGN:
            letter.signed_by, letter.signed_at = actor, now
        case LetterAction.SEAL:
            letter.sent_by, letter.sent_at = actor, now
        case LetterAction.CANCEL:
            waiting = letter.covered.filter(outcome="")
            waiting.update(
                outcome=CoveredDossier.Outcome.LEFT_OUT, reason="Công văn đã bỏ.", at=now
            )


def freeze_letter(letter: CoveringLetter, pdf: bytes, *, now: datetime) -> None:
    """Keep the rendered letter; what is signed later is exactly this. The caller saves."""
    name = f"CV-chuyen-ho-so-{letter.letter_number.replace('/', '-')}.pdf"
    letter.letter = documents.store(pdf, name=name, media_type=PDF, now=now)


def tell_of_letter(
    letter: CoveringLetter, people: Iterable[User], *, text: str, now: datetime
) -> None:
    """Tell people how a covering letter stands."""
    number = letter.letter_number or "chưa có số"
    notices.tell(
        people,
        cause=f"covering-letter:{letter.pk}:{letter.version}",
        title=f"{Stage(letter.stage).label}: công văn chuyển hồ sơ {number}",
        text=text,
        path=reverse("requests_app:covering_letter", args=[letter.uuid]),
        target_type="covering_letter",
        target_uuid=letter.uuid,
        asks=bool(LETTER_STEPS.awaited(letter.stage)),
        now=now,
    )
