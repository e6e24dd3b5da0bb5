"""What the register says against a row, asked before a letter is frozen, when it leaves, and again
by whoever decides.

A kind's ``rules.violations`` returns what stops the rows, in a fixed number of queries; the
sentences themselves are pure and stand in ``requests_app.rules``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from django.db.models import QuerySet
from django.utils import timezone

from portal.core.rules import Violation
from requests_app import kinds
from requests_app.models import Dossier, DossierItem
from requests_app.workflow import AT_THE_AGENCY


class RowRules(Protocol):
    """Says what the register has against the rows of a dossier."""

    def __call__(
        self, dossier: Dossier, items: Sequence[DossierItem], /, *, now: datetime
    ) -> list[Violation]: ...


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows by what the register knows now."""
    rules: RowRules | None = kinds.attached(dossier.kind, "rules", "violations")
    return rules(dossier, items, now=now) if rules else []


def rows_of(dossier: Dossier) -> QuerySet[DossierItem]:
    """Return a dossier's rows with what the rules look at."""
    return dossier.items.select_related(
        "device", "certificate__key", "certificate__subscriber", "certificate__agency", "subscriber"
    ).defer("certificate__der", "certificate__crl_entry")


def day_of_law(dossier: Dossier, now: datetime) -> date:
    """Return the day that counts: a returned dossier is judged anew (DOMAIN 14.1)."""
    if dossier.state in AT_THE_AGENCY or dossier.received_on is None:
        return timezone.localdate(now)
    return dossier.received_on
