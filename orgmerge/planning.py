"""The merger planner: from what is known of the bodies to what is done about each thing.

Pure: no ORM, no clock. The decision tables are in ``orgmerge.deciding``, one module a subject;
``orgmerge.reasons`` says in words what the codes of the lines mean.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from operator import attrgetter

from orgmerge.deciding import devices, organisations, people, records
from orgmerge.deciding.roads import Atlas
from orgmerge.facts import Certificate, Line, Plan, World

_KEY, _STAGE = attrgetter("pk"), attrgetter("stage")


def plan(world: World) -> Plan:
    """Return what is to be done about every certificate, device, subscriber and dossier of
    ``world``, each in exactly one line, and about its targets; whatever the order of its parts.

    Lines that wait for a person's word show what follows from the proposed choice and are open.
    """
    # A million lines are made and all are kept: the collector would walk them in vain, for a third
    # of the time.
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        return _plan(world)
    finally:
        if is_collecting:
            gc.enable()


def _plan(world: World) -> Plan:
    atlas = Atlas(world)
    certificates = {certificate.pk: certificate for certificate in world.certificates}
    of_bodies = [one for one in certificates.values() if one.kind == "organisation"]
    held = _by_holder(certificates.values())
    outcome = organisations.decide(atlas, of_bodies)
    lines = outcome.certificates
    lines |= people.decide(atlas, held)
    found: list[Line] = []
    for about in (
        outcome.bodies,
        lines.values(),
        devices.decide(atlas, certificates, lines),
        records.decide_dossiers(atlas, world.dossiers),
        records.decide_subscribers(atlas, held, lines),
    ):
        found += sorted(about, key=_KEY)
    found.sort(key=_STAGE)  # what is of one stage stays together by what it is about
    return Plan(found, outcome.choices)


def _by_holder(certificates: Iterable[Certificate]) -> dict[int, list[Certificate]]:
    found: dict[int, list[Certificate]] = {}
    for certificate in certificates:
        if certificate.kind != "organisation":
            found.setdefault(certificate.subscriber, []).append(certificate)
    return found
