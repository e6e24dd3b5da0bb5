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
    """Return the rows whose key stands in another open dossier, by its certificate or its device.

    A certificate and the one that replaced it are the same thing here: their device is unlocked or
    given back once, and a revocation ends all that is on the key. Only effects ``by`` count: a
    revocation, say, never waits for anything but another revocation.
    """
    others = _others(dossier, items, by=by)
    bodies = {other.agency_id for other in others.values()} - {dossier.agency_id}
    known = bodies_spoken_for(dossier.agency_id, bodies) if bodies else set()
    found = (
        stands_in(other, item, sender=dossier.agency_id, known=known)
        for item in items
        if (other := others.get(_key_of(item)))
    )
    return [violation for violation in found if violation]


def _key_of(item: DossierItem) -> int | None:
    thing = item.device or item.certificate
    return thing.key_id if thing else None


def _others(
    dossier: Dossier, items: Sequence[DossierItem], *, by: Iterable[EffectKind]
) -> dict[int | None, Dossier]:
    """Return key → the open dossier it stands in."""
    keys = {_key_of(item) for item in items} - {None}
    of_devices = {item.device.key_id for item in items if item.device} - {None}
    standing = standing_rows(by).exclude(dossier=dossier.pk).select_related("dossier__agency")
    standing = standing.select_related("certificate", "device").only(
        "dossier", "certificate__key", "device__key"
    )
    found: dict[int | None, Dossier] = {}
    for other in standing.filter(certificate__key__in=keys):
        found[_key_of(other)] = other.dossier
    for other in standing.filter(device__key__in=of_devices, certificate__isnull=True):
        found[_key_of(other)] = other.dossier
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
