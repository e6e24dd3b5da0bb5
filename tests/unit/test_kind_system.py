"""Mẫu 03, and the PKCS#10 request that its rows share with those of Mẫu 01 and 02."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.text.identifiers import check_host, host_of
from requests_app import kinds
from requests_app.kinds.base import Answers, Kind, check_list, check_row
from requests_app.kinds.key_requests import in_words
from tests.builders import person_answers, system_answers
from tests.ca import requests

TODAY = date(2026, 11, 20)
OWNER = "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"
SYSTEM = kinds.get("mau_03_system")
PERSON = kinds.get("mau_01_person")
BODY = kinds.get("mau_02_organisation")
CSR = requests.pem()


def answers(**changes: str) -> Answers:
    return system_answers(OWNER, **({"csr": CSR} | changes))


def codes(kind: Kind, row: Answers) -> list[tuple[str, str]]:
    return [(one.field, one.finding.code) for one in check_row(kind, row, TODAY)]


def cells(row: Answers) -> dict[str, str]:
    return {column.label: column.text(row) for column in SYSTEM.columns}


def test_the_columns_are_those_of_the_design_in_their_order() -> None:
    assert [column.label for column in SYSTEM.columns] == [
        "STT",
        "Tên thiết bị, dịch vụ, phần mềm",
        "Cơ quan, tổ chức quản lý (sở hữu)",
        "Địa chỉ",
        "Tỉnh/Thành phố",
        "Tên miền/địa chỉ IP hoặc thông tin nhận diện",
        "Mục đích sử dụng",
        "Thư điện tử công vụ",
        "Hình thức lưu khóa (HSM/Token/tệp PKCS#10)",
        "Ghi chú",
    ]
    assert SYSTEM.subject == (
        "đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho thiết bị, dịch vụ, phần mềm"
    )
    assert not SYSTEM.is_layout_verified
    assert "chưa có nguyên văn" in SYSTEM.source_note


def test_a_right_row_has_no_findings() -> None:
    assert codes(SYSTEM, answers()) == []
    assert codes(SYSTEM, answers(storage="token", csr="")) == []
    assert codes(SYSTEM, answers(domain="Số sê-ri FGT60F.123", storage="hsm")) == []


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (SYSTEM, answers(csr="")),
        (SYSTEM, answers(csr="", storage="hsm")),
        (PERSON, person_answers(storage="soft")),
        (PERSON, person_answers(storage="hsm")),
    ],
)
def test_a_key_made_at_the_agency_wants_its_request(kind: Kind, row: Answers) -> None:
    assert codes(kind, row) == [("csr", "csr_missing")]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (SYSTEM, answers(storage="token")),
        (PERSON, person_answers(csr=CSR)),
        (PERSON, person_answers(csr=CSR, storage="rssp")),
    ],
)
def test_a_request_where_the_ca_makes_the_key_is_an_error(kind: Kind, row: Answers) -> None:
    assert codes(kind, row) == [("csr", "csr_not_wanted")]


def test_a_persons_request_bears_the_persons_name() -> None:
    row = person_answers(storage="hsm")

    right = {**row, "csr": requests.pem(name=row["full_name"])}
    wrong = {**row, "csr": CSR}

    assert codes(PERSON, right) == []
    assert codes(PERSON, wrong) == [("csr", "csr_other_name")]


@pytest.mark.parametrize(
    ("name", "domain", "expected"),
    [
        ("CỔNG DỊCH VỤ CÔNG TỈNH LAI CHÂU", "", []),
        ("dichvucong.laichau.gov.vn", "dichvucong.laichau.gov.vn", []),
        ("dichvucong.laichau.gov.vn", "khac.laichau.gov.vn", [("csr", "csr_other_address")]),
        ("khac.laichau.gov.vn", "", [("csr", "csr_other_name")]),
    ],
)
def test_a_systems_request_bears_its_name_or_its_domain(
    name: str, domain: str, expected: list[tuple[str, str]]
) -> None:
    extensions = requests.domains(domain) if domain else []

    assert codes(SYSTEM, answers(csr=requests.pem(name=name, extensions=extensions))) == expected


def test_a_bad_request_is_told_in_its_cell_with_rule_and_way_out() -> None:
    weak = requests.pem(requests.rsa_key(1024))

    (found,) = check_row(SYSTEM, answers(csr=weak), TODAY)

    assert (found.field, found.finding.code) == ("csr", "csr_key_size")
    assert "Thông tư 15/2025/TT-BKHCN" in found.finding.message
    assert "3072" in found.finding.message
    assert codes(SYSTEM, answers(csr="x" * 5000)) == [("csr", "too_long")]


def test_two_rows_never_share_a_key_or_a_system() -> None:
    first = answers()
    same_key = answers(name="MỘT CỔNG", csr=requests.pem(name="MỘT CỔNG"))
    key = requests.ec_key()
    twice = [
        answers(csr=requests.pem(key)),
        answers(name="MỘT CỔNG", csr=requests.pem(key, name="MỘT CỔNG")),
        answers(csr=requests.pem()),
    ]

    assert check_list(SYSTEM, [first, same_key], TODAY) == [[], []]
    found = check_list(SYSTEM, twice, TODAY)
    assert [[one.finding.code for one in row] for row in found] == [
        [],
        ["same_key_as_row_1"],
        ["same_system_as_row_1"],
    ]


@pytest.mark.parametrize(
    ("value", "host", "expected"),
    [
        ("dichvucong.laichau.gov.vn", "dichvucong.laichau.gov.vn", []),
        ("DVC.LaiChau.gov.vn", "dvc.laichau.gov.vn", []),
        ("203.162.1.7", "203.162.1.7", []),
        ("10.20.30.40", "10.20.30.40", []),
        ("2001:db8::1", "2001:db8::1", []),
        ("Số sê-ri 12.345", "", []),
        ("FGT60F", "", []),
        ("dvc.laichau.vn", "dvc.laichau.vn", ["not_gov_vn"]),
        ("*.dvc.laichau.gov.vn", "*.dvc.laichau.gov.vn", ["wildcard"]),
        ("*.laichau.gov.vn", "*.laichau.gov.vn", ["wildcard"]),
        ("*.gov.vn", "*.gov.vn", ["wildcard_too_wide"]),
        ("127.0.0.1", "127.0.0.1", ["not_a_host_address"]),
        ("fe80::1", "fe80::1", ["not_a_host_address"]),
        ("999.1.1.1", "", ["not_a_domain"]),
        ("https://dvc.laichau.gov.vn/trang", "", ["not_a_domain"]),
        ("dịchvụcông.gov.vn", "", ["not_a_domain"]),
        ("-dvc.gov.vn", "", ["not_a_domain"]),
        ("dvc..gov.vn", "", ["not_a_domain"]),
        ("a_b.gov.vn", "", ["not_a_domain"]),
        (f"{'a' * 64}.gov.vn", "", ["not_a_domain"]),
        ("a.*.gov.vn", "", ["not_a_domain"]),
    ],
)
def test_an_address_has_its_form(value: str, host: str, expected: list[str]) -> None:
    assert host_of(value) == host
    assert [one.code for one in check_host(value)] == expected


@pytest.mark.parametrize(
    ("value", "offered"),
    [
        ("https://DVC.laichau.gov.vn/trang?a=1", "dvc.laichau.gov.vn"),
        ("dvc.laichau.gov.vn:8443", "dvc.laichau.gov.vn"),
        ("không.phải", ""),
    ],
)
def test_the_domain_in_an_address_of_a_page_is_offered(value: str, offered: str) -> None:
    assert [one.suggestion for one in check_host(value)] == [offered]


def test_the_printed_cells_name_the_very_key_and_the_old_certificate() -> None:
    printed = cells(answers(note="Gấp", old_serial="2A05F812673607B0"))

    kept = printed["Hình thức lưu khóa (HSM/Token/tệp PKCS#10)"]
    assert kept.startswith("Tệp PKCS#10\nSHA-256 của khóa:\n")
    assert in_words(CSR).endswith(kept.splitlines()[-1])
    assert printed["Ghi chú"] == "Gấp\nSố hiệu chứng thư cũ: 2A05F812673607B0"
    assert cells(answers(storage="token", csr=""))[
        "Hình thức lưu khóa (HSM/Token/tệp PKCS#10)"
    ] == ("Token")


def test_a_request_is_shown_by_its_key_not_by_its_text() -> None:
    assert in_words("") == ""
    assert in_words("hỏng") == "Tệp PKCS#10 không dùng được"
    assert in_words(CSR).startswith("EC-P256, SHA-256 ")
    assert "BEGIN" not in in_words(CSR)


def test_the_subject_stands_under_its_owner_and_carries_the_domain() -> None:
    assert SYSTEM.subject_name is not None
    subject = SYSTEM.subject_name(answers(), "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU")

    assert subject.organisation_levels == ("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", OWNER)
    assert subject.domain == "dichvucong.laichau.gov.vn"
    assert SYSTEM.subject_name(answers(domain="Số sê-ri 7"), "").domain == ""


@pytest.mark.parametrize(
    ("cell", "storage"),
    [("HSM", "hsm"), ("token", "token"), ("Tệp PKCS#10", "soft"), ("SOFT", "soft"), ("SIM", "SIM")],
)
def test_a_sheet_says_how_the_key_is_kept(cell: str, storage: str) -> None:
    column = next(column for column in SYSTEM.sheet if column.field == "storage")

    assert column.answer(cell) == storage
