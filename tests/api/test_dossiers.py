"""Dossiers through the API: the same sight, the same steps, the same refusals as the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from portal.core.roles import Role
from requests_app.drafts.services import add_row, create_draft
from requests_app.models import Dossier
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW

pytestmark = pytest.mark.django_db
LIST = "/api/v1/dossiers"
Api = Callable[[User], Any]


def _at(dossier: Dossier, part: str = "") -> str:
    return f"{LIST}/{dossier.uuid}{part}"


def test_a_program_drafts_fills_and_hands_in_a_dossier(api: Api) -> None:
    people = story.cast()
    client = api(people.clerk)
    with time_machine.travel(NOW, tick=False):
        draft = client.post(LIST, {"kind": "mau_01_person"}, format="json").json()
        path = f"{LIST}/{draft['uuid']}"
        added = client.post(
            f"{path}/rows",
            {"version": draft["version"], "rows": [dict(builders.person_answers(1))]},
            format="json",
        ).json()
        letter = client.patch(
            path,
            {
                "version": added["version"],
                "letter_number": "12/UBND-VHXH",
                "letter_date": "2026-11-20",
                "contact": story.CONTACT,
            },
            format="json",
        ).json()
        answer = client.post(
            f"{path}/steps",
            {"version": letter["version"], "action": "request_signature"},
            format="json",
        )

    assert answer.status_code == 200, answer.content
    assert answer.json()["event"]["target"] == State.AWAITING_SIGNATURE
    after = answer.json()["dossier"]
    assert after["row_count"] == 1
    assert [one["action"] for one in after["allowed_actions"]] == ["revise", "withdraw"]


def test_a_program_answers_what_is_asked_about_the_rows(api: Api) -> None:
    people = story.cast()
    client = api(people.clerk)
    rows = [builders.person_answers(1, org2="UBND XÃ TÂN UYÊN", org3="TRƯỜNG THCS SỐ 1")]
    dossier = story.draft_of(people, "mau_01_person", rows)
    with time_machine.travel(NOW, tick=False):
        short, unknown = client.get(_at(dossier, "/questions")).json()
        said = [
            {"question": short["question"], "takes": True},
            {"question": unknown["question"], "words": "Trường có thật"},
        ]
        body = {"version": dossier.version, "answers": said}
        answer = client.post(_at(dossier, "/questions"), body, format="json")
        left = client.get(_at(dossier, "/questions")).json()

    assert answer.status_code == 200, answer.content
    assert (short["code"], short["cell"], short["rows"]) == ("name_in_short", "org2", [1])
    assert [one["answer"] for one in left] == ["Trường có thật"]
    assert dossier.items.get().answers["org2"] == builders.COMMUNE


def test_allowed_actions_are_those_of_the_workflow_for_each_who_asks(api: Api) -> None:
    people = story.cast()
    dossier = story.sent(people)

    def actions(user: User) -> list[str]:
        return [one["action"] for one in api(user).get(_at(dossier)).json()["allowed_actions"]]

    assert actions(people.officer) == [Action.FORWARD, Action.RETURN]
    assert actions(people.clerk) == [Action.WITHDRAW]
    assert actions(people.head) == []


def test_refusals_name_code_article_and_row(api: Api) -> None:
    people = story.cast()
    dossier = create_draft("mau_01_person", actor=people.clerk, now=NOW)
    add_row(
        dossier,
        builders.person_answers(1, identity_number="12084900101"),
        actor=people.clerk,
        now=NOW,
        version=dossier.version,
    )
    dossier.refresh_from_db()

    answer = api(people.clerk).post(
        _at(dossier, "/steps"),
        {"version": dossier.version, "action": "request_signature"},
        format="json",
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "refused"
    found = {one["code"]: one for one in answer.json()["violations"]}
    assert found["no_letter_number"]["row"] is None
    assert found["lost_leading_zero"]["row"] == 1
    assert set(found["lost_leading_zero"]) == {
        "code", "message", "article", "row", "way_out", "link",
    }  # fmt: skip


def test_a_step_that_is_not_there_is_a_conflict(api: Api) -> None:
    people = story.cast()
    dossier = story.drafted(people)

    answer = api(people.clerk).post(
        _at(dossier, "/steps"), {"version": dossier.version, "action": "confirm"}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_step")


def test_a_stale_version_is_a_conflict_and_changes_nothing(api: Api) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client, stale = api(people.clerk), dossier.version - 1
    row = dossier.items.get()

    answers = [
        client.patch(_at(dossier), {"version": stale, "note": "x"}, format="json"),
        client.post(_at(dossier, "/rows"), {"version": stale, "rows": [{}]}, format="json"),
        client.patch(
            _at(dossier, f"/rows/{row.uuid}"), {"version": stale, "answers": {}}, format="json"
        ),
        client.delete(_at(dossier, f"/rows/{row.uuid}?version={stale}")),
        client.post(
            _at(dossier, "/steps"), {"version": stale, "action": "request_signature"}, format="json"
        ),
    ]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(409, "stale_version")}
    dossier.refresh_from_db()
    assert (dossier.version, dossier.row_count) == (stale + 1, 1)


def test_four_eyes_are_kept(api: Api) -> None:
    people = story.cast()
    dossier = story.decided(people)
    people.supervisor.person = people.operator.person = builders.person(at=people.agency)
    people.supervisor.save()
    people.operator.save()

    answer = api(people.supervisor).post(
        _at(dossier, "/steps"), {"version": dossier.version, "action": "confirm"}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "barred")


def test_another_agencys_dossier_is_not_there(api: Api) -> None:
    dossier = story.drafted(story.cast())
    stranger = api(builders.user(Role.CLERK))
    row = dossier.items.get().uuid
    body = {"version": 1, "action": "request_signature"}

    answers = [
        stranger.get(_at(dossier)),
        stranger.get(_at(dossier, "/rows")),
        stranger.patch(_at(dossier), {"version": 1}, format="json"),
        stranger.post(_at(dossier, "/rows"), {"version": 1, "rows": [{}]}, format="json"),
        stranger.patch(_at(dossier, f"/rows/{row}"), {"version": 1, "answers": {}}, format="json"),
        stranger.delete(_at(dossier, f"/rows/{row}?version=1")),
        stranger.post(_at(dossier, "/steps"), body, format="json"),
        stranger.post(_at(dossier, "/decisions"), {}, format="json"),
    ]

    assert {one.status_code for one in answers} == {404}
    assert stranger.get(LIST).json()["results"] == []


def test_identity_numbers_are_masked_everywhere(api: Api) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    number = dossier.items.get().answers["identity_number"]
    client = api(people.clerk)

    detail = client.get(_at(dossier))
    rows = client.get(_at(dossier, "/rows"))

    for answer in (detail, rows):
        assert number not in answer.content.decode()
        assert story.CONTACT["identity_number"] not in answer.content.decode()
    assert rows.json()["results"][0]["answers"]["identity_number"].startswith("0120•")
    assert detail.json()["contact"]["full_name"] == story.CONTACT["full_name"]


def test_a_changed_cell_leaves_the_others(api: Api) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    row = dossier.items.get()

    answer = api(people.clerk).patch(
        _at(dossier, f"/rows/{row.uuid}"),
        {"version": dossier.version, "answers": {"position": "Phó Chủ tịch"}},
        format="json",
    )

    assert answer.json() == {"version": dossier.version + 1, "row_count": 1}
    before = dict(row.answers)
    row.refresh_from_db()
    assert row.answers == before | {"position": "Phó Chủ tịch"}


def test_rows_are_removed_and_answers_of_no_field_are_not_taken(api: Api) -> None:
    people = story.cast()
    dossier = story.drafted(people, rows=2)
    client = api(people.clerk)
    row = dossier.items.order_by("position")[0]

    unknown = client.post(
        _at(dossier, "/rows"),
        {"version": dossier.version, "rows": [{"is_admin": "1"}]},
        format="json",
    )
    removed = client.delete(_at(dossier, f"/rows/{row.uuid}?version={dossier.version}"))

    assert unknown.status_code == 400
    assert removed.json()["row_count"] == 1
    gone = client.delete(_at(dossier, f"/rows/{row.uuid}?version={dossier.version + 1}"))
    assert gone.status_code == 404


def test_rows_are_decided_and_a_refusal_needs_a_reason(api: Api) -> None:
    people = story.cast()
    dossier = story.sent(people, rows=2)
    story.step(dossier, Action.FORWARD, people.officer)
    first, second = dossier.items.order_by("position")
    client = api(people.operator)

    def decide(reason: str) -> Any:
        decisions = [
            {"row": str(first.uuid), "decision": "accepted"},
            {"row": str(second.uuid), "decision": "refused", "reason": reason},
        ]
        body = {"version": dossier.version, "decisions": decisions}
        return client.post(_at(dossier, "/decisions"), body, format="json")

    without, with_reason = decide(""), decide("Sai tên đơn vị")

    assert (without.status_code, without.json()["violations"][0]["code"]) == (422, "no_reason")
    assert [row["decision"] for row in with_reason.json()["rows"]] == ["accepted", "refused"]
    assert "decide" in [one["action"] for one in with_reason.json()["allowed_actions"]]


def test_a_dossier_that_leaves_ones_sight_is_not_shown_after_the_step(api: Api) -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.FORWARD, people.officer)

    answer = api(people.operator).post(
        _at(dossier, "/steps"),
        {"version": dossier.version, "action": "return", "reason": "Thiếu quyết định"},
        format="json",
    )

    assert answer.status_code == 200
    assert answer.json()["event"]["target"] == State.RETURNED
    assert answer.json()["dossier"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "mau_99"},
        {"kind": "mau_01_person", "variant": "x"},
    ],
)
def test_a_draft_of_no_known_form_is_a_bad_request(api: Api, body: dict[str, str]) -> None:
    assert api(story.cast().clerk).post(LIST, body, format="json").status_code == 400


def test_who_drafts_nothing_opens_no_draft(api: Api) -> None:
    people = story.cast()

    answer = api(people.operator).post(LIST, {"kind": "mau_01_person"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_step")


def test_the_list_is_filtered_and_cut_in_the_database(
    api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    clerk = builders.user(Role.CLERK)
    made = [
        builders.dossier(
            agency=clerk.agency, created_by=clerk, updated_at=NOW + timedelta(minutes=number)
        )
        for number in range(30)
    ]
    builders.dossier(agency=clerk.agency, created_by=clerk, state=State.SUBMITTED)
    client = api(clerk)

    with django_assert_max_num_queries(2):
        first = client.get(LIST, {"page_size": 20, "state": "draft"}).json()
    second = client.get(first["next"]).json()

    uuids = [one["uuid"] for one in first["results"] + second["results"]]
    assert uuids == [str(dossier.uuid) for dossier in reversed(made)]
    assert second["next"] is None
    late = (NOW + timedelta(minutes=29)).isoformat()
    assert len(client.get(LIST, {"updated_since": late}).json()["results"]) == 1
    assert len(client.get(LIST, {"waits_for_me": "true"}).json()["results"]) == 30
    assert client.get(LIST, {"state": "lạ"}).status_code == 400


def test_a_detail_costs_the_same_for_one_row_and_for_many(
    api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    clerk = builders.user(Role.CLERK)
    dossier = builders.dossier(agency=clerk.agency, created_by=clerk, rows=40)
    client = api(clerk)

    with django_assert_max_num_queries(13):
        answer = client.get(_at(dossier))

    assert len(answer.json()["rows"]) == 40
