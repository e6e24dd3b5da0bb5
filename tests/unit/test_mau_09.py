"""Mẫu 09: minutes of our own design, what is told in them, who signs."""

from __future__ import annotations

from datetime import date

import pytest

from requests_app import kinds
from requests_app.kinds.base import Answers, check_row

TODAY = date(2026, 11, 20)
LOSS = kinds.get("mau_09_loss")
CONTACT = {
    "made_at": "09 giờ 30 phút",
    "made_on": "20/11/2026",
    "made_in": "Trụ sở UBND xã Tân Uyên",
    "maker": "Lò Thị Nhận",
    "maker_position": "Văn thư",
    "participants": "Ông Lò Văn Chủ, Chủ tịch; bà Lò Thị Nhận, văn thư",
}


def answers(**changes: str) -> Answers:
    row = {
        "subscriber_name": "Lò Văn Anh",
        "device_serial": "BIT4ID-000001",
        "certificate_serial": "2A05F812673607B0",
        "lost_on": "19/11/2026",
        "place": "Bến xe thị trấn Tân Uyên",
        "circumstances": "Mất túi đựng thiết bị khi đi công tác",
        "measures": "Đã tìm tại bến xe, đã báo công an xã ngày 19/11/2026",
        "revocation": "will_ask",
    }
    return row | changes


def codes(row: Answers) -> list[tuple[str, str]]:
    return [(one.field, one.finding.code) for one in check_row(LOSS, row, TODAY)]


def test_it_is_a_named_document_of_our_own_design_and_says_so() -> None:
    assert LOSS.kind_of_document == "BIÊN BẢN"
    assert LOSS.subject == "Xác nhận thiết bị lưu khóa bí mật bị thất lạc"
    assert not LOSS.is_layout_verified
    assert "chưa đối chiếu" in LOSS.layout_note
    assert not LOSS.is_addressed


def test_maker_subscriber_and_the_senders_head_sign() -> None:
    signers = [(one.label, one.is_sender) for one in LOSS.parties]
    names = [one.name(CONTACT, [answers()]) for one in LOSS.parties]

    assert signers == [
        ("NGƯỜI LẬP", False),
        ("THUÊ BAO", False),
        ("ĐẠI DIỆN CƠ QUAN", True),
    ]
    assert names[:2] == ["Lò Thị Nhận", "Lò Văn Anh"]


def test_of_several_subscribers_none_is_named_as_the_one_who_signs() -> None:
    rows = [answers(), answers(subscriber_name="Lò Thị Bình")]

    assert LOSS.parties[1].name(CONTACT, rows) == ""


def test_right_answers_have_no_findings() -> None:
    assert codes(answers()) == []
    assert LOSS.contact_cells(CONTACT, TODAY) == []


@pytest.mark.parametrize("name", [one.name for one in LOSS.contact_fields])
def test_time_place_and_participants_are_said(name: str) -> None:
    found = LOSS.contact_cells(CONTACT | {name: ""}, TODAY)

    assert [(one.field, one.finding.code) for one in found] == [(name, "missing")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lost_on": "20/11/2026"}, []),
        ({"lost_on": "21/11/2026"}, [("lost_on", "in_the_future")]),
        ({"lost_on": ""}, [("lost_on", "missing")]),
        ({"certificate_serial": "2A05"}, [("certificate_serial", "not_16_hex")]),
        ({"circumstances": "x" * 500}, []),
        ({"circumstances": "x" * 501}, [("circumstances", "too_long")]),
        ({"measures": ""}, [("measures", "missing")]),
        ({"revocation": ""}, []),
        ({"revocation": "asked"}, []),
        ({"revocation": "có"}, [("revocation", "unknown_revocation")]),
    ],
)
def test_a_row_is_checked(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert codes(answers(**changes)) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("asked", "Đã đề nghị thu hồi"),
        ("will_ask", "Đề nghị thu hồi ngay sau biên bản này"),
        ("", "Chưa đề nghị thu hồi"),
    ],
)
def test_the_minutes_say_in_words_whether_revocation_was_asked(value: str, words: str) -> None:
    column = next(one for one in LOSS.columns if one.label == "Đề nghị thu hồi chứng thư")
    of_sheet = next(one for one in LOSS.sheet if one.field == "revocation")

    assert column.text(answers(revocation=value)) == words
    assert of_sheet.answer(of_sheet.text(value)) == value


def test_when_and_where_stand_in_one_cell() -> None:
    cells = {column.label: column.text(answers()) for column in LOSS.columns}

    assert cells["Thời điểm, nơi thất lạc"] == "19/11/2026\nBến xe thị trấn Tân Uyên"
