"""Each number of the page is the length of its list, and finds what was made wrong, alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices.lifecycle import Custody
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, AgencyVersion, Subscriber
from portal.core.roles import Role
from portal.estate.quality.checks import CHECKS
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
FAR = timezone.now() + timedelta(days=2000)


def _works(
    person: Subscriber, at: Agency, *, email: str = "a@laichau.gov.vn", **to: object
) -> None:
    Affiliation.objects.create(
        subscriber=person,
        agency=at,
        email=email,
        valid_from=TODAY - timedelta(days=900),
        **to,
    )


def _made(agency: Agency) -> dict[str, set[str]]:
    """Make one of each fault, and beside it people and things that are right."""
    AgencyVersion.objects.filter(agency=agency).update(agency_code="H12.3.4")
    right, mute, double, left, kept = (
        builders.person(name, at=agency)
        for name in ("Lò Đúng", "Lò Thiếu Thư", "Lò Hai", "Lò Đã Rời", "Lò Ở Lại")
    )
    for one in (right, mute, double, left):
        builders.certificate(subscriber=one, not_after=FAR)
    builders.certificate(subscriber=double, not_after=FAR)
    for one in (right, double):
        _works(one, agency)
    _works(mute, agency, email="")
    _works(left, agency, valid_until=TODAY - timedelta(days=400))
    _works(left, builders.agency())
    ended = builders.agency(office=agency.office)
    AgencyVersion.objects.filter(agency=ended).update(agency_code="H12.3.5")
    builders.certificate(subscriber=kept, not_after=FAR)
    _works(kept, agency)
    kept.certificates.update(agency=ended)
    _works(kept, ended)
    Agency.objects.filter(pk=ended.pk).update(dissolved_on=TODAY - timedelta(days=500))
    bare = builders.agency(office=agency.office)
    AgencyVersion.objects.filter(agency=bare).update(agency_code="")
    lying = builders.device(custody=Custody.AT_AGENCY, agency=agency, subscriber=right)
    builders.device(custody=Custody.WITH_SUBSCRIBER, agency=agency, subscriber=right)
    return {
        "thieu-thu-cong-vu": {mute.name},
        "don-vi-thieu-ma-dau": {bare.name},
        "hai-chung-thu": {double.name},
        "thiet-bi-khong-ai-giu": {lying.serial},
        "don-vi-da-cham-dut": {kept.name},
        "nguoi-da-roi": {left.name},
    }


@pytest.fixture
def office(db: None) -> Agency:
    return builders.office()


@pytest.fixture
def officer(office: Agency) -> User:
    return builders.user(Role.OFFICE_OFFICER, agency=office)


def test_each_fault_is_found_and_nothing_else(
    office: Agency,
    officer: User,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    expected = _made(builders.agency(office=office))
    _made(builders.agency(office=builders.office()))  # another province's
    client.force_login(officer)
    client.get(reverse("quality:overview"))

    with django_assert_max_num_queries(16):
        page = client.get(reverse("quality:overview")).content.decode()

    now = timezone.now()
    found = {
        code: {check.line(row).name for row in check.rows(officer, now)}
        for code, check in CHECKS.items()
    }
    assert found == expected
    for code, names in expected.items():
        url = reverse("quality:list", args=[code])
        assert url in page
        with django_assert_max_num_queries(12):
            shown = client.get(url).content.decode()
        assert all(name in shown for name in names)
        assert client.get(url, {"export": "xlsx"})["Content-Type"].endswith("sheet")


def test_a_clerk_begins_one_letter_for_many(office: Agency, client: Client) -> None:
    agency = builders.agency(office=office)
    _made(agency)
    client.force_login(builders.user(Role.CLERK, agency=agency))

    for code, check in CHECKS.items():
        page = client.get(reverse("quality:list", args=[code])).content.decode()
        assert page
        if check.event and check.rows(builders.user(Role.CLERK, agency=agency), NOW).exists():
            assert "requests_app" not in check.start
            assert client.get(check.start).status_code == 200
