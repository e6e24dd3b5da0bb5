"""The list of deadlines: whose, which, in what order."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.agencies.models import Agency
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db


def deadline(agency: Agency, due_on: date, *, done: bool = False, title: str = "Thử") -> Deadline:
    return Deadline.objects.create(
        kind=DeadlineKind.CA_ISSUE,
        article="Điều 11 Nghị định 68/2024/NĐ-CP",
        agency=agency,
        office=agency.office,
        target_type="dossier",
        target_uuid=uuid.uuid4(),
        title=title,
        path="/ho-so/x/",
        received_on=due_on - timedelta(days=5),
        working_days=3,
        due_on=due_on,
        done_at=NOW if done else None,
    )


def sign_in(role: Role, agency: Agency) -> Client:
    client = Client()
    client.force_login(builders.user(role, agency=agency))
    client.get(reverse("agencies:suggest"))  # the first request of a session writes to it
    return client


def titles(client: Client, **asked: str) -> list[str]:
    page = client.get(reverse("deadlines:list"), asked).context["page"]
    return [one.title for one in page]


@time_machine.travel(datetime(2026, 11, 20, 2, 0, tzinfo=UTC), tick=False)
def test_the_most_urgent_come_first_and_filters_narrow_them_down() -> None:
    agency = builders.agency()
    deadline(agency, TODAY + timedelta(days=2), title="Chủ nhật này")
    deadline(agency, TODAY + timedelta(days=3), title="thứ Hai sau")
    deadline(agency, TODAY, title="hôm nay")
    deadline(agency, TODAY - timedelta(days=1), title="quá hạn")
    deadline(agency, TODAY - timedelta(days=9), title="xong", done=True)
    client = sign_in(Role.CLERK, agency)

    assert titles(client) == ["quá hạn", "hôm nay", "Chủ nhật này", "thứ Hai sau"]
    assert titles(client, state="overdue") == ["quá hạn"]
    assert titles(client, state="today") == ["hôm nay"]
    assert titles(client, state="week") == ["hôm nay", "Chủ nhật này"]
    assert titles(client, state="done") == ["xong"]
    assert len(titles(client, state="")) == 5
    assert titles(client, kind=DeadlineKind.RECOVERY) == []
    html = client.get(reverse("deadlines:list")).content.decode()
    assert "quá hạn 1 ngày làm việc" in html
    assert "Điều 11 Nghị định 68/2024/NĐ-CP" in html


def test_who_sees_whose_deadlines() -> None:
    office = builders.office()
    mine = builders.agency(office=office)
    deadline(mine, TODAY, title="đơn vị")
    deadline(office, TODAY, title="Sở")
    deadline(builders.ca(), TODAY, title="Cục")
    deadline(builders.agency(), TODAY, title="khác")

    seen = {
        (Role.CLERK, mine): {"đơn vị"},
        (Role.HEAD, mine): {"đơn vị"},
        (Role.OFFICE_OFFICER, office): {"đơn vị", "Sở"},
        (Role.CA_OPERATOR, builders.ca()): {"Cục"},
        (Role.AUDITOR, mine): {"đơn vị"},
        (Role.ADMINISTRATOR, mine): set(),
    }
    for (role, agency), expected in seen.items():
        user = builders.user(role, agency=agency)
        assert {one.title for one in Deadline.objects.visible_to(user)} == expected


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_for_one_and_for_thirty(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    agency = builders.agency()
    for _ in range(count):
        deadline(agency, TODAY + timedelta(days=400))
    client = sign_in(Role.CLERK, agency)
    frame = 5  # session, user, agency of the user, unread notices, whom to ask

    with django_assert_num_queries(frame + 3):  # count, rows, calendar
        client.get(reverse("deadlines:list"))


def test_pages_follow_one_another() -> None:
    agency = builders.agency()
    for n in range(60):
        deadline(agency, TODAY + timedelta(days=n), title=f"{n:02d}")
    client = sign_in(Role.CLERK, agency)

    first = client.get(reverse("deadlines:list")).context["page"]
    second = client.get(f"{reverse('deadlines:list')}?{first.next_params}").context["page"]

    assert [one.title for one in first] + [one.title for one in second] == [
        f"{n:02d}" for n in range(60)
    ]
    assert second.next_params is None


def test_htmx_gets_the_table_alone() -> None:
    client = sign_in(Role.CLERK, builders.agency())

    part = client.get(reverse("deadlines:list"), headers={"HX-Request": "true"})

    assert b"<html" not in part.content
