"""What the register says against a row: one module an effect, asked before a letter is frozen,
when it leaves, and again by whoever decides.

Each module's ``violations(dossier, items, *, now)`` returns what stops the rows, in a fixed number
of queries; the sentences themselves are pure and stand in ``requests_app.rules``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from django.db.models import QuerySet

from portal.core.rules import Violation
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, DossierItem
from requests_app.services.row_rules import (
    give_back,
    handover,
    issue,
    loss,
    recover,
    renew_change,
    revoke,
)


class RowRules(Protocol):
    """Says what the register has against the rows of a dossier."""

    def __call__(
        self, dossier: Dossier, items: Sequence[DossierItem], /, *, now: datetime
    ) -> list[Violation]: ...


ROW_RULES: Mapping[EffectKind, RowRules] = {
    EffectKind.ISSUE: issue.violations,
    EffectKind.RENEW_CHANGE: renew_change.violations,
    EffectKind.RECORD_HANDOVER: handover.violations,
    EffectKind.RECOVER: recover.violations,
    EffectKind.REVOKE: revoke.violations,
    EffectKind.RECORD_LOSS: loss.violations,
    EffectKind.GIVE_BACK: give_back.violations,
}


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows by what the register knows now."""
    return ROW_RULES[kinds.get(dossier.kind).effect](dossier, items, now=now)


def rows_of(dossier: Dossier) -> QuerySet[DossierItem]:
    """Return a dossier's rows with what the rules look at."""
    return dossier.items.select_related(
        "device", "certificate__key", "certificate__subscriber", "certificate__agency", "subscriber"
    ).defer("certificate__der", "certificate__crl_entry")
