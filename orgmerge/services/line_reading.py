"""One line of a plan with what stands around it: the thing's page, the lines that hang on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from devices.models import Device
from orgmerge.models import Merger, MergerBody, PlanLine, Settlement
from orgmerge.words import About
from portal.accounts.models import User
from portal.agencies.models import Subscriber
from portal.ca.models import Certificate
from requests_app.models import Dossier

_MOST_RELATED = 30
_TABLES: Mapping[str, Any] = {
    About.BODY: MergerBody,
    About.CERTIFICATE: Certificate,
    About.DEVICE: Device,
    About.SUBSCRIBER: Subscriber,
    About.DOSSIER: Dossier,
}
_PAGES: Mapping[str, str] = {
    About.CERTIFICATE: "ca:detail",
    About.DEVICE: "devices:detail",
    About.SUBSCRIBER: "agencies:subscriber",
    About.DOSSIER: "requests_app:detail",
}


@dataclass(frozen=True, slots=True)
class Around:
    """What a line's page shows beside it."""

    page: str  # of the thing itself, "" where the user may not open it
    related: Sequence[PlanLine]
    settlement: Settlement | None


def find_line(lines: QuerySet[PlanLine], about: str, thing: UUID) -> PlanLine | None:
    """Return the line about a thing, by what is told in an address."""
    keys = _TABLES[about].objects.filter(uuid=thing).order_by().values("pk")
    joined = lines.select_related("agency", "sender__agency", "successor", "dossier")
    return joined.filter(about=about, target_id__in=keys).first()


def around(merger: Merger, line: PlanLine, lines: QuerySet[PlanLine], user: User) -> Around:
    """Return what stands around ``line``; ``lines`` are those the user may see."""
    return Around(
        page=_page(merger, line, user),
        related=_related(line, lines),
        settlement=merger.settlements.select_related("body", "decided_by")
        .filter(about=line.about, target_id=line.target_id)
        .first(),
    )


def _page(merger: Merger, line: PlanLine, user: User) -> str:
    if line.about == About.BODY:
        return reverse("orgmerge:body", args=[merger.uuid, line.target_uuid])
    visible = _TABLES[line.about].objects.visible_to(user)
    if not visible.filter(pk=line.target_id).exists():
        return ""
    return reverse(_PAGES[line.about], args=[line.target_uuid])


def _related(line: PlanLine, lines: QuerySet[PlanLine]) -> Sequence[PlanLine]:
    found = Q()
    for about, keys in _things_around(line).items():
        found |= Q(about=about, target_id__in=keys)
    if not found:
        return []
    around_it = lines.filter(found).exclude(pk=line.pk).select_related("sender")
    return list(around_it.order_by("stage", "pk")[:_MOST_RELATED])


def _things_around(line: PlanLine) -> Mapping[str, Collection[int]]:
    """Return what hangs together with the thing: device, certificates, holder."""
    key = line.target_id
    if line.about == About.CERTIFICATE:
        found = Certificate.objects.filter(pk=key).values_list("key__device", "subscriber")
        device, holder = found.get()
        return {
            About.DEVICE: _known(device),
            About.SUBSCRIBER: _known(holder),
            About.CERTIFICATE: _known(line.successor_id),
        }
    if line.about == About.DEVICE:
        on_it = Certificate.objects.filter(key__device=key).values_list("pk", "subscriber")
        pairs = list(on_it.order_by("-issued_at", "-pk")[:_MOST_RELATED])
        holder = Device.objects.filter(pk=key).values_list("subscriber", flat=True).get()
        return {
            About.CERTIFICATE: [pk for pk, _holder in pairs],
            About.SUBSCRIBER: {*_known(holder), *(held for _pk, held in pairs)},
        }
    if line.about == About.SUBSCRIBER:
        theirs = Certificate.objects.filter(subscriber=key).order_by("-issued_at", "-pk")
        devices = Device.objects.filter(subscriber=key).order_by("pk")
        return {
            About.CERTIFICATE: list(theirs.values_list("pk", flat=True)[:_MOST_RELATED]),
            About.DEVICE: list(devices.values_list("pk", flat=True)[:_MOST_RELATED]),
        }
    return {}


def _known(key: int | None) -> Collection[int]:
    return [] if key is None else [key]
