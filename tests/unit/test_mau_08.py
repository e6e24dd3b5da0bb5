"""Mẫu 08: the form's title, our own columns, what is found in a row, what the register says."""

from __future__ import annotations

from datetime import date

import pytest

from requests_app import kinds
from requests_app.kinds.base import Answers, CellFinding, check_list, check_row, has_errors
from requests_app.models import Procedure
from requests_app.rules import returns as rules
from requests_app.workflow import HANDING_BACK, PETITIONS, Route, routes_of

TODAY = date(2026, 11, 20)
RETURN = kinds.get("mau_08_return")


def answers(**changes: str) -> Answers:
    row = {
        "certificate_name": "Lò Văn Anh",
        "certificate_serial": "2A05F812673607B0",
        "device_serial": "BIT4ID-000001",
        "device_kind": "token",
        "condition": "ok",
        "reason": "expired",
        "revocation_document": "",
    }
    return row | changes


def codes(found: list[CellFinding]) -> list[tuple[str, str]]:
    return [(one.field, one.finding.code) for one in found]


def test_the_title_is_the_forms_own_and_stands_under_the_kind_of_document() -> None:
    assert RETURN.title == (
        "Biên bản giao, nhận thiết bị lưu khóa bí mật sau khi chứng thư chữ ký số chuyên dùng "
        "công vụ hết hạn sử dụng hoặc chứng thư chữ ký số chuyên dùng công vụ bị thu hồi"
    )
    printed = f"{RETURN.kind_of_document} {RETURN.subject}"
    assert printed.lower() == RETURN.title.lower()


def test_its_columns_are_our_own_and_say_so() -> None:
    assert [column.label for column in RETURN.columns] == [
        "STT",
        "Tên chứng thư chữ ký số",
        "Số hiệu chứng thư chữ ký số",
        "Số hiệu thiết bị lưu khóa bí mật",
        "Loại thiết bị",
        "Tình trạng thiết bị",
        "Lý do giao lại",
        "Số văn bản thu hồi",
    ]
    assert not RETURN.is_layout_verified
    assert "tự thiết kế" in RETURN.layout_note
    assert sum(int(column.width.removesuffix("%")) for column in RETURN.columns) == 100


def test_choices_are_printed_in_words() -> None:
    row = answers(device_kind="sim", condition="damaged", reason="revoked")

    assert [column.text(row) for column in RETURN.columns[4:7]] == [
        "SIM PKI",
        "Hỏng",
        "Bị thu hồi",
    ]


def test_a_right_row_has_no_findings() -> None:
    assert check_row(RETURN, answers(), TODAY) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"reason": ""}, [("reason", "missing")]),
        ({"reason": "sold"}, [("reason", "unknown_reason")]),
        ({"condition": "lost"}, [("condition", "unknown_condition")]),
        ({"device_kind": "rssp"}, [("device_kind", "unknown_kind")]),
        ({"certificate_serial": "x"}, [("certificate_serial", "not_16_hex")]),
        ({"device_serial": ""}, [("device_serial", "missing")]),
    ],
)
def test_a_row_is_checked(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert codes(check_row(RETURN, answers(**changes), TODAY)) == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "early"}, "returned_early"),
        ({"reason": "revoked"}, "no_revocation_document"),
    ],
)
def test_what_is_worth_a_second_look_stops_nothing(changes: dict[str, str], code: str) -> None:
    found = check_row(RETURN, answers(**changes), TODAY)

    assert [one.finding.code for one in found] == [code]
    assert not has_errors(found)


def test_a_device_stands_once_in_the_minutes() -> None:
    rows = [answers(), answers(device_serial=" bit4id-000001")]

    assert codes(check_list(RETURN, rows, TODAY)[1]) == [("device_serial", "same_device_as_row_1")]


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("Lý do giao lại", "hết hạn sử dụng", "expired"),
        ("Lý do giao lại", "REVOKED", "revoked"),
        ("Tình trạng thiết bị", "Hỏng", "damaged"),
        ("Tình trạng thiết bị", "", "ok"),
        ("Loại thiết bị", "", "token"),
        ("Loại thiết bị", "usb token", "token"),
    ],
)
def test_the_sheet_takes_words_and_codes(header: str, cell: str, code: str) -> None:
    (column,) = [one for one in RETURN.sheet if one.header.startswith(header)]

    assert column.answer(cell) == code


def test_the_sheet_holds_every_field_and_gives_words_back() -> None:
    assert {one.field for one in RETURN.sheet} - {""} == {one.name for one in RETURN.fields}
    for column in RETURN.sheet:
        assert column.answer(column.text(answers().get(column.field, ""))) == answers().get(
            column.field, ""
        )


def test_two_parties_sign_and_the_receiver_is_named_when_known() -> None:
    giver, receiver = RETURN.parties

    assert giver.is_sender
    assert not receiver.is_sender
    assert receiver.name({"receiver_name": "Hoàng Thị Sen"}, []) == "Hoàng Thị Sen"
    assert receiver.name({}, []) == ""


@pytest.mark.parametrize(
    ("reason", "is_expired", "is_revoked", "code"),
    [
        ("expired", True, False, None),
        ("expired", False, False, "not_expired"),
        ("revoked", False, True, None),
        ("revoked", True, False, "not_revoked"),
        ("early", False, False, None),
    ],
)
def test_the_reason_is_what_the_register_says(
    reason: str, is_expired: bool, is_revoked: bool, code: str | None
) -> None:
    violation = rules.reason_holds(reason, is_expired=is_expired, is_revoked=is_revoked, row=1)

    assert (violation and violation.code) == code


def test_a_device_is_back_in_hand_and_known() -> None:
    assert rules.device_is_back(True, "A1", "") is None
    assert rules.device_is_in_hand(False, "A1") is None
    assert rules.certificate_is_the_devices("AA", "AA", "A1") is None
    found = [
        rules.device_is_back(False, "A1", "Thuê bao đang giữ", 1),
        rules.device_is_in_hand(True, "A1", 1),
        rules.certificate_is_the_devices("AA", "BB", "A1", 1),
    ]
    assert [one and one.code for one in found] == [
        "device_not_back",
        "device_lost",
        "certificate_differs",
    ]
    assert all(one and one.way_out and "Điều 20" in one.article for one in found)


@pytest.mark.parametrize(
    ("procedure", "routes"),
    [
        (Procedure.RETURN_DEVICE, HANDING_BACK),
        (Procedure.HANDOVER_NOTICE, {Route.NOTICE}),
        (Procedure.REPORT_LOSS, {Route.NOTICE}),
        (Procedure.ISSUE, PETITIONS),
        (Procedure.RECOVER, PETITIONS),
    ],
)
def test_a_procedure_takes_its_own_routes(procedure: str, routes: set[Route]) -> None:
    assert routes_of(procedure) == routes
