"""Lists and files as they really come: damaged, decorated, in old letters, by the thousand."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from django.urls import reverse
from openpyxl import Workbook

from portal.ca.models import Certificate
from portal.estate.models import Delivery, Verdict
from tests import builders, story
from tests.builders import NOW
from tests.estate import made
from tests.estate.made import carried, codes, hand_in
from tests.story import Cast

pytestmark = pytest.mark.django_db
HEAD = ("Họ và tên", "Số CCCD", "Ngày sinh", "Đơn vị", "Số serial", "Hết hạn")


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def people() -> Cast:
    return story.cast()


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_decorated_workbook_is_read_as_people_see_it(people: Cast) -> None:
    body, book = people.agency.name, Workbook()
    sheet = book.active
    assert sheet is not None
    for title in ("SỞ KHOA HỌC VÀ CÔNG NGHỆ", "DANH SÁCH", "(Kèm theo Công văn số 1)", None):
        sheet.append([title])
    sheet.append(HEAD)
    sheet.append(["Lò Văn Một", 12090000011, 32937, body, "A1", 46753])  # days as numbers
    sheet.append(["Lò Văn Hai", "012090000012", date(1990, 3, 5), None, "A2", date(2028, 1, 1)])
    sheet.append(["=A6", "012090000013", date(1990, 3, 5), body, "A3", date(2028, 1, 1)])
    sheet.merge_cells("D6:D7")
    sheet.merge_cells("A2:F2")
    sheet.row_dimensions[7].hidden = True
    hidden = book.create_sheet("Nháp")
    hidden.sheet_state = "hidden"
    hidden.append(["Ghi chú riêng"])
    delivery = hand_in(people.officer, ("ds.xlsx", saved(book)))

    notes = {code for code, _about in delivery.files.get().notes}
    assert {"hidden_row", "merged_cells"} <= notes
    assert delivery.counts[Verdict.NEW] == 2
    assert "formula" in codes(delivery, 8)
    carried(delivery, people.officer)
    first, second = Certificate.objects.order_by("serial")
    assert (first.subscriber.identity_number, first.subscriber.birth_on) == (
        "012090000011", date(1990, 3, 5),
    )  # fmt: skip
    assert first.not_after.date() == second.not_after.date() == date(2028, 1, 1)
    assert second.agency == people.agency


def test_the_list_is_found_behind_a_cover_sheet(people: Cast) -> None:
    book = Workbook()
    cover = book.active
    assert cover is not None
    cover.append(["BÁO CÁO NĂM 2026"])
    listed = book.create_sheet("Danh sách")
    listed.append(HEAD)
    listed.append(["Lò Văn Một", "012090000011", "", people.agency.name, "A1", "01/01/2028"])
    delivery = hand_in(people.officer, ("ds.xlsx", saved(book)))
    assert delivery.counts[Verdict.NEW] == 1


def test_wide_lists_and_letters_in_parts_are_read(people: Cast) -> None:
    wide = [f"Cột {number}" for number in range(200)]
    wide[150:156] = HEAD
    told = ["x"] * 200
    name = unicodedata.normalize("NFD", "Lò Thị Hằng")
    told[150:156] = [name, "012090000011", "", people.agency.name, "A1", "01/01/2028"]
    delivery = hand_in(people.officer, ("ds.csv", made.csv(wide, told)))
    carried(delivery, people.officer)
    assert Certificate.objects.get().common_name == "Lò Thị Hằng"


def test_a_text_list_is_read_below_its_titles_and_days_that_are_none_are_named(
    people: Cast,
) -> None:
    row = ("Lò Văn Một", "012090000011", "31/02/1990", people.agency.name, "A1", "01/01/2028")
    titles = ["SỞ KHOA HỌC VÀ CÔNG NGHỆ", "DANH SÁCH", "Kèm theo Công văn số 1, ngày 2/1/2026", ""]
    lines = [*titles, *(";".join(one) for one in (HEAD, row))]
    delivery = hand_in(people.officer, ("ds.csv", "\n".join(lines).encode()))
    assert delivery.counts[Verdict.NEW] == 1
    assert codes(delivery, 6) == {"not_a_day"}


def test_why_nothing_was_read_of_a_file_is_told_whatever_its_name(people: Cast) -> None:
    archive = ("100%s.zip", b"PK\x03\x04 half of it")
    binary = ("ct.csv", made.der(made.certificate("Lò A", body=people.agency.name, serial=0xE1)))
    delivery = hand_in(people.officer, archive, binary)
    first, second = delivery.files.all()
    assert first.notes == [["damaged_archive", "100%s.zip"]]
    lists = made.zipped({"ds.csv": made.csv(("Họ và tên", "Đơn vị")), "a.docx": b"?"})
    (packed,) = hand_in(people.officer, ("ds.zip", lists)).files.all()
    assert packed.notes == [["list_in_archive", "ds.csv"], ["not_a_certificate", "a.docx"]]
    assert "Không đọc được tệp" in second.problem
    page = made.browser(people.officer).get(reverse("estate:delivery", args=[delivery.uuid]))
    assert "tệp nén hỏng" in page.text


def test_two_certificates_with_one_serial_do_not_both_come_in(people: Cast) -> None:
    body = people.agency.name
    first, second = (made.certificate(name, body=body, serial=0xE1) for name in ("Lò A", "Lò B"))
    pair = made.zipped({"1.cer": made.der(first), "2.cer": made.der(second)})
    delivery = hand_in(people.officer, ("hai.zip", pair))
    decided(people, delivery)
    carried(delivery, people.officer)
    assert Certificate.objects.count() == 1
    assert delivery.counts[Verdict.REFUSED] == 1
    again = hand_in(people.officer, ("1.cer", made.der(first)), ("2.cer", made.der(first)))
    assert "serial_twice" in codes(again, 1)
    later = hand_in(people.officer, ("b.cer", made.der(second)))
    assert "serial_of_another_issuer" in codes(later, 1)


def decided(people: Cast, delivery: Delivery) -> None:
    from portal.estate import services

    choices = {str(one.uuid): ("take", None) for one in delivery.doubts.all()}
    services.decide(delivery, choices, actor=people.officer, now=NOW)
    made.worked(delivery)


def test_a_bundle_of_thousands_is_read_and_half_of_it_is_refused(people: Cast) -> None:
    builders.certificate()
    one = made.der(made.certificate("Lò A", body=people.agency.name, serial=0xE1))
    archive = made.zipped({f"{number}.cer": one for number in range(2000)})
    whole, half = (
        hand_in(people.officer, ("nhieu.zip", content))
        for content in (archive, archive[: len(archive) // 2])
    )
    assert whole.counts["rows"] == 1  # the same one, read once
    assert half.files.get().problem
