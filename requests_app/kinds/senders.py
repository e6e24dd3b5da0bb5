"""Of what a sender may speak: its own, its units' without a seal, its predecessors'."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from devices.models import Device
from portal.agencies.models import Agency
from portal.agencies.querysets import ancestors_of, heirs_of


def devices_of_sender(agency_id: int, devices: Iterable[Device]) -> set[int]:
    """Return the keys of those of ``devices`` that body answers for."""
    found = list(devices)
    others = {device.agency_id for device in found if device.agency_id} - {agency_id}
    bodies = {agency_id} | (bodies_spoken_for(agency_id, others) if others else set())
    return {device.pk for device in found if device.agency_id in bodies}


def bodies_spoken_for(agency_id: int, others: set[int]) -> set[int]:
    """Return those of ``others`` in whose matters that body writes (R26, DOMAIN 14.8).

    Units below it without a seal send nothing themselves; bodies that went over to it, or it to
    them: an open dossier goes on under the successor.
    """
    bodies = Agency.objects.filter(
        Q(parent=agency_id, has_seal=False)
        | Q(pk__in=ancestors_of(agency_id))
        | Q(pk__in=heirs_of(agency_id)),
        pk__in=others,
    )
    return set(bodies.order_by().values_list("pk", flat=True))
