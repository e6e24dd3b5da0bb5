"""The pages of a review: the office sees silence, a body its own list and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from openpyxl import load_workbook

from devices.lifecycle import Custody
from orgmerge.models import Merger, MergerBody, ReviewItem, ReviewReply
from orgmerge.review import rounds
from orgmerge.review.rules import OUTSIDE
from orgmerge.vocabulary import ReviewAnswer
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, Subscriber
from portal.core.roles import Role
from portal.deadlines.models import Deadline
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers
from tests.orgmerge.planned import signed_in

pytestmark = pytest.mark.django_db

DUE = date(2026, 11, 27)


@pytest.fixture(autouse=True)
def _on_the_day() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@dataclass(frozen=True, slots=True)
class Scene:
    """Two communes that become one; the first has three lines to answer."""

    merger: Merger
    officer: User
    olds: tuple[Agency, Agency]
    new: MergerBody
    clerk: User

    @property
    def reply(self) -> ReviewReply:
        return ReviewReply.objects.get(agency=self.olds[0])

    @property
    def page(self) -> str:
        return f"/sap-nhap/ra-soat/{self.reply.uuid}/"

    def post(self, by: User, cells: Mapping[str, str], **more: str) -> HttpResponse:
        data = {"version": str(self.reply.version), **cells, **more}
        return signed_in(by).post(self.page, data)  # type: ignore[return-value]

    def answers(self) -> list[str]:
        return list(self.reply.items.values_list("answer", flat=True))


@pytest.fixture
def scene() -> Scene:
    officer = builders.user(Role.OFFICE_OFFICER)
    olds = (
        builders.agency("UBND XÃ MỘT", office=officer.agency),
        builders.agency("UBND XÃ HAI", office=officer.agency),
    )
    merger = mergers.merger(officer)
    new = mergers.body(merger, "UBND XÃ MỚI")
    for old in olds:
        mergers.share(merger, old, new)
    certificate = builders.certificate(
        subscriber=builders.person("Lò Văn An", at=olds[0], number="012190001234")
    )
    builders.device(
        custody=Custody.WITH_SUBSCRIBER,
        agency=olds[0],
        subscriber=certificate.subscriber,
        key_pair=certificate.key,
    )
    builders.person("Lò Văn Bình", at=olds[0])
    builders.certificate(subscriber=builders.person("Vàng Thị Xuân", at=olds[1]))
    clerk = builders.user(Role.CLERK, agency=olds[0])
    rounds.open_round(merger, due_on=DUE, note="Hỏi Sở", actor=officer, now=NOW)
    return Scene(merger, officer, olds, new, clerk)


def text_of(response: Any) -> str:
    return str(response.content.decode())


# What a body sees


def test_a_body_sees_its_own_list_and_nothing_of_the_others(scene: Scene) -> None:
    client = signed_in(scene.clerk)

    page = text_of(client.get(scene.page))

    assert "Lò Văn An" in page
    assert "Vàng Thị Xuân" not in page
    assert scene.olds[1].name not in page
    assert "012190001234" not in page
    other = ReviewReply.objects.get(agency=scene.olds[1])
    assert client.get(f"/sap-nhap/ra-soat/{other.uuid}/").status_code == 404
    assert client.get(f"/sap-nhap/{scene.merger.uuid}/").status_code == 404
    assert f"/sap-nhap/{scene.merger.uuid}/" not in text_of(client.get("/sap-nhap/"))


def test_of_somebody_in_an_office_without_a_seal_the_new_unit_is_asked(scene: Scene) -> None:
    office = builders.agency("VĂN PHÒNG", parent=scene.olds[0], has_seal=False)
    person = Subscriber.objects.get(name="Lò Văn Bình")
    Affiliation.objects.create(subscriber=person, agency=office, valid_from=date(2025, 7, 1))

    page = text_of(signed_in(scene.clerk).get(scene.page))

    assert page.count("Ở VĂN PHÒNG: bộ phận không có con dấu chấm dứt cùng cơ quan") == 1


def test_the_list_of_reorganisations_shows_a_body_what_it_is_asked(scene: Scene) -> None:
    assert scene.page in text_of(signed_in(scene.clerk).get("/sap-nhap/"))


def test_the_address_of_the_review_leads_a_body_to_its_list(scene: Scene) -> None:
    response = signed_in(scene.clerk).get(f"/sap-nhap/{scene.merger.uuid}/ra-soat/")

    assert (response.status_code, response["Location"]) == (302, scene.page)


def test_the_list_stands_on_the_work_list(scene: Scene) -> None:
    assert scene.page in text_of(signed_in(scene.clerk).get("/"))


# Answering


def test_what_is_typed_is_saved(scene: Scene) -> None:
    response = scene.post(
        scene.clerk,
        {
            "1:answer": ReviewAnswer.CONTINUES,
            "1:email": "an@laichau.gov.vn",
            "2:answer": ReviewAnswer.LEFT,
        },
    )

    assert response.status_code == 302
    assert scene.answers() == [ReviewAnswer.CONTINUES, ReviewAnswer.LEFT]


def test_good_rows_are_saved_and_bad_ones_come_back_as_typed(scene: Scene) -> None:
    response = scene.post(
        scene.clerk,
        {
            "1:answer": ReviewAnswer.CONTINUES,
            "2:answer": ReviewAnswer.CONTINUES,
            "2:email": "binh@gmail.com",
        },
    )

    page = text_of(response)
    assert response.status_code == 200
    assert scene.answers() == [ReviewAnswer.CONTINUES, ""]
    assert 'href="#o-2-email"' in page
    assert 'value="binh@gmail.com"' in page


def test_the_script_is_told_what_was_found(scene: Scene) -> None:
    data = {"version": "1", "1:answer": ReviewAnswer.CONTINUES, "2:answer": ReviewAnswer.MOVES}

    response = signed_in(scene.clerk).post(scene.page, data, headers={"Accept": "application/json"})

    told = response.json()
    assert told["version"] == scene.reply.version == 2
    assert not told["rows"]["1"]["answer"]["invalid"]
    assert told["rows"]["2"]["moves_to"]["invalid"]
    assert told["unsaved"] == ["2"]
    assert {row: look for row, (look, _words) in told["states"].items()} == {
        "1": "success",
        "2": "danger",
    }


def test_ticked_rows_get_one_answer(scene: Scene) -> None:
    cells = {"1:answer": "", "2:answer": "", "rows": "2"}

    scene.post(
        scene.clerk, cells, do="mark", mark_answer=ReviewAnswer.MOVES, mark_moves_to=str(OUTSIDE)
    )

    assert scene.answers() == ["", ReviewAnswer.MOVES]


def test_a_page_seen_before_another_saved_overwrites_nothing(scene: Scene) -> None:
    scene.post(scene.clerk, {"1:answer": ReviewAnswer.CONTINUES})

    response = scene.post(scene.clerk, {"1:answer": ReviewAnswer.NOT_NEEDED}, version="1")

    assert response.status_code == 409
    assert scene.answers() == [ReviewAnswer.CONTINUES, ""]
    assert str(ReviewAnswer.NOT_NEEDED.label) in text_of(response)  # what was typed is not lost


def test_sending_needs_every_line(scene: Scene) -> None:
    response = scene.post(scene.clerk, {"1:answer": ReviewAnswer.CONTINUES}, do="send")

    assert 'data-code="unanswered"' in text_of(response)
    assert scene.reply.sent_at is None


def test_sent_it_is_read_only_until_taken_back(scene: Scene) -> None:
    both = {"1:answer": ReviewAnswer.CONTINUES, "2:answer": ReviewAnswer.CONTINUES}
    scene.post(scene.clerk, both, do="send")
    client = signed_in(scene.clerk)
    assert scene.reply.sent_by == scene.clerk
    assert not Deadline.objects.open().filter(target_uuid=scene.reply.uuid).exists()
    assert 'name="1:answer"' not in text_of(client.get(scene.page))

    client.post(f"{scene.page}gui/", {"do": "take_back", "version": scene.reply.version})

    assert 'name="1:answer"' in text_of(client.get(scene.page))


@pytest.mark.both
@pytest.mark.parametrize(
    ("query", "count"),
    [("answer=none", 1), ("answer=any", 1), ("kind=subscriber", 1), ("q=lo van an", 1), ("q=x", 0)],
)
def test_the_list_is_narrowed(scene: Scene, query: str, count: int) -> None:
    scene.post(scene.clerk, {"1:answer": ReviewAnswer.CONTINUES})

    page = text_of(signed_in(scene.clerk).get(f"{scene.page}?{query}"))

    assert page.count("data-row=") == count


def fill(scene: Scene, count: int) -> None:
    people = [builders.person(f"Người {number:04}", at=scene.olds[0]) for number in range(20)]
    ReviewItem.objects.bulk_create(
        ReviewItem(reply=scene.reply, position=number, subscriber=people[number % 20])
        for number in range(3, count + 1)
    )


def test_a_thousand_lines_cost_as_many_queries_as_two(
    scene: Scene, django_assert_max_num_queries: Any
) -> None:
    fill(scene, 1000)
    client = signed_in(scene.clerk)
    client.get(scene.page)

    with django_assert_max_num_queries(15):
        page = text_of(client.get(scene.page))

    assert page.count("data-row=") == 50


# What the office sees


def test_the_office_sees_who_is_silent(scene: Scene) -> None:
    page = text_of(
        signed_in(scene.officer).get(f"/sap-nhap/{scene.merger.uuid}/ra-soat/?state=silent")
    )

    assert scene.olds[0].name in page
    assert scene.olds[1].name in page


def test_the_page_of_the_office_costs_the_same_for_many_bodies(
    scene: Scene, django_assert_max_num_queries: Any
) -> None:
    held = scene.merger.rounds.get()
    for _more in range(40):
        ReviewReply.objects.create(
            round=held, agency=builders.agency(office=scene.officer.agency), listed_at=NOW
        )
    client = signed_in(scene.officer)
    client.get(f"/sap-nhap/{scene.merger.uuid}/ra-soat/")

    with django_assert_max_num_queries(16):
        page = text_of(client.get(f"/sap-nhap/{scene.merger.uuid}/ra-soat/"))

    assert page.count('scope="row"') == 42


def test_a_round_is_opened_reminded_and_closed_from_the_page(scene: Scene) -> None:
    client = signed_in(scene.officer)
    base = f"/sap-nhap/{scene.merger.uuid}/ra-soat/"

    for deed in ("remind", "close"):
        assert client.post(f"{base}viec/", {"do": deed}).status_code == 302
    again = client.post(f"{base}viec/", {"do": "close"})
    opened = client.post(f"{base}mo/", {"due_on": "30/11/2026", "note": ""})

    assert (again.status_code, opened.status_code) == (409, 302)
    assert list(scene.merger.rounds.values_list("number", "due_on")) == [
        (2, date(2026, 11, 30)),
        (1, DUE),
    ]


def test_a_day_that_cannot_be_comes_back_with_the_reason(scene: Scene) -> None:
    client = signed_in(scene.officer)
    base = f"/sap-nhap/{scene.merger.uuid}/ra-soat/"
    client.post(f"{base}viec/", {"do": "close"})

    response = client.post(f"{base}mo/", {"due_on": "20/11/2026"})

    assert 'data-code="due_passed"' in text_of(response)


def test_the_office_takes_away_what_was_said(scene: Scene) -> None:
    scene.post(scene.clerk, {"1:answer": ReviewAnswer.MOVES, "1:moves_to": "UBND XÃ MỚI"})
    client = signed_in(scene.officer)
    base = f"/sap-nhap/{scene.merger.uuid}/ra-soat/"

    lines = load_workbook(BytesIO(client.get(f"{base}dong/?export=xlsx").content))
    bodies = load_workbook(BytesIO(client.get(f"{base}?export=xlsx").content))

    rows = list(lines.worksheets[0].values)
    assert len(rows) == 4
    assert "UBND XÃ MỚI" in rows[2] + rows[1] + rows[3]
    assert len(list(bodies.worksheets[0].values)) == 3


def test_a_line_the_office_wrote_says_so(scene: Scene) -> None:
    scene.post(scene.officer, {"2:answer": ReviewAnswer.LEFT})

    page = text_of(
        signed_in(scene.officer).get(f"/sap-nhap/{scene.merger.uuid}/ra-soat/dong/?answer=office")
    )

    assert "Lò Văn Bình" in page
    assert "Sở ghi thay" in page


# By spreadsheet


def sheet(scene: Scene, changes: Mapping[tuple[int, int], str]) -> bytes:
    """The downloaded list with cells (row, column from 1) written into it."""
    response = signed_in(scene.clerk).get(f"{scene.page}bang/")
    book = load_workbook(BytesIO(response.content))
    for (row, column), text in changes.items():
        book.worksheets[0].cell(row, column, text)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def upload(scene: Scene, content: bytes) -> Any:
    return signed_in(scene.clerk).post(
        f"{scene.page}nhap/", {"file": SimpleUploadedFile("ra-soat.xlsx", content)}
    )


def test_a_sheet_goes_out_and_comes_back(scene: Scene) -> None:
    content = sheet(scene, {(2, 8): "Chuyển sang đơn vị khác", (2, 9): "UBND XÃ MỚI"})

    parked = upload(scene, content)["Location"]
    client = signed_in(scene.clerk)
    assert "Lò Văn An" in text_of(client.get(parked))
    assert scene.answers() == ["", ""]  # nothing is taken by looking
    client.post(parked, {"version": scene.reply.version})

    item = scene.reply.items.get(position=1)
    assert (item.answer, item.moves_to) == (ReviewAnswer.MOVES, scene.new)
    assert scene.answers() == [ReviewAnswer.MOVES, ""]  # a blank row leaves its line as it is


def test_whole_personal_numbers_do_not_leave_in_the_sheet(scene: Scene) -> None:
    book = load_workbook(BytesIO(sheet(scene, {})))

    assert "012190001234" not in str(list(book.worksheets[0].values))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({(2, 8): "Có thể"}, "unknown_answer"),
        ({(2, 8): "Tiếp tục sử dụng", (2, 12): "an@yahoo.com"}, "public_provider"),
        ({(3, 8): "Không tìm thấy thiết bị"}, "no_device"),
        ({(2, 1): "99", (2, 8): "Tiếp tục sử dụng"}, "unknown_row"),
        ({(2, 1): "hai", (2, 8): "Tiếp tục sử dụng"}, "unknown_row"),
        ({(3, 1): "1", (3, 8): "Tiếp tục sử dụng"}, "double_row"),
        ({(2, 5): "0000000000000001", (2, 8): "Tiếp tục sử dụng"}, "shifted_row"),
        ({(2, 8): '=HYPERLINK("x")'}, "unknown_answer"),
    ],
)
def test_a_bad_cell_is_told_and_nothing_is_taken(
    scene: Scene, changes: Mapping[tuple[int, int], str], code: str
) -> None:
    content = sheet(scene, {(2, 8): "Tiếp tục sử dụng", (3, 8): "Tiếp tục sử dụng", **changes})

    parked = upload(scene, content)["Location"]
    response = signed_in(scene.clerk).post(parked, {"version": scene.reply.version})

    assert f'data-code="{code}"' in text_of(response)
    assert scene.answers() == ["", ""]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"not a sheet", "not_a_workbook"), (b"PK\x03\x04 torn", "damaged_workbook")],
)
def test_what_is_no_sheet_is_refused(scene: Scene, content: bytes, code: str) -> None:
    assert f'data-code="{code}"' in text_of(upload(scene, content))


def test_a_sheet_with_its_columns_moved_is_refused(scene: Scene) -> None:
    assert 'data-code="wrong_header"' in text_of(upload(scene, sheet(scene, {(1, 8): "Ghi chú"})))


def test_a_sheet_another_clerk_parked_is_not_found(scene: Scene) -> None:
    parked = upload(scene, sheet(scene, {(2, 8): "Tiếp tục sử dụng"}))["Location"]
    colleague = builders.user(Role.CLERK, agency=scene.olds[0])

    response = signed_in(colleague).post(parked, {"version": 1})

    assert response["Location"] == f"{scene.page}nhap/"
    assert scene.answers() == ["", ""]
