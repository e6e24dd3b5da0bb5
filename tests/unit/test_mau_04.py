"""Mẫu số 04: official columns, what is found in a row, the subject that comes of it."""

from __future__ import annotations

from datetime import date

import pytest

from portal.ca.pki.names import SubjectName
from requests_app import kinds
from requests_app.catalogue.mau_04_renew_change.form import (
    changed,
    changed_subject,
    moves_workplace,
)
from requests_app.kinds.base import Answers, CellFinding, check_list, check_row

TODAY = date(2026, 11, 20)
KIND = kinds.get("mau_04_renew_change")
OLD = SubjectName(
    common_name="Lò Văn Ánh",
    organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", "ỦY BAN NHÂN DÂN HUYỆN TÂN UYÊN"),
    locality="Lai Châu",
    email="anh@laichau.gov.vn",
)


def row(**changes: str) -> Answers:
    answers = {
        "certificate_name": "Lò Văn Ánh",
        "certificate_serial": "2A05F812673607B0",
        "signing_phone": "",
        "email": "anh@laichau.gov.vn",
        "renews": "x",
        "changes": "",
    }
    return answers | changes


def codes(found: list[CellFinding]) -> list[tuple[str, str]]:
    return [(one.field, one.finding.code) for one in found]


def test_the_columns_are_the_forms_own_in_their_order() -> None:
    assert [(column.label, column.group) for column in KIND.columns] == [
        ("STT", ""),
        ("Tên chứng thư chữ ký số", ""),
        ("Số hiệu chứng thư (SIM-PKI ghi thêm số điện thoại ký số)", ""),
        ("Địa chỉ thư điện tử công vụ", ""),
        ("Thông tin cần thay đổi", ""),
        ("Thông tin mới", ""),
        ("Gia hạn", "Dịch vụ yêu cầu"),
        ("Thay đổi thông tin - TĐTT", "Dịch vụ yêu cầu"),
    ]


def test_the_words_around_the_list_are_the_forms_own() -> None:
    assert KIND.subject == (
        "đề nghị gia hạn, thay đổi nội dung thông tin chứng thư chữ ký số chuyên dùng công vụ"
    )
    assert KIND.contact_title == "Thông tin người tiếp nhận chứng thư chữ ký số"
    assert KIND.contact_fields[-1].label == "Địa chỉ tiếp nhận"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"renews": ""}, [("renews", "nothing_asked")]),
        ({"changes": "x"}, [("new_email", "no_new_value")]),
        ({"new_email": "moi@laichau.gov.vn"}, [("changes", "change_not_marked")]),
        ({"changes": "x", "new_email": "moi@laichau.gov.vn"}, []),
        ({"renews": "", "changes": "x", "new_org1": "UBND TỈNH"}, []),
        ({"changes": "x", "new_org2": "UBND XÃ"}, [("new_org1", "level_skipped")]),
        (
            {"changes": "x", "new_org1": "A", "new_org3": "C"},
            [("new_org2", "level_skipped")],
        ),
        ({"changes": "x", "new_email": "a@gmail.com"}, [("new_email", "public_provider")]),
        ({"changes": "x", "new_email": "anh@laichau.gov.vn"}, [("new_email", "same_as_old")]),
        ({"changes": "x", "new_name": "Lò Văn Ánh"}, [("new_name", "same_as_old")]),
        ({"renews": "có"}, [("renews", "not_a_mark")]),
        ({"email": "cu@gmail.com"}, []),  # what was registered is what was registered
        ({"email": ""}, [("email", "missing")]),
        ({"certificate_serial": "12"}, [("certificate_serial", "not_16_hex")]),
    ],
)
def test_a_row_is_checked(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert codes(check_row(KIND, row(**changes), TODAY)) == expected


def test_a_certificate_stands_once_however_its_number_is_written() -> None:
    rows = [row(), row(certificate_serial="2a:05:f8:12:67:36:07:b0", renews="", changes="x")]

    found = check_list(KIND, rows, TODAY)

    assert ("certificate_serial", "same_certificate_as_row_1") in codes(found[1])


def test_what_changes_and_what_is_new_are_read_side_by_side() -> None:
    answers = row(
        changes="x",
        signing_phone="0912 345 678",
        new_email="moi@laichau.gov.vn",
        new_org1="ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        new_org2="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN",
    )
    cells = [column.text(answers) for column in KIND.columns]

    assert cells[2] == "2A05F812673607B0\n0912345678"
    assert cells[4] == "1. Cơ quan, tổ chức\n2. Thư điện tử công vụ"
    assert cells[5] == (
        "1. ỦY BAN NHÂN DÂN XÃ TÂN UYÊN, ỦY BAN NHÂN DÂN TỈNH LAI CHÂU\n2. moi@laichau.gov.vn"
    )
    assert cells[6:] == ["×", "×"]  # noqa: RUF001


def test_a_renewal_leaves_the_columns_of_a_change_empty() -> None:
    cells = [column.text(row()) for column in KIND.columns]

    assert cells[4:] == ["", "", "×", ""]  # noqa: RUF001


def test_the_new_subject_is_the_old_one_with_the_changes() -> None:
    answers = row(
        changes="x",
        new_email="moi@laichau.gov.vn",
        new_org1="ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        new_org2="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN",
        new_province="Tỉnh Lai Châu",
    )

    assert changed_subject(OLD, "person", answers) == SubjectName(
        common_name="Lò Văn Ánh",
        organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"),
        locality="Lai Châu",
        email="moi@laichau.gov.vn",
    )


def test_a_renewal_keeps_the_subject() -> None:
    assert changed_subject(OLD, "person", row()) == OLD


def test_a_new_address_is_the_domain_of_a_system_and_stands_in_no_other_certificate() -> None:
    answers = row(changes="x", new_address="motcua.laichau.gov.vn", new_name="CỔNG MỘT CỬA")

    assert changed_subject(OLD, "system", answers).domain == "motcua.laichau.gov.vn"
    assert changed_subject(OLD, "organisation", answers).domain == ""
    assert changed_subject(OLD, "organisation", answers).common_name == "CỔNG MỘT CỬA"


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        ({"changes": "x", "new_org1": "UBND TỈNH"}, True),
        ({"changes": "", "new_org1": "UBND TỈNH"}, False),
        ({"changes": "x", "new_email": "moi@laichau.gov.vn"}, False),
    ],
)
def test_only_new_levels_are_another_workplace(changes: dict[str, str], moves: bool) -> None:
    assert moves_workplace(row(**changes)) is moves


def test_what_is_new_is_named_in_printing_order() -> None:
    answers = row(new_email="a@b.gov.vn", new_name="B", new_address="C", new_province="D")

    assert changed(answers) == ["name", "address", "province", "email"]
