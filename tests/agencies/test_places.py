"""People who move and systems that are renamed: told by their changed certificates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.agencies import services
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.agencies.services import NewPlace
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
LONG_AGO = date(2025, 7, 1)


def _working(
    person: Subscriber, agency: Agency, *, since: date = LONG_AGO, unit: str = "Văn phòng"
) -> Affiliation:
    return Affiliation.objects.create(
        subscriber=person,
        agency=agency,
        unit=unit,
        position="Chuyên viên",
        email="cu@laichau.gov.vn",
        phone="0912345678",
        valid_from=since,
    )


def _open(person: Subscriber) -> dict[int, Affiliation]:
    found = person.affiliations.filter(valid_until__isnull=True)
    return {one.agency_id: one for one in found}


def test_who_moves_leaves_one_body_and_begins_at_the_other() -> None:
    old, new = builders.agency(), builders.agency()
    person = builders.person(at=old)
    left = _working(person, old)
    place = NewPlace(subscriber=person, leaves=old, unit="UBND XÃ TÂN UYÊN")

    services.change_places([place], agency=new, now=NOW)

    person.refresh_from_db()
    left.refresh_from_db()
    assert person.agency == new
    assert left.valid_until == TODAY
    begun = _open(person)[new.pk]
    assert (begun.unit, begun.position) == ("UBND XÃ TÂN UYÊN", "")
    assert (begun.email, begun.phone) == ("cu@laichau.gov.vn", "0912345678")


def test_duties_at_a_third_body_go_on() -> None:
    old, new, third = builders.agency(), builders.agency(), builders.agency()
    person = builders.person(at=old)
    for body in (old, third):
        _working(person, body)

    services.change_places([NewPlace(subscriber=person, leaves=old)], agency=new, now=NOW)

    assert set(_open(person)) == {new.pk, third.pk}


def test_a_new_address_at_the_same_body_ends_one_affiliation_and_begins_another() -> None:
    agency = builders.agency()
    person = builders.person(at=agency)
    before = _working(person, agency)

    services.change_places(
        [NewPlace(subscriber=person, email="moi@laichau.gov.vn")], agency=agency, now=NOW
    )

    before.refresh_from_db()
    assert before.valid_until == TODAY
    begun = _open(person)[agency.pk]
    assert (begun.email, begun.unit, begun.position) == (
        "moi@laichau.gov.vn",
        "Văn phòng",
        "Chuyên viên",
    )


def test_what_begun_today_is_mended_and_what_is_the_same_left_alone() -> None:
    agency = builders.agency()
    person, same = builders.person(at=agency), builders.person(at=agency)
    _working(person, agency, since=TODAY)
    _working(same, agency)
    places = [
        NewPlace(subscriber=person, email="moi@laichau.gov.vn"),
        NewPlace(subscriber=same, email="cu@laichau.gov.vn"),
    ]

    services.change_places(places, agency=agency, now=NOW)
    services.change_places(places, agency=agency, now=NOW + timedelta(hours=1))

    assert Affiliation.objects.count() == 2
    assert _open(person)[agency.pk].email == "moi@laichau.gov.vn"


def test_a_system_is_renamed_and_found_by_its_new_name() -> None:
    agency = builders.agency()
    system = Subscriber.objects.create(
        kind=SubscriberKind.SYSTEM,
        name="CỔNG CŨ",
        search_name="cong cu",
        sort_name="cong cu",
        agency=agency,
        domain_name="cu.laichau.gov.vn",
    )

    services.change_places([NewPlace(subscriber=system, name="CỔNG MỚI")], agency=agency, now=NOW)

    system.refresh_from_db()
    assert (system.name, system.search_name) == ("CỔNG MỚI", "cong moi")
    assert system.domain_name == "cu.laichau.gov.vn"
    assert not system.affiliations.exists()
