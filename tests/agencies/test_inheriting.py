"""What a body has become: through one decision, through several, and never by a part."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from portal.agencies import services
from portal.agencies.models import Agency, Inheritance, Succession
from portal.agencies.services import Share
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
PARTLY = Succession.Extent.PARTLY


def seen_by(body: Agency) -> set[Agency]:
    return set(Agency.objects.visible_to(builders.user(Role.CLERK, agency=body)))


def test_what_a_predecessor_had_absorbed_comes_along() -> None:
    first, second, third = (builders.agency() for _ in range(3))
    builders.succession(first, second)

    builders.succession(second, third)

    assert seen_by(third) == {first, second, third}
    assert seen_by(second) == {first, second}
    assert set(builders.user(Role.CLERK, agency=third).body_ids) == {first.pk, second.pk, third.pk}


def test_generations_recorded_in_the_other_order_are_the_same() -> None:
    first, second, third = (builders.agency() for _ in range(3))
    builders.succession(second, third)

    builders.succession(first, second)

    assert seen_by(third) == {first, second, third}


def test_a_part_of_a_body_gives_no_sight_of_it() -> None:
    divided, one, other = (builders.agency() for _ in range(3))

    builders.succession(divided, one, extent=PARTLY)
    builders.succession(divided, other, extent=PARTLY)

    assert seen_by(one) == {one}
    assert seen_by(other) == {other}


def test_nobody_inherits_before_the_day() -> None:
    old, middle, new = (builders.agency() for _ in range(3))
    actor = builders.user(Role.ADMINISTRATOR, agency=builders.ca())
    tomorrow = builders.TODAY + timedelta(days=1)
    for before, after in ((middle, new), (old, middle)):
        day = tomorrow if before == old else tomorrow + timedelta(days=1)
        services.succeed(
            before, [Share(after)], decision="QĐ", effective_on=day, actor=actor, now=NOW
        )
    assert not Inheritance.objects.exists()

    services.take_effect(now=NOW + timedelta(days=3))

    assert seen_by(new) == {old, middle, new}


def test_seeing_takes_one_statement_however_many_generations(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    bodies = [builders.agency() for _ in range(6)]
    for before, after in itertools.pairwise(bodies):
        builders.succession(before, after)
    clerk = builders.user(Role.CLERK, agency=bodies[-1])

    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(clerk.body_ids) == len(bodies)


def test_the_code_of_a_body_that_ends_may_be_its_successors() -> None:
    old = builders.agency()
    old.versions.update(agency_code="H12.3.4")
    facts = services.AgencyFacts(
        name="UBND XÃ MỚI",
        short_name="UBND",
        province="Lai Châu",
        place="Tân Uyên",
        agency_code="H12.3.4",
    )

    made = services.register_agency(
        facts, valid_from=date(2026, 11, 20), instead_of=[old.pk], actor=None, now=NOW
    )

    assert made.versions.get().agency_code == "H12.3.4"
