"""The desks' pages: the rules beside the letter, row by row, four eyes, nothing typed lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from requests_app.models import Decision, Dossier, DossierItem
from requests_app.pages.components import ROWS_A_PAGE
from requests_app.workflow import Action, Route, State
from tests import builders, story

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


def page(name: str, dossier: Dossier) -> str:
    return reverse(f"requests_app:{name}", args=[dossier.uuid])


def at_the_ca(people: story.Cast, *, rows: int = 2) -> Dossier:
    return story.step(story.sent(people, rows=rows), Action.FORWARD, people.officer)


def rows_form(dossier: Dossier, *decisions: tuple[str, str]) -> dict[str, str]:
    """Return what the form of the first page sends, one (decision, reason) a row."""
    data = {"version": str(dossier.version), "page": "1"}
    for item, (decision, reason) in zip(dossier.items.all(), decisions, strict=False):
        data |= {f"{item.uuid}-decision": decision, f"{item.uuid}-reason": reason}
    return data


def decisions(dossier: Dossier) -> list[str]:
    return list(dossier.items.values_list("decision", flat=True))


def test_the_review_shows_the_rules_beside_the_letter(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    client.force_login(people.officer)

    shown = client.get(page("review", dossier)).text

    assert f'src="{page("letter", dossier)}' in shown
    for words in ("Đạt", "Cần xem", "Điều 10", "Chuyển Cục Chứng thực số", "Trả lại để hoàn thiện"):
        assert words in shown


def test_the_office_forwards_from_the_review(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    client.force_login(people.officer)

    client.post(
        page("review", dossier), {"action": Action.FORWARD, "version": str(dossier.version)}
    )

    dossier.refresh_from_db()
    assert dossier.state == State.FORWARDED


def test_rows_are_decided_and_then_put_before_the_second_person(client: Client) -> None:
    people = story.cast()
    dossier = at_the_ca(people)
    client.force_login(people.operator)
    assert "Trình phê duyệt kết quả" not in client.get(page("review", dossier)).text

    client.post(
        page("decide_rows", dossier),
        rows_form(dossier, (Decision.ACCEPTED, ""), (Decision.REFUSED, "Sai tên đơn vị")),
    )
    assert decisions(dossier) == [Decision.ACCEPTED, Decision.REFUSED]
    assert "Trình phê duyệt kết quả" in client.get(page("review", dossier)).text

    dossier.refresh_from_db()
    client.post(page("review", dossier), {"action": Action.DECIDE, "version": str(dossier.version)})
    dossier.refresh_from_db()
    assert dossier.state == State.DECIDED


def test_a_refusal_without_a_reason_keeps_everything_typed(client: Client) -> None:
    people = story.cast()
    dossier = at_the_ca(people, rows=3)
    client.force_login(people.operator)

    answer = client.post(
        page("decide_rows", dossier),
        rows_form(
            dossier,
            (Decision.REFUSED, "Sai số định danh"),
            (Decision.REFUSED, ""),
            (Decision.ACCEPTED, ""),
        ),
    )

    assert answer.status_code == 200
    assert 'value="Sai số định danh"' in answer.text
    assert len(re.findall(r'value="refused"[^>]*\schecked', answer.text)) == 2
    second = dossier.items.get(position=2)
    assert f'href="#id_{second.uuid}-reason"' in answer.text
    assert decisions(dossier) == ["", "", ""]


def test_accepting_the_rest_leaves_what_was_refused(client: Client) -> None:
    people = story.cast()
    dossier = at_the_ca(people, rows=3)
    client.force_login(people.operator)
    client.post(
        page("decide_rows", dossier), rows_form(dossier, (Decision.REFUSED, "Sai"), ("", ""))
    )
    dossier.refresh_from_db()

    client.post(page("accept_all", dossier), {"version": str(dossier.version)})

    assert decisions(dossier) == [Decision.REFUSED, Decision.ACCEPTED, Decision.ACCEPTED]


def test_a_long_list_is_decided_page_by_page(client: Client) -> None:
    people = story.cast()
    dossier = builders.dossier(
        agency=people.agency, state=State.FORWARDED, rows=ROWS_A_PAGE + 1, created_by=people.clerk
    )
    client.force_login(people.operator)
    data = rows_form(dossier, *[(Decision.ACCEPTED, "")] * ROWS_A_PAGE)

    answer = client.post(page("decide_rows", dossier), data)

    assert answer.headers["Location"] == f"{page('review', dossier)}?page=2#danh-sach"
    left = DossierItem.objects.filter(dossier=dossier, decision="")
    assert [item.position for item in left] == [ROWS_A_PAGE + 1]


def test_rows_decided_meanwhile_are_not_overwritten(client: Client) -> None:
    people = story.cast()
    dossier = at_the_ca(people)
    client.force_login(people.operator)
    old = rows_form(dossier, (Decision.REFUSED, "Ý kiến thứ hai"), ("", ""))
    client.post(page("accept_all", dossier), {"version": str(dossier.version)})

    answer = client.post(page("decide_rows", dossier), old)

    assert answer.status_code == 409
    assert "Ý kiến thứ hai" in answer.text
    assert decisions(dossier) == [Decision.ACCEPTED] * 2


def test_the_supervisor_sees_what_was_refused_and_confirms(client: Client) -> None:
    people = story.cast()
    dossier = story.decided(people, rows=3, refuse=1)
    client.force_login(people.supervisor)

    shown = client.get(page("confirm", dossier)).text
    assert "Sai tên đơn vị" in shown
    assert people.operator.full_name in shown

    client.post(
        page("confirm", dossier), {"action": Action.CONFIRM, "version": str(dossier.version)}
    )
    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED


def test_the_person_who_decided_can_not_confirm_and_is_told(client: Client) -> None:
    people = story.cast()
    person = builders.person(at=people.operator.agency)
    for user in (people.operator, people.supervisor):
        user.person = person
        user.save()
    dossier = story.decided(people)
    client.force_login(people.supervisor)

    shown = client.get(page("confirm", dossier)).text
    assert "phải do người khác thực hiện" in shown
    assert 'value="confirm"' not in shown

    client.post(
        page("confirm", dossier), {"action": Action.CONFIRM, "version": str(dossier.version)}
    )
    dossier.refresh_from_db()
    assert dossier.state == State.DECIDED


def test_where_the_office_decides_itself_its_head_confirms(client: Client) -> None:
    people = story.cast(Route.OFFICE_ONLY)
    dossier = story.sent(people)
    client.force_login(people.officer)
    client.post(page("accept_all", dossier), {"version": str(dossier.version)})
    dossier.refresh_from_db()
    client.post(page("review", dossier), {"action": Action.DECIDE, "version": str(dossier.version)})

    client.force_login(people.office_head)
    dossier.refresh_from_db()
    client.post(
        page("confirm", dossier), {"action": Action.CONFIRM, "version": str(dossier.version)}
    )

    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED
