"""The office forwards what it checked to the CA."""

from __future__ import annotations

from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from requests_app.models import Dossier
from requests_app.steps import clocks
from requests_app.steps.handler import Handler


class Forward(Handler):
    """The office's clock ends, the CA's begins; ``document`` is the covering letter, if any."""

    def follow(self, dossier: Dossier) -> None:
        deadlines.close(DeadlineKind.OFFICE_CHECK, dossier.uuid, now=self.now)
        clocks.start_decision(dossier, now=self.now)
