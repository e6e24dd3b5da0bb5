"""The working-day table as delivered, and the command that counts with it."""

from __future__ import annotations

import csv
from datetime import date
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from portal.core.calendar.workdays import work_calendar
from portal.core.models import CalendarDay

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("working_days", *arguments, stdout=out)
    return out.getvalue()


def test_the_delivered_days_are_the_announced_ones() -> None:
    with (DATA / "working_days.csv").open(encoding="utf-8") as file:
        announced = {
            (row["date"], row["kind"], row["name"].removesuffix(" (dự kiến)"), "dự" in row["name"])
            for row in csv.DictReader(file)
        }

    ours = {
        (day.date.isoformat(), day.kind, day.name, not day.is_official)
        for day in CalendarDay.objects.all()
    }

    assert ours == announced


def test_the_migration_can_be_undone_and_done_again() -> None:
    migration = import_module("portal.core.migrations.0002_official_days")
    before = CalendarDay.objects.count()

    migration.remove_days(apps, None)
    assert CalendarDay.objects.count() == 0

    migration.add_days(apps, None)
    migration.add_days(apps, None)
    assert CalendarDay.objects.count() == before


def test_the_calendar_is_read_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        calendar = work_calendar()

    assert not calendar.is_working(date(2026, 11, 24))
    assert calendar.is_working(date(2026, 8, 22))


def test_a_year_without_official_days_has_the_computed_ones_besides() -> None:
    calendar = work_calendar()

    assert not calendar.is_announced(2028)
    assert not calendar.is_working(date(2028, 1, 26))  # mùng 1 Tết Mậu Thân


def test_a_year_of_which_days_are_only_expected_is_not_announced() -> None:
    assert not work_calendar().is_announced(2027)
    CalendarDay.objects.get(date=date(2027, 2, 4)).delete()
    assert not work_calendar().is_working(date(2027, 2, 4))  # computed besides

    CalendarDay.objects.filter(date__year=2027).update(is_official=True)

    assert work_calendar().is_announced(2027)
    assert work_calendar().is_working(date(2027, 2, 4))


def test_the_day_before_tet_2027_is_not_worked() -> None:
    assert run("--from", "2027-02-03", "--add", "1") == "2027-02-11\n"


def test_a_single_day_is_no_table_of_a_year() -> None:
    CalendarDay.objects.create(date=date(2028, 3, 7), kind="off", name="Bão")

    calendar = work_calendar()

    assert not calendar.is_working(date(2028, 3, 7))
    assert not calendar.is_working(date(2028, 1, 26))


def test_the_command_adds_working_days() -> None:
    assert run("--from", "2026-11-20", "--add", "5") == "2026-11-30\n"


def test_the_command_counts_working_days_between() -> None:
    assert run("--between", "2026-11-20", "2026-11-30") == "5\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--from", "2026-11-20"],
        ["--add", "5"],
        ["--from", "2026-11-20", "--add", "5", "--between", "2026-11-20", "2026-11-30"],
        ["--from", "20/11/2026", "--add", "5"],
    ],
)
def test_the_command_refuses_half_a_question(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
