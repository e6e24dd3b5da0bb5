"""Rules over a whole dossier: its sender, its letter, its list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from portal.core import law
from portal.core.rules import Finding, Severity, Violation

DECREE = law.DECREE
DECREE_IN_FORCE_FROM = date(2024, 8, 15)  # R01, Điều 41
LETTER_NUMBER = re.compile(r"^(\d{1,5})/([A-ZĐa-zđ0-9]+(?:-[A-ZĐa-zđ0-9&]+)*)$")
# N30 Phụ lục III: abbreviations of named documents; some have small letters.
ABBREVIATIONS = frozenset(
    {
        *("NQ", "QĐ", "CT", "QC", "QyĐ", "TC", "TB", "HD", "CTr", "KH", "PA", "ĐA", "DA", "BC"),
        *("BB", "TTr", "HĐ", "CĐ", "BGN", "BTT", "GUQ", "GM", "GGT", "GNP", "PG", "PC", "PB"),
        *("SY", "TrS", "SL"),
    }
)

_OF_A_TYPE = {"BIÊN BẢN": "BB", "THÔNG BÁO": "TB", "BÁO CÁO": "BC"}


def decree_is_in_force(day: date) -> Violation | None:
    """R01 (Điều 41): the forms are used from 15/8/2024."""
    if day >= DECREE_IN_FORCE_FROM:
        return None
    return Violation(
        "decree_not_in_force",
        "Các biểu mẫu này chỉ dùng từ ngày 15/8/2024.",
        f"Điều 41 {DECREE}",
    )


def sender_has_seal(has_seal: bool, name: str) -> Violation | None:
    """S2 mục 1a: only a body with legal personality and its own seal sends requests."""
    if has_seal:
        return None
    return Violation(
        "sender_has_no_seal",
        f"{name} không có con dấu riêng nên không đứng tên gửi đề nghị.",
        f"Điều 10 {DECREE}; NB Điều 3 khoản 7",
        way_out="Đề nghị do cơ quan cấp trên trực tiếp có con dấu lập và gửi.",
    )


def sender_exists(exists: bool, name: str) -> Violation | None:
    """DOMAIN 4.6: after its dissolution a body has no personality and sends nothing."""
    if exists:
        return None
    return Violation(
        "sender_dissolved",
        f"{name} đã chấm dứt hoạt động nên không gửi hồ sơ được nữa.",
        "275/BCY-CTSBMTT mục 3",
        way_out="Hồ sơ do cơ quan mới lập và gửi.",
    )


PARTLY_DONE = Violation(
    "partly_done",
    "Một số dòng đã được thực hiện nên không trả lại hay rút cả hồ sơ được nữa.",
    way_out="Thực hiện lại các dòng lỗi, hoặc từ chối các dòng đó kèm lý do rồi trình phê duyệt.",
)


def has_rows(count: int) -> Violation | None:
    """A letter asks for somebody: mục 2 of each form."""
    if count:
        return None
    return Violation(
        "no_rows",
        "Danh sách chưa có dòng nào.",
        way_out="Thêm ít nhất một dòng hoặc nhập từ bảng tính.",
    )


def has_letter_number(number: str) -> Violation | None:
    """N30 Phụ lục I: the number and symbol come from the agency's own document system."""
    if not number:
        return Violation(
            "no_letter_number",
            "Chưa nhập số, ký hiệu văn bản.",
            "Điều 15 Nghị định 30/2020/NĐ-CP",
            way_out="Lấy số tại sổ văn bản đi của đơn vị rồi nhập vào phần Văn bản.",
        )
    found = LETTER_NUMBER.match(number)
    if found is None or (written := as_abbreviated(number)) != number:
        way_out = f"Ghi {written}." if found else ""
        return Violation(
            "letter_number_form",
            f"“{number}” không đúng dạng số, ký hiệu (ví dụ 12/UBND-VX, không có dấu cách).",
            "Phụ lục I, Phụ lục III Nghị định 30/2020/NĐ-CP",
            way_out=way_out,
        )
    if not int(found[1]):
        return Violation(
            "letter_number_zero",
            "Số văn bản bắt đầu từ 01 mỗi năm, không có số 0.",
            "Điều 15 Nghị định 30/2020/NĐ-CP",
            way_out="Xem lại số tại sổ văn bản đi của đơn vị.",
        )
    return None


def as_abbreviated(number: str) -> str:
    """Return a number with its symbol in the letters N30 has: "12/TTR-UBND" is "12/TTr-UBND"."""
    first, _slash, symbol = number.partition("/")
    known = {one.upper(): one for one in ABBREVIATIONS}
    groups = [known.get(one.upper(), one.upper()) for one in symbol.split("-")]
    return f"{first}/{'-'.join(groups)}"


def looks_of_number(number: str, kind_of_document: str) -> list[Finding]:
    """N30 Phụ lục I: what is odd about a number that has the right form, with what is offered: a
    number below 10 has a zero before it, a named document its abbreviation, a công văn none."""
    found = LETTER_NUMBER.match(number)
    if found is None:
        return []
    first, symbol = found[1], found[2]
    looks = []
    if len(first) == 1 and first != "0":
        looks.append(
            Finding(
                "letter_number_without_zero",
                "Số nhỏ hơn 10 ghi thêm số 0 phía trước.",
                Severity.WARNING,
                f"0{number}",
            )
        )
    wanted = _OF_A_TYPE.get(kind_of_document.upper(), "")
    head, _hyphen, rest = symbol.partition("-")
    if wanted and head != wanted:
        looks.append(
            Finding(
                "letter_symbol_of_another_type",
                f"Ký hiệu của {kind_of_document.lower()} bắt đầu bằng {wanted}.",
                Severity.WARNING,
                f"{first}/{wanted}-{head}",
            )
        )
    elif not wanted and head in ABBREVIATIONS and rest:
        looks.append(
            Finding(
                "letter_symbol_of_another_type",
                f"{head} là ký hiệu của văn bản có tên loại; đây là công văn.",
                Severity.WARNING,
                f"{first}/{rest}",
            )
        )
    return looks


def has_letter_date(day: date | None, today: date) -> Violation | None:
    """N30: a letter bears the day it is issued, not a day to come."""
    if day is None:
        return Violation(
            "no_letter_date", "Chưa nhập ngày văn bản.", "Phụ lục I Nghị định 30/2020/NĐ-CP"
        )
    if day > today:
        return Violation(
            "letter_date_to_come",
            f"Ngày văn bản {day:%d/%m/%Y} chưa tới.",
            "Phụ lục I Nghị định 30/2020/NĐ-CP",
        )
    return None


def letter_date_fits_sender(day: date | None, valid_from: date, name: str) -> Violation | None:
    """DOMAIN 4.6: a letter dated before the sender had its present name is not in that name."""
    if day is None or day >= valid_from:
        return None
    return Violation(
        "letter_older_than_name",
        f"Ngày văn bản {day:%d/%m/%Y} trước ngày {name} mang tên hiện nay ({valid_from:%d/%m/%Y}).",
        "275/BCY-CTSBMTT mục 3",
    )


def rows_go_one_way(routes: Sequence[str]) -> Violation | None:
    """DESIGN 4: a dossier has one route."""
    if len(set(routes)) <= 1:
        return None
    return Violation(
        "rows_go_different_ways",
        "Các dòng trong danh sách phải gửi theo những đường khác nhau nên không đi chung "
        "một văn bản được.",
        way_out="Bấm “Tách theo nơi nhận” để mỗi nơi một hồ sơ.",
    )


def is_not_asked_twice(
    other: str, row: int | None, title: str, *, link: str = ""
) -> Violation | None:
    """One request for one thing at a time; ``other`` names the open dossier, ``link`` its page."""
    if not other:
        return None
    or_drop = "; rút hồ sơ đó hoặc bỏ dòng này" if row else ""
    return Violation(
        "duplicate_open",
        f"{title} đang có trong một hồ sơ khác chưa xong.",
        row=row,
        way_out=f"Xem hồ sơ {other}{or_drop}.",
        link=link,
    )


def organisation_is_registered(is_found: bool, row: int, name: str) -> Violation | None:
    """R15, S0 §4: the body must be on the list of agencies before it gets a certificate."""
    if is_found:
        return None
    return Violation(
        "organisation_not_registered",
        f"“{name}” không có trong danh mục đơn vị hoặc không thuộc đơn vị gửi.",
        f"Điều 10 khoản 2 {DECREE}; 275/BCY-CTSBMTT mục 4",
        row=row,
        way_out="Ghi đúng tên như quyết định thành lập; nếu chưa có trong danh mục, đề nghị "
        "Sở KH&CN cập nhật danh mục trước.",
    )


def ink_needs_scan(is_ink: bool, has_scan: bool) -> Violation | None:
    """DOMAIN 2.1: without an organisation certificate the letter is signed and sealed on paper."""
    if not is_ink or has_scan:
        return None
    return Violation(
        "no_signed_scan",
        "Chưa đính kèm bản quét văn bản đã ký tay và đóng dấu.",
        "Nghị định 30/2020/NĐ-CP; Công văn mẫu của Cục",
        way_out="In văn bản, ký, đóng dấu, quét thành PDF rồi đính kèm (loại “Bản quét đã ký”).",
    )
