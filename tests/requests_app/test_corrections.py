"""A returned dossier says why it came back, and what has changed since, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.core.rules import Refused
from requests_app.decision.services import decide_rows
from requests_app.drafts.services import add_row, import_rows, remove_row, save_rows
from requests_app.models import Decision, Dossier
from requests_app.pages.corrections import correction_of
from requests_app.workflow import Action
from tests import builders, story

pytestmark = pytest.mark.django_db

REASON = "Số định danh chưa đúng (dòng 1)"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


def returned(people: story.Cast, *, rows: int = 3) -> Dossier:
    dossier = story.sent(people, rows=rows)
    return story.step(dossier, Action.RETURN, people.officer, reason=REASON)


def said(dossier: Dossier, *, is_own: bool = True) -> list[tuple[str, str, str]]:
    correction = correction_of(dossier, is_own=is_own)
    assert correction is not None
    return [(one.where[:6], one.before, one.after) for one in correction.changes or ()]


def test_each_changed_cell_and_row_is_told() -> None:
    people = story.cast()
    dossier = returned(people)
    first, second, third = dossier.items.order_by("position")
    act: dict[str, Any] = {"actor": people.clerk, "now": builders.NOW}
    save_rows(dossier, {first.uuid: {"position": "Chủ tịch"}}, version=dossier.version, **act)
    dossier.refresh_from_db()
    remove_row(dossier, second.uuid, version=dossier.version, **act)
    dossier.refresh_from_db()
    add_row(dossier, builders.person_answers(9), version=dossier.version, **act)
    dossier.refresh_from_db()

    assert said(dossier) == [
        ("Dòng 1", "Chuyên viên", "Chủ tịch"),
        ("Dòng 3", "", "thêm mới"),
        ("Dòng 2", "có trong danh sách", "đã bỏ"),
    ]
    assert third.title not in str(said(dossier))


def test_a_list_imported_anew_is_compared_person_by_person() -> None:
    people = story.cast()
    dossier = returned(people, rows=2)
    answers = [item.answers for item in dossier.items.order_by("position")]
    import_rows(
        dossier,
        [answers[0], {**answers[1], "position": "Văn thư"}],
        replace=True,
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )
    dossier.refresh_from_db()

    assert said(dossier) == [("Dòng 2", "Chuyên viên", "Văn thư")]


def test_who_reviews_again_reads_reason_and_changes_with_numbers_masked(client: Client) -> None:
    people = story.cast()
    dossier = returned(people, rows=1)
    item = dossier.items.get()
    number = item.answers["identity_number"]
    other = number[:5] + "9" + number[6:]
    save_rows(
        dossier,
        {item.uuid: {"identity_number": other}},
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )

    def read() -> str:
        client.force_login(people.officer)
        return client.get(reverse("requests_app:review", args=[dossier.uuid]), follow=True).text

    before = correction_of(dossier, is_own=False), read()
    client.force_login(people.clerk)
    own = client.get(reverse("requests_app:editor", args=[dossier.uuid])).text
    dossier.refresh_from_db()
    story.send_in_ink(dossier, people)
    after = read()

    assert before[0] is None
    assert "ly-do-tra" not in before[1]
    assert REASON in own
    assert f"<ins>{other}</ins>" in own
    assert REASON in after
    assert "đã đổi số" in after
    assert other not in after


def test_what_was_returned_counts_as_not_received(client: Client) -> None:
    people = story.cast()
    dossier = returned(people, rows=1)
    client.force_login(people.clerk)

    text = client.get(reverse("requests_app:detail", args=[dossier.uuid])).text

    assert dossier.received_on is None
    assert "Ngày nhận hợp lệ" not in text
    story.send_in_ink(dossier, people)
    assert dossier.received_on == builders.TODAY


def test_a_reason_with_a_blank_is_refused_by_the_step_itself() -> None:
    people = story.cast()
    dossier = story.sent(people)

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.RETURN, people.officer, reason="Sai thư (dòng …).")

    assert [one.code for one in refusal.value.violations] == ["reason_has_blank"]


def test_rows_ticked_or_typed_stand_in_the_reason(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people, rows=3)
    first, _second, third = dossier.items.order_by("position")
    client.force_login(people.officer)
    data = {
        "action": Action.RETURN,
        "version": dossier.version,
        "reason_code": "wrong_email",
        "reason": "",
    }
    address = reverse("requests_app:review", args=[dossier.uuid])

    page = client.get(address).text
    empty = client.post(address, data)
    odd = client.post(address, data | {"rows": "9"})
    client.post(address, data | {"rows": "3", "row": "1"})

    assert 'name="row" form="buoc-return"' in page
    assert "dòng …" in empty.text
    assert 'aria-invalid="true"' in odd.text
    event = dossier.events.get(action=Action.RETURN)
    assert f"(dòng 1: {first.title}; 3: {third.title})" in event.reason


def test_a_row_refused_with_a_catalogue_reason_names_itself() -> None:
    people = story.cast()
    dossier = story.sent(people, rows=2)
    story.step(dossier, Action.FORWARD, people.officer)
    second = dossier.items.get(position=2)

    decide_rows(
        dossier,
        {second.uuid: (Decision.REFUSED, "Sai thư (dòng …).")},
        actor=people.operator,
        now=builders.NOW,
        version=dossier.version,
    )

    second.refresh_from_db()
    assert second.decision_reason == "Sai thư (dòng 2)."
