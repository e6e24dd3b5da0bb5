"""A renewal asked for in time, and answered after its certificate has run out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from django.utils import timezone

from devices import services as devices
from devices.lifecycle import Custody
from devices.models import Device, RecallPutOff
from portal.ca.models import Certificate
from portal.ca.register import expiry, installation, renewals
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.reminders import remind_all
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.execution import services as execution
from requests_app.models import Dossier, Outcome, Procedure
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.builders import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]

DAY = timedelta(days=1)
EXPIRED = NOW + 31 * DAY  # the certificate has 30 days left when its renewal is asked for
RETURN, DOOR, EXPIRY = (
    DeadlineKind.DEVICE_RETURN,
    DeadlineKind.RENEWAL_DOOR,
    DeadlineKind.CERTIFICATE_EXPIRY,
)


class Scene(NamedTuple):
    people: story.Cast
    old: Certificate
    device: Device


@pytest.fixture
def scene() -> Scene:
    people = story.cast(Route.DIRECT, procedure=Procedure.RENEW_CHANGE)
    old = story.give_certificate(builders.person("Lò Thị Hạn", at=people.agency), days_left=30)
    expiry.open_doors([old], now=NOW)
    return Scene(people, old, Device.objects.get(key=old.key))


def asked(scene: Scene, row: Mapping[str, str]) -> Dossier:
    draft = story.draft_of(scene.people, "mau_04_renew_change", [row])
    return story.send_in_ink(draft, scene.people)


def renewal(scene: Scene) -> Dossier:
    return asked(scene, row_of(scene.old, renews=True, changes=False))


def change(scene: Scene) -> Dossier:
    new = {"new_email": "moi.tanuyen@laichau.gov.vn"}
    return asked(scene, row_of(scene.old, renews=False, changes=True) | new)


def sweep(now: datetime) -> None:
    """What beat would have run, in its order."""
    while devices.recall_expired(now=now):
        pass
    expiry.open_missing(now=now)
    remind_all(now=now)
    expiry.shut_doors(now=now)


def custody_of(device: Device) -> str:
    device.refresh_from_db()
    assert devices.ledger_agrees(device)
    return device.custody


def running(target: Certificate | Device) -> list[str]:
    found = Deadline.objects.open().filter(target_uuid=target.uuid)
    return list(found.values_list("kind", flat=True))


def carry_out(dossier: Dossier, people: story.Cast, *, now: datetime) -> Dossier:
    story.confirm(story.decide(dossier, people, now=now), people, now=now)
    execution.execute_accepted(now=now + timedelta(minutes=1))
    dossier.refresh_from_db()
    return dossier


def test_the_late_answer_finds_the_device_where_it_was(scene: Scene) -> None:
    dossier = renewal(scene)
    for day in range(40):
        sweep(NOW + day * DAY)
    late = NOW + 40 * DAY
    assert (custody_of(scene.device), running(scene.device)) == (Custody.WITH_SUBSCRIBER, [])
    assert running(scene.old) == []

    carry_out(dossier, scene.people, now=late)
    sweep(late + DAY)

    new = Certificate.objects.get(predecessor=scene.old)
    assert dossier.state == State.COMPLETED
    assert new.not_before >= late
    assert timezone.localdate(new.not_after) == builders.TODAY.replace(
        year=builders.TODAY.year + 3
    ) + timedelta(days=39)
    assert (custody_of(scene.device), running(scene.device)) == (Custody.WITH_SUBSCRIBER, [])
    assert (running(scene.old), running(new)) == ([], [DOOR])
    assert not RecallPutOff.objects.exists()


def test_a_renewed_certificate_that_had_run_out_is_installed_as_any_other(scene: Scene) -> None:
    carry_out(renewal(scene), scene.people, now=EXPIRED)
    new = Certificate.objects.get(predecessor=scene.old)

    installation.confirm_installed(new, actor=scene.people.clerk, now=EXPIRED + DAY)
    sweep(EXPIRED + DAY)

    assert Certificate.objects.usable_at(EXPIRED + DAY).filter(pk=new.pk).exists()
    assert custody_of(scene.device) == Custody.WITH_SUBSCRIBER


@pytest.mark.parametrize("ended_by", [Action.WITHDRAW, Action.RETURN, Action.REJECT])
def test_a_no_after_the_end_starts_the_way_back(scene: Scene, ended_by: Action) -> None:
    dossier = renewal(scene)
    sweep(EXPIRED)
    assert custody_of(scene.device) == Custody.WITH_SUBSCRIBER

    end(dossier, ended_by, scene.people, now=EXPIRED + DAY)
    sweep(EXPIRED + DAY)

    assert custody_of(scene.device) == Custody.TO_BE_RETURNED
    clock = Deadline.objects.open().get(target_uuid=scene.device.uuid)
    assert (clock.kind, clock.received_on) == (RETURN, timezone.localdate(EXPIRED + DAY))
    assert not RecallPutOff.objects.exists()
    moves = scene.device.moves.count()
    sweep(EXPIRED + 2 * DAY)
    assert scene.device.moves.count() == moves


def end(dossier: Dossier, action: Action, people: story.Cast, *, now: datetime) -> None:
    if action == Action.REJECT:
        story.decide(dossier, people, refuse=1, now=now)
        story.step(dossier, action, people.supervisor, now=now)
    else:
        actor = people.clerk if action == Action.WITHDRAW else people.operator
        story.step(dossier, action, actor, reason="Không còn nhu cầu", now=now)


def test_everything_missed_in_an_outage_is_made_up_for(scene: Scene) -> None:
    """No sweep between the request and long after the answer."""
    dossier = renewal(scene)
    end(dossier, Action.REJECT, scene.people, now=EXPIRED + DAY)

    sweep(EXPIRED + 30 * DAY)

    assert custody_of(scene.device) == Custody.TO_BE_RETURNED


def test_a_failed_row_keeps_the_device_for_the_next_attempt(scene: Scene) -> None:
    dossier = renewal(scene)
    story.confirm(story.decide(dossier, scene.people), scene.people)
    dossier.items.update(outcome=Outcome.FAILED)
    Dossier.objects.filter(pk=dossier.pk).update(state=State.EXECUTION_FAILED)

    sweep(EXPIRED)

    assert custody_of(scene.device) == Custody.WITH_SUBSCRIBER
    assert RecallPutOff.objects.get().device == scene.device


def test_a_request_not_sent_keeps_nothing(scene: Scene) -> None:
    row = row_of(scene.old, renews=True, changes=False)
    draft = story.draft_of(scene.people, "mau_04_renew_change", [row])
    story.step(draft, Action.REQUEST_SIGNATURE, scene.people.clerk)

    sweep(EXPIRED)

    assert custody_of(scene.device) == Custody.TO_BE_RETURNED


def test_a_change_ends_with_its_certificate(scene: Scene) -> None:
    """It keeps the old end, so there is nothing to wait for: the clerk asks for a new issue."""
    dossier = change(scene)
    assert running(scene.old) == [DOOR]
    sweep(EXPIRED)
    assert custody_of(scene.device) == Custody.TO_BE_RETURNED

    carry_out(dossier, scene.people, now=EXPIRED)

    assert dossier.state == State.EXECUTION_FAILED
    reason = dossier.items.get().outcome_reason
    assert "hết hạn trong khi chờ" in reason  # change_ends_later
    assert "Mẫu 01" in reason


def test_sent_in_time_nobody_is_told_to_ask(scene: Scene) -> None:
    """On the last day: the door is open until the letter is sent, and no clock follows it."""
    assert running(scene.old) == [DOOR]

    dossier = renewal(scene)

    assert running(scene.old) == []
    for day in range(25):
        sweep(NOW + day * DAY)
    assert running(scene.old) == []
    about = scene.people.clerk.notices.filter(target_uuid=scene.old.uuid)
    assert not about.exists()
    end(dossier, Action.REJECT, scene.people, now=NOW + 25 * DAY)
    sweep(NOW + 25 * DAY)
    assert running(scene.old) == [EXPIRY]
    assert about.exists()


def test_what_is_asked_for_is_read_from_the_rows(scene: Scene) -> None:
    waiting = Certificate.objects.filter(renewals.are_asked_for())
    before = waiting.count()

    dossier = renewal(scene)

    assert (before, waiting.count()) == (0, 1)
    dossier.items.update(outcome=Outcome.REFUSED)
    assert waiting.count() == 0
