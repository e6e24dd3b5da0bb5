"""Lists taken away as spreadsheets: what the page lists, and nothing that computes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any, TypeAlias, TypeVar

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from devices.lifecycle import Custody
from portal.core.roles import Role
from portal.core.web import sheets
from portal.core.web.sheets import SheetColumn
from requests_app.workflow import State
from tests import builders, story

TODAY = date(2026, 11, 20)
Row = TypeVar("Row")
Columns: TypeAlias = Sequence[SheetColumn[Row]]
LISTS = ["requests_app:list", "ca:list", "devices:list"]


def read(answer: Any) -> list[list[Any]]:
    assert answer["Content-Type"] == sheets.XLSX
    assert answer["Content-Disposition"].startswith("attachment")
    book = load_workbook(BytesIO(answer.content))
    return [[cell.value for cell in row] for row in book.active.rows]  # type: ignore[union-attr]


def sheet(client: Client, route: str, **params: str) -> list[list[Any]]:
    answer = client.get(reverse(route), params | {"export": "xlsx"})
    assert answer.status_code == 200
    return read(answer)


@pytest.mark.parametrize("text", ["=1+1", "+84912", "-2", "@SUM(A1)", "\t=1"])
def test_what_begins_like_a_formula_stays_a_text(text: str) -> None:
    columns: Columns[str] = (SheetColumn("Tên", lambda row: row),)

    answer = sheets.sheet_response([text], columns, name="thu", today=TODAY)

    book = load_workbook(BytesIO(answer.content))
    cell = book.active["A2"]  # type: ignore[index]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)


def test_days_and_moments_are_dates_in_local_time() -> None:
    columns: Columns[int] = (
        SheetColumn("Ngày", lambda row: TODAY),
        SheetColumn("Lúc", lambda row: datetime(2026, 11, 20, 2, 0, tzinfo=UTC)),
        SheetColumn("Trống", lambda row: None),
    )

    answer = sheets.sheet_response([1], columns, name="thu", today=TODAY)

    assert read(answer)[1] == [datetime(2026, 11, 20), datetime(2026, 11, 20, 9, 0), None]  # noqa: DTZ001


def test_a_list_too_long_says_that_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    columns: Columns[int] = (SheetColumn("Số", lambda row: row),)

    whole = read(sheets.sheet_response([1, 2], columns, name="thu", today=TODAY))
    cut = read(sheets.sheet_response([1, 2, 3], columns, name="thu", today=TODAY))

    assert whole == [["Số"], [1], [2]]
    assert cut[:3] == whole
    assert "2 dòng đầu" in cut[3][0]


@pytest.mark.django_db
def test_the_sheet_of_dossiers_is_narrowed_and_ordered_as_the_page_is(client: Client) -> None:
    people, others = story.cast(), story.cast()
    for days, state in ((None, State.DRAFT), (22, State.SUBMITTED), (21, State.RETURNED)):
        due = days and date(2026, 11, days)
        builders.dossier(agency=people.agency, state=state, due_on=due, letter_number=f"{days}/X")
    builders.dossier(agency=others.agency, state=State.SUBMITTED)
    client.force_login(people.clerk)

    in_order = [row[1] for row in sheet(client, "requests_app:list", sort="due")[1:]]
    narrowed = sheet(client, "requests_app:list", state=State.SUBMITTED)[1:]
    waiting = sheet(client, "requests_app:queue")[1:]

    assert in_order == ["21/X", "22/X", "None/X"]
    assert [(row[0], row[1], row[3]) for row in narrowed] == [
        ("Cấp chứng thư cho 1 cá nhân", "22/X", people.agency.name)
    ]
    assert {row[1] for row in waiting} == {"21/X", "None/X"}


@pytest.mark.django_db
def test_the_sheets_of_certificates_and_devices_hold_the_own_alone(client: Client) -> None:
    people, others = story.cast(), story.cast()
    person = builders.person(at=people.agency, number="012090000123")
    certificate = builders.certificate(subscriber=person)
    builders.certificate(subscriber=builders.person(at=others.agency))
    device = builders.device(
        custody=Custody.WITH_SUBSCRIBER, agency=people.agency, subscriber=person
    )
    builders.device(custody=Custody.AT_AGENCY, agency=others.agency)
    client.force_login(people.clerk)

    certificates = sheet(client, "ca:list")[1:]
    devices = sheet(client, "devices:list")[1:]

    assert [row[2] for row in certificates] == [certificate.serial]
    assert [row[0] for row in devices] == [device.serial]
    assert "012090000123" not in str(certificates + devices)


@pytest.mark.django_db
@pytest.mark.parametrize("route", LISTS)
def test_the_link_keeps_the_filters_and_leaves_the_page_of_the_list(
    client: Client, route: str
) -> None:
    people = story.cast()
    builders.dossier(agency=people.agency)
    person = builders.person(at=people.agency)
    builders.certificate(subscriber=person)
    builders.device(custody=Custody.AT_AGENCY, agency=people.agency, subscriber=person)
    client.force_login(builders.user(Role.CLERK, agency=people.agency))

    text = client.get(reverse(route), {"q": "", "before": "none~999999"}).text

    (link,) = re.findall(r'class="list-export" href="([^"]+)"', text)
    assert "export=xlsx" in link
    assert "before" not in link
