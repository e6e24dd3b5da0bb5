"""The dashboards: who is late, what waits where, how long answers take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.agencies.models import Agency
from portal.core.calendar.workdays import WorkCalendar
from portal.core.roles import Role
from portal.deadlines.models import Counts, Deadline, DeadlineKind
from requests_app.models import Dossier
from requests_app.pages.desks import AGES, of_age
from requests_app.workflow import Action, Route, State
from requests_app.worklist.views.dashboard import Dashboard, median
from tests import builders, story
from tests.builders import NOW, TODAY
from tests.deadlines.test_list import deadline

pytestmark = pytest.mark.django_db
CALENDAR = WorkCalendar()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def owed(agency: Agency, kind: DeadlineKind, *, late: int) -> Deadline:
    clock = deadline(agency, TODAY - late * DAY)
    clock.kind = kind
    clock.save()
    return clock


def answered(
    agency: Agency, *, received_on: date, decided_on: date, kind: str = "mau_01_person"
) -> Dossier:
    return builders.dossier(
        agency=agency,
        state=State.COMPLETED,
        kind=kind,
        received_on=received_on,
        decided_on=decided_on,
    )


def test_who_is_late_stands_by_body_and_kind_the_longest_overdue_first() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    one, other = (builders.agency(office=officer.agency) for _ in range(2))
    owed(one, DeadlineKind.DEVICE_RETURN, late=2)
    owed(one, DeadlineKind.DEVICE_RETURN, late=9)
    owed(other, DeadlineKind.LOSS_MINUTES, late=5)
    owed(other, DeadlineKind.LOSS_MINUTES, late=0)
    owed(builders.agency(office=builders.office()), DeadlineKind.DEVICE_RETURN, late=3)

    figures = Dashboard.of(officer, today=TODAY, calendar=CALENDAR)

    assert [(late.agency, late.kind, late.count, late.since) for late in figures.late] == [
        (one.name, DeadlineKind.DEVICE_RETURN, 2, TODAY - 9 * DAY),
        (other.name, DeadlineKind.LOSS_MINUTES, 1, TODAY - 5 * DAY),
    ]
    assert [(late.kind, late.count) for late in figures.late_devices] == [
        (DeadlineKind.DEVICE_RETURN, 2),
        (DeadlineKind.LOSS_MINUTES, 1),
    ]
    assert figures.late_count == 3


def test_the_ca_sees_what_bodies_owe_it_and_not_what_they_owe_others() -> None:
    supervisor = builders.user(Role.CA_SUPERVISOR)
    office = builders.office()
    body = builders.agency(office=office)
    owed(body, DeadlineKind.DEVICE_RETURN, late=1)
    owed(body, DeadlineKind.CORRECTION, late=1)
    owed(office, DeadlineKind.OFFICE_CHECK, late=1)
    owed(supervisor.agency, DeadlineKind.CA_ISSUE, late=1)

    figures = Dashboard.of(supervisor, today=TODAY, calendar=CALENDAR)

    assert {late.kind for late in figures.late} == {
        DeadlineKind.DEVICE_RETURN,
        DeadlineKind.CA_ISSUE,
    }


def test_a_door_that_shut_is_nobody_s_delay() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    door = owed(builders.agency(office=officer.agency), DeadlineKind.RENEWAL_DOOR, late=4)
    Deadline.objects.filter(pk=door.pk).update(counts=Counts.FIXED)

    assert Dashboard.of(officer, today=TODAY, calendar=CALENDAR).late_count == 0


@pytest.mark.parametrize(
    ("since", "group"),
    [
        (date(2026, 11, 20), 0), (date(2026, 11, 19), 0), (date(2026, 11, 18), 1),
        (date(2026, 11, 17), 1), (date(2026, 11, 16), 2), (date(2026, 11, 13), 2),
        (date(2026, 11, 12), 3), (date(2026, 1, 1), 3),
    ],
)  # fmt: skip
def test_a_dossier_is_as_old_as_the_working_days_it_waits(since: date, group: int) -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    body = builders.agency(office=officer.agency)
    builders.dossier(agency=body, state=State.SUBMITTED, waiting_since=since)

    (desk,) = Dashboard.of(officer, today=TODAY, calendar=CALENDAR).desks

    assert desk.label == str(Role.OFFICE_OFFICER.label)
    ages = list(AGES)
    assert [age for age in ages if desk.by_age[age]] == [ages[group]]
    assert desk.total == 1
    found = [
        age
        for age in ages
        if Dossier.objects.filter(of_age(age, today=TODAY, calendar=CALENDAR)).exists()
    ]
    assert found == [ages[group]]


def test_an_office_sees_each_desk_but_not_who_of_a_body_has_it_in_hand() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    body = builders.agency(office=officer.agency)
    for state in (State.SUBMITTED, State.FORWARDED, State.RETURNED, State.DRAFT, State.ACCEPTED):
        builders.dossier(agency=body, state=state)
    builders.dossier(agency=body, state=State.AWAITING_SIGNATURE, sent_at=NOW)  # corrected

    desks = Dashboard.of(officer, today=TODAY, calendar=CALENDAR).desks

    assert [(desk.label, desk.total) for desk in desks] == [
        ("Đơn vị gửi, đang hoàn thiện", 2),
        ("Chuyên viên Sở KH&CN", 1),
        ("Cán bộ tiếp nhận của Cục", 1),
        ("Hệ thống thực hiện", 1),
    ]


def test_medians_are_of_working_days_by_procedure_in_each_window() -> None:
    operator = builders.user(Role.CA_OPERATOR)
    body = builders.agency(office=builders.office())
    monday = date(2026, 11, 2)
    for taken in (1, 2, 8):
        decided_on = CALENDAR.add(monday, taken)
        answered(body, received_on=monday, decided_on=decided_on)
    answered(body, received_on=monday - 60 * DAY, decided_on=CALENDAR.add(monday - 60 * DAY, 9))
    answered(body, received_on=monday, decided_on=monday, kind="mau_05_revoke")
    answered(body, received_on=monday - 200 * DAY, decided_on=TODAY - 90 * DAY)

    paces = Dashboard.of(operator, today=TODAY, calendar=CALENDAR).paces

    assert [(pace.label, list(pace.windows)) for pace in paces] == [
        ("Cấp mới", [(2, 3), (5, 4)]),
        ("Thu hồi", [(0, 1), (0, 1)]),
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], None), ([7], 7), ([1, 2], 1.5), ([1, 2, 2, 9], 2), ([3, 3, 3, 0, 0], 3), ([-1, 5], 2)],
)
def test_the_median_of_counted_values(values: list[int], expected: float | None) -> None:
    assert median(Counter(values)) == expected


def test_steps_note_since_when_a_desk_has_it_and_when_it_was_answered() -> None:
    people = story.cast(Route.DIRECT)
    dossier = story.drafted(people)
    assert (dossier.waiting_since, dossier.decided_on) == (TODAY, None)
    later = NOW + 3 * DAY

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk, now=later)

    dossier.refresh_from_db()
    assert (dossier.waiting_since, dossier.decided_on) == (TODAY + 3 * DAY, None)


@pytest.mark.parametrize("role", [Role.OFFICE_HEAD, Role.CA_OPERATOR])
def test_every_line_leads_to_what_it_counts(client: Client, role: Role) -> None:
    user = builders.user(role)
    body = builders.agency(office=user.agency if role == Role.OFFICE_HEAD else builders.office())
    owed(body, DeadlineKind.DEVICE_RETURN, late=2)
    owed(body, DeadlineKind.DEVICE_RETURN, late=1)
    owed(body, DeadlineKind.HANDOVER_NOTICE, late=1)
    client.force_login(user)

    text = client.get(reverse("requests_app:dashboard")).text

    returns = reverse("registers:register", args=["thiet-bi-phai-nop-lai"])
    of_body = f"{returns}?state=overdue&body={body.uuid}"
    others = f"{reverse('deadlines:list')}?state=overdue&kind=handover_notice&agency={body.uuid}"
    for address, count in ((of_body, 2), (others, 1)):
        assert f'"{address.replace("&", "&amp;")}" data-count="{count}"' in text
        assert client.get(address).context["count"] == count


def test_the_page_costs_the_same_however_much_there_is(client: Client) -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    client.force_login(officer)
    client.get(reverse("requests_app:dashboard"))
    asked = []
    for _ in range(2):
        body = builders.agency(office=officer.agency)
        owed(body, DeadlineKind.DEVICE_RETURN, late=2)
        builders.dossier(agency=body, state=State.SUBMITTED)
        answered(body, received_on=TODAY - DAY, decided_on=TODAY)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("requests_app:dashboard"))
        asked.append(len(queries))

    assert asked[0] == asked[1] <= 12
