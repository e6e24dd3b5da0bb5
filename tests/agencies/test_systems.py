"""Devices, services and software as subscribers: one each, under the body that manages them."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from portal.agencies.facts import SystemFacts
from portal.agencies.models import Agency, Subscriber, SubscriberKind
from portal.agencies.services import match_or_create_systems
from tests import builders

pytestmark = pytest.mark.django_db


def facts(owner: Agency, name: str = "CỔNG MỘT CỬA", host: str = "mc.gov.vn") -> SystemFacts:
    return SystemFacts(owner=owner, name=name, host=host)


def test_a_system_is_made_once_and_found_again() -> None:
    owner = builders.agency()

    (made,) = match_or_create_systems([facts(owner)])
    (found,) = match_or_create_systems([facts(owner, "Cổng một cửa", "MC.gov.vn")])

    assert found == made
    assert (made.kind, made.agency, made.domain_name) == (
        SubscriberKind.SYSTEM,
        owner,
        "mc.gov.vn",
    )
    assert made.organisation is None
    assert made.identity_hash is None


def test_another_name_address_or_owner_is_another_system() -> None:
    one, two = builders.agency(), builders.agency()

    made = match_or_create_systems(
        [facts(one), facts(one, host="hai.gov.vn"), facts(one, "CỔNG HAI"), facts(two)]
    )

    assert len({system.pk for system in made}) == 4


def test_a_list_that_names_one_twice_makes_it_once_as_first_written() -> None:
    owner = builders.agency()

    first, second = match_or_create_systems([facts(owner), facts(owner, "Cổng Một Cửa")])

    assert first == second
    assert Subscriber.objects.get().name == "CỔNG MỘT CỬA"


def test_a_person_of_the_same_name_is_no_system() -> None:
    owner = builders.agency()
    person = builders.person("Cổng Một Cửa", at=owner)

    (made,) = match_or_create_systems([facts(owner, host="")])

    assert made != person


def test_a_units_system_belongs_to_the_body_with_the_seal_above_it() -> None:
    owner = builders.agency()
    unit = builders.agency("PHÒNG MỘT", parent=owner, has_seal=False)

    (made,) = match_or_create_systems([facts(unit)])

    assert made.agency == owner


def test_a_long_list_takes_no_more_questions(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    owner = builders.agency()
    many = [facts(owner, f"PHẦN MỀM {number}") for number in range(30)]

    with django_assert_max_num_queries(
        9
    ):  # with words, the ends of the savepoint, PostgreSQL's lock
        match_or_create_systems(many)
