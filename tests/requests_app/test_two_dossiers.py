"""Two dossiers for the same thing, let through as rules alone could not have let them: one effect.

Each test begins where both are confirmed and carries them out at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.conf import settings as portal
from django.db import connection

from devices import services as devices
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device
from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.ca.models import Certificate
from portal.core.rules import Refused
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.catalogue.mau_04_renew_change import effect as renewing
from requests_app.catalogue.mau_04_renew_change.prefill import row_of as renewal_row
from requests_app.catalogue.mau_05_revoke.prefill import row_of as revocation_row
from requests_app.execution import services as execution
from requests_app.models import Dossier, DossierItem, Outcome, Procedure
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.builders import NOW
from tests.requests_app import recovery, returns

pytestmark = pytest.mark.django_db(transaction=True)

SOON = NOW + timedelta(seconds=5)
CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}


@pytest.fixture(autouse=True)
def _standing_ca() -> Iterator[None]:
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    authority.own()
    yield
    keystore.close()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all at the same moment, each on a connection of its own; return what came of each."""
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        ready.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def hidden(dossier: Dossier) -> str:
    """Let the rules not see ``dossier`` while another is sent; return the state to put back."""
    state = dossier.state
    Dossier.objects.filter(pk=dossier.pk).update(state=State.DRAFT)
    return state


def confirmed(people: story.Cast, kind: str, row: Mapping[str, str]) -> Dossier:
    dossier = story.draft_of(people, kind, [row])
    return story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)


def outcomes(*dossiers: Dossier) -> list[str]:
    found = DossierItem.objects.filter(dossier__in=dossiers)
    return sorted(found.values_list("outcome", flat=True))


def test_of_a_renewal_and_a_revocation_no_valid_certificate_is_left() -> None:
    people = story.cast(procedure=Procedure.RENEW_CHANGE)
    builders.routing(Procedure.REVOKE, Route.DIRECT)
    old = story.give_certificate(builders.person("Lò Văn Ánh", at=people.agency), days_left=200)
    row = renewal_row(old, renews=True, changes=False)
    renewal = confirmed(people, "mau_04_renew_change", row)
    row = revocation_row(old, cause="retired") | CARD
    revocation = confirmed(people, "mau_05_revoke", row)

    at_once(
        lambda: execution.execute(renewal.pk, now=SOON),
        lambda: execution.execute(revocation.pk, now=SOON),
    )

    assert not Certificate.objects.valid_at(SOON).filter(key=old.key).exists()
    renewal.refresh_from_db()
    is_renewed = Certificate.objects.filter(predecessor=old).exists()
    assert renewal.state == (State.COMPLETED if is_renewed else State.EXECUTION_FAILED)
    assert outcomes(revocation) == [Outcome.DONE]
    device = Device.objects.get(key=old.key)
    assert device.custody == Custody.TO_BE_RETURNED
    assert Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).count() == 1


def test_of_two_recoveries_one_unlocks_the_device() -> None:
    people = recovery.cast()
    device = recovery.locked(people)
    first = recovery.confirmed(people, device)
    state = hidden(first)
    second = recovery.confirmed(people, device)
    Dossier.objects.filter(pk=first.pk).update(state=state)

    at_once(
        lambda: execution.execute(first.pk, now=SOON),
        lambda: execution.execute(second.pk, now=SOON),
    )

    assert outcomes(first, second) == [Outcome.DONE, Outcome.FAILED]
    assert CustodyMove.objects.filter(device=device, move=Move.UNLOCK).count() == 1
    device.refresh_from_db()
    assert device.condition == Condition.OK
    assert devices.ledger_agrees(device)


def test_of_two_sets_of_minutes_one_receives_the_device() -> None:
    people = returns.cast()
    (device,) = returns.at_agency(people)
    first = returns.sent(people, [device])
    state = hidden(first)
    second = returns.sent(people, [device])
    Dossier.objects.filter(pk=first.pk).update(state=state)
    first.refresh_from_db()
    both = [returns.look_at_all(dossier, people) for dossier in (first, second)]

    def receive(dossier: Dossier) -> Callable[[], object]:
        def act() -> str:
            try:
                story.step(dossier, Action.TAKE_ALL, people.operator)
            except Refused:
                return "refused"
            return "received"

        return act

    came = at_once(*(receive(dossier) for dossier in both))

    assert sorted(map(str, came)) == ["received", "refused"]
    assert CustodyMove.objects.filter(device=device, move=Move.RETURN_TO_CA).count() == 1
    device.refresh_from_db()
    assert device.custody == Custody.AT_CA
    assert devices.ledger_agrees(device)
    assert not Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).exists()


def test_a_ca_that_goes_away_between_two_rows_leaves_the_rest_as_it_was() -> None:
    people = story.cast(procedure=Procedure.RENEW_CHANGE)
    old = [
        story.give_certificate(builders.person(f"Lò Văn {name}", at=people.agency), days_left=200)
        for name in ("An", "Bình")
    ]
    rows = [renewal_row(one, renews=True, changes=False) for one in old]
    dossier = story.draft_of(people, "mau_04_renew_change", rows)
    story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)
    assert execution.begin(dossier.pk, now=SOON)
    first, second = execution.next_chunk(dossier.pk)
    renewing.do_chunk(dossier.pk, [first], now=SOON)
    after = SOON + portal.EXECUTION_LEASE + timedelta(minutes=1)

    keystore.close()
    with pytest.raises(authority.NotConfigured):
        renewing.do_chunk(dossier.pk, [second], now=SOON)
    assert execution.execute_accepted(now=after) == 0

    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTING
    assert outcomes(dossier) == [Outcome.NONE, Outcome.DONE]
    assert list(Certificate.objects.filter(predecessor__isnull=False)) == [
        Certificate.objects.get(predecessor=old[0])
    ]
    authority.open_for_signing()
    assert execution.execute_accepted(now=after) == 1
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert Certificate.objects.filter(predecessor__in=old).count() == 2
