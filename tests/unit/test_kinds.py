"""The forms: official columns, what is found in a row, and that adding one is adding a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from portal.core.rules import Severity
from requests_app import catalogue, kinds
from requests_app.catalogue.mau_01_person.form import CENTRAL
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    Kind,
    Widget,
    check_list,
    check_row,
    has_errors,
)
from tests.builders import person_answers

TODAY = date(2026, 11, 20)
PERSON = kinds.get("mau_01_person")
BODY = kinds.get("mau_02_organisation")
HANDOVER = kinds.get("mau_07_handover")


def codes(found: list[CellFinding]) -> list[tuple[str, str]]:
    return [(one.field, one.finding.code) for one in found]


def body_answers(**changes: str) -> Answers:
    answers = {
        "name": "TRẠM Y TẾ XÃ TÂN UYÊN",
        "address": "Bản Thử, xã Tân Uyên",
        "tax_code": "0100233488",
        "budget_code": "1234567",
        "province": "Lai Châu",
        "email": "tramyte.tanuyen@laichau.gov.vn",
        "storage": "token",
    }
    return answers | changes


def handover_answers(**changes: str) -> Answers:
    answers = {
        "subscriber_name": "Lò Văn Anh",
        "identity_number": "012084900101",
        "certificate_serial": "2A05F812673607B0",
        "device_serial": "BIT4ID-000001",
        "device_kind": "token",
        "handed_over_on": "20/11/2026",
        "receiver": "Lò Văn Anh",
    }
    return answers | changes


def test_the_columns_are_the_forms_own_in_their_order() -> None:
    assert [column.label for column in PERSON.columns] == [
        "STT",
        "Họ và tên",
        "Ngày sinh",
        "Số định danh cá nhân/Ngày cấp, nơi cấp",
        "Địa chỉ thư điện tử công vụ",
        "Tên cơ quan, tổ chức công tác",
        "Tỉnh/Thành phố",
        "Chức vụ",
        "Số điện thoại di động",
        "Số hiệu chứng thư chữ ký số cũ (nếu có)",
        "SIM PKI",
    ]
    assert [column.label for column in BODY.columns] == [
        "STT",
        "Tên cơ quan, tổ chức",
        "Địa chỉ",
        "Mã số thuế",
        "Mã quan hệ ngân sách",
        "Tỉnh/Thành phố",
        "Địa chỉ thư điện tử công vụ",
    ]


def test_the_subjects_are_the_forms_own() -> None:
    assert (
        PERSON.subject_of("") == "đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân"
    )
    assert PERSON.subject_of(CENTRAL) == (
        "đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân "
        "sử dụng giải pháp ký số tập trung"
    )
    assert BODY.subject == (
        "đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cơ quan, tổ chức"
    )


@pytest.mark.parametrize("kind", list(kinds.KINDS.values()), ids=lambda kind: str(kind.code))
def test_a_layout_that_was_not_seen_says_so_in_print(kind: Kind) -> None:
    assert kind.is_layout_verified != bool(kind.layout_note)
    assert kind.is_layout_verified or "chưa đối chiếu" in kind.layout_note


@pytest.mark.parametrize("kind", list(kinds.KINDS.values()), ids=lambda kind: str(kind.code))
def test_widths_on_paper_fill_the_line(kind: Kind) -> None:
    assert sum(int(column.width.removesuffix("%")) for column in kind.columns) == 100


@pytest.mark.parametrize("kind", list(kinds.KINDS.values()), ids=lambda kind: str(kind.code))
def test_every_field_that_people_type_has_its_column_in_the_sheet(kind: Kind) -> None:
    assert {column.field for column in kind.sheet if column.field} == {
        one.name for one in kind.fields if one.widget is not Widget.KEY_REQUEST
    }


def test_right_rows_have_no_findings() -> None:
    assert check_row(PERSON, person_answers(), TODAY) == []
    assert check_row(BODY, body_answers(), TODAY) == []
    assert check_row(HANDOVER, handover_answers(), TODAY) == []


def test_a_composed_cell_holds_what_the_form_asks() -> None:
    answers = person_answers(
        org3="TRƯỜNG THCS SỐ 1", storage="sim", carrier="Viettel", converts_number="x"
    )
    cells = {column.label: column.text(answers) for column in PERSON.columns}

    assert cells["Số định danh cá nhân/Ngày cấp, nơi cấp"] == (
        f"{answers['identity_number']}\n25/08/2024, "
        "Cục Cảnh sát quản lý hành chính về trật tự xã hội"
    )
    assert cells["Tên cơ quan, tổ chức công tác"] == (
        "TRƯỜNG THCS SỐ 1, ỦY BAN NHÂN DÂN XÃ TÂN UYÊN, ỦY BAN NHÂN DÂN TỈNH LAI CHÂU"
    )
    assert cells["SIM PKI"] == "Viettel/cs"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"identity_number": "012081900163"}, [("identity_number", "birth_year_differs")]),
        ({"storage": "sim"}, [("carrier", "missing_for_sim")]),
        ({"storage": "sim", "carrier": "Viettel"}, []),
        ({"carrier": "Viettel"}, [("carrier", "only_for_sim")]),
        ({"converts_number": "x"}, [("converts_number", "only_for_sim")]),
        (
            {"storage": "sim", "carrier": "Viettel", "converts_number": "x", "phone": ""},
            [("phone", "missing_for_conversion")],
        ),
        ({"storage": "USB"}, [("storage", "unknown_kind")]),
        ({"storage": "sd"}, [("storage", "not_in_sheet_codes")]),
        ({"issued_on": "21/11/2026"}, [("issued_on", "in_the_future")]),
        ({"issued_on": "20/11/2026"}, []),
        ({"issued_on": "03/08/1998"}, [("issued_on", "issued_before_14")]),
        ({"issued_on": "04/08/1998"}, []),
        ({"org2": "", "org3": "TỔ MỘT"}, [("org2", "level_skipped")]),
        ({"issue_place": ""}, [("issue_place", "issue_place_missing")]),
        ({"province": "Xứ Lạ"}, [("province", "unknown_province")]),
        ({"province": "Sơn La"}, [("email", "email_of_other_province")]),
        ({"province": "Tuyên Quang", "email": "an@hagiang.gov.vn"}, []),  # merged into it
        ({"province": "Tỉnh Lai Châu"}, []),
        ({"org1": "A" * 251}, [("org1", "too_long")]),
        ({"org1": "A" * 250}, []),
        ({"org2": "UBND X\u0410 TÂN UYÊN"}, [("org2", "foreign_letters")]),
        ({"org2": "UBND XAÕ TAÂN UYEÂN"}, [("org2", "legacy_font")]),
    ],
)
def test_a_person_is_checked_field_against_field(
    changes: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert codes(check_row(PERSON, person_answers(1, **changes), TODAY)) == expected


def test_the_same_person_twice_is_an_error_in_the_later_row() -> None:
    rows = [person_answers(1), person_answers(2), person_answers(1)]

    found = check_list(PERSON, rows, TODAY)

    assert [codes(one) for one in found] == [
        [],
        [],
        [("identity_number", "same_person_as_row_1")],
    ]
    assert has_errors(found[2])


def test_what_two_rows_share_is_asked_about_or_refused() -> None:
    one = person_answers(1, storage="sim", carrier="Viettel")
    two = person_answers(
        2, storage="sim", carrier="Viettel", email=one["email"].upper(), phone=one["phone"]
    )
    three = person_answers(3, full_name=one["full_name"])

    found = check_list(PERSON, [one, two, three], TODAY)

    assert [codes(row) for row in found] == [
        [],
        [("email", "same_email_as_row_1"), ("phone", "same_sim_number_as_row_1")],
        [("identity_number", "same_name_and_birthday_as_row_1")],
    ]
    assert [[cell.finding.asks for cell in row] for row in found] == [[], [True, False], [True]]


def test_the_same_person_with_another_device_is_only_asked_about() -> None:
    rows = [person_answers(1), person_answers(1, storage="rssp")]

    found = check_list(PERSON, rows, TODAY)[1]

    assert [one.finding.severity for one in found] == [Severity.WARNING]


def test_the_central_signing_letter_takes_central_signing_only() -> None:
    rows = [person_answers(1), person_answers(2, storage="rssp")]

    found = check_list(PERSON, rows, TODAY, variant=CENTRAL)

    assert [codes(one) for one in found] == [[("storage", "not_central_signing")], []]


def test_central_signing_in_the_plain_letter_is_asked_about() -> None:
    rows = [person_answers(1), person_answers(2, storage="rssp")]

    found = check_list(PERSON, rows, TODAY, variant="")

    assert [codes(one) for one in found] == [[], [("storage", "is_central_signing")]]
    assert not has_errors(found[1])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tax_code": "0100233480"}, "tax_code"),
        ({"budget_code": "12"}, "budget_code"),
        ({"email": "x@gmail.com"}, "email"),
        ({"storage": "sim"}, "storage"),
        ({"tax_code": "", "budget_code": ""}, "tax_code"),
    ],
)
def test_a_body_is_checked(changes: dict[str, str], expected: str) -> None:
    assert [field for field, _ in codes(check_row(BODY, body_answers(**changes), TODAY))] == [
        expected
    ]


def test_a_body_stands_once_however_its_name_is_written() -> None:
    rows = [body_answers(), body_answers(name="Trạm y tế xã Tân Uyên")]

    assert [codes(one) for one in check_list(BODY, rows, TODAY)] == [
        [],
        [("name", "same_body_as_row_1")],
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"handed_over_on": "21/11/2026"}, [("handed_over_on", "in_the_future")]),
        ({"receiver": "Lò Thị Bình"}, [("receiver", "receiver_is_not_subscriber")]),
        ({"identity_number": "0100233488", "receiver": "Lò Thị Bình"}, []),
        ({"device_kind": "rssp"}, [("device_kind", "unknown_kind")]),
    ],
)
def test_a_handover_is_checked(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert codes(check_row(HANDOVER, handover_answers(**changes), TODAY)) == expected


def test_a_device_stands_once() -> None:
    rows = [handover_answers(), handover_answers(device_serial=" bit4id-000001")]

    assert codes(check_list(HANDOVER, rows, TODAY)[1]) == [
        ("device_serial", "same_device_as_row_1")
    ]


def test_the_subject_of_a_person_has_the_levels_and_the_bare_province() -> None:
    assert PERSON.subject_name is not None
    subject = PERSON.subject_name(person_answers(1, province="Tỉnh Lai Châu"), "")

    assert subject.organisation_levels == (
        "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN",
    )
    assert subject.locality == "Lai Châu"


def test_the_subject_of_a_body_stands_under_its_superior() -> None:
    assert BODY.subject_name is not None
    subject = BODY.subject_name(body_answers(), "SỞ Y TẾ")

    assert (subject.common_name, subject.organisation_levels) == (
        "TRẠM Y TẾ XÃ TÂN UYÊN",
        ("SỞ Y TẾ",),
    )


def test_a_new_row_is_blank_and_of_the_usual_kind() -> None:
    assert PERSON.blank_row() == {"storage": "token"}
    assert PERSON.is_blank(PERSON.blank_row())
    assert not PERSON.is_blank(person_answers())


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    catalogue.__path__.append(str(tmp_path))
    yield tmp_path
    catalogue.__path__.remove(str(tmp_path))


TRIAL = """
from dataclasses import replace
from requests_app.catalogue.mau_02_organisation.form import KIND as BODY
KIND = replace(BODY, code="{code}", number="98", title="Mẫu thử")
"""


def test_adding_a_form_is_adding_a_folder(package: Path) -> None:
    folder = package / "mau_98_trial"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "form.py").write_text(TRIAL.format(code="mau_98_trial"))

    found = kinds._discover(catalogue.__path__)

    assert found["mau_98_trial"].title == "Mẫu thử"
    assert set(kinds.KINDS) < set(found)


def test_two_forms_with_one_code_are_refused(package: Path) -> None:
    folder = package / "mau_99_twin"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "form.py").write_text(TRIAL.format(code="mau_02_organisation"))

    with pytest.raises(ValueError, match="mau_02_organisation"):
        kinds._discover(catalogue.__path__)
