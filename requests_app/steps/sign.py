"""The head signs the frozen letter, with a PIN or in ink."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.rules import Violation
from requests_app.models import Dossier
from requests_app.steps.handler import Handler
from requests_app.submission import letters


@dataclass(slots=True)
class Sign(Handler):
    """``signer`` None: the letter is signed in ink, and its scan is attached."""

    signer: letters.Signer | None = None

    def check(self, dossier: Dossier) -> list[Violation]:
        return letters.violations_before_head_signs(dossier)

    def prepare(self, dossier: Dossier) -> None:
        self.require(dossier)  # what is refused costs no PIN
        assert self.actor is not None
        self.signer = letters.unlock(
            dossier, self.step.action, actor=self.actor, pin=self.pin, now=self.now
        )

    def apply(self, dossier: Dossier) -> None:
        if self.signer is not None:
            assert self.actor is not None
            self.document = letters.sign(dossier, self.signer, actor=self.actor, now=self.now)
