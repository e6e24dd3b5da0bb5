"""The draft is opened again: the clerk takes it back, the head sends it back, its body ended."""

from __future__ import annotations

from requests_app.models import Dossier
from requests_app.steps.handler import Handler


class Reopen(Handler):
    """An edited dossier has no letter, no signature, no scan and no decision any more."""

    def apply(self, dossier: Dossier) -> None:
        discard_round(dossier)


def discard_round(dossier: Dossier) -> None:
    """Throw away what was signed and decided in the last round; the caller saves."""
    dossier.letter = dossier.signed_letter = None
    dossier.attachments.filter(kind="signed_scan").update(is_current=False)
    dossier.items.exclude(decision="").update(decision="", decision_reason="")
    dossier.decided_by.clear()
