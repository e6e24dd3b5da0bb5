"""Mẫu 05: official words and columns, what is found in a row and in the list, the sheet."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.rules import Severity
from requests_app import kinds
from requests_app.kinds.base import Answers, check_list, check_row
from requests_app.rules.revocation import Cause

TODAY = date(2026, 11, 20)
KIND = kinds.get("mau_05_revoke")
MOST_IN_A_LIST = 255  # of a closed list in a cell, by the format of the sheet


def person_row(**changes: str) -> Answers:
    answers = {
        "certificate_name": "Lò Văn Thử",
        "identity_number": "012090000001",
        "issued_on": "25/08/2024",
        "issue_place": "CCSQLHCVTTXH",
        "tax_code": "",
        "budget_code": "",
        "email": "thu@laichau.gov.vn",
        "certificate_serial": "2A05F812673607B0",
        "device_serial": "BIT4ID-000001",
        "cause": "retired",
        "reason": "",
    }
    return answers | changes


def body_row(**changes: str) -> Answers:
    person = dict.fromkeys(("identity_number", "issued_on", "issue_place"), "")
    codes = {"tax_code": "0100233488", "budget_code": "1234567", "cause": "merged"}
    return {**person_row(), **person, **codes, **changes}


def found_in(answers: Answers) -> list[tuple[str, str]]:
    return [(one.field, one.finding.code) for one in check_row(KIND, answers, TODAY)]


def test_the_nine_columns_are_the_forms_own_in_their_order() -> None:
    assert [column.label for column in KIND.columns] == [
        "STT",
        "Tên chứng thư chữ ký số",
        "Số định danh cá nhân/Ngày cấp, nơi cấp (nếu thu hồi của cá nhân)",
        "Mã số thuế (nếu thu hồi của cơ quan)",
        "Mã quan hệ ngân sách (nếu thu hồi của cơ quan)",
        "Địa chỉ thư điện tử công vụ",
        "Số hiệu chứng thư chữ ký số",
        "Số hiệu thiết bị lưu khóa bí mật",
        "Lý do thu hồi",
    ]


def test_its_words_are_the_forms_own() -> None:
    assert KIND.subject == "đề nghị thu hồi chứng thư chữ ký số chuyên dùng công vụ"
    assert KIND.contact_title == "Thông tin đầu mối phối hợp thu hồi thiết bị lưu khóa bí mật"
    assert KIND.contact_fields[-1].label == "Địa chỉ thu hồi"
    assert KIND.list_title == "Số lượng và danh sách thu hồi"


@pytest.mark.parametrize("row", [person_row(), body_row()])
def test_right_rows_have_no_findings(row: Answers) -> None:
    assert found_in(row) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (person_row(issue_place=""), [("issue_place", "missing_for_subject")]),
        (
            person_row(identity_number="", issued_on="", issue_place=""),
            [
                ("identity_number", "missing_for_subject"),
                ("issued_on", "missing_for_subject"),
                ("issue_place", "missing_for_subject"),
            ],
        ),
        (body_row(budget_code=""), [("budget_code", "missing_for_subject")]),
        (
            body_row(tax_code="", budget_code=""),
            [("tax_code", "missing_for_subject"), ("budget_code", "missing_for_subject")],
        ),
        (person_row(tax_code="0100233488"), [("tax_code", "two_subjects")]),
        # Whose it is only the register can tell: a system's row has neither.
        (body_row(tax_code="", budget_code="", cause="stopped"), []),
        (person_row(issued_on="21/11/2026"), [("issued_on", "in_the_future")]),
        (person_row(issued_on="20/11/2026"), []),
        (person_row(cause=""), [("cause", "missing")]),
        (person_row(cause="bored"), [("cause", "unknown_cause")]),
        (person_row(cause="agency"), [("reason", "reason_not_told")]),
        (person_row(cause="agency", reason="Vi phạm quy chế"), []),
        (person_row(cause="device_lost"), [("cause", "needs_minutes_too")]),
        (person_row(email=""), [("email", "missing")]),
        (person_row(email="lo.thu@gmail.com"), []),  # whatever it was issued with
        (person_row(device_serial=""), []),
    ],
)
def test_what_is_found_in_a_row(row: Answers, expected: list[tuple[str, str]]) -> None:
    assert found_in(row) == expected


def test_a_certificate_stands_once_however_its_number_is_written() -> None:
    rows = [
        person_row(certificate_serial="0A05F812673607B0"),
        person_row(certificate_serial="a05f 8126 7360 7b0"),
    ]

    first, second = check_list(KIND, rows, TODAY)

    assert first == []
    assert "same_certificate_as_row_1" in [one.finding.code for one in second]


def test_a_lost_device_is_a_warning_not_a_bar() -> None:
    (found,) = check_row(KIND, person_row(cause="device_lost"), TODAY)

    assert found.finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("cause", "reason", "cell"),
    [
        ("retired", "", "Nghỉ hưu"),
        ("retired", "từ 01/12/2026", "Nghỉ hưu: từ 01/12/2026"),
        ("", "từ 01/12/2026", "từ 01/12/2026"),
        ("bored", "", "bored"),
    ],
)
def test_case_and_words_are_printed_in_one_cell(cause: str, reason: str, cell: str) -> None:
    assert KIND.columns[-1].text(person_row(cause=cause, reason=reason)) == cell


def test_the_sheet_takes_a_cause_by_its_short_word_its_full_words_or_its_code() -> None:
    column = next(one for one in KIND.sheet if one.field == "cause")

    for cause in Cause:
        for typed in (
            column.text(cause),
            str(cause.label),
            cause.value,
            column.text(cause).lower(),
        ):
            assert column.answer(typed) == cause.value
    assert column.answer("chán") == "chán"


def test_the_sheets_list_of_causes_fits_a_cell() -> None:
    column = next(one for one in KIND.sheet if one.field == "cause")
    words = [column.text(cause) for cause in Cause]

    assert len(",".join(words)) <= MOST_IN_A_LIST
    assert not any("," in word for word in words)
