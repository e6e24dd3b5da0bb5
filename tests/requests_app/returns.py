"""Devices on their way back, for the tests of Mẫu 08."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from devices import services as devices
from devices.holders.services import take_back
from devices.models import Device
from portal.accounts.models import User
from requests_app.catalogue.mau_08_return.prefill import rows_of
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.models import Decision, Dossier, Procedure
from requests_app.workflow import Route
from tests import builders, story
from tests.builders import NOW

PAPER = ("test", None, "Chứng thư hết hạn")


def cast(route: Route = Route.MINUTES) -> story.Cast:
    """The people of minutes, and the rule they go by."""
    return story.cast(route, procedure=Procedure.RETURN_DEVICE)


def with_subscriber(people: story.Cast, *, days_left: int = -1) -> Device:
    """A device its subscriber holds; its certificate ends in ``days_left`` days."""
    subscriber = builders.person(at=people.agency)
    key = builders.key()
    end = NOW + timedelta(days=days_left)
    builders.certificate(subscriber=subscriber, key_pair=key, not_after=end)
    return builders.in_hands_of(subscriber, key)


def at_agency(people: story.Cast, count: int = 1, *, days_left: int = -1) -> list[Device]:
    """Devices that came back to the agency; where the certificate ended, the clock runs."""
    found = [with_subscriber(people, days_left=days_left) for _number in range(count)]
    keys = [device.key_id for device in found if device.key_id]
    devices.open_return(keys, paper=PAPER, reason="Hết hạn", now=NOW)
    seen = [device.serial for device in found]
    take_back(found, serials_seen=seen, actor=people.clerk, now=NOW)
    for device in found:
        device.refresh_from_db()
    return found


def drafted(people: story.Cast, given_back: Sequence[Device]) -> Dossier:
    return story.draft_of(people, "mau_08_return", rows_of(list(given_back), now=NOW))


def sent(people: story.Cast, given_back: Sequence[Device]) -> Dossier:
    """Minutes signed in ink and before the receiving side."""
    return story.send_in_ink(drafted(people, given_back), people)


def receiver(people: story.Cast, dossier: Dossier) -> User:
    return people.operator if dossier.route == Route.MINUTES else people.officer


def look_at_all(
    dossier: Dossier, people: story.Cast, *, missing: int = 0, remark: str = ""
) -> Dossier:
    """Every row decided by the receiver: the last ``missing`` not there, the others received."""
    items = list(dossier.items.all())
    said = {
        item.uuid: RowDecision(Decision.REFUSED, "Không có trong túi")
        if item.position > len(items) - missing
        else RowDecision(Decision.ACCEPTED, remark, item.answers["device_serial"])
        for item in items
    }
    actor = receiver(people, dossier)
    decide_rows(dossier, said, actor=actor, now=NOW, version=dossier.version)
    dossier.refresh_from_db()
    return dossier
