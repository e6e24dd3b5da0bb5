"""Mẫu 06: the form's own columns under two tiers, section 1 without an address, its checks."""

from __future__ import annotations

from datetime import date

import pytest

from portal.documents.letters import header_tiers
from requests_app import kinds
from requests_app.kinds.base import Answers, check_list, check_row

TODAY = date(2026, 11, 20)
RECOVER = kinds.get("mau_06_recover")


def answers(**changes: str) -> Answers:
    row = {
        "device_serial": "BIT4ID-000001",
        "certificate_name": "Lò Văn Anh",
        "workplace": "UBND xã Tân Uyên",
        "email": "anhlv@laichau.gov.vn",
    }
    return row | changes


def test_the_subject_and_section_1_are_the_forms_own() -> None:
    assert RECOVER.subject == "đề nghị khôi phục thiết bị lưu khóa bí mật"
    assert [one.label for one in RECOVER.contact_fields] == [
        "Họ và tên",
        "Số định danh cá nhân",
        "Ngày cấp",
        "Nơi cấp",
        "Chức vụ",
        "Cơ quan, tổ chức công tác",
        "Số điện thoại di động",
    ]


def test_the_header_has_two_tiers_verbatim() -> None:
    upper, lower = header_tiers([(one.label, one.width, one.group) for one in RECOVER.columns])

    assert [(cell.label, cell.columns, cell.tiers) for cell in upper] == [
        ("STT", 1, 2),
        ("Số hiệu thiết bị lưu khóa bí mật", 1, 2),
        ("Thông tin của thuê bao", 3, 1),
    ]
    assert [cell.label for cell in lower] == [
        "Tên chứng thư chữ ký số",
        "Cơ quan, tổ chức công tác",
        "Địa chỉ thư điện tử công vụ",
    ]


def test_a_cell_of_each_column_is_its_own_answer() -> None:
    assert [column.text(answers()) for column in RECOVER.columns] == ["", *answers().values()]


def test_a_right_row_has_no_findings() -> None:
    assert check_row(RECOVER, answers(), TODAY) == []


@pytest.mark.parametrize("name", [one.name for one in RECOVER.fields])
def test_every_cell_is_required(name: str) -> None:
    found = check_row(RECOVER, answers(**{name: ""}), TODAY)

    assert [(one.field, one.finding.code) for one in found] == [(name, "missing")]


def test_an_address_the_certificate_was_once_issued_with_is_right_whatever_it_is() -> None:
    assert check_row(RECOVER, answers(email="ubnd.tanuyen@gmail.com"), TODAY) == []


def test_a_device_stands_once_in_a_list() -> None:
    found = check_list(RECOVER, [answers(), answers(device_serial=" bit4id-000001")], TODAY)

    assert [one.finding.code for one in found[1]] == ["same_device_as_row_1"]


def test_the_title_counts_the_devices() -> None:
    assert RECOVER.headline_of(2) == "Khôi phục 2 thiết bị"
    assert RECOVER.item_title(answers()) == "Lò Văn Anh"
