"""Many letters signed or sealed with one PIN: each exactly as it would be alone.

The PIN lives for one request and is tried once for each letter, so a wrong one counts once: the
first that does not open the key ends the batch, and what was signed before it stays signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit.look_only import LookOnly, refuse_look_only
from portal.ca.tokens import services as tokens
from portal.core.rules import Refused, Violation
from portal.core.steps import IllegalStep
from requests_app.errors import Barred, StaleVersion
from requests_app.models import Dossier, SigningMode
from requests_app.models.querysets import DossierQuerySet
from requests_app.steps.engine import bars_of, take_step
from requests_app.submission.checks import violations_before_sending, violations_before_signing
from requests_app.submission.letters import violations_before_head_signs
from requests_app.workflow import Action, Route, State, steps_open_to

MOST = 20  # letters looked at, and signed, at once

SHOWN = 3  # violations of one letter in the list

PinRefusal = tokens.WrongPin | tokens.Locked | tokens.NoPinYet

_SIGNING = ((State.AWAITING_SIGNATURE, Action.SIGN), (State.AWAITING_SEAL, Action.SEAL))


class Came(Enum):
    """What came of one letter of a batch."""

    SIGNED = auto()
    REFUSED = auto()
    CHANGED = auto()  # somebody else was there meanwhile
    NOT_TRIED = auto()  # the PIN did not open the key


@dataclass(frozen=True, slots=True)
class Result:
    """One chosen letter and what came of it."""

    dossier: Dossier
    came: Came
    words: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One letter that waits for the user; with violations it can't be chosen."""

    dossier: Dossier
    violations: Sequence[Violation]

    @property
    def is_digital(self) -> bool:
        return self.dossier.signing_mode == SigningMode.DIGITAL

    @property
    def more(self) -> int:
        """How many violations there are beyond those a list has room for."""
        return max(0, len(self.violations) - SHOWN)

    @property
    def can_be_chosen(self) -> bool:
        return self.is_digital and not self.violations


def action_of(user: User) -> Action | None:
    """Return what ``user`` does to many letters at once: the head signs, the clerk seals."""
    found = _signing_of(user)
    return found[1] if found else None


def waiting_for(user: User) -> DossierQuerySet:
    """Return the letters that wait for the user's signature or seal, the most urgent first."""
    signing = _signing_of(user)
    if signing is None:
        return Dossier.objects.none()
    found = Dossier.objects.workable_by(user).filter(state=signing[0])
    return found.select_related(
        "agency", "agency_version", "office", "addressee", "letter"
    ).order_by("waiting_since", "pk")


def _signing_of(user: User) -> tuple[State, Action] | None:
    for state, action in _SIGNING:
        steps = steps_open_to(user.role, state=state, route=Route.VIA_OFFICE)  # as on all routes
        if any(step.action == action for step in steps):
            return state, action
    return None


def looked_at(dossiers: Iterable[Dossier], user: User, *, now: datetime) -> list[Waiting]:
    """Return letters with everything that keeps them from being signed now."""
    action = action_of(user)
    return [Waiting(one, _violations(one, action, user, now=now)) for one in dossiers]


def _violations(
    dossier: Dossier, action: Action | None, user: User, *, now: datetime
) -> list[Violation]:
    try:
        refuse_look_only(user, now=now)
    except LookOnly as refusal:
        return list(refusal.violations)
    if any(step.action == action for step in bars_of(dossier, user)):
        return [Violation("barred", _("Anh/chị đã tham gia soạn nên người khác phải ký."))]
    if action == Action.SEAL:
        return violations_before_sending(dossier, now=now)
    found = violations_before_head_signs(dossier, actor=user, now=now)
    return found or violations_before_signing(dossier, now=now)


def sign_all(
    chosen: Sequence[tuple[UUID, int]], *, actor: User, pin: str, now: datetime
) -> tuple[list[Result], PinRefusal | None]:
    """Sign or seal the chosen letters (their UUIDs with the versions that were seen) in order.

    Returns what came of each, and why the PIN did not open the key, if it did not. What is not the
    actor's to sign is left out.
    """
    action = action_of(actor)
    if action is None:
        return [], None
    versions = dict(chosen)
    found = waiting_for(actor).filter(uuid__in=list(versions)[:MOST])
    by_uuid = {one.uuid: one for one in found}
    ordered = [by_uuid[uuid] for uuid in versions if uuid in by_uuid]
    results: list[Result] = []
    for place, dossier in enumerate(ordered):
        try:
            results.append(
                _sign(dossier, action, versions[dossier.uuid], actor=actor, pin=pin, now=now)
            )
        except (tokens.WrongPin, tokens.Locked, tokens.NoPinYet) as refusal:
            return results + [Result(one, Came.NOT_TRIED) for one in ordered[place:]], refusal
    return results, None


def _sign(
    dossier: Dossier, action: Action, version: int, *, actor: User, pin: str, now: datetime
) -> Result:
    if dossier.signing_mode != SigningMode.DIGITAL:
        return Result(dossier, Came.REFUSED, _("Văn bản này ký tay; xác nhận ở trang của hồ sơ."))
    if violations := _violations(dossier, action, actor, now=now):
        return Result(dossier, Came.REFUSED, " ".join(one.message for one in violations))
    try:
        take_step(dossier, action, actor=actor, now=now, version=version, pin=pin)
    except (StaleVersion, IllegalStep, Dossier.DoesNotExist):
        return Result(dossier, Came.CHANGED, _("Hồ sơ đã thay đổi; xem lại rồi ký."))
    except Barred:
        return Result(dossier, Came.REFUSED, _("Anh/chị đã tham gia một bước trước."))
    except Refused as refusal:
        return Result(dossier, Came.REFUSED, " ".join(one.message for one in refusal.violations))
    return Result(dossier, Came.SIGNED)
