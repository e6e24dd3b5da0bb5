"""What people do while a reorganisation is carried out: ``python -m tests.drills.clerks file 2 0``.

Each step is as a page takes it, a transaction of its own, and found by what is still to be done:
whoever is interrupted anywhere begins again and does nothing twice.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import django

django.setup()

from django.utils import timezone  # noqa: E402

from devices.holders.services import take_back  # noqa: E402
from devices.lifecycle import Custody  # noqa: E402
from devices.models import Device  # noqa: E402
from orgmerge.models import Merger, MergerBody  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.agencies.models import Agency  # noqa: E402
from portal.ca.models import Certificate  # noqa: E402
from portal.ca.register.installation import confirm_installed  # noqa: E402
from portal.core.roles import Role  # noqa: E402
from requests_app.decision.services import RowDecision, decide_rows  # noqa: E402
from requests_app.models import Decision, Dossier  # noqa: E402
from requests_app.workflow import Action, Route, State  # noqa: E402
from tests import story  # noqa: E402
from tests.orgmerge import carried  # noqa: E402


def team_of(body: MergerBody) -> story.Cast:
    """Who brings the letters of a body to their end."""
    assert body.agency is not None
    return story.Cast(
        agency=body.agency,
        clerk=_first(Role.CLERK, body.agency),
        head=_first(Role.HEAD, body.agency),
        officer=body.merger.created_by,
        office_head=_first(Role.OFFICE_HEAD, body.merger.office),
        operator=_first(Role.CA_OPERATOR),
        supervisor=_first(Role.CA_SUPERVISOR),
    )


def _first(role: Role, agency: Agency | None = None) -> User:
    people = User.objects.filter(role=role, is_active=True).order_by("pk")
    return (people.filter(agency=agency) if agency else people)[0]


def file(people: story.Cast) -> None:
    """Bring every letter that the plan opened as far as people bring it."""
    letters = Dossier.objects.filter(agency=people.agency, note__startswith="Thực hiện ")
    for letter in letters.order_by("pk"):
        while step := _STEPS.get(State(letter.state)):
            step(letter, people)
            letter.refresh_from_db()


def _ask_for_signature(letter: Dossier, people: story.Cast) -> None:
    now = timezone.now()
    if not letter.letter_number:
        carried.number(letter, people, now=now)
    carried.fill_in_cards(letter, people, now=now)
    story.step(letter, Action.REQUEST_SIGNATURE, people.clerk, now=now)


def _sign(letter: Dossier, people: story.Cast) -> None:
    now = timezone.now()
    if not letter.attachments.exists():
        story.scan(letter, people.clerk, now=now)
    story.step(letter, Action.SIGN, people.head, now=now)


def _seal(letter: Dossier, people: story.Cast) -> None:
    story.step(letter, Action.SEAL, people.clerk, now=timezone.now())


def _decide(letter: Dossier, people: story.Cast) -> None:
    now = timezone.now()
    is_minutes = letter.route == Route.MINUTES
    undecided = letter.items.filter(decision="")
    if undecided:
        seen = {item: item.answers["device_serial"] if is_minutes else "" for item in undecided}
        said = {item.uuid: RowDecision(Decision.ACCEPTED, "", seen[item]) for item in undecided}
        decide_rows(letter, said, actor=people.operator, now=now, version=letter.version)
    last = Action.TAKE_ALL if is_minutes else Action.DECIDE
    story.step(letter, last, people.operator, now=now)


def _confirm(letter: Dossier, people: story.Cast) -> None:
    story.confirm(letter, people, now=timezone.now())


_STEPS: Mapping[State, Callable[[Dossier, story.Cast], None]] = {
    State.DRAFT: _ask_for_signature,
    State.AWAITING_SIGNATURE: _sign,
    State.AWAITING_SEAL: _seal,
    State.SUBMITTED: _decide,
    State.DECIDED: _confirm,
}


def install(people: story.Cast) -> None:
    """Put the new certificates on the devices."""
    waiting = Certificate.objects.filter(
        agency=people.agency, predecessor__isnull=False, installed_at__isnull=True
    )
    for certificate in waiting.order_by("pk"):
        confirm_installed(certificate, actor=people.clerk, now=timezone.now())


def fetch(people: story.Cast) -> None:
    """Take back what was recalled, all of it at once."""
    recalled = Device.objects.filter(agency=people.agency, custody=Custody.TO_BE_RETURNED)
    devices: Sequence[Device] = list(recalled.order_by("pk"))
    if devices:
        serials = [device.serial for device in devices]
        take_back(devices, serials_seen=serials, actor=people.clerk, now=timezone.now())


if __name__ == "__main__":
    act = {"file": file, "install": install, "fetch": fetch}[sys.argv[1]]
    of, part = map(int, sys.argv[2:])
    bodies = Merger.objects.get().bodies.select_related("agency__office", "merger__office")
    for body in list(bodies.order_by("pk"))[part::of]:
        act(team_of(body))
