"""A second person confirms what was decided; the portal then carries the accepted rows out."""

from __future__ import annotations

from django.utils import timezone

from portal.core.rules import Violation
from requests_app.kinds.effects import effect_of
from requests_app.models import Decision, Dossier, Outcome
from requests_app.steps.handler import Handler
from requests_app.steps.rows import accept_rows
from requests_app.submission.checks import violations_of_sender


class Retry(Handler):
    """Accepted rows that failed run again."""

    def apply(self, dossier: Dossier) -> None:
        accept_rows(dossier, now=self.now)


class Confirm(Retry):
    """DOMAIN 14.8: nothing new is issued to a body that is no more; the rest goes on under the one
    that succeeded it."""

    def check(self, dossier: Dossier) -> list[Violation]:
        accepted = dossier.items.filter(decision=Decision.ACCEPTED)
        if (
            effect_of(dossier).is_in_the_senders_name
            and accepted.exclude(outcome=Outcome.DONE).exists()
        ):
            # The body may have ceased while the dossier waited.
            return violations_of_sender(dossier, today=timezone.localdate(self.now))
        return []
