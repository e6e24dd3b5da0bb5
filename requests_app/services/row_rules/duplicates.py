"""Open dossiers that already ask for the same: refused with a link to the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db.models import QuerySet
from django.urls import reverse

from portal.core.rules import Violation
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, DossierItem
from requests_app.rules.dossiers import is_not_asked_twice
from requests_app.services.row_rules.senders import bodies_spoken_for
from requests_app.workflow import ENDED, State

# Ended or not yet put before anybody: these ask for nothing.
_ASKS_FOR_NOTHING = (*ENDED, State.DRAFT)


def asked_twice(
    dossier: Dossier, items: Sequence[DossierItem], *, by: Iterable[EffectKind]
) -> list[Violation]:
    """Return the rows whose certificate (or, without one, device) stands in another open dossier.

    Only effects ``by`` count: a revocation, say, never waits for anything but another revocation.
    """
    others = _others(dossier, items, by=by)
    bodies = {other.agency_id for other in others.values()} - {dossier.agency_id}
    known = bodies_spoken_for(dossier.agency_id, bodies) if bodies else set()
    found = (
        stands_in(other, item, sender=dossier.agency_id, known=known)
        for item in items
        if (other := others.get(("certificate", item.certificate_id)))
        or (other := others.get(("device", item.device_id)))
    )
    return [violation for violation in found if violation]


def _others(
    dossier: Dossier, items: Sequence[DossierItem], *, by: Iterable[EffectKind]
) -> dict[tuple[str, int | None], Dossier]:
    standing = standing_rows(by).exclude(dossier=dossier.pk).select_related("dossier__agency")
    certificates = {item.certificate_id for item in items} - {None}
    devices = {item.device_id for item in items} - {None}
    found: dict[tuple[str, int | None], Dossier] = {}
    for other in standing.filter(certificate__in=certificates):
        found["certificate", other.certificate_id] = other.dossier
    for other in standing.filter(device__in=devices, certificate__isnull=True):
        found["device", other.device_id] = other.dossier
    return found


def standing_rows(effects: Iterable[EffectKind]) -> QuerySet[DossierItem]:
    """Return the rows of open dossiers with one of ``effects`` that have no end yet."""
    wanted = set(effects)
    codes = [kind.code for kind in kinds.KINDS.values() if kind.effect in wanted]
    rows = DossierItem.objects.filter(dossier__kind__in=codes, outcome="")
    return rows.exclude(dossier__state__in=_ASKS_FOR_NOTHING)


def stands_in(
    other: Dossier, item: DossierItem, *, sender: int, known: Collection[int] = ()
) -> Violation | None:
    """Say that ``item`` of the body ``sender`` stands in ``other``; only an own one is linked.

    Of a body that is not among the ``known``, those it speaks for, neither name nor number is told.
    """
    number = other.letter_number or "chưa có số"
    is_own = other.agency_id == sender
    if not is_own:
        is_known = other.agency_id in known
        number = f"{number} của {other.agency.name}" if is_known else "của một cơ quan khác"
    return is_not_asked_twice(
        number,
        item.position,
        item.title,
        link=reverse("requests_app:detail", args=[other.uuid]) if is_own else "",
    )
