"""Open dossiers that already ask for the same: refused with a link to the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from portal.core.rules import Violation
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.kinds.senders import bodies_spoken_for
from requests_app.models import Dossier, DossierItem
from requests_app.rules.dossiers import is_not_asked_twice
from requests_app.workflow import ENDED, State

# Ended or not yet put before anybody: these ask for nothing.
_ASKS_FOR_NOTHING = (*ENDED, State.DRAFT)


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows of open dossiers about some keys, read once for several questions about them."""

    of_certificates: Sequence[DossierItem]
    of_devices: Sequence[DossierItem]  # that name no certificate


def what_is_asked(
    items: Sequence[DossierItem],
    *,
    by: Iterable[EffectKind] = EffectKind,
    outside: Dossier | None = None,
) -> Asked:
    """Return what open dossiers ask with effects ``by`` of the keys ``items`` are about."""
    standing = standing_rows(by).exclude(dossier=outside.pk if outside else None)
    standing = standing.select_related("dossier__agency", "certificate", "device").only(
        "dossier", "certificate__key", "device__key"
    )
    return Asked(
        list(standing.filter(certificate__key__in={_key_of(item) for item in items} - {None})),
        list(standing.filter(device__key__in=_device_keys(items), certificate__isnull=True)),
    )


def asked_twice(
    dossier: Dossier,
    items: Sequence[DossierItem],
    *,
    by: Collection[EffectKind],
    asked: Asked | None = None,
) -> list[Violation]:
    """Return the rows whose key stands in another open dossier, by its certificate or its device.

    A certificate and the one that replaced it are the same thing here: their device is unlocked or
    given back once, and a revocation ends all that is on the key. Only effects ``by`` count: a
    revocation, say, never waits for anything but another revocation. ``asked`` is what was read
    before.
    """
    asked = asked or what_is_asked(items, by=by, outside=dossier)
    of_devices = _device_keys(items)
    rows = [
        *asked.of_certificates,
        *(row for row in asked.of_devices if _key_of(row) in of_devices),
    ]
    others = {_key_of(row): row.dossier for row in rows if kinds.get(row.dossier.kind).effect in by}
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


def _device_keys(items: Iterable[DossierItem]) -> set[int | None]:
    return {item.device.key_id for item in items if item.device} - {None}


def standing_rows(effects: Iterable[EffectKind]) -> QuerySet[DossierItem]:
    """Return the rows of open dossiers with one of ``effects`` that have no end yet."""
    codes = kinds.codes_with(*effects)
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
