"""A dossier is withdrawn by its sender, or stopped because its sender has ended."""

from __future__ import annotations

from portal.core.rules import Violation
from portal.deadlines import services as deadlines
from requests_app.kinds.effects import effect_of
from requests_app.models import Dossier
from requests_app.steps.hand_back import violations_of_done_rows
from requests_app.steps.handler import Handler


class Stop(Handler):
    """What a notice or minutes told before is told no more; every clock is cancelled."""

    def follow(self, dossier: Dossier) -> None:
        effect_of(dossier).on_withdrawn(dossier, actor=self.actor, now=self.now)
        deadlines.cancel_all(dossier.uuid, now=self.now)


class Withdraw(Stop):
    """By its sender: not once something of it is done."""

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_of_done_rows(dossier)
