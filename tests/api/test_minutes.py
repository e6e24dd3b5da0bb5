"""Minutes of devices given back through the API: the same looking at each device as on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.accounts.models import User
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import story
from tests.requests_app import returns

pytestmark = pytest.mark.django_db
Api = Callable[[User], Any]


def decide(client: Any, dossier: Dossier, *said: dict[str, str]) -> Any:
    rows = dossier.items.order_by("position")
    decisions = [{"row": str(row.uuid)} | one for row, one in zip(rows, said, strict=True)]
    path = f"/api/v1/dossiers/{dossier.uuid}/decisions"
    return client.post(path, {"version": dossier.version, "decisions": decisions}, format="json")


def sent(people: story.Cast, count: int) -> Dossier:
    return returns.sent(people, returns.at_agency(people, count))


def test_a_device_is_received_only_with_its_number(api: Api) -> None:
    people = returns.cast()
    dossier = sent(people, 1)

    answer = decide(api(people.operator), dossier, {"decision": "accepted"})

    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["violations"]] == ["no_serial_seen"]


def test_a_program_receives_some_and_confirms(api: Api) -> None:
    people = returns.cast()
    dossier = sent(people, 2)
    serial = dossier.items.all()[0].answers["device_serial"]
    client = api(people.operator)

    decided = decide(
        client,
        dossier,
        {"decision": "accepted", "serial_seen": serial, "reason": "Nắp nứt"},
        {"decision": "refused", "reason": "Không có trong túi"},
    ).json()
    answer = client.post(
        f"/api/v1/dossiers/{dossier.uuid}/steps",
        {"version": decided["version"], "action": "take_some"},
        format="json",
    )

    assert [one["action"] for one in decided["allowed_actions"]] == ["take_some", "return"]
    assert answer.json()["event"]["target"] == State.PARTLY_COMPLETED
    after = answer.json()["dossier"]
    assert [row["outcome"] for row in after["rows"]] == ["done", "refused"]
    assert after["rows"][0]["decision_reason"] == "Nắp nứt"


def test_before_all_is_looked_at_only_returning_is_open(api: Api) -> None:
    people = returns.cast()
    dossier = sent(people, 2)

    shown = api(people.operator).get(f"/api/v1/dossiers/{dossier.uuid}").json()

    assert [one["action"] for one in shown["allowed_actions"]] == ["return"]
