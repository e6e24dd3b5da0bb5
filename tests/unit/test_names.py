"""Names of bodies and people: compared, likened, proposed otherwise, read where letters are odd."""

from __future__ import annotations

import pytest

from portal.core.text.letters import foreign_letters, in_our_letters, legacy_text
from portal.core.text.names import in_proper_letters, in_short, nearest, same
from portal.core.text.vietnamese import nfc

COMMUNE = "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"
OWN = (COMMUNE, "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", "PHÒNG VĂN HÓA – XÃ HỘI XÃ TÂN UYÊN")


@pytest.mark.parametrize(
    "written",
    [
        "Ủy ban nhân dân xã Tân Uyên",
        "UBND xã Tân Uyên",
        "UBND X. TÂN  UYÊN",
        "Uỷ ban nhân dân xã Tân Uyên",
    ],
)
def test_capitals_tone_places_and_short_forms_make_no_other_name(written: str) -> None:
    assert same(written, COMMUNE)


@pytest.mark.parametrize("written", ["ỦY BAN NHÂN DÂN XÃ TÂN UYẾN", "UBND PHƯỜNG TÂN UYÊN"])
def test_a_mark_or_the_type_makes_another_name(written: str) -> None:
    assert not same(written, COMMUNE)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("UY BAN NHAN DAN XA TAN UYEN", COMMUNE),  # no marks
        ("ỦY BAN NHÂN DÂN XÃ TÂN UYẾN", COMMUNE),  # a wrong mark
        ("ỦY BAN NHÂN DÂN XÃ TÂN YÊN", COMMUNE),  # a letter left out
        ("ỦY BAN NHÂN DÂN XÃ UYÊN TÂN", COMMUNE),  # words swapped
        ("UBND PHƯỜNG TÂN UYÊN", COMMUNE),  # another type
        ("ỦY BAN XÃ TÂN UYÊN", COMMUNE),  # words left out
        ("Phòng VHXH xã Tân Uyên", OWN[2]),
        ("ỦY BAN NHÂN DÂN XÃ MƯỜNG KHOA", ""),  # another commune
        ("ỦY BAN NHÂN DÂN TỈNH SƠN LA", ""),  # another province
        ("HĐND XÃ TÂN UYÊN", ""),  # another organ
        ("TRƯỜNG THCS SỐ 1", ""),
    ],
)
def test_what_a_misspelt_name_means(typed: str, meant: str) -> None:
    assert nearest(typed, OWN) == meant


@pytest.mark.parametrize(
    ("capitals", "proper"),
    [
        (COMMUNE, "Ủy ban nhân dân xã Tân Uyên"),
        ("SỞ KHOA HỌC VÀ CÔNG NGHỆ TỈNH LAI CHÂU", "Sở Khoa học và Công nghệ tỉnh Lai Châu"),
        ("TRƯỜNG THCS CHU VĂN AN", "Trường THCS Chu Văn An"),
        ("SỞ KH&CN TỈNH LAI CHÂU", "Sở KH&CN tỉnh Lai Châu"),
        ("PHÒNG GDĐT XÃ YÊN MỸ", "Phòng GDĐT xã Yên Mỹ"),
        ("PHÒNG VĂN HÓA – XÃ HỘI XÃ TÂN UYÊN", "Phòng Văn hóa – Xã hội xã Tân Uyên"),
        ("Ban Cơ yếu Chính phủ", "Ban Cơ yếu Chính phủ"),  # a person wrote it so
    ],
)
def test_proper_letters_are_proposed(capitals: str, proper: str) -> None:
    assert in_proper_letters(capitals) == proper


LONG = "TRƯỜNG PHỔ THÔNG DÂN TỘC BÁN TRÚ TIỂU HỌC VÀ TRUNG HỌC CƠ SỞ SỐ 2 XÃ MƯỜNG KHOA"


@pytest.mark.parametrize("name", [LONG, "A" * 70, f"{LONG} TỈNH LAI CHÂU {LONG}", "Ệ " * 40])
def test_a_short_form_has_no_more_letters_than_there_is_room_for(name: str) -> None:
    short = in_short(name, 64)

    assert 0 < len(short) <= 64
    assert short == short.strip()


def test_a_short_form_shortens_no_more_than_needed() -> None:
    assert in_short(LONG, 64) == "TRƯỜNG PTDTBT TIỂU HỌC VÀ TRUNG HỌC CƠ SỞ SỐ 2 XÃ MƯỜNG KHOA"
    assert in_short(COMMUNE, 64) == COMMUNE


@pytest.mark.parametrize(
    ("value", "foreign", "ours"),
    [
        ("Lò V\u0430n \u0422ím", "\u0430\u0422", "Lò Van Tím"),  # Cyrillic
        ("ỦY \u0392\u0391N", "\u0392\u0391", "ỦY BAN"),  # Greek
        ("Nguyễn \u00d0ức", "\u00d0", "Nguyễn Đức"),  # eth
        ("Lò 王", "王", ""),
        ("Y Bluôm Niê Kdăm", "", "Y Bluôm Niê Kdăm"),
        ("H'Nga Ayŭn", "", "H'Nga Ayŭn"),
    ],
)
def test_foreign_letters_are_seen(value: str, foreign: str, ours: str) -> None:
    assert (foreign_letters(value), in_our_letters(value)) == (foreign, ours)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("UÛY BAN NHAÂN DAÂN TÆNH LAI CHAÂU", "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU"),  # VNI
        ("Nguyeãn Thò Hoa", "Nguyễn Thị Hoa"),
        ("Chuû tòch", "Chủ tịch"),  # read by both old fonts; one of them makes no syllable
        (nfc("NguyÔn ThÞ H\u00ad¬ng"), "Nguyễn Thị Hương"),  # its "ư" is a soft hyphen
        ("Uû ban nh©n d©n x· T©n Uyªn", "Uỷ ban nhân dân xã Tân Uyên"),  # TCVN3
        ("á»§y ban nhÃ¢n dÃ¢n", "ủy ban nhân dân"),  # UTF-8 as Windows-1252
        ("U? BAN NHÂN DÂN", ""),
    ],
)
def test_text_of_old_fonts_is_read(value: str, meant: str) -> None:
    assert legacy_text(value) == (True, meant)


@pytest.mark.parametrize(
    "value",
    [
        COMMUNE, "Krông Pắc", "Đắk Hà", "H'Nga Ayũn", "Huỳnh Thuý Hoà", "THCS Chu Văn An",
        "Trường PTDTBT TH số 1", "Phòng Kinh tế (tầng 2)", "VNPT Lai Châu", "Chảo A Sùng",
    ],
)  # fmt: skip
def test_right_text_is_left_alone(value: str) -> None:
    assert legacy_text(value) == (False, "")
