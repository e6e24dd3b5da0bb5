"""The receiving side returns a dossier for correction."""

from __future__ import annotations

from portal.core.rules import Violation
from portal.deadlines import services as deadlines
from requests_app.models import Dossier, Outcome
from requests_app.rules import dossiers as rules
from requests_app.steps import clocks
from requests_app.steps.handler import Handler


class HandBack(Handler):
    """What is carried out in part is neither returned nor withdrawn."""

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_of_done_rows(dossier)

    def follow(self, dossier: Dossier) -> None:
        deadlines.cancel_all(dossier.uuid, now=self.now)
        clocks.start_correction(dossier, now=self.now)


def violations_of_done_rows(dossier: Dossier) -> list[Violation]:
    """Return the rule against taking back what is partly done, where it is."""
    return [rules.PARTLY_DONE] if dossier.items.filter(outcome=Outcome.DONE).exists() else []
