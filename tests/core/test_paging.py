"""Pages by key: every row stands on exactly one page, forwards and back, with and without dates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict

from portal.core.roles import Role
from portal.core.templatetags.portal_ui import capped
from portal.core.web.paging import MOST_COUNTED, KeysetPage, Order, capped_count, keyset_page
from requests_app.models import Dossier
from tests import builders

pytestmark = pytest.mark.django_db

RECENT = Order("updated_at", is_descending=True)
DUE = Order("due_on", is_nullable=True)


def walk(order: Order, *, size: int = 3, start: str = "kind=x") -> list[KeysetPage[Dossier]]:
    """Return all pages from the first to the last."""
    pages = [keyset_page(Dossier.objects.all(), order=order, params=QueryDict(start), size=size)]
    while (params := pages[-1].next_params) is not None:
        pages.append(
            keyset_page(Dossier.objects.all(), order=order, params=QueryDict(params), size=size)
        )
    return pages


def make(count: int) -> list[Dossier]:
    """Dossiers of which some share a moment, and every third has no due date."""
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    return [
        builders.dossier(
            agency=agency,
            rows=0,
            created_by=clerk,
            updated_at=builders.NOW + timedelta(hours=number // 2),
            due_on=None if number % 3 == 0 else builders.TODAY + timedelta(days=number % 4),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("order", [RECENT, RECENT.reversed(), DUE, DUE.reversed()])
def test_every_row_stands_on_exactly_one_page_in_order(order: Order) -> None:
    made = make(10)

    pages = walk(order)

    seen = [dossier.pk for page in pages for dossier in page]
    assert sorted(seen) == sorted(dossier.pk for dossier in made)
    assert [len(page) for page in pages] == [3, 3, 3, 1]


def test_rows_without_a_date_come_last_and_ties_are_broken_by_key() -> None:
    make(10)

    shown = [(dossier.due_on, dossier.pk) for page in walk(DUE) for dossier in page]

    dated = [row for row in shown if row[0] is not None]
    assert dated == sorted(dated, key=lambda row: (row[0], row[1]))
    assert [row[0] for row in shown[len(dated) :]] == [None] * 4


@pytest.mark.parametrize("order", [RECENT, DUE])
def test_going_back_shows_the_same_pages(order: Order) -> None:
    make(10)
    pages = walk(order)

    back = [pages[-1]]
    while (params := back[-1].previous_params) is not None:
        back.append(
            keyset_page(Dossier.objects.all(), order=order, params=QueryDict(params), size=3)
        )

    seen = [[dossier.pk for dossier in page] for page in reversed(back)]
    assert seen == [[dossier.pk for dossier in page] for page in pages]


def test_the_first_page_has_no_way_back_and_the_last_none_on() -> None:
    make(4)

    first, last = walk(RECENT)

    assert first.previous_params is None
    assert last.next_params is None


def test_other_parameters_are_kept() -> None:
    make(4)

    assert walk(RECENT)[0].next_params is not None
    assert str(walk(RECENT)[0].next_params).startswith("kind=x&after=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "~",
        "x~1",
        "2026-11-20~",
        "2026-11-20~-1",
        "none~x",
        "2026-11-20T00:00:00~1",  # of no zone
        "0001-01-01T00:00:00+23:59~1",  # before the beginning of time
        f"2026-11-20T00:00:00+00:00~{'9' * 5000}",
    ],
)
def test_a_cursor_that_can_not_be_read_shows_the_first_page(cursor: str) -> None:
    made = make(2)
    params = QueryDict(mutable=True)
    params["after"] = cursor

    page = keyset_page(Dossier.objects.all(), order=RECENT, params=params)

    assert {dossier.pk for dossier in page} == {dossier.pk for dossier in made}


def test_counting_stops() -> None:
    make(3)

    assert capped_count(Dossier.objects.all()) == 3
    assert capped(3) == "3"
    assert capped(MOST_COUNTED) == "1.000"
    assert capped(MOST_COUNTED + 1) == "1.000+"
