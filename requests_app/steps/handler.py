"""What every step shares: what is checked, made, changed and started when one is taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.accounts.models import User
from portal.core.rules import Refused, Violation, refuse
from portal.documents.models import Document
from requests_app.models import Decision, Dossier
from requests_app.steps import clocks
from requests_app.workflow import ENDED, DossierStep, Needs


@dataclass(slots=True)
class Handler:
    """One step being taken: the engine calls ``prepare``, ``require``, ``apply``, ``follow``.

    An action with more to it has a subclass; ``handlers.HANDLERS`` says which. ``document`` goes
    out with the step. ``actor`` None is the portal itself.
    """

    step: DossierStep
    actor: User | None
    now: datetime
    pin: str = ""
    document: Document | None = None

    def check(self, dossier: Dossier) -> list[Violation]:
        """Return the rules that stop the step now; asked again once the dossier is locked."""
        return []

    def prepare(self, dossier: Dossier) -> None:
        """Make what takes long, or must commit on its own, before the dossier is locked."""

    def apply(self, dossier: Dossier) -> None:
        """Change what the step changes beside the state; the dossier is locked, the caller saves.

        A transaction that met a conflict is repeated: this may be called again.
        """

    def follow(self, dossier: Dossier) -> None:
        """Start and stop the clocks; the dossier has its new state, the caller saves."""
        if self.step.target in ENDED:
            clocks.close(dossier, now=self.now)

    def require(self, dossier: Dossier, *, reason: str = "") -> None:
        """Raise Refused with everything that stops the step: no reason, undecided rows, rules."""
        if self.step.needs_reason and not reason.strip():
            raise refuse(
                "no_reason", "Phải nêu rõ lý do.", way_out="Chọn hoặc ghi lý do rồi làm lại."
            )
        if self.step.needs != Needs.NOTHING and self.step.needs not in row_facts(dossier):
            raise refuse(
                "rows_not_ready",
                f"Chưa thực hiện được: cần {Needs(self.step.needs).label}.",
                way_out="Xử lý các dòng còn lại trong danh sách rồi làm lại.",
            )
        if violations := self.check(dossier):
            raise Refused(*violations)


def row_facts(dossier: Dossier) -> set[Needs]:
    """Return what holds of the decisions about a dossier's rows."""
    decisions = set(dossier.items.order_by().values_list("decision", flat=True).distinct())
    facts: set[Needs] = set()
    if decisions and Decision.NONE not in decisions:
        facts.add(Needs.ALL_ROWS_DECIDED)
    if Decision.ACCEPTED in decisions:
        facts.add(Needs.SOME_ROW_ACCEPTED)
    if decisions == {Decision.REFUSED}:
        facts.add(Needs.ALL_ROWS_REFUSED)
    if decisions == {Decision.ACCEPTED}:
        facts.add(Needs.ALL_ROWS_ACCEPTED)
    if decisions == {Decision.ACCEPTED, Decision.REFUSED}:
        facts.add(Needs.ROWS_OF_BOTH)
    return facts
