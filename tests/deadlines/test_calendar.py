"""Keeping the working-day table, and the deadlines that move with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.calendar.workdays import work_calendar
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines import calendar, moves, services
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.moves import Moved
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
THURSDAY = date(2026, 11, 26)
OFF, WORK = CalendarDay.Kind.OFF, CalendarDay.Kind.WORK


def deadline(agency: Agency, *, target_type: str = "dossier") -> Deadline:
    """Received on Friday 20/11/2026, due after 3 working days: Thursday 26/11 (24/11 is off)."""
    return services.open_deadline(
        DeadlineKind.CA_ISSUE,
        agency=agency,
        office=None,
        target_type=target_type,
        target_uuid=uuid.uuid4(),
        title="Cấp mới",
        path="",
        now=NOW,
    )


def due(one: Deadline) -> date:
    one.refresh_from_db()
    return one.due_on


@pytest.fixture
def told() -> Iterator[list[Moved]]:
    heard: list[Moved] = []

    def listen(moved: Sequence[Moved]) -> None:
        heard.extend(moved)

    moves.follow("trial", listen)
    yield heard
    moves.follow("trial", lambda moved: None)


def test_a_day_off_moves_the_open_deadlines_that_count_over_it(told: list[Moved]) -> None:
    agency = builders.agency()
    mine, done = deadline(agency, target_type="trial"), deadline(agency)
    services.close(DeadlineKind.CA_ISSUE, done.target_uuid, now=NOW)
    admin = builders.user(Role.ADMINISTRATOR)

    moved = calendar.add_day(
        date(2026, 11, 25), kind=OFF, name="Nghỉ bão", is_official=True, actor=admin, now=NOW
    )

    assert [(one.deadline, one.was_due_on) for one in moved] == [(mine, THURSDAY)]
    assert told == moved
    assert due(mine) == date(2026, 11, 27)
    assert mine.next_at == NOW
    assert due(done) == THURSDAY
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_uuid) == ("calendar.add_day", admin.uuid)
    assert entry.data["moved"] == [
        {"deadline": str(mine.uuid), "from": "2026-11-26", "to": "2026-11-27"}
    ]


@pytest.mark.parametrize(
    ("day", "kind", "expected"),
    [
        (date(2026, 11, 20), OFF, date(2026, 11, 26)),  # the day of receipt is not counted
        (date(2026, 11, 23), OFF, date(2026, 11, 27)),
        (date(2026, 11, 26), OFF, date(2026, 11, 27)),  # the last day itself
        (date(2026, 11, 27), OFF, date(2026, 11, 26)),  # after the end
        (date(2026, 11, 21), WORK, date(2026, 11, 25)),  # a worked Saturday
    ],
)
def test_where_a_new_day_moves_the_end(day: date, kind: str, expected: date) -> None:
    mine = deadline(builders.agency())
    admin = builders.user(Role.ADMINISTRATOR)

    calendar.add_day(day, kind=kind, name="Thử", is_official=False, actor=admin, now=NOW)

    assert due(mine) == expected


def test_a_day_taken_out_moves_them_back() -> None:
    mine = deadline(builders.agency())
    admin = builders.user(Role.ADMINISTRATOR)

    moved = calendar.remove_day(
        CalendarDay.objects.get(date=date(2026, 11, 24)), actor=admin, now=NOW
    )

    assert [one.deadline for one in moved] == [mine]
    assert due(mine) == date(2026, 11, 25)
    assert AuditEntry.objects.get().data["moved_count"] == 1


def test_a_corrected_name_moves_nothing() -> None:
    mine = deadline(builders.agency())
    day = CalendarDay.objects.get(date=date(2027, 2, 5))

    calendar.edit_day(
        day,
        name="Tết Đinh Mùi",
        is_official=True,
        actor=builders.user(Role.ADMINISTRATOR),
        now=NOW,
    )

    day.refresh_from_db()
    assert (day.name, day.is_official) == ("Tết Đinh Mùi", True)
    assert due(mine) == THURSDAY


@pytest.mark.parametrize(
    ("day", "kind", "code"),
    [
        (date(2026, 11, 24), OFF, "day_taken"),
        (date(2026, 11, 28), OFF, "day_is_so_already"),
        (date(2026, 11, 27), WORK, "day_is_so_already"),
    ],
)
def test_a_day_that_changes_nothing_is_refused(day: date, kind: str, code: str) -> None:
    before = CalendarDay.objects.count()

    with pytest.raises(Refused) as refusal:
        calendar.add_day(
            day,
            kind=kind,
            name="Thử",
            is_official=True,
            actor=builders.user(Role.ADMINISTRATOR),
            now=NOW,
        )

    assert [one.code for one in refusal.value.violations] == [code]
    assert CalendarDay.objects.count() == before


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_everybody_reads_the_calendar_and_only_the_administrator_edits(role: Role) -> None:
    user = builders.user(role)
    day = CalendarDay.objects.get(date=date(2026, 11, 24))
    client = Client()
    client.force_login(user)

    page = client.get(reverse("deadlines:calendar"), {"nam": "2026"})

    assert page.status_code == 200
    assert reverse("deadlines:add_day") not in page.content.decode()
    for url in (
        reverse("deadlines:add_day"),
        reverse("deadlines:edit_day", args=[day.date]),
        reverse("deadlines:remove_day", args=[day.date]),
    ):
        assert client.get(url).status_code == 403
        assert client.post(url).status_code == 403
    with pytest.raises(PermissionDenied):
        calendar.remove_day(day, actor=user, now=NOW)
    with pytest.raises(PermissionDenied):
        calendar.edit_day(day, name="X", is_official=True, actor=user, now=NOW)


def admin_client() -> Client:
    client = Client()
    client.force_login(builders.user(Role.ADMINISTRATOR))
    return client


def test_the_page_shows_a_year() -> None:
    client = admin_client()

    page = client.get(reverse("deadlines:calendar"), {"nam": "2027"})

    assert page.context["year"] == 2027
    assert page.context["expected"] == 6
    assert page.context["computed"] == []  # all that is computed of 2027 stands in the table
    assert list(page.context["years"]) == [2025, 2026, 2027]
    assert page.context["working_days"] == 249
    assert client.get(reverse("deadlines:calendar"), {"nam": "x"}).status_code == 200
    assert client.get("/thoi-han/lich/2026-13-40/").status_code == 404


def test_a_day_is_added_corrected_and_removed_in_the_browser() -> None:
    mine = deadline(builders.agency())
    client = admin_client()
    typed = {"date": "25/11/2026", "kind": "off", "name": "Nghỉ bão", "is_official": "on"}

    wrong = client.post(reverse("deadlines:add_day"), typed | {"date": "28/11/2026"})
    added = client.post(reverse("deadlines:add_day"), typed, follow=True)
    edit = reverse("deadlines:edit_day", args=[date(2026, 11, 25)])
    client.post(edit, {"name": "Nghỉ bão số 15"})
    asked = client.get(reverse("deadlines:remove_day", args=[date(2026, 11, 25)]))
    removed = client.post(reverse("deadlines:remove_day", args=[date(2026, 11, 25)]), follow=True)

    assert [one.code for one in wrong.context["violations"]] == ["day_is_so_already"]
    assert "26/11/2026 thành 27/11/2026" in added.content.decode()
    assert "Nghỉ bão số 15" in asked.content.decode()
    assert "27/11/2026 thành 26/11/2026" in removed.content.decode()
    assert due(mine) == THURSDAY
    assert list(AuditEntry.objects.values_list("action", flat=True)) == [
        "calendar.add_day",
        "calendar.edit_day",
        "calendar.remove_day",
    ]


def enter_tet_2028(admin: User) -> list[list[Moved]]:
    """Enter the five days that make a table of 2028: a shorter Tết than the computed one."""
    days = [date(2028, 1, 3), *(date(2028, 1, day) for day in (25, 26, 27)), date(2028, 5, 2)]
    return [
        calendar.add_day(day, kind=OFF, name="Tết", is_official=True, actor=admin, now=NOW)
        for day in days
    ]


def test_the_table_of_a_year_takes_the_place_of_what_was_computed() -> None:
    agency = builders.agency()
    mine = deadline(agency)
    Deadline.objects.filter(pk=mine.pk).update(
        received_on=date(2028, 1, 20), due_on=date(2028, 2, 1)
    )
    assert work_calendar().add(date(2028, 1, 20), 3) == date(2028, 2, 1)

    moved = enter_tet_2028(builders.user(Role.ADMINISTRATOR))

    assert [len(one) for one in moved] == [0, 0, 0, 0, 1]  # the last makes it a table
    assert due(mine) == date(2028, 1, 28)  # 21, 24 and 28: the computed 24 and 28 are worked


def test_marking_a_day_as_expected_may_bring_the_computed_ones_back() -> None:
    admin = builders.user(Role.ADMINISTRATOR)
    enter_tet_2028(admin)
    mine = deadline(builders.agency())
    Deadline.objects.filter(pk=mine.pk).update(
        received_on=date(2028, 1, 20), due_on=date(2028, 1, 28)
    )
    day = CalendarDay.objects.get(date=date(2028, 5, 2))

    moved = calendar.edit_day(day, name=day.name, is_official=False, actor=admin, now=NOW)

    assert [one.deadline for one in moved] == [mine]
    assert due(mine) == date(2028, 2, 1)


def test_the_page_of_a_year_nobody_announced_shows_what_is_computed() -> None:
    page = admin_client().get(reverse("deadlines:calendar"), {"nam": "2028"})

    assert not page.context["is_announced"]
    assert date(2028, 1, 26) in [day for day, _name in page.context["computed"]]
    html = page.content.decode()
    assert "Chưa nhập lịch nghỉ chính thức của năm 2028" in html
    assert "26/01/2028" in html
