"""Lists of bodies that come as a sheet: read, judged row by row, mended, taken over."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from orgmerge.body_lists import services as body_lists
from orgmerge.body_lists import sheets
from orgmerge.body_lists.sheets import blank_sheet
from orgmerge.models import BodyList, Merger
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.errors import NotEditable, StaleVersion
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db

HEADER = "old_agency,new_agency,new_name,extent,effective_on,decision"


@pytest.fixture
def merger(officer: User) -> Merger:
    return mergers.merger(officer)


def sheet(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def upload(merger: Merger, content: bytes) -> BodyList:
    merger.refresh_from_db()
    return body_lists.upload(
        merger,
        content,
        file_name="danh-sach.csv",
        actor=merger.created_by,
        now=NOW,
        version=merger.version,
    )


def take_over(of: BodyList) -> int:
    of.refresh_from_db()
    return body_lists.accept_list(of, actor=of.made_by, now=NOW, version=of.version)


def mark(of: BodyList, does: str, *numbers: int) -> int:
    of.refresh_from_db()
    return body_lists.mark(of, numbers, does=does, actor=of.made_by, now=NOW, version=of.version)


def commune(office: Agency, name: str, *, code: str = "", **columns: Any) -> Agency:
    made = builders.agency(name, office=office, **columns)
    AgencyVersion.objects.filter(agency=made).update(agency_code=code)
    return made


def problems_of(of: BodyList) -> list[list[str]]:
    return [[found["code"] for found in row.problems] for row in of.rows.all()]


def rows_of(merger: Merger) -> list[tuple[str, str, str]]:
    return [
        (share.old.name, share.new.name if share.new else "", share.extent)
        for share in merger.shares.filter(is_implied=False)
    ]


def code_of(content: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        sheets.read(content)
    return refusal.value.violations[0].code


def test_a_sheet_becomes_rows_only_when_it_is_taken_over(merger: Merger) -> None:
    commune(merger.office, "ỦY BAN NHÂN DÂN XÃ MỘT", code="H23.45.01")
    commune(merger.office, "ỦY BAN NHÂN DÂN XÃ HAI")

    made = upload(
        merger,
        sheet(
            "H23.45.01,,ỦY BAN NHÂN DÂN XÃ BA,whole,2026-12-01,1684/NQ-UBTVQH15",
            "UBND xã Hai (Lai Châu),,ỦY BAN NHÂN DÂN XÃ BA,Toàn bộ,01/12/2026,",
        ),
    )
    before = merger.shares.count()
    count = take_over(made)

    assert problems_of(made) == [[], []]
    assert (before, count) == (0, 2)
    assert rows_of(merger) == [
        ("ỦY BAN NHÂN DÂN XÃ MỘT", "ỦY BAN NHÂN DÂN XÃ BA", "whole"),
        ("ỦY BAN NHÂN DÂN XÃ HAI", "ỦY BAN NHÂN DÂN XÃ BA", "whole"),
    ]
    body = merger.bodies.get()
    assert (body.agency, body.place, body.agency_code) == (None, "Ba", "")


def test_every_bad_cell_is_told_with_its_row(merger: Merger) -> None:
    commune(merger.office, "UBND XÃ MỘT")
    for _ in range(2):
        commune(merger.office, "UBND PHƯỜNG 1")
    foreign = commune(builders.office(), "UBND XÃ CỦA SỞ KHÁC")

    made = upload(
        merger,
        sheet(
            ",,UBND XÃ BA,,,",
            "UBND XÃ LẠ,,UBND XÃ BA,,,",
            "UBND PHƯỜNG 1,,UBND XÃ BA,,,",
            f"{foreign.name},,UBND XÃ BA,,,",
            "UBND XÃ MỘT,UBND XÃ LẠ,,half,31/02/2026,",
            "UBND XÃ MỘT,,UBND XÃ BA,,2027-01-01,99/NQ",
            "UBND XÃ MỘT,,UBND XÃ BA,,,",
        ),
    )

    assert problems_of(made) == [
        ["old_missing"],
        ["no_such_body"],
        ["several_bodies"],
        ["no_such_body"],
        ["no_such_body", "bad_extent", "bad_day"],
        ["other_day"],
        ["row_twice"],
    ]
    assert made.rows.get(number=7).remarks == [{"code": "other_decision", "column": ""}]
    with pytest.raises(Refused) as refusal:
        take_over(made)
    assert [one.code for one in refusal.value.violations] == ["bad_rows"]
    assert not merger.bodies.exists()


def test_bad_rows_are_dropped_or_mended_and_what_they_hid_is_free(merger: Merger) -> None:
    commune(merger.office, "UBND XÃ MỘT")
    made = upload(merger, sheet("UBND XÃ MÔT,,UBND XÃ BA,,,", *["UBND XÃ MỘT,,UBND XÃ BA,,,"] * 2))
    before = problems_of(made)

    mark(made, "drop", 3)
    made.refresh_from_db()
    dropped = problems_of(made)
    row = body_lists.save_row(
        made,
        2,
        {"old_agency": "UBND xã Một"},
        actor=made.made_by,
        now=NOW,
        version=made.version,
    )
    mark(made, "drop_bad")

    assert before == [["no_such_body"], [], ["row_twice"]]
    assert dropped == [["no_such_body"], [], []]
    assert not row.is_bad
    assert take_over(made) == 1


def test_a_name_kept_is_a_body_that_lives_on_whatever_its_code(merger: Merger) -> None:
    kept = commune(merger.office, "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", code="H23.45.01")
    commune(merger.office, "ỦY BAN NHÂN DÂN XÃ PHÚC KHOA", code="H23.45.02")
    town = commune(merger.office, "ỦY BAN NHÂN DÂN THỊ TRẤN THAN UYÊN")

    take_over(
        upload(
            merger,
            sheet(
                "H23.45.01,,UBND xã Tân Uyên,,,",
                "H23.45.02,H23.45.99,UBND xã Tân Uyên,,,",
                f"{town.name},,ỦY BAN NHÂN DÂN XÃ THAN UYÊN,,,",
            ),
        )
    )

    living, founded = merger.bodies.order_by("position")
    assert living.agency == kept
    assert living.agency_code == "H23.45.01"
    assert founded.agency is None


def test_a_row_without_a_new_body_ends_it_and_one_that_lives_on_goes_to_itself(
    merger: Merger,
) -> None:
    ended, joined, into = (
        commune(merger.office, name) for name in ("UBND XÃ MỘT", "UBND XÃ HAI", "UBND XÃ BA")
    )

    take_over(upload(merger, sheet(f"{ended.name},,,,,", f"{joined.name},{into.name},,partly,,")))

    assert rows_of(merger) == [
        (ended.name, "", "whole"),
        (joined.name, into.name, "partly"),
        (into.name, into.name, "whole"),
    ]


def test_bodies_under_one_that_ends_stand_under_its_successor(merger: Merger) -> None:
    one = commune(merger.office, "ỦY BAN NHÂN DÂN XÃ MỘT")
    school = commune(merger.office, "TRƯỜNG MỘT", parent=one)
    other = commune(merger.office, "TRƯỜNG HAI", parent=one)

    take_over(
        upload(
            merger,
            sheet(
                "ỦY BAN NHÂN DÂN XÃ MỘT,,ỦY BAN NHÂN DÂN XÃ BA,,,",
                f"{school.name},,TRƯỜNG CHUNG,,,",
            ),
        )
    )

    commune_body = merger.bodies.get(name="ỦY BAN NHÂN DÂN XÃ BA")
    assert merger.bodies.get(name="TRƯỜNG CHUNG").parent_body == commune_body
    assert merger.bodies.get(agency=other).parent_body == commune_body
    assert merger.shares.get(old=other).is_implied


def test_a_second_sheet_adds_to_what_is_there_and_does_not_repeat_it(merger: Merger) -> None:
    commune(merger.office, "UBND XÃ MỘT")
    commune(merger.office, "UBND XÃ HAI")
    take_over(upload(merger, sheet("UBND XÃ MỘT,,UBND XÃ BA,,,")))

    again = upload(merger, sheet("UBND XÃ MỘT,,UBND XÃ BA,,,", "UBND XÃ HAI,,UBND XÃ BA,,,"))
    found = problems_of(again)
    mark(again, "drop_bad")
    take_over(again)

    assert found == [["already_described"], []]
    assert merger.bodies.count() == 1
    assert merger.shares.count() == 2


def test_vietnamese_headers_and_a_workbook_say_the_same(merger: Merger) -> None:
    headers = [str(header) for header, _hint in sheets.BODIES.values()]
    content = workbook(headers, ["UBND XÃ MỘT", None, "UBND XÃ BA", "Một phần", "01/12/2026", 1684])

    records = sheets.read(content)

    assert records.kind == BodyList.Kind.BODIES
    assert records.rows == [
        (
            2,
            {
                "old_agency": "UBND XÃ MỘT",
                "new_agency": "",
                "new_name": "UBND XÃ BA",
                "extent": "Một phần",
                "effective_on": "01/12/2026",
                "decision": "1684",
                "superior": "",
            },
        )
    ]


@pytest.mark.parametrize("kind", list(BodyList.Kind))
def test_the_template_is_read_back_as_its_kind(kind: str) -> None:
    book = load_workbook(BytesIO(blank_sheet(sheets.COLUMNS[kind])))
    book.active.append(["x"] * len(sheets.COLUMNS[kind]))  # type: ignore[union-attr]
    stream = BytesIO()
    book.save(stream)

    assert sheets.read(stream.getvalue()).kind == kind


@pytest.mark.parametrize("mark", sheets.DELIMITERS)
def test_the_separator_of_a_text_file_is_found(mark: str) -> None:
    text = "\ufeffĐơn vị cũ;Tên mới\nUBND XÃ MỘT;UBND XÃ BA\n".replace(";", mark)
    records = sheets.read(text.encode())

    assert records.rows == [(2, {"old_agency": "UBND XÃ MỘT", "new_name": "UBND XÃ BA"})]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_line_in_which_excel_names_the_separator_is_no_header(encoding: str) -> None:
    text = 'sep=;\r\nĐơn vị cũ;Tên mới\r\n"UBND XÃ MỘT";UBND XÃ BA\r\n'

    ((row, record),) = sheets.read(text.encode(encoding)).rows

    assert (row, record["old_agency"], record["new_name"]) == (3, "UBND XÃ MỘT", "UBND XÃ BA")


@pytest.mark.parametrize("fault", ["hidden_rows", "several_sheets"])
def test_what_a_workbook_does_not_show_is_neither_read_nor_lost(fault: str) -> None:
    headers = [str(header) for header, _hint in sheets.BODIES.values()]
    book = load_workbook(BytesIO(workbook(headers, ["UBND XÃ MỘT", None, "UBND XÃ BA"])))
    sheet = book.worksheets[0]
    if fault == "hidden_rows":
        sheet.append(["UBND XÃ HAI", None, "UBND XÃ BA"])
        sheet.row_dimensions[3].hidden = True
    else:
        book.copy_worksheet(sheet)
    stream = BytesIO()
    book.save(stream)

    assert code_of(stream.getvalue()) == fault


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_readable"),
        (b"   \n ", "not_readable"),
        (HEADER.encode(), "no_rows"),
        (b"a,b,c\n1,2,3\n", "wrong_header"),
        ("old_agency,new_name,tên mới\na,b,c\n".encode(), "wrong_header"),
        ("Đơn vị cũ,Tên mới\n".encode("cp1258", "replace"), "not_readable"),
        (HEADER.encode() + b"\n\0,,,,,", "not_readable"),
        (b"PK\x03\x04 broken", "damaged_workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 99, "old_excel"),
        (HEADER.encode() + b"\na,,b,,,\n" * 5001, "too_many_rows"),
        (HEADER.encode() + b'\n"' + b"x" * 200_000, "bad_quotes"),
        (HEADER.encode() + b'\na,,b,,,\n"c,,d,,,\ne,,f,,,\n', "bad_quotes"),
    ],
)
def test_a_damaged_file_is_refused_in_words(content: bytes, code: str) -> None:
    assert code_of(content) == code


def test_a_formula_is_a_text_that_names_no_body(merger: Merger) -> None:
    made = upload(merger, workbook(HEADER.split(","), ['=HYPERLINK("http://x")', "", "UBND XÃ BA"]))

    assert problems_of(made) == [["no_such_body"]]


def test_very_long_texts_are_cut_not_refused_by_the_database(merger: Merger) -> None:
    made = upload(merger, sheet(",".join(["x" * 400] * 6)))

    assert problems_of(made) == [["no_such_body", "no_such_body", "bad_extent", "bad_day"]]


def test_one_list_waits_at_a_time_and_a_closed_one_is_left_alone(merger: Merger) -> None:
    commune(merger.office, "UBND XÃ MỘT")
    first = upload(merger, sheet("UBND XÃ MỘT,,UBND XÃ BA,,,"))
    second = upload(merger, sheet("UBND XÃ MỘT,,UBND XÃ BA,,,"))

    with pytest.raises(NotEditable):
        take_over(first)
    with pytest.raises(StaleVersion):
        body_lists.accept_list(second, actor=second.made_by, now=NOW, version=9)
    take_over(second)
    with pytest.raises(NotEditable):
        take_over(second)

    assert merger.shares.count() == 1


def test_a_stranger_takes_nothing_over(merger: Merger) -> None:
    made = upload(merger, sheet("UBND XÃ MỘT,,UBND XÃ BA,,,"))
    stranger = builders.user(Role.OFFICE_OFFICER)

    with pytest.raises(Merger.DoesNotExist):
        body_lists.accept_list(made, actor=stranger, now=NOW, version=1)


def test_a_thousand_rows_cost_no_more_queries_than_ten(
    merger: Merger, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    lines = []
    for number in range(300):
        old = commune(merger.office, f"UBND XÃ CŨ SỐ {number}")
        lines.append(f"{old.name},,UBND XÃ MỚI SỐ {number // 3},,,")
    merger.refresh_from_db()

    with django_assert_max_num_queries(30):
        made = upload(merger, sheet(*lines))
    with django_assert_max_num_queries(45):
        take_over(made)

    assert merger.bodies.count() == 100
