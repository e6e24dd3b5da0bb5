"""Two persons for every outcome, however many accounts they have."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.audit.models import AuditEntry
from portal.ca.register import services as ca_services
from portal.core.roles import Role
from requests_app.decision.services import decide_rows
from requests_app.errors import Barred
from requests_app.execution import services as execution
from requests_app.models import Decision, Dossier
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.django_db


def _with_two_accounts(people: story.Cast) -> None:
    """Let the operator and the supervisor be one person."""
    person = builders.person("Trần Thị Hai Vai", at=people.operator.agency)
    for account in (people.operator, people.supervisor):
        account.person = person
        account.save()


def _decide(dossier: Dossier, people: story.Cast) -> None:
    decide_rows(
        dossier,
        {item.uuid: (Decision.ACCEPTED, "") for item in dossier.items.all()},
        actor=people.operator,
        now=builders.NOW,
        version=dossier.version,
    )


def test_who_decided_rows_does_not_confirm_what_another_put_forward() -> None:
    people = story.cast()
    _with_two_accounts(people)
    dossier = story.sent(people)
    story.step(dossier, Action.FORWARD, people.officer)
    _decide(dossier, people)
    story.step(dossier, Action.DECIDE, builders.user(Role.CA_OPERATOR))

    with pytest.raises(Barred):
        story.step(dossier, Action.CONFIRM, people.supervisor)

    assert story.step(dossier, Action.CONFIRM, builders.user(Role.CA_SUPERVISOR)).state == (
        State.ACCEPTED
    )


def test_a_new_round_forgets_who_decided_the_rows_of_the_last() -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.FORWARD, people.officer)
    _decide(dossier, people)
    story.step(dossier, Action.RETURN, people.operator, reason="Thiếu dấu")

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert not dossier.decided_by.exists()


def test_what_is_prepared_for_the_ca_is_recorded(ca: None) -> None:
    for key in ca_services.make_keys("token", 1, now=builders.NOW):
        builders.device(key_pair=key)
    dossier = story.confirmed(story.cast(), rows=2)

    execution.execute_accepted(now=builders.NOW + timedelta(seconds=5))

    entry = AuditEntry.objects.get(action="device.allocate")
    assert entry.target_uuid == dossier.uuid
    assert (entry.data["rows"], entry.data["failed_rows"]) == ([1], [2])
    assert len(entry.data["devices"]) == 1
