"""The steps that are open, as the page of a letter offers them, and taking one from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.ca.tokens import services as tokens
from portal.core.rules import Refused
from portal.core.steps import Step
from requests_app.letter_workflow import LetterAction
from requests_app.models import OwnLetter, SigningMode
from requests_app.own_letters.forms import LetterStepForm
from requests_app.own_letters.steps import L, LetterKind
from requests_app.pages.views import pin_words

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_BACKWARDS = (LetterAction.REVISE, LetterAction.SEND_BACK_TO_DRAFT, LetterAction.CANCEL)
_SIGNING = (LetterAction.SIGN, LetterAction.SEAL)


@dataclass(frozen=True, slots=True)
class Card:
    """One open step as the page shows it; ``sealing`` is what its button says without a PIN."""

    step: Step[Any, Any]
    form: LetterStepForm
    needs_pin: bool
    sealing: str | Promise

    @property
    def is_backwards(self) -> bool:
        return self.step.action in _BACKWARDS

    @property
    def label(self) -> str | Promise:
        if self.needs_pin or self.step.action not in _SIGNING:
            return str(self.step.action.label)
        return _("Xác nhận đã ký tay") if self.step.action == LetterAction.SIGN else self.sealing


def cards_of(
    kind: LetterKind[L],
    letter: L,
    request: UserRequest,
    *,
    sealing: str | Promise,
    sent: LetterStepForm | None = None,
) -> list[Card]:
    """Return the open steps with their forms, ``sent`` in the place of the one that came back."""
    return [
        Card(
            step,
            sent
            if sent is not None and sent.data.get("action") == step.action
            else LetterStepForm(
                initial={"action": step.action, "version": letter.version},
                auto_id=f"{step.action}_%s",
            ),
            step.action in _SIGNING and letter.signing_mode == SigningMode.DIGITAL,
            sealing,
        )
        for step in kind.open_steps(letter, request.user)
    ]


def try_step(
    kind: LetterKind[L],
    letter: OwnLetter,
    form: LetterStepForm,
    request: UserRequest,
    *,
    now: datetime,
) -> bool:
    """Take the step that a valid form asks for; False: the form says what stops it.

    Raises Http404, and StaleVersion, IllegalStep or Barred where it came too late.
    """
    typed = form.cleaned_data
    try:
        kind.take_step(
            letter,  # type: ignore[arg-type]
            typed["action"],
            actor=request.user,
            now=now,
            version=typed["version"],
            reason=typed["reason"],
            pin=typed["pin"],
            signed_elsewhere=typed["signed_file"].read() if typed["signed_file"] else b"",
        )
    except kind.rows.model.DoesNotExist as error:
        raise Http404 from error
    except Refused as refusal:
        form.violations = list(refusal.violations)
        return False
    except (tokens.WrongPin, tokens.Locked, tokens.NoPinYet) as refusal:
        form.add_error("pin", pin_words(refusal))
        return False
    return True
