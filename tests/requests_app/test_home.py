"""The work list beside dossiers: devices, other deadlines, and those who have no dossiers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.lifecycle import Condition, Custody
from devices.models import Device
from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.core.roles import Role
from requests_app.workflow import State
from tests import builders, story

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


def owed(client: Client, user: User) -> dict[str, int]:
    """Return what the home page of ``user`` says is owed: address → count."""
    client.force_login(user)
    text = client.get("/").text
    return {
        address.replace("&amp;", "&"): int(count)
        for address, count in re.findall(r'<li[^>]*><a href="([^"]+)"><strong>(\d+)</strong>', text)
    }


def device_at(user: User, custody: Custody, condition: str = Condition.OK) -> Device:
    return builders.device(
        custody=custody,
        condition=condition,
        agency=user.agency,
        subscriber=builders.person(at=user.agency),
    )


def test_the_clerk_sees_what_is_to_do_about_devices_and_where(client: Client) -> None:
    people = story.cast()
    devices = reverse("devices:list")
    for custody, count in (
        (Custody.ON_ITS_WAY, 2), (Custody.AT_AGENCY, 3), (Custody.TO_BE_RETURNED, 1)
    ):  # fmt: skip
        for _ in range(count):
            device_at(people.clerk, custody)
    device_at(people.clerk, Custody.AT_AGENCY, Condition.DAMAGED)
    device_at(builders.user(Role.CLERK), Custody.AT_AGENCY)

    assert owed(client, people.clerk) == {
        reverse("devices:incoming"): 2,
        f"{devices}?custody=at_agency&condition=ok": 3,
        f"{devices}?custody=to_be_returned": 1,
    }
    assert owed(client, people.head) == {}


def test_each_line_about_devices_leads_to_as_many_as_it_says(client: Client) -> None:
    people = story.cast()
    for custody in (Custody.AT_AGENCY, Custody.AT_AGENCY, Custody.TO_BE_RETURNED):
        device_at(people.clerk, custody)

    for address, count in owed(client, people.clerk).items():
        assert f"{count} thiết bị" in client.get(address).text


def test_the_operator_sees_how_many_devices_wait_to_be_sent(client: Client) -> None:
    people = story.cast()
    device = device_at(people.clerk, Custody.ALLOCATED)
    builders.certificate(subscriber=device.subscriber, key_pair=device.key)
    device_at(people.clerk, Custody.ALLOCATED)  # without a certificate it stays

    assert owed(client, people.operator) == {reverse("devices:dispatch"): 1}


def test_the_work_list_of_a_clerk_costs_the_same_however_much_is_owed(client: Client) -> None:
    people = story.cast()
    client.force_login(people.clerk)
    counts = []
    for _ in range(2):
        for custody in (Custody.ON_ITS_WAY, Custody.AT_AGENCY, Custody.TO_BE_RETURNED):
            device_at(people.clerk, custody)
            builders.dossier(agency=people.agency, created_by=people.clerk)
        client.get("/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[1] <= 12


def known_user(role: Role) -> User:
    """An account that is tied to a person: four eyes count persons, not accounts."""
    user = builders.user(role)
    user.person = builders.person(at=user.agency)
    user.save()
    return user


def test_the_second_administrator_sees_the_role_that_waits(client: Client) -> None:
    first, second, account = (
        known_user(role) for role in (Role.ADMINISTRATOR, Role.ADMINISTRATOR, Role.CLERK)
    )
    accounts.propose_role(
        account, role=Role.HEAD, agency=account.agency, actor=first, now=builders.NOW
    )

    assert owed(client, second) == {reverse("accounts:grants"): 1}
    assert owed(client, first) == {}


def test_the_auditor_sees_what_is_overdue_in_the_own_tree(client: Client) -> None:
    province = builders.agency()
    below = builders.agency(parent=province, office=builders.office())
    for agency in (below, builders.agency(office=builders.office())):
        builders.dossier(agency=agency, state=State.SUBMITTED, due_on=date(2026, 11, 19))
    auditor = builders.user(Role.AUDITOR, agency=province)

    lines = owed(client, auditor)

    assert lines == {f"{reverse('requests_app:list')}?due=overdue": 1}
    assert "1 hồ sơ" in client.get(next(iter(lines))).text
