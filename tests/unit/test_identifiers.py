"""What the checks of typed values find, at the edges of each rule."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.rules import Severity
from portal.core.text import identifiers
from portal.core.text.identifiers import Check

# (check, value, code or "" for nothing, severity, suggestion)
CASES: list[tuple[Check, str, str, str]] = [
    (identifiers.check_name, "Lường Văn Phúc", "", ""),
    (identifiers.check_name, unicodedata.normalize("NFD", "Vàng Đức Tuấn"), "", ""),
    (identifiers.check_name, "H'Hen Niê", "", ""),
    (identifiers.check_name, "K’Sor Y-Blơ Jr.", "", ""),
    (identifiers.check_name, "<script>alert(1)</script>Nguyễn Văn Thử", "not_a_name", ""),
    (identifiers.check_name, "Nguyễn Văn 2", "not_a_name", ""),
    (identifiers.check_name, "LÒ VĂN TÍM", "", ""),
    (identifiers.check_name, "lò văn tím", "lower_case_name", "Lò Văn Tím"),
    (identifiers.check_name, "h'hen niê", "lower_case_name", "H'Hen Niê"),
    (identifiers.check_name, "Lò văn Tím", "mixed_case_name", "Lò Văn Tím"),
    (identifiers.check_name, "Tím", "single_word_name", ""),
    (identifiers.check_name, "Lò V\u0430n Tím", "foreign_letters", "Lò Van Tím"),
    (identifiers.check_name, "Loø Vaên Tím", "legacy_font", "Lò Văn Tím"),
    (identifiers.check_letters, "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN, (2)", "", ""),
    (identifiers.check_letters, "\u0391n Giang", "foreign_letters", "An Giang"),
    (identifiers.check_letters, "TÆNH LAI CHAÂU", "legacy_font", "TỈNH LAI CHÂU"),
    (identifiers.check_letters, "S? Y T?", "legacy_font", ""),
    (identifiers.check_name, "=A1", "not_a_name", ""),
    (identifiers.check_name, "Lò Văn Tím.", "not_a_name", "Lò Văn Tím"),
    (identifiers.check_name, "1. Lò Văn Tím", "not_a_name", "Lò Văn Tím"),
    (identifiers.check_name, "Lò Văn Tím - Chủ tịch", "not_a_name", ""),
    (identifiers.check_name, "Lò Văn Tím và Vàng A Sử", "not_a_name", ""),
    (identifiers.check_name, "Sùng Thị Và", "", ""),
    (identifiers.check_name, "Lò VănTím", "mixed_case_name", "Lò Văn Tím"),
    (identifiers.check_name, "LÒ VĂN Tím", "mixed_case_name", "Lò Văn Tím"),
    (identifiers.check_name, "lÒ vĂN tÍM", "mixed_case_name", "Lò Văn Tím"),
    (identifiers.check_name, "Bà Lò Thị Tím", "title_before_name", "Lò Thị Tím"),
    (identifiers.check_name, "Lò Văn Tím Vàng A Sử", "many_words_name", ""),
    (identifiers.check_name, "NGUYEN THI HUONG", "unmarked_name", ""),
    (identifiers.check_name, "Nguyeenx Vawn Tims", "unmarked_name", ""),
    (identifiers.check_name, "Ksor Hlen", "", ""),
    (identifiers.check_name, "Giang A Sa", "", ""),
    (identifiers.check_identity_number, "CCCD 012084900101", "not_12_digits", "012084900101"),
    (identifiers.check_identity_number, "O12O84900101", "not_12_digits", "012084900101"),
    (identifiers.check_name, "-Nguyễn", "not_a_name", ""),
    (identifiers.check_identity_number, "012084900101", "", ""),
    (identifiers.check_identity_number, "096200900101", "", ""),
    (identifiers.check_identity_number, "003084900101", "unknown_province_code", ""),
    (identifiers.check_identity_number, "12080900151", "lost_leading_zero", "012080900151"),
    (identifiers.check_identity_number, "1080900151", "lost_leading_zero", "001080900151"),
    (identifiers.check_identity_number, "01208090015", "not_12_digits", ""),
    (identifiers.check_identity_number, "0120809001511", "not_12_digits", ""),
    (identifiers.check_identity_number, "123456789", "old_identity_card", ""),
    (identifiers.check_identity_number, "012 084 900 101", "not_12_digits", "012084900101"),
    (identifiers.check_identity_number, "không có", "not_12_digits", ""),
    (
        identifiers.check_identity_number,
        "\uff10\uff11\uff12084900101",
        "not_12_digits",
        "012084900101",
    ),
    (identifiers.check_identity_number, "٠١٢٠٨٤٩٠٠١٠١", "not_12_digits", ""),
    (identifiers.check_issue_place, "CCSQLHCVTTXH", "", ""),
    (identifiers.check_issue_place, "CCSĐKQLCTVDLQGVDC", "", ""),
    (identifiers.check_issue_place, "Bộ Công an", "", ""),
    (identifiers.check_issue_place, "BỘ CÔNG AN", "not_in_sheet_codes", "Bộ Công an"),
    (identifiers.check_issue_place, "BCA", "not_in_sheet_codes", "Bộ Công an"),
    (identifiers.check_issue_place, "Công an tỉnh Lai Châu", "not_in_sheet_codes", ""),
    (
        identifiers.check_issue_place,
        "Cục cảnh sát quản lý hành chính về trật tự xã hội",
        "not_in_sheet_codes",
        "CCSQLHCVTTXH",
    ),
    (identifiers.check_day, "29/02/2024", "", ""),
    (identifiers.check_day, "29/02/2023", "no_such_day", ""),
    (identifiers.check_day, "31/02/1972", "no_such_day", ""),
    (identifiers.check_day, "01/01/0085", "no_such_day", ""),
    (identifiers.check_day, "1970-02-14", "not_dd_mm_yyyy", "14/02/1970"),
    (identifiers.check_day, "5/6/1985", "not_dd_mm_yyyy", "05/06/1985"),
    (identifiers.check_day, "05-06-1985", "not_dd_mm_yyyy", "05/06/1985"),
    (identifiers.check_day, "05/06/85", "year_not_in_full", "05/06/1985"),
    (identifiers.check_day, "5/3/22", "year_not_in_full", "05/03/2022"),
    (identifiers.check_day, "050390", "year_not_in_full", "05/03/1990"),
    (identifiers.check_day, "31/02/90", "year_not_in_full", ""),
    (identifiers.check_day, "31/02", "year_missing", ""),
    (identifiers.check_day, "ngày 5 tháng 3", "year_missing", ""),
    (identifiers.check_day, "03/1990", "day_missing", ""),
    (identifiers.check_day, "tháng 3/1990", "day_missing", ""),
    (identifiers.check_day, "tháng 6 năm 1985", "day_missing", ""),
    (identifiers.check_day, "1990", "day_missing", ""),
    (identifiers.check_day, "199003", "not_dd_mm_yyyy", ""),
    (identifiers.check_day, "13/13/2020", "no_such_day", ""),
    (identifiers.check_day, "31/2/1972", "no_such_day", ""),
    (identifiers.check_day, "03/25/1990", "no_such_day", "25/03/1990"),
    (identifiers.check_day, "32011990", "no_such_day", ""),
    (identifiers.check_day, "5031990", "not_dd_mm_yyyy", "05/03/1990"),
    (identifiers.check_day, "1121990", "not_dd_mm_yyyy", ""),
    (identifiers.check_day, "O5/03/l990", "not_dd_mm_yyyy", "05/03/1990"),
    (identifiers.check_day, "04/08/1984?", "date_not_text", "04/08/1984"),
    (identifiers.check_day, "31/02/1984?", "not_dd_mm_yyyy", ""),
    (identifiers.check_day, "không rõ", "not_dd_mm_yyyy", ""),
    (identifiers.check_day, "5/3/1990 (theo CCCD)", "not_dd_mm_yyyy", "05/03/1990"),
    (identifiers.check_day, "5/3/1990 hoặc 6/3/1990", "not_dd_mm_yyyy", ""),
    (identifiers.check_day, "44621", "spreadsheet_serial_number", "01/03/2022"),
    (identifiers.check_day, "44621.5", "spreadsheet_serial_number", "01/03/2022"),
    (identifiers.check_official_email, "vanthu.tanuyen@laichau.gov.vn", "", ""),
    (identifiers.check_official_email, "VanThu@GOV.VN", "", ""),
    (identifiers.check_official_email, "a@mail.thanhhoa.gov.vn", "", ""),
    (identifiers.check_official_email, "nguoidung@gmail.com", "public_provider", ""),
    (identifiers.check_official_email, "nguoidung@GMAIL.com", "public_provider", ""),
    (identifiers.check_official_email, "nguoidung@yahoo.com.vn", "public_provider", ""),
    (identifiers.check_official_email, "nguoidung@outlook.fr", "public_provider", ""),
    (identifiers.check_official_email, "nguoidung@hcm.vnn.vn", "public_provider", ""),
    (identifiers.check_official_email, "a@dcs.vn", "not_gov_vn", ""),
    (identifiers.check_official_email, "a@thpt.edu.vn", "not_gov_vn", ""),
    (identifiers.check_official_email, "a@laichau.gov.vn.example.com", "not_gov_vn", ""),
    (identifiers.check_official_email, "a@xgov.vn", "not_gov_vn", ""),
    (identifiers.check_official_email, "a@laichau,gov,vn", "not_an_email", "a@laichau.gov.vn"),
    (identifiers.check_official_email, "a@laichau", "not_an_email", ""),
    (identifiers.check_official_email, "văn.thư@laichau.gov.vn", "not_an_email", ""),
    (identifiers.check_official_email, "a..b@laichau.gov.vn", "not_an_email", ""),
    (identifiers.check_official_email, "a@b@laichau.gov.vn", "not_an_email", ""),
    (identifiers.check_email_domain, "laichau.gov.vn", "", ""),
    (identifiers.check_email_domain, "gmail.com", "public_provider", ""),
    (identifiers.check_email_domain, "dcs.vn", "not_gov_vn", ""),
    (identifiers.check_email_domain, "lai chau", "not_a_domain", ""),
    (identifiers.check_phone, "0960951092", "", ""),
    (identifiers.check_phone, "+84 960 951 092", "", ""),
    (identifiers.check_phone, "096.095.1092", "", ""),
    (identifiers.check_phone, "925509956", "lost_leading_zero", "0925509956"),
    (identifiers.check_phone, "845509956", "lost_leading_zero", "0845509956"),
    (identifiers.check_phone, "0160951092", "not_a_mobile_number", ""),
    (identifiers.check_phone, "096095109", "not_a_mobile_number", ""),
    (identifiers.check_phone, "09609510921", "not_a_mobile_number", ""),
    (identifiers.check_office_phone, "024.3773.8668", "", ""),
    (identifiers.check_office_phone, "0960951092", "", ""),
    (identifiers.check_office_phone, "37738668", "not_a_phone_number", ""),
    (identifiers.check_carrier, "Viettel", "", ""),
    (identifiers.check_carrier, "Mobifone/cs", "", ""),
    (identifiers.check_carrier, "Vietnamobile", "unknown_carrier", ""),
    (identifiers.check_tax_code, "0100233488", "", ""),
    (identifiers.check_tax_code, "0314409058-002", "", ""),
    (identifiers.check_tax_code, "0100233480", "tax_check_digit", ""),
    (identifiers.check_tax_code, "0314409058-000", "tax_check_digit", ""),
    (identifiers.check_tax_code, "100233488", "lost_leading_zero", "0100233488"),
    (identifiers.check_tax_code, "0314409058002", "not_a_tax_code", "0314409058-002"),
    (identifiers.check_tax_code, "không", "not_a_tax_code", ""),
    (identifiers.check_budget_code, "1234567", "", ""),
    (identifiers.check_budget_code, "123456", "not_7_digits", ""),
    (identifiers.check_budget_code, "12345678", "not_7_digits", ""),
    (identifiers.check_agency_code, "H23", "", ""),
    (identifiers.check_agency_code, "H23.45.01", "", ""),
    (identifiers.check_agency_code, "Z23.45", "not_an_agency_code", ""),
    (identifiers.check_agency_code, "h23.45", "not_an_agency_code", "H23.45"),
    (identifiers.check_agency_code, "000.00.45.H23", "old_agency_code", "H23.45"),
    (identifiers.check_agency_code, "H23." + "1" * 31, "", ""),
    (identifiers.check_agency_code, "H23." + "1" * 32, "too_long", ""),
    (identifiers.check_certificate_serial, "2A05F812673607B0", "", ""),
    (identifiers.check_certificate_serial, "2a05f812673607b0", "", ""),
    (identifiers.check_certificate_serial, "không nhớ", "not_16_hex", ""),
    (identifiers.check_certificate_serial, "5F812673607B0", "not_16_hex", "0005F812673607B0"),
    (
        identifiers.check_certificate_serial,
        "2a:05:f8:12:67:36:07:b0",
        "not_16_hex",
        "2A05F812673607B0",
    ),
    (identifiers.check_certificate_serial, "2A05F812673607B0F", "not_16_hex", ""),
]
WARNINGS = {
    "unknown_province_code",
    "not_in_sheet_codes",
    "not_gov_vn",
    "mixed_case_name",
    "single_word_name",
    "title_before_name",
    "many_words_name",
    "unmarked_name",
}


@pytest.mark.parametrize(("check", "value", "code", "suggestion"), CASES)
def test_what_a_check_finds(check: Check, value: str, code: str, suggestion: str) -> None:
    found = check(value)

    assert [finding.code for finding in found] == ([code] if code else [])
    for finding in found:
        assert finding.suggestion == suggestion
        expected = Severity.WARNING if code in WARNINGS else Severity.ERROR
        assert finding.severity is expected
        assert finding.message.endswith(".")


@pytest.mark.parametrize("check", list(dict.fromkeys(case[0] for case in CASES)))
@given(value=st.text(min_size=1, max_size=60))
def test_a_check_answers_anything_and_its_suggestion_passes(check: Check, value: str) -> None:
    for finding in check(value):
        if finding.suggestion:
            assert not [
                again for again in check(finding.suggestion) if again.severity is Severity.ERROR
            ]


@pytest.mark.parametrize(
    ("number", "birth_on", "codes"),
    [
        ("012084900101", date(1984, 8, 4), []),
        ("012200900112", date(2000, 3, 26), []),
        ("012081900163", date(1982, 4, 10), ["birth_year_differs"]),
        ("012084900101", date(2084, 8, 4), ["birth_year_differs"]),
        ("12084900101", date(1999, 1, 1), []),
        ("012084900101", None, []),
    ],
)
def test_the_identity_number_tells_the_year_of_birth(
    number: str, birth_on: date | None, codes: list[str]
) -> None:
    found = identifiers.check_identity_birth(number, birth_on)

    assert [finding.code for finding in found] == codes
    assert all(finding.severity is Severity.WARNING for finding in found)


@pytest.mark.parametrize(
    ("issued_on", "codes"),
    [
        (date(2026, 11, 20), []),
        (date(2026, 11, 21), ["in_the_future"]),
        (date(2000, 6, 5), []),
        (date(2000, 6, 4), ["issued_before_14"]),
        (date(1986, 6, 4), ["before_birth"]),
    ],
)
def test_the_card_is_issued_at_14_or_later_and_not_tomorrow(
    issued_on: date, codes: list[str]
) -> None:
    found = identifiers.check_issue_day(
        issued_on, birth_on=date(1986, 6, 5), today=date(2026, 11, 20)
    )

    assert [finding.code for finding in found] == codes


def test_days_are_read_as_written_in_vietnam() -> None:
    assert identifiers.parse_day("05/06/2025") == date(2025, 6, 5)
    assert identifiers.parse_day("25/06/2025") == date(2025, 6, 25)


@pytest.mark.parametrize(
    "typed",
    [
        "05/03/1990", "5/3/1990", "05031990", "5.3.1990", "5-3-1990", "1990-03-05", "5 3 1990",
        "5 / 3 / 1990", " 05/03/1990\u00a0", "5/3-1990", "5. 3. 1990.", "5,3,1990", "1990/3/5",
        "19900305", "05\\03\\1990", "05\u201303\u20131990", "5\u22123\u22121990", "'05/03/1990",
        "\uff10\uff15\uff0f\uff10\uff13\uff0f\uff11\uff19\uff19\uff10", "05\u204403\u20441990",
        "05/03/\u200b1990", "05/03/1990 00:00:00", "1990-03-05T00:00:00", "1990-03-05 00:00",
        "Ngày 5 tháng 3 năm 1990", unicodedata.normalize("NFD", "ngày 05 tháng 03 năm 1990"),
        "5 tháng 3, 1990", "05//03/1990", "mùng 5 tháng 3 năm 1990", "05-thg 3-1990",
    ],
)  # fmt: skip
def test_a_day_beyond_doubt_is_read_however_it_is_typed(typed: str) -> None:
    assert identifiers.parse_day(typed) == date(1990, 3, 5)
    assert identifiers.in_full(typed) == "05/03/1990"
    assert not identifiers.check_day(identifiers.in_full(typed))


@pytest.mark.parametrize(
    "typed",
    [
        "", "31/02/1990", "5/3/90", "13/13/2020", "03/25/1990", "03/1990", "5/3", "1990", "5031990",
        "44621", "04/08/1984?", "05/03/1990 và 06/03/1990", "05/03/1890",
        "\u0660\u0665/\u0660\u0663/1990", "hôm qua",
    ],
)  # fmt: skip
def test_a_day_in_doubt_is_left_as_it_was_typed(typed: str) -> None:
    assert identifiers.parse_day(typed) is None
    assert identifiers.in_full(typed) == typed


@given(day=st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_written_day_is_read_back_and_none_is_read_month_first(day: date) -> None:
    text = identifiers.written_day(day)

    assert identifiers.parse_day(text) == day
    assert not identifiers.check_day(text)
    assert identifiers.parse_day(text.replace("/", "")) == day
    assert identifiers.parse_day(day.isoformat()) == day
    swapped = identifiers.could_be_swapped(day)
    assert swapped == (day.day <= 12 and day.day != day.month)


@pytest.mark.parametrize(
    "typed",
    ["0912345678", "+84912345678", "0084 912 345 678", "84 912 345 678", "+84 (0)912345678"],
)
def test_a_phone_number_has_one_stored_form(typed: str) -> None:
    assert identifiers.normalise_phone(typed) == "0912345678"


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("012108490123", "0121•••••123"),
        ("0912345678", "0912•••678"),
        ("1234567", "•••••••"),
        ("", ""),
    ],
)
def test_a_masked_number_hides_its_middle(number: str, masked: str) -> None:
    assert identifiers.mask(number) == masked


def test_a_message_says_how_to_mend_it() -> None:
    (finding,) = identifiers.check_identity_number("12080900151")

    assert finding.message == (
        "Số định danh chỉ có 11 chữ số, có thể bảng tính đã làm mất số 0 ở đầu. "
        "Hãy đối chiếu với thẻ và nhập đủ 12 chữ số."
    )


def test_there_are_63_old_provinces() -> None:
    assert len(identifiers.PROVINCE_CODES) == 63
