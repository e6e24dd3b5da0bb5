"""Bodies with much to do at once: ``python -m tests.drills.offices made 5 40``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from devices.lifecycle import Custody, Move  # noqa: E402
from devices.models import CustodyMove  # noqa: E402
from portal.ca.authority import services as authority  # noqa: E402
from portal.ca.register import services as ca  # noqa: E402
from portal.core.roles import Role  # noqa: E402
from portal.notices.models import Mailing, NoticePreference  # noqa: E402
from requests_app.models import Dossier, DossierEvent, DossierItem, Procedure  # noqa: E402
from requests_app.workflow import Action, Route  # noqa: E402
from tests import builders, story  # noqa: E402
from tests.drills.world import work_today  # noqa: E402

TABS = 5


def offices(bodies: int, stock: int) -> dict[str, Any]:
    """Make an office with ``bodies`` bodies that sign digitally, the CA and three administrators.

    Each clerk has a device to hand over for each of ``stock``; the first clerk has a draft in each
    tab. Returns the account names and what they have, as plain values.
    """
    now = timezone.now()
    authority.open_for_signing()
    work_today(now=now)
    people = story.cast()
    builders.routing(Procedure.HANDOVER_NOTICE, Route.NOTICE)
    for key in ca.make_keys("token", stock * bodies, now=now):
        builders.device(key_pair=key)
    teams = []
    for _number in range(bodies):
        agency = builders.agency(office=people.agency.office)
        team = replace(
            people,
            agency=agency,
            clerk=builders.user(Role.CLERK, agency=agency),
            head=builders.user(Role.HEAD, agency=agency),
        )
        team.clerk.person = builders.person("Lò Thị Thư", at=agency)
        team.clerk.save()
        teams.append(story.able_to_sign(team, now=now))
    return {
        "teams": [
            {
                "clerk": team.clerk.username,
                "head": team.head.username,
                "agency": team.agency.name,
                "devices": _at_agency(team, stock),
            }
            for team in teams
        ],
        "drafts": [str(story.drafted(teams[0], rows=2, now=now).uuid) for _tab in range(TABS)],
        "clerk": str(teams[0].clerk.uuid),
        "officer": people.officer.username,
        "office_head": people.office_head.username,
        "operator": people.operator.username,
        "supervisor": people.supervisor.username,
        "auditor": builders.user(Role.AUDITOR, agency=people.agency.office).username,
        "administrators": [_administrator(teams[0]) for _one in range(3)],
    }


def _administrator(team: story.Cast) -> str:
    """An account whose person is known, as who gives roles must be."""
    return builders.user(Role.ADMINISTRATOR, person=builders.person(at=team.agency)).username


def _at_agency(team: story.Cast, count: int) -> list[list[str]]:
    """Devices with a certificate that wait at the body for their holders: address and serial."""
    made = []
    for _number in range(count):
        holder = builders.person(at=team.agency)
        (key,) = ca.make_keys("token", 1, now=timezone.now())
        device = builders.device(
            custody=Custody.AT_AGENCY, agency=team.agency, subscriber=holder, key_pair=key
        )
        builders.certificate(subscriber=holder, key_pair=key)
        made.append([str(device.uuid), device.serial])
    return made


def lost(path: str) -> list[str]:
    """Return what the portal had said was done (see ``users.Desks``) and does not stand there."""
    said = json.loads(Path(path).read_text())
    typed = said["typed"]
    kept = {
        str(item.uuid): item.answers["position"]
        for item in DossierItem.objects.filter(uuid__in=list(typed))
    }
    found = [f"row {row}: {text}" for row, text in typed.items() if kept.get(row) != text]
    counts = {str(uuid): rows for uuid, rows in Dossier.objects.values_list("uuid", "row_count")}
    found += [f"rows of {one}" for one, rows in said["rows"].items() if counts.get(one) != rows]
    for action in (Action.SIGN, Action.SEAL, Action.FORWARD, Action.DECIDE, Action.CONFIRM):
        steps = DossierEvent.objects.filter(action=action)
        taken = Counter(map(str, steps.values_list("dossier__uuid", flat=True)))
        found += [
            f"{action} {dossier}: {taken[dossier]} times"
            for dossier in said["steps"].get(action, [])
            if taken[dossier] != 1
        ]
    moves = CustodyMove.objects.filter(move=Move.HAND_OVER)
    handed = Counter(map(str, moves.values_list("device__uuid", flat=True)))
    found += [f"device {device}" for device in said["handed_over"] if handed[device] != 1]
    chosen = dict(NoticePreference.objects.values_list("user__username", "mailing"))
    found += [
        f"mail to {name}: {wanted}, not {chosen.get(name)}"
        for name, wanted in said["preferences"].items()
        if chosen.get(name, Mailing.AT_ONCE) != wanted
    ]
    return found


if __name__ == "__main__":
    scene, *arguments = sys.argv[1:]
    said = lost(*arguments) if scene == "lost" else offices(*map(int, arguments))
    json.dump(said, sys.stdout)
