"""Rows that others have opened about the same thing: taken up where they do, waited for else."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.workflow import ENDED, State

# What one form waits for, beside itself.
_WAITS_FOR = {
    EffectKind.RENEW_CHANGE: (EffectKind.RENEW_CHANGE, EffectKind.REVOKE),
}
_NO_END = (Outcome.NONE, Outcome.FAILED)


@dataclass(slots=True)
class Standing:
    """Open rows about some things, by the key they concern, for one effect."""

    effect: EffectKind
    rows: dict[int, list[DossierItem]] = field(default_factory=dict)

    def to_take_up(self, key: int | None, *, agency: int) -> DossierItem | None:
        """Return the body's own row that does what the plan wants done; None without one."""
        return next(
            (
                row
                for row in self.rows.get(key or 0, ())
                if row.dossier.agency_id == agency
                and kinds.get(row.dossier.kind).effect is self.effect
                and _asks_for_it(row, self.effect)
                and not hasattr(row, "plan_line")
            ),
            None,
        )

    def in_the_way(self, key: int | None, *, agency: int) -> Dossier | None:
        """Return the open dossier that has to end first; another body's draft asks for nothing."""
        return next(
            (
                row.dossier
                for row in self.rows.get(key or 0, ())
                if row.dossier.state != State.DRAFT or row.dossier.agency_id == agency
            ),
            None,
        )


def standing_about(keys: Collection[int], effect: EffectKind) -> Standing:
    """Return the open rows about the certificates and devices of ``keys``, in one query."""
    found = Standing(effect)
    about = Q(certificate__key__in=keys) | Q(device__key__in=keys)
    for row in open_rows(_WAITS_FOR.get(effect, (effect,))).filter(about):
        thing = row.certificate or row.device
        assert thing is not None
        found.rows.setdefault(thing.key_id or 0, []).append(row)
    return found


def open_rows(effects: Iterable[EffectKind]) -> QuerySet[DossierItem]:
    """Return the rows of dossiers that have not ended, drafts too, the newest first."""
    wanted = set(effects)
    codes = [kind.code for kind in kinds.KINDS.values() if kind.effect in wanted]
    rows = DossierItem.objects.filter(dossier__kind__in=codes, outcome__in=_NO_END)
    joined = rows.select_related("dossier", "certificate", "device", "plan_line")
    return joined.exclude(dossier__state__in=ENDED).order_by("-pk")


def _asks_for_it(row: DossierItem, effect: EffectKind) -> bool:
    """A row of Mẫu 04 that only renews changes no name."""
    return effect is not EffectKind.RENEW_CHANGE or bool(row.answers.get("changes"))
