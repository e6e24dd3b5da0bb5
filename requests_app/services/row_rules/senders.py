"""Whose devices a sender may speak of: its own and those of bodies it went over to or took over."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from devices.models import Device
from portal.agencies.models import Succession


def devices_of_sender(agency_id: int, devices: Iterable[Device]) -> set[int]:
    """Return the keys of those of ``devices`` that body answers for.

    A predecessor's dossier goes on after its devices went to the successor (DOMAIN 14.8).
    """
    found = list(devices)
    others = {device.agency_id for device in found} - {agency_id, None}
    bodies = {agency_id} | (_linked_to(agency_id) if others else set())
    return {device.pk for device in found if device.agency_id in bodies}


def _linked_to(agency_id: int) -> set[int]:
    linked = Succession.objects.filter(
        Q(predecessor=agency_id) | Q(successor=agency_id), in_effect=True
    )
    pairs = linked.values_list("predecessor", "successor")
    return {body for pair in pairs for body in pair}
