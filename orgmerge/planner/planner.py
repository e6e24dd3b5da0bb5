"""The merger planner: from what is known of the bodies to what is done about each thing.

Pure: no ORM, no clock. The decision tables are in ``orgmerge.planner``, one module a subject;
``orgmerge.planner.reasons`` says in words what the codes of the lines mean.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from operator import attrgetter

from orgmerge.planner import devices, dossiers, organisations, people
from orgmerge.planner.codes import Warn
from orgmerge.planner.facts import KnownCertificate, PlannerLine, PlannerResult, World
from orgmerge.planner.successors import PlanningContext
from orgmerge.vocabulary import LineAction

_ASKS_FOR_NAMES = frozenset({LineAction.CHANGE, LineAction.ISSUE})
_KEY, _STAGE = attrgetter("pk"), attrgetter("stage")


def plan(world: World) -> PlannerResult:
    """Return what is to be done about every certificate, device, subscriber and dossier of
    ``world``, each in exactly one line, and about its targets; whatever the order of its parts.

    Lines that wait for a person's word show what follows from the proposed choice and are open.
    """
    # A million lines are made and all are kept: the collector would walk them in vain, for a third
    # of the time.
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        context = PlanningContext(world)
        certificates = {certificate.pk: certificate for certificate in world.certificates}
        of_bodies = [one for one in certificates.values() if one.kind == "organisation"]
        held: dict[int, list[KnownCertificate]] = {}  # of people and systems, by holder
        for one in certificates.values():
            if one.kind != "organisation":
                held.setdefault(one.subscriber, []).append(one)
        result = organisations.decide(context, of_bodies)
        lines = result.certificates
        lines |= people.decide(context, held)
        leave_open_without_superior(world, lines)
        found: list[PlannerLine] = []
        for about in (
            result.bodies,
            lines.values(),
            devices.decide(context, certificates, lines),
            dossiers.decide_dossiers(context, world.dossiers),
            dossiers.decide_subscribers(context, held, lines),
        ):
            found += sorted(about, key=_KEY)
        found.sort(key=_STAGE)  # what is of one stage stays together by what it is about
        return PlannerResult(found, result.choices)
    finally:
        if is_collecting:
            gc.enable()


def leave_open_without_superior(world: World, lines: dict[int, PlannerLine]) -> None:
    """Open the lines that ask for a certificate which would name a superior nobody has told: that
    of a school of a divided commune, until a person says what it comes under."""
    unknown = {pk for pk, target in world.targets.items() if target.superior_unknown}
    if not unknown:
        return
    for pk, line in lines.items():
        if line.sender in unknown and line.action in _ASKS_FOR_NAMES:
            warnings = (*line.warnings, Warn.SUPERIOR_UNKNOWN)
            lines[pk] = replace(line, is_open=True, warnings=warnings)
