"""The work list and the lists of dossiers: what is on them, in which order, at what price."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.roles import Role
from requests_app.models import Dossier, DossierCopy
from requests_app.workflow import Action, State
from tests import builders, story, words
from tests.deadlines.test_list import deadline
from tests.pages import flat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


LIST = reverse("requests_app:list")
QUEUE = reverse("requests_app:queue")
COPIES = reverse("requests_app:copies")
MOST_QUERIES = 12


def shown(client: Client, address: str, **params: str) -> list[str]:
    """Return the UUIDs of the dossiers a list shows, in its order."""
    text = client.get(address, params).text
    found = re.findall(r'<th scope="row"><a href="/ho-so/([0-9a-f-]{36})/"', text)
    return [str(uuid) for uuid in found]


def uuids(*dossiers: Dossier) -> list[str]:
    return [str(dossier.uuid) for dossier in dossiers]


def queries_of(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def signed_in(client: Client, role: Role, people: story.Cast) -> None:
    """Sign in somebody in ``role`` whom the dossiers of ``people`` concern."""
    body = {Role.OFFICE_OFFICER: people.officer.agency, Role.CA_OPERATOR: None}
    client.force_login(builders.user(role, agency=body.get(role, people.agency)))


def forwarded(people: story.Cast, *, count: int) -> None:
    for _ in range(count):
        builders.dossier(
            agency=people.agency, state=State.FORWARDED, rows=0, created_by=people.clerk
        )


@pytest.mark.parametrize(
    "role", [Role.CLERK, Role.HEAD, Role.OFFICE_OFFICER, Role.CA_OPERATOR, Role.AUDITOR]
)
@pytest.mark.parametrize("address", [LIST, QUEUE, COPIES])
def test_a_list_costs_the_same_few_queries_however_long_it_is(
    client: Client, role: Role, address: str
) -> None:
    people = story.cast()
    signed_in(client, role, people)

    forwarded(people, count=1)
    short = queries_of(client, address)
    forwarded(people, count=12)
    long = queries_of(client, address)

    assert short == long
    assert long <= MOST_QUERIES


def test_the_work_list_costs_a_few_queries_and_counts_only_what_it_does_not_show(
    client: Client,
) -> None:
    people = story.cast()
    signed_in(client, Role.CA_OPERATOR, people)

    forwarded(people, count=13)
    short = queries_of(client, "/")
    forwarded(people, count=13)
    assert queries_of(client, "/") <= short + 1 <= MOST_QUERIES + 12


def test_each_sees_the_own_dossiers_only(client: Client) -> None:
    people, others = story.cast(), story.cast()
    own = builders.dossier(agency=people.agency, state=State.SUBMITTED)
    builders.dossier(agency=others.agency, state=State.SUBMITTED)
    for user in (people.clerk, people.officer):
        client.force_login(user)

        assert shown(client, LIST) == uuids(own)


def test_the_work_list_begins_with_the_most_urgent(client: Client) -> None:
    people = story.cast()
    today = timezone.localdate()
    days = [None, 5, -2, 0]
    made = [
        builders.dossier(
            agency=people.agency,
            state=State.SUBMITTED,
            due_on=None if days_left is None else today + timedelta(days=days_left),
        )
        for days_left in days
    ]
    builders.dossier(agency=people.agency, state=State.FORWARDED)
    client.force_login(people.officer)

    in_order = uuids(made[2], made[3], made[1], made[0])
    assert shown(client, "/") == in_order
    assert shown(client, QUEUE) == in_order
    assert shown(client, QUEUE, due="overdue") == in_order[:1]
    assert shown(client, QUEUE, due="today") == in_order[1:2]


def test_the_figures_of_the_work_list_are_counts_of_what_their_links_show(client: Client) -> None:
    people = story.cast()
    today = timezone.localdate()
    for days_left in (-1, -1, 0, 3):
        builders.dossier(
            agency=people.agency,
            state=State.SUBMITTED,
            due_on=today + timedelta(days=days_left),
        )
        deadline(people.officer.agency, today + timedelta(days=days_left))
    deadline(people.agency, today - timedelta(days=1))  # owed by a body it answers for
    client.force_login(people.officer)

    text = flat(client.get("/"))

    figures = re.findall(r'class="figure[^"]*" href="([^"]+)" data-count="(\d+)"', text)
    assert [count for _, count in figures] == ["3", "1", "4", "0"]
    assert len(shown(client, figures[2][0])) == 4
    for address, count in figures:
        assert f'data-total="{count}"' in client.get(address).text


@pytest.mark.parametrize("role", list(Role))
def test_an_empty_work_list_says_what_will_come(client: Client, role: Role) -> None:
    client.force_login(builders.user(role))

    answer = client.get("/")

    assert answer.status_code == 200
    assert answer.text.count("<h1>") == 1


def test_filters_narrow_the_list_and_are_kept(client: Client) -> None:
    people = story.cast()
    draft = builders.dossier(agency=people.agency, letter_number="41/UBND-VX")
    sent = builders.dossier(
        agency=people.agency, state=State.SUBMITTED, kind="mau_02_organisation", rows=0
    )
    sent.items.create(
        position=1, title="Trần Thị Bưởi", search_title="tran thi buoi", request_key="k"
    )
    client.force_login(people.clerk)

    words.fill()
    assert shown(client, LIST, q="41/UBND-VX") == uuids(draft)
    assert shown(client, LIST, q="Thị Bưởi") == uuids(sent)
    assert shown(client, LIST, state=State.SUBMITTED) == uuids(sent)
    assert shown(client, LIST, kind="mau_02_organisation") == uuids(sent)
    assert shown(client, LIST, since="20/11/2026", until="20/11/2026") == uuids(sent, draft)
    assert shown(client, LIST, since="21/11/2026") == []
    answer = client.get(LIST, {"q": "Thị Bưởi"})
    assert 'value="Thị Bưởi"' in answer.text
    assert answer.context["rows_found"] == {sent.pk: "dòng 1: Trần Thị Bưởi"}


def test_the_office_finds_a_body_by_its_name_without_marks(client: Client) -> None:
    people = story.cast()
    other = builders.agency(office=people.officer.agency)
    wanted = builders.dossier(agency=people.agency, state=State.SUBMITTED)
    builders.dossier(agency=other, state=State.SUBMITTED)
    client.force_login(people.officer)

    assert shown(client, LIST, agency="tan uyen") == uuids(wanted)


def test_a_filter_that_can_not_be_read_says_so_and_loses_nothing(client: Client) -> None:
    people = story.cast()
    client.force_login(people.clerk)

    text = client.get(LIST, {"since": "32/13/2026", "q": "Lò"}).text

    assert 'value="32/13/2026"' in text
    assert 'value="Lò"' in text
    assert "field-errors" in text


def test_htmx_gets_the_table_alone_and_a_cache_is_told(client: Client) -> None:
    client.force_login(story.cast().clerk)

    part = client.get(LIST, headers={"HX-Request": "true"})

    assert "<html" not in part.text
    assert 'id="ket-qua"' in part.text
    assert "HX-Request" in part.headers["Vary"]


def test_a_body_that_gets_a_copy_finds_it_in_the_list_to_follow(client: Client) -> None:
    people, other = story.cast(), builders.user(Role.CLERK)
    copied = builders.dossier(agency=people.agency, state=State.SUBMITTED)
    DossierCopy.objects.create(dossier=copied, agency=other.agency)
    client.force_login(other)

    assert shown(client, COPIES) == uuids(copied)
    assert shown(client, LIST) == []


def test_the_button_of_a_line_leads_to_the_next_step(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)
    assert reverse("requests_app:editor", args=[dossier.uuid]) in client.get("/").text

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)
    client.force_login(people.head)
    assert reverse("requests_app:sign", args=[dossier.uuid]) in client.get("/").text
