"""The letter goes to the head: what it says is settled, checked and frozen."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from portal.agencies.models import AgencyVersion
from portal.core.rules import Refused, Violation
from requests_app.models import Dossier, RoutingRule
from requests_app.routing.services import copies_for
from requests_app.steps.handler import Handler
from requests_app.steps.reopen import discard_round
from requests_app.submission import letters
from requests_app.submission.checks import violations_before_signing
from requests_app.submission.settlement import apply_rule, set_copies, settle
from requests_app.submission.signing_mode import signing_mode


@dataclass(slots=True)
class RequestSignature(Handler):
    """Long letters are rendered by the worker: then ``letter`` stays None."""

    rule: RoutingRule | None = None
    version: AgencyVersion | None = None
    letter: bytes | None = None

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_before_signing(dossier, now=self.now)

    def prepare(self, dossier: Dossier) -> None:
        # The letter says whom it goes to and in whose name: that is settled first.
        self.rule = settle(dossier, today=timezone.localdate(self.now))
        self.version = dossier.agency_version
        # The rules are asked before the letter is made: what is refused is not rendered.
        if violations := self.check(dossier):
            raise Refused(*violations)
        if dossier.row_count <= letters.ROWS_RENDERED_AT_ONCE:
            self.letter = letters.render(dossier, copies=copies_for(self.rule, dossier.agency))

    def apply(self, dossier: Dossier) -> None:
        mode, why = signing_mode(dossier.agency, now=self.now)
        dossier.signing_mode, dossier.signing_reason = mode, why
        assert self.rule is not None
        assert self.version is not None
        if dossier.sent_at is None:
            dossier.office = dossier.agency.office
        apply_rule(dossier, self.rule, self.version)
        set_copies(dossier, self.rule)
        discard_round(dossier)
        if self.letter is not None:
            self.document = letters.freeze(dossier, self.letter, now=self.now)
