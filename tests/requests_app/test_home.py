"""The work list beside dossiers: devices, other deadlines, and those who have no dossiers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.lifecycle import Condition, Custody
from devices.models import Device
from devices.returns.services import start_clocks
from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.deadlines.models import Counts, Deadline, DeadlineKind
from portal.deadlines.querysets import CERTIFICATE_KINDS
from requests_app.workflow import State
from requests_app.worklist.views.home import CLOCKS_SHOWN
from tests import builders, story
from tests.pages import flat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


def owed(client: Client, user: User) -> dict[str, int]:
    """Return what the home page of ``user`` says is owed: address → count."""
    client.force_login(user)
    text = flat(client.get("/"))
    return {
        address.replace("&amp;", "&"): int(count)
        for address, count in re.findall(
            r'<li[^>]*> ?<a href="([^"]+)" data-count="(\d+)"> ?<strong>', text
        )
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
    for owner in (people.clerk, builders.user(Role.CLERK)):
        start_clocks([device_at(owner, Custody.BACK_AT_AGENCY)], now=builders.NOW)

    assert owed(client, people.clerk) == {
        reverse("devices:incoming"): 2,
        f"{devices}?custody=at_agency&condition=ok": 3,
        reverse("registers:register", args=["thiet-bi-phai-nop-lai"]): 1,
    }
    assert owed(client, people.head) == {}


def test_each_line_about_devices_leads_to_as_many_as_it_says(client: Client) -> None:
    people = story.cast()
    for custody in (Custody.AT_AGENCY, Custody.AT_AGENCY, Custody.TO_BE_RETURNED):
        device_at(people.clerk, custody)

    for address, count in owed(client, people.clerk).items():
        assert f"{count} thiết bị" in client.get(address).text


def test_new_certificates_wait_on_the_clerks_work_list_until_they_are_installed(
    client: Client,
) -> None:
    people = story.cast()
    new = successor_at(people.agency)
    successor_at(story.cast_beside(people).agency)

    assert owed(client, people.clerk) == {f"{reverse('ca:list')}?state=to_install": 1}
    assert new.common_name in client.get(f"{reverse('ca:list')}?state=to_install").text
    assert owed(client, people.head) == {}
    Certificate.objects.filter(pk=new.pk).update(installed_at=builders.NOW)
    assert owed(client, people.clerk) == {}


def successor_at(agency: Agency) -> Certificate:
    old = builders.certificate(subscriber=builders.person(at=agency))
    new = builders.certificate(subscriber=old.subscriber, key_pair=old.key)
    new.predecessor = old
    new.save()
    return new


def test_the_operator_sees_how_many_devices_wait_to_be_sent(client: Client) -> None:
    people = story.cast()
    device = device_at(people.clerk, Custody.ALLOCATED)
    builders.certificate(subscriber=device.subscriber, key_pair=device.key)
    device_at(people.clerk, Custody.ALLOCATED)  # without a certificate it stays

    assert owed(client, people.operator) == {f"{reverse('devices:dispatch')}#cho-gui": 1}


def test_the_work_list_of_a_clerk_costs_the_same_however_much_is_owed(client: Client) -> None:
    people = story.cast()
    client.force_login(people.clerk)
    counts = []
    for _ in range(2):
        for custody in (Custody.ON_ITS_WAY, Custody.AT_AGENCY, Custody.TO_BE_RETURNED):
            device_at(people.clerk, custody)
            builders.dossier(agency=people.agency, created_by=people.clerk)
        successor_at(people.agency)
        client.get("/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[1] <= 27


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
        clock(agency, date(2026, 11, 19))
    auditor = builders.user(Role.AUDITOR, agency=province)

    lines = owed(client, auditor)

    assert lines == {f"{reverse('deadlines:list')}?state=overdue": 1}
    assert "1 thời hạn" in client.get(next(iter(lines))).text


def clock(agency: Agency, due_on: date, kind: str = DeadlineKind.HANDOVER_NOTICE) -> Deadline:
    is_door = kind in CERTIFICATE_KINDS
    return Deadline.objects.create(
        kind=kind,
        article="Điều 11",
        agency=agency,
        office=agency.office,
        target_type="certificate" if is_door else "device",
        target_uuid=uuid.uuid4(),
        title=f"Thiết bị hạn {due_on:%d/%m}",
        path="/thiet-bi/x/",
        received_on=builders.TODAY,
        counts=Counts.FIXED if is_door else Counts.WORKING,
        working_days=0,
        due_on=due_on,
    )


def sections(client: Client, user: User) -> dict[str, tuple[int, int, list[int]]]:
    """Return section → how many dossiers, other clocks, and certificates in each line."""
    client.force_login(user)
    agenda = client.get("/").context["agenda"]
    return {
        section.code: (
            len(section.dossiers),
            len(section.clocks),
            [doors.count for doors in section.doors],
        )
        for section in agenda.sections
    }


def test_the_work_list_is_cut_by_how_urgent_things_are_the_late_first(client: Client) -> None:
    people = story.cast()
    friday, day = builders.TODAY, timedelta(days=1)
    for due_on in (friday - day, friday, friday + 2 * day, friday + 3 * day, None):
        builders.dossier(agency=people.agency, state=State.RETURNED, due_on=due_on)
        if due_on is not None:
            clock(people.agency, due_on)
            clock(builders.agency(), due_on)

    found = sections(client, people.clerk)

    assert list(found) == ["qua-han", "hom-nay", "trong-tuan", "sap-toi", "chua-co-han"]
    assert list(found.values())[:4] == [(1, 1, [])] * 4
    assert found["chua-co-han"] == (1, 0, [])


def test_certificates_whose_door_shuts_are_one_line_a_section(client: Client) -> None:
    people = story.cast()
    door, day = DeadlineKind.RENEWAL_DOOR, timedelta(days=1)
    for ahead in (-1, 0, 3, 3, 90, 91):
        clock(people.agency, builders.TODAY + ahead * day, door)
    clock(people.agency, builders.TODAY + 3 * day, DeadlineKind.CERTIFICATE_EXPIRY)

    found = sections(client, people.clerk)
    text = client.get("/").text

    assert found == {"hom-nay": (0, 0, [1]), "sap-toi": (0, 0, [3, 1])}
    assert "3 chứng thư phải đề nghị gia hạn, thay đổi chậm nhất 23/11/2026" in text
    assert "chứng thư cuối cùng: 18/02/2027" in text
    assert "Chứng thư hết hạn ngày 23/11/2026, chỉ còn cấp mới" in text


def test_within_a_section_the_first_day_stands_first_whatever_is_due(client: Client) -> None:
    people = story.cast()
    for ahead, kind in ((5, DeadlineKind.DEVICE_RETURN), (4, DeadlineKind.RENEWAL_DOOR)):
        clock(people.agency, builders.TODAY + timedelta(days=ahead), kind)
    client.force_login(people.clerk)

    (section,) = client.get("/").context["agenda"].sections

    assert [(one.due_on - builders.TODAY).days for one in section.owed] == [4, 5]


def test_more_clocks_than_fit_lead_to_the_list(client: Client) -> None:
    people = story.cast()
    for _ in range(CLOCKS_SHOWN + 1):
        clock(people.agency, builders.TODAY)

    found = sections(client, people.clerk)

    assert found == {"hom-nay": (0, CLOCKS_SHOWN, [])}
    assert "Xem mọi thời hạn" in client.get("/").text


def test_the_work_list_costs_the_same_however_many_certificates_end(client: Client) -> None:
    people = story.cast()
    client.force_login(people.clerk)
    asked = []
    for count in (1, 9):
        for ahead in range(count):
            clock(people.agency, builders.TODAY + timedelta(days=ahead), DeadlineKind.RENEWAL_DOOR)
            clock(people.agency, builders.TODAY + timedelta(days=ahead))
        client.get("/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        asked.append(len(queries))

    assert asked[0] == asked[1] <= 28
