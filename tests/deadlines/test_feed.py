"""The calendar feed: a private address, what stands in it, who is turned away."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from icalendar import Calendar, Event
from pytest_django import DjangoAssertNumQueries

from portal.accounts import services as accounts
from portal.accounts.models import CalendarFeed, User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.deadlines import services
from portal.deadlines.models import Counts, Deadline, DeadlineKind
from portal.deadlines.querysets import MOST_EVENTS
from portal.deadlines.views_feed import calendar_of
from tests import builders
from tests.builders import NOW, TODAY
from tests.deadlines.test_list import deadline

pytestmark = pytest.mark.django_db
PAGE = "accounts:calendar_feed"


def clerk_with_feed() -> tuple[User, str]:
    clerk = builders.user(Role.CLERK)
    return clerk, accounts.make_feed(clerk, now=NOW)


def fetch(token: str) -> int:
    return Client().get(reverse("calendar_feed", args=[token])).status_code


def events(content: bytes) -> list[Event]:
    return list(Calendar.from_ical(content).walk("VEVENT"))  # type: ignore[arg-type]


def owed(agency: Agency, *, title: str = "Thử") -> Deadline:
    return services.open_deadline(
        DeadlineKind.DEVICE_RETURN,
        agency=agency,
        office=agency.office,
        target_type="device",
        target_uuid=uuid.uuid4(),
        title=title,
        path="/thiet-bi/x/",
        now=NOW,
    )


@time_machine.travel(NOW, tick=False)
def test_whoever_has_the_address_reads_the_open_clocks_without_signing_in() -> None:
    clerk, token = clerk_with_feed()
    clock = owed(clerk.agency)
    deadline(clerk.agency, TODAY, done=True)
    owed(builders.agency())

    answer = Client().get(reverse("calendar_feed", args=[token]))

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]
    (event,) = events(answer.content)
    assert str(event["uid"]) == f"{clock.uuid}@127.0.0.1"
    assert event.decoded("dtstart") == clock.due_on == date(2026, 11, 30)
    assert event.decoded("dtend") == clock.due_on + timedelta(days=1)
    assert event.decoded("last-modified") == NOW
    assert str(event["url"]).endswith("/thiet-bi/x/")


def test_lines_are_folded_and_marks_escaped_as_the_standard_says() -> None:
    clerk = builders.user(Role.CLERK)
    title = "Thiết bị A; B, C\\D\nxuống dòng " + "ữ" * 100
    clock = owed(clerk.agency, title=title)

    content = calendar_of([clock])

    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert "A\\; B\\, C\\\\D\\nxuống dòng" in content.replace(b"\r\n ", b"").decode()
    (event,) = events(content)
    assert str(event["summary"]).endswith(title)


def test_a_clock_that_moves_keeps_its_name_and_says_when_it_changed() -> None:
    clerk = builders.user(Role.CLERK)
    clock = owed(clerk.agency)
    later = NOW + timedelta(days=1)
    (before,) = events(calendar_of([clock]))

    services.pass_on([clock.target_uuid], agency=clerk.agency, office=None, now=later)
    clock.refresh_from_db()

    (after,) = events(calendar_of([clock]))
    assert after["uid"] == before["uid"]
    assert after.decoded("last-modified") == later


def test_a_clock_from_before_changes_were_noted_has_the_day_it_began() -> None:
    clock = deadline(builders.agency(), TODAY)

    (event,) = events(calendar_of([clock]))

    assert event.decoded("last-modified") == datetime(2026, 11, 14, 17, tzinfo=UTC)


def test_the_feed_is_bounded_and_begins_with_the_most_urgent() -> None:
    clerk = builders.user(Role.CLERK)
    far = deadline(clerk.agency, TODAY + timedelta(days=181))
    late = deadline(clerk.agency, TODAY - timedelta(days=3))
    one = deadline(clerk.agency, TODAY)
    Deadline.objects.bulk_create(
        Deadline(
            **{
                field.attname: getattr(one, field.attname)
                for field in Deadline._meta.concrete_fields
                if field.attname not in {"id", "uuid", "target_uuid"}
            },
            target_uuid=uuid.uuid4(),
        )
        for _ in range(MOST_EVENTS)
    )

    found = list(Deadline.objects.in_feed_of(clerk, today=TODAY))

    assert len(found) == MOST_EVENTS
    assert found[0] == late
    assert far not in found


def test_an_office_is_not_told_of_each_certificate_of_its_bodies() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    below = builders.agency(office=officer.agency)
    for agency in (below, officer.agency):
        door = deadline(agency, TODAY + timedelta(days=9))
        Deadline.objects.filter(pk=door.pk).update(
            kind=DeadlineKind.RENEWAL_DOOR, counts=Counts.FIXED
        )
    owed(below)

    found = list(Deadline.objects.in_feed_of(officer, today=TODAY))

    assert {(one.agency_id, one.kind) for one in found} == {
        (below.pk, DeadlineKind.DEVICE_RETURN),
        (officer.agency_id, DeadlineKind.RENEWAL_DOOR),
    }


def test_the_feed_costs_the_same_however_much_is_owed(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    clerk, token = clerk_with_feed()
    for _ in range(5):
        owed(clerk.agency)

    fetch(token)  # that it is used for the first time is recorded
    with django_assert_num_queries(2):
        fetch(token)


def test_an_unknown_a_withdrawn_and_an_old_address_lead_nowhere() -> None:
    clerk, old = clerk_with_feed()
    token = accounts.make_feed(clerk, now=NOW)

    assert [fetch(one) for one in ("x", old, token)] == [404, 404, 200]

    assert accounts.withdraw_feed(clerk, now=NOW)
    assert fetch(token) == 404
    assert not accounts.withdraw_feed(clerk, now=NOW)


def test_only_a_hash_of_the_token_is_kept_and_each_act_is_recorded() -> None:
    clerk, token = clerk_with_feed()
    accounts.withdraw_feed(clerk, now=NOW)
    accounts.make_feed(clerk, now=NOW)

    feed = CalendarFeed.objects.get()

    assert len(token) >= 43  # 256 bits
    assert token not in feed.token_hash
    entries = AuditEntry.objects.order_by("sequence")
    assert [entry.action for entry in entries] == [
        "user.make_calendar_feed",
        "user.withdraw_calendar_feed",
        "user.make_calendar_feed",
    ]
    assert all(token not in str(entry.data) for entry in entries)


def test_a_closed_account_and_a_new_password_end_the_feed() -> None:
    clerk, token = clerk_with_feed()
    User.objects.filter(pk=clerk.pk).update(is_active=False)
    assert fetch(token) == 404
    User.objects.filter(pk=clerk.pk).update(is_active=True)
    assert fetch(token) == 200

    accounts.change_password(clerk, "mot-mat-khau-khac-han", actor=clerk, now=NOW)

    assert fetch(token) == 404


def test_the_address_is_shown_once(client: Client) -> None:
    clerk = builders.user(Role.CLERK)
    client.force_login(clerk)

    shown = client.post(reverse(PAGE), {"do": "make"})
    again = client.get(reverse(PAGE))

    address = shown.context["address"]
    assert address in shown.text
    assert Client().get(address.removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert "/lich/" not in again.text.replace(reverse(PAGE), "")
    assert "Lấy địa chỉ mới" in again.text
    client.post(reverse(PAGE), {"do": "withdraw"})
    assert not CalendarFeed.objects.exists()


def test_asking_for_nothing_known_changes_nothing(client: Client) -> None:
    client.force_login(builders.user(Role.CLERK))

    assert client.post(reverse(PAGE), {"do": "x"}).status_code == 200
    assert not CalendarFeed.objects.exists()
