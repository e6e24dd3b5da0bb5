"""What the register asks about rows: asked once, answered by the clerk, seen by office and CA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from portal.agencies.models import Affiliation
from portal.audit.models import AuditEntry
from portal.core.rules import Refused
from requests_app.drafts.questions import Answer, answer_questions
from requests_app.kinds import register_findings
from requests_app.models import Dossier
from requests_app.signatures.views.signature import QUESTIONS_A_PAGE
from requests_app.submission import checks
from requests_app.submission.checks import (
    Question,
    questions_of,
    row_findings,
    violations_before_signing,
)
from tests import builders, story
from tests.builders import COMMUNE, NOW, person_answers

pytestmark = pytest.mark.django_db
SHORT = "UBND XÃ TÂN UYÊN"


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def people() -> story.Cast:
    return story.cast()


def drafted(people: story.Cast, *changes: dict[str, str]) -> Dossier:
    rows = [person_answers(number, **one) for number, one in enumerate(changes, 1)]
    return story.draft_of(people, "mau_01_person", rows)


def asked(dossier: Dossier) -> list[Question]:
    return questions_of(dossier, row_findings(dossier, now=NOW))


def codes(dossier: Dossier, reader: User | None = None) -> list[tuple[int, str]]:
    found = register_findings.findings(dossier, list(dossier.items.all()), reader=reader, now=NOW)
    return [(row, one.finding.code) for row, cells in found.items() for one in cells]


def answer(dossier: Dossier, people: story.Cast, **answers: Answer) -> None:
    given = {one.key: answers[one.code] for one in asked(dossier) if one.code in answers}
    answer_questions(dossier, given, actor=people.clerk, now=NOW, version=dossier.version)
    dossier.refresh_from_db()


def test_rows_that_say_the_same_are_one_question_and_stop_the_letter_until_it_is_answered(
    people: story.Cast,
) -> None:
    dossier = drafted(people, {"org2": SHORT}, {}, {"org2": SHORT})

    (question,) = asked(dossier)

    assert (question.code, question.rows, question.suggestion) == ("name_in_short", [1, 3], COMMUNE)
    assert [one.code for one in violations_before_signing(dossier, now=NOW)] == ["question_open"]

    answer(dossier, people, name_in_short=Answer(takes=True))

    assert {row.answers["org2"] for row in dossier.items.all()} == {COMMUNE}
    assert violations_before_signing(dossier, now=NOW) == []
    assert AuditEntry.objects.filter(action="dossier.answer_questions").count() == 1


def test_what_stands_is_kept_with_a_reason_that_office_and_ca_read(people: story.Cast) -> None:
    dossier = drafted(people, {"org3": "TRƯỜNG THCS SỐ 1"})
    with pytest.raises(Refused):
        answer(dossier, people, body_not_registered=Answer())

    answer(dossier, people, body_not_registered=Answer(words="Trường mới thành lập"))

    assert violations_before_signing(dossier, now=NOW) == []
    items = list(dossier.items.all())
    checks.say_at_rows(items, checks.checks(dossier, reader=people.officer, now=NOW))
    assert any("Trường mới thành lập" in look for look in items[0].looks)
    for reader in (people.officer, people.operator):
        looks = [one.message for one in checks.checks(dossier, reader=reader, now=NOW)]
        assert any("Trường mới thành lập" in message for message in looks)


def test_a_province_that_is_not_the_senders_is_asked_about(people: story.Cast) -> None:
    dossier = drafted(people, {"province": "Sơn La"}, {"province": "Tỉnh Lai Châu"}, {})

    assert codes(dossier) == [(1, "province_of_others")]


def test_a_room_that_people_are_on_record_in_is_not_asked_about(people: story.Cast) -> None:
    Affiliation.objects.create(
        subscriber=builders.person(at=people.agency),
        agency=people.agency,
        unit="Trường THCS số 1",
        valid_from=builders.TODAY,
    )

    assert codes(drafted(people, {"org3": "TRƯỜNG THCS SỐ 1"})) == []


def test_another_value_is_another_question(people: story.Cast) -> None:
    dossier = drafted(people, {"org3": "TRƯỜNG THCS SỐ 1"})
    answer(dossier, people, body_not_registered=Answer(words="Đúng"))

    item = dossier.items.get()
    item.answers = item.answers | {"org3": "TRƯỜNG THCS SỐ 2"}
    item.save()

    assert [one.answer for one in asked(dossier)] == [None]


def test_a_clerk_is_compared_with_the_own_tree_alone(people: story.Cast) -> None:
    """Nobody learns that a person or a certificate exists elsewhere."""
    beside = story.cast_beside(people)
    row = person_answers(1)
    stranger = builders.person(row["full_name"], at=beside.agency)
    stranger.birth_on = "1984-08-04"
    stranger.save()
    theirs = builders.certificate(subscriber=stranger)
    dossier = drafted(people, {"old_serial": theirs.serial})

    assert codes(dossier) == [(1, "old_serial_unknown")]
    assert codes(dossier, people.officer) == [(1, "old_serial_unknown")]
    assert codes(dossier, people.operator) == [(1, "other_number_known")]


def test_an_own_person_under_another_number_is_asked_about(people: story.Cast) -> None:
    row = person_answers(1)
    own = builders.person(row["full_name"], at=people.agency)
    own.birth_on = "1984-08-04"
    own.save()
    namesake = builders.person("Tòng Thị Khác", at=people.agency, number=row["identity_number"])
    namesake.save()

    assert codes(drafted(people, {})) == [(1, "other_number_known"), (1, "other_name_known")]


def test_nothing_is_asked_of_a_name_that_is_refused_as_it_is_typed(people: story.Cast) -> None:
    assert codes(drafted(people, {"org3": "nt"})) == []


def test_another_commune_is_refused_by_its_rows(people: story.Cast) -> None:
    dossier = drafted(people, {"org2": "ỦY BAN NHÂN DÂN XÃ MƯỜNG KHOA"})

    assert [(one.code, one.row) for one in violations_before_signing(dossier, now=NOW)] == [
        ("other_commune", 1)
    ]


def test_whoever_decides_reads_whose_body_a_row_names(people: story.Cast) -> None:
    builders.agency("Ủy ban nhân dân xã Mường Khoa", office=people.officer.agency)
    dossier = drafted(people, {"org2": "UBND XÃ MƯỜNG KHOA"})

    assert codes(dossier) == [(1, "other_commune")]
    for reader in (people.officer, people.operator):
        assert codes(dossier, reader) == [(1, "other_commune"), (1, "body_elsewhere")]


@pytest.fixture
def client(people: story.Cast) -> Client:
    client = Client()
    client.force_login(people.clerk)
    return client


def test_questions_are_answered_on_the_check_page(people: story.Cast, client: Client) -> None:
    dossier = drafted(people, {"org2": SHORT}, {"org3": "TRƯỜNG THCS SỐ 1"})
    page = client.get(reverse("requests_app:check", args=[dossier.uuid])).text
    assert 'data-code="name_in_short"' in page
    assert COMMUNE in page
    short, unknown = asked(dossier)
    form = {
        "version": dossier.version,
        f"{short.key}-choice": "take",
        f"{unknown.key}-choice": "keep",
    }
    address = reverse("requests_app:answer", args=[dossier.uuid])

    refused = client.post(address, form)
    assert refused.status_code == 200
    assert 'data-code="no_answer"' in refused.text

    done = client.post(address, form | {f"{unknown.key}-words": "Trường có thật"})

    assert done.status_code == 302
    dossier.refresh_from_db()
    assert violations_before_signing(dossier, now=NOW) == []


def test_the_editor_offers_the_registers_name(people: story.Cast, client: Client) -> None:
    dossier = drafted(people, {"org2": SHORT})
    item = dossier.items.get()
    address = reverse("requests_app:editor", args=[dossier.uuid])

    assert f"take:{item.uuid}:org2" in client.get(address).text
    form: dict[str, Any] = {"version": dossier.version, "do": f"take:{item.uuid}:org2"}
    client.post(address, form)

    item.refresh_from_db()
    assert item.answers["org2"] == COMMUNE


@pytest.mark.parametrize("rows", [1, 300])
def test_the_queries_do_not_grow_with_the_rows(
    people: story.Cast, rows: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    dossier = drafted(
        people, *({"old_serial": f"{number:016X}", "org2": SHORT} for number in range(rows))
    )
    items = list(dossier.items.all())

    with django_assert_max_num_queries(9):
        register_findings.findings(dossier, items, now=NOW)
    with django_assert_max_num_queries(10):
        register_findings.findings(dossier, items, reader=people.operator, now=NOW)


def test_many_questions_stand_in_pages_and_those_of_a_page_are_answered(
    people: story.Cast, client: Client
) -> None:
    same = {"full_name": "Lò Văn Anh", "birth_on": "04/08/1984"}
    dossier = drafted(people, *[same] * (QUESTIONS_A_PAGE + 4))
    page = reverse("requests_app:check", args=[dossier.uuid])
    every = asked(dossier)
    assert len(every) > QUESTIONS_A_PAGE

    first = client.get(page).context["questions"]
    second = client.get(page, {"page": 2}).context["questions"]

    shown = [form.question.key for form in (*first, *second)]
    assert len(first) == QUESTIONS_A_PAGE
    assert sorted(shown) == sorted(one.key for one in every)
    form = {"version": str(dossier.version)}
    form |= {f"{one.question.key}-words": "Hai người" for one in first}
    answered = client.post(reverse("requests_app:answer", args=[dossier.uuid]), form)
    assert answered.status_code == 302
    left = {one.key for one in asked(dossier) if one.answer is None}
    assert left == {form.question.key for form in second}
