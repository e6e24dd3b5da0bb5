"""The records officer applies the organisation's signature and sends the dossier."""

from __future__ import annotations

from django.utils import timezone

from portal.core.rules import Violation
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from requests_app.kinds.effects import effect_of
from requests_app.models import Dossier
from requests_app.steps import clocks
from requests_app.steps.sign import Sign
from requests_app.submission.checks import violations_before_sending
from requests_app.workflow import Route


class Seal(Sign):
    """The day the first official recipient has it is the law's day (DOMAIN 14.1)."""

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_before_sending(dossier, now=self.now)

    def follow(self, dossier: Dossier) -> None:
        dossier.sent_at = dossier.sent_at or self.now
        dossier.received_on = timezone.localdate(self.now)
        # Devices and certificates are locked before any clock.
        effect_of(dossier).on_sent(dossier, actor=self.actor, now=self.now)
        deadlines.close(DeadlineKind.CORRECTION, dossier.uuid, now=self.now)
        if dossier.route == Route.VIA_OFFICE:
            clocks.start_office_check(dossier, now=self.now)
        elif dossier.route != Route.NOTICE:
            clocks.start_decision(dossier, now=self.now)
