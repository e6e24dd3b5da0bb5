"""All rows are refused: the sender gets the refusal in writing."""

from __future__ import annotations

from dataclasses import dataclass

from requests_app.models import Dossier
from requests_app.steps.handler import Handler
from requests_app.steps.rows import keep_refusal, print_refusal, refuse_rows


@dataclass(slots=True)
class Reject(Handler):
    """The notice is printed before the dossier is locked: others wait for what that holds."""

    refusal: bytes | None = None

    def prepare(self, dossier: Dossier) -> None:
        self.refusal = print_refusal(dossier)

    def apply(self, dossier: Dossier) -> None:
        refuse_rows(dossier, now=self.now)
        self.document = keep_refusal(dossier, self.refusal, now=self.now)
