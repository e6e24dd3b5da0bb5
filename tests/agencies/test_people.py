"""Subscribers: one person one row, where they work, who reads their numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from portal.agencies import services
from portal.agencies.models import Affiliation, Subscriber
from portal.agencies.services import PersonFacts
from portal.audit.models import AuditEntry
from portal.core.roles import CA_ROLES, Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
PERSON = PersonFacts(
    number="012084900101",
    name="Lê Thu Bình",
    birth_on=date(1984, 8, 4),
    unit="Văn phòng",
    position="Văn thư",
    email="lethubinh.tanuyen@laichau.gov.vn",
    phone="0960951092",
)


def people(count: int) -> list[PersonFacts]:
    return [replace(PERSON, number=f"0120849{n:05d}", name=f"Người {n}") for n in range(count)]


def test_a_person_is_made_once_and_found_by_number() -> None:
    agency = builders.agency()

    (made,) = services.match_or_create_people([PERSON], agency=agency, now=NOW)
    (again,) = services.match_or_create_people([PERSON], agency=agency, now=NOW)

    assert made == again
    stored = Subscriber.objects.get()
    assert (stored.identity_number, stored.name) == (PERSON.number, PERSON.name)
    assert list(stored.affiliations.values("unit", "position", "email", "phone")) == [
        PERSON.place()
    ]


def test_the_database_never_holds_the_number_in_clear() -> None:
    services.match_or_create_people([PERSON], agency=builders.agency(), now=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM agencies_subscriber")
        assert PERSON.number not in str(cursor.fetchall())


def test_one_person_by_keywords() -> None:
    agency = builders.agency()

    person = services.match_or_create_person(
        PERSON.number, name=PERSON.name, birth_on=PERSON.birth_on, agency=agency, now=NOW
    )

    assert person.agency == agency


def test_the_order_is_kept_and_a_person_named_twice_is_one() -> None:
    asked = [*people(3), people(3)[1]]

    found = services.match_or_create_people(asked, agency=builders.agency(), now=NOW)

    assert [person.name for person in found] == ["Người 0", "Người 1", "Người 2", "Người 1"]
    assert found[1] == found[3]
    assert Affiliation.objects.count() == 3


def test_500_people_cost_few_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    agency = builders.agency()

    with django_assert_max_num_queries(32):  # 2,000 words among them
        services.match_or_create_people(people(500), agency=agency, now=NOW)
    with django_assert_max_num_queries(6):
        services.match_or_create_people(people(500), agency=agency, now=NOW)

    assert Subscriber.objects.count() == Affiliation.objects.count() == 500


def test_a_new_position_ends_one_affiliation_and_begins_another() -> None:
    agency = builders.agency()
    services.match_or_create_people([PERSON], agency=agency, now=NOW)
    later = NOW + timedelta(days=10)
    promoted = replace(PERSON, position="Chủ tịch UBND xã")

    services.match_or_create_people([promoted], agency=agency, now=later)

    new, old = Affiliation.objects.all()
    assert (old.position, old.valid_until) == ("Văn thư", TODAY + timedelta(days=10))
    assert (new.position, new.valid_from, new.valid_until) == (
        "Chủ tịch UBND xã",
        TODAY + timedelta(days=10),
        None,
    )


def test_a_correction_on_the_same_day_mends_the_affiliation() -> None:
    agency = builders.agency()
    services.match_or_create_people([PERSON], agency=agency, now=NOW)

    services.match_or_create_people([replace(PERSON, unit="Kế toán")], agency=agency, now=NOW)

    assert Affiliation.objects.get().unit == "Kế toán"


def test_a_person_with_duties_at_two_bodies_is_seen_by_both() -> None:
    first, second = builders.agency(), builders.agency()
    services.match_or_create_people([PERSON], agency=first, now=NOW)

    services.match_or_create_people([PERSON], agency=second, now=NOW)

    person = Subscriber.objects.get()
    assert person.agency == second
    for agency in (first, second):
        clerk = builders.user(Role.CLERK, agency=agency)
        assert Subscriber.objects.visible_to(clerk).get() == person
    stranger = builders.user(Role.CLERK, agency=builders.agency())
    assert not Subscriber.objects.visible_to(stranger).exists()
    assert not Subscriber.objects.visible_to(builders.user(Role.ADMINISTRATOR)).exists()


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (replace(PERSON, name="LÊ THU BÌNH"), True),
        (replace(PERSON, birth_on=None), True),
        (replace(PERSON, name="Lê Thu Hà"), False),
        (replace(PERSON, birth_on=date(1984, 8, 5)), False),
    ],
)
def test_a_number_of_somebody_else_is_refused(other: PersonFacts, is_same: bool) -> None:
    agency = builders.agency()
    services.match_or_create_people([PERSON], agency=agency, now=NOW)
    asked = [people(1)[0], other]

    found = services.conflicts_of(asked)

    assert [one and one.code for one in found] == [None, None if is_same else "person_differs"]
    if not is_same:
        with pytest.raises(Refused) as refusal:
            services.match_or_create_people(asked, agency=agency, now=NOW)
        assert [one.row for one in refusal.value.violations] == [2]
        assert Subscriber.objects.count() == 1


def test_one_list_cannot_give_one_number_to_two_people() -> None:
    asked = [PERSON, replace(PERSON, name="Lê Thu Hà")]

    with pytest.raises(Refused) as refusal:
        services.match_or_create_people(asked, agency=builders.agency(), now=NOW)

    assert [one.row for one in refusal.value.violations] == [2]
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("role", Role)
def test_who_reads_a_whole_number_is_recorded(role: Role) -> None:
    agency = builders.agency(office=builders.office())
    person = builders.person(at=agency, number="012084900101")
    body = agency.office if role in {Role.OFFICE_OFFICER, Role.OFFICE_HEAD} else agency
    user = builders.user(role, agency=body)

    if role in CA_ROLES | {Role.CLERK}:
        assert services.reveal_identity(person, actor=user, now=NOW) == "012084900101"
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.actor_uuid) == ("subscriber.reveal", user.uuid)
        assert "012084900101" not in str(entry.data)
    else:
        expected = Subscriber.DoesNotExist if role == Role.ADMINISTRATOR else PermissionDenied
        with pytest.raises(expected):
            services.reveal_identity(person, actor=user, now=NOW)
        assert not AuditEntry.objects.exists()


def test_another_bodys_clerk_reads_nothing() -> None:
    person = builders.person(at=builders.agency())
    stranger = builders.user(Role.CLERK, agency=builders.agency())

    with pytest.raises(Subscriber.DoesNotExist):
        services.reveal_identity(person, actor=stranger, now=NOW)


def test_many_numbers_are_read_at_once_and_each_reading_is_recorded() -> None:
    clerk = builders.user(Role.CLERK)
    own = [builders.person(f"Lò Văn {name}", at=clerk.agency) for name in ("Một", "Hai")]
    other = builders.person(at=builders.agency())

    known = services.reveal_identities([*own, other], actor=clerk, now=NOW)

    assert known == {person.pk: person.identity_number for person in own}
    readings = AuditEntry.objects.filter(action="subscriber.reveal")
    assert {entry.target_uuid for entry in readings} == {person.uuid for person in own}


def test_a_role_that_sees_masked_numbers_reads_none_of_many() -> None:
    head = builders.user(Role.HEAD)
    person = builders.person(at=head.agency)

    assert services.reveal_identities([person], actor=head, now=NOW) == {}
    assert not AuditEntry.objects.exists()
