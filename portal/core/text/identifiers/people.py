"""Who a person is: name, identity number, card."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from django.utils.translation import gettext as _

from portal.core.text.identifiers.found import Findings, error, question, warning
from portal.core.text.identifiers.names import check_letters
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import nfc, search_key

_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'’-])*")
_NO_NAME = re.compile(r" -|- | và |(?<!\bJr)(?<!\bSr)[ .'’-]$")  # two people, a post, a full stop
_AROUND = re.compile(r"^[0-9]+[.)]\s*|^[\s.,;:]+|[\s.,;:]+$")
_LETTERS = re.compile(r"[^\W\d_]+")
_TWELVE = re.compile(r"[0-9]{12}")
_DIGITS = re.compile(r"[0-9]+")
_LENGTHS_WITHOUT_ZEROS = (11, 10)  # 10: the codes 00x lose both
_OLD_CARD_LENGTH = 9
_SHOWN = 7

# The 63 provinces of before 01/7/2025; identity numbers keep what their codes meant then.
# fmt: off
_OLD_PROVINCES = (
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36,
    37, 38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72,
    74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
)
# fmt: on
PROVINCE_CODES = frozenset(f"{code:03d}" for code in _OLD_PROVINCES)
# What the CA's sheet takes in column "Nơi cấp", and what newer cards say.
SHEET_ISSUE_PLACES = {
    "CCSQLHCVTTXH": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
    "CCSĐKQLCTVDLQGVDC": ("Cục Cảnh sát đăng ký quản lý cư trú và dữ liệu quốc gia về dân cư"),
}
NEW_CARD_ISSUE_PLACE = "Bộ Công an"
# What a clerk chooses from: how it is kept, what it is called.
ISSUE_PLACES = {**SHEET_ISSUE_PLACES, NEW_CARD_ISSUE_PLACE: NEW_CARD_ISSUE_PLACE}


# How people are addressed, not what they are called. "Ông" is a family name too: asked about.
_ADDRESSED = re.compile(
    r"(?:ông|bà|anh|chị|cô|đồng chí|đc|ths\.?|ts\.?|bs\.?|ks\.?|cn\.?) ", re.IGNORECASE
)
_MOST_WORDS = 5  # of nearly all names
# Family names that are never written without marks, and what a keyboard leaves of unset marks.
_WITH_MARKS = frozenset(
    [
        "nguyen",
        "tran",
        "pham",
        "hoang",
        "huynh",
        "vu",
        "vo",
        "dang",
        "bui",
        "do",
        "ngo",
        "duong",
        "dinh",
        "trinh",
        "dao",
        "doan",
        "luong",
        "truong",
        "to",
        "ta",
        "quach",
        "trieu",
        "nong",
        "hua",
        "luc",
        "lo",
        "vang",
        "tan",
        "dieu",
        "le",
        "lu",
        "luu",
        "phung",
        "lau",
        "sung",
        "thao",
    ]
)
_KEYS_LEFT = re.compile(r"aa|ee|oo|dd|[auo]w|[aeiouy][a-z]*[fxj]\b", re.IGNORECASE)


def check_name(value: str) -> Findings:
    """A person's name has Vietnamese letters, spaces, hyphen, apostrophe and dot only, a family
    name and a given name, each with its capital; one person, nothing beside the name."""
    name = nfc(value)
    if odd := check_letters(name):
        meant = odd[0].suggestion
        offered = [meant, *(one.suggestion for one in check_name(meant))] if meant else [""]
        return (replace(odd[0], suggestion=_passing(offered)),)
    if not _NAME.fullmatch(name) or _NO_NAME.search(name):
        return error(
            "not_a_name",
            _(
                "Họ tên chỉ gồm chữ cái, dấu cách, dấu chấm, gạch nối của một người. "
                "Hãy bỏ chữ số, ký hiệu khác và chức vụ."
            ),
            _passing([alone]) if (alone := _AROUND.sub("", name)) != name else "",
        )
    # Words apart and a capital at each one's beginning; H'Hen, K'Sor, Y-Blơ: after each sign.
    apart = " ".join(" ".join(_stuck(word)) for word in name.split())
    with_capitals = _LETTERS.sub(lambda one: one[0][:1].upper() + one[0][1:].lower(), apart)
    if name == name.lower():
        return error(
            "lower_case_name",
            _("Họ tên viết thường toàn bộ. Tên trong chứng thư phải viết hoa chữ cái đầu."),
            with_capitals,
        )
    if name != name.upper() and any(map(_is_oddly_written, name.split())):
        return question(
            "mixed_case_name",
            _("Họ tên viết hoa, viết thường hoặc viết liền không đúng. Hãy đối chiếu với thẻ."),
            with_capitals,
        )
    return _about_words(name)


def _about_words(name: str) -> Findings:
    """Return what is asked about a name whose letters are right: too few or many words, a title,
    no marks at all."""
    words = name.split()
    if len(words) == 1:
        return question(
            "single_word_name",
            _("Họ tên chỉ có một chữ. Hãy ghi đủ họ, chữ đệm (nếu có) và tên như trên thẻ."),
        )
    if found := _ADDRESSED.match(name):
        return question(
            "title_before_name",
            _("“%(title)s” đứng trước họ tên. Nếu là cách xưng hô, học vị thì bỏ đi.")
            % {"title": found[0].strip()},
            _passing([name[found.end() :]]),
        )
    if len(words) > _MOST_WORDS:
        return question(
            "many_words_name",
            _("Họ tên có %(count)s chữ. Mỗi ô ghi một người; hãy đối chiếu với thẻ căn cước.")
            % {"count": with_dots(len(words))},
        )
    if name.isascii() and (words[0].lower() in _WITH_MARKS or _KEYS_LEFT.search(name)):
        return question(
            "unmarked_name",
            _("Họ tên không có dấu tiếng Việt. Hãy gõ lại đủ dấu như trên thẻ căn cước."),
        )
    return ()


def _stuck(word: str) -> list[str]:
    """Return the words of "VănTím"; any other as it is."""
    starts = [at for at, char in enumerate(word) if char.isupper()]
    pieces = [word[start:end] for start, end in pairwise([*starts, len(word)])]
    if starts[:1] == [0] and word.isalpha() and all(len(piece) > 1 for piece in pieces):
        return pieces
    return [word]


def _is_oddly_written(word: str) -> bool:
    """Say whether a word of a name in small letters begins without a capital or has others."""
    if word[0].islower():
        return True
    return any(
        (len(run) > 1 and run.isupper())
        or any(a.islower() and b.isupper() for a, b in pairwise(run))
        for run in _LETTERS.findall(word)
    )


def _passing(names: Sequence[str]) -> str:
    """Return the first of ``names`` that a check has nothing to refuse in, "" when none is."""
    sound = (one for one in names if one and all(f.asks for f in check_name(one)))
    return next(sound, "")


def check_identity_number(value: str) -> Findings:
    """Số định danh cá nhân: 12 digits, 3 of the province (Nghị định 137/2015/NĐ-CP Điều 13)."""
    if _TWELVE.fullmatch(value):
        if value[:3] in PROVINCE_CODES:
            return ()
        return warning(
            "unknown_province_code",
            _("Ba số đầu %(code)s không phải mã tỉnh nơi khai sinh đã biết. Hãy đối chiếu với thẻ.")
            % {"code": value[:3]},
        )
    is_number = _DIGITS.fullmatch(value) is not None
    if is_number and len(value) in _LENGTHS_WITHOUT_ZEROS and value[0] != "0":
        return error(
            "lost_leading_zero",
            _(
                "Số định danh chỉ có %(count)s chữ số, có thể bảng tính đã làm mất số 0 ở đầu. "
                "Hãy đối chiếu với thẻ và nhập đủ 12 chữ số."
            )
            % {"count": with_dots(len(value))},
            value.zfill(12),
        )
    if is_number and len(value) == _OLD_CARD_LENGTH:
        return error(
            "old_identity_card",
            _(
                "Đây là số chứng minh nhân dân 9 số, không còn dùng làm số định danh. "
                "Hãy nhập 12 số trên thẻ căn cước."
            ),
        )
    text = unicodedata.normalize("NFKC", value).upper()
    text = re.sub("(?<![A-Z])O(?=[0-9O])|(?<=[0-9])O", "0", text)
    digits = re.sub("[^0-9]", "", text) if text.isascii() else ""
    return error(
        "not_12_digits",
        _("Số định danh cá nhân phải có đúng 12 chữ số, không có dấu cách hay ký hiệu khác."),
        digits if _TWELVE.fullmatch(digits) else "",
    )


def identity_birth_year(number: str) -> int | None:
    """Return the year digits 4–6 tell (digit 4: 0, 1 = 1900s, 2, 3 = 2000s …), None if unread."""
    if not _TWELVE.fullmatch(number):
        return None
    return 1900 + int(number[3]) // 2 * 100 + int(number[4:6])


def check_identity_birth(number: str, birth_on: date | None) -> Findings:
    """Digits 4–6 agree with the year of birth; re-issued registrations differ, so only a warning.

    DERIVED from Nghị định 137/2015/NĐ-CP Điều 13.
    """
    year = identity_birth_year(number)
    if birth_on is None or year is None or year == birth_on.year:
        return ()
    return warning(
        "birth_year_differs",
        _(
            "Số định danh ứng với năm sinh %(told)d nhưng ngày sinh ghi năm %(typed)d. "
            "Hãy đối chiếu cả hai với thẻ căn cước."
        )
        % {"told": year, "typed": birth_on.year},
    )


def check_issue_place(value: str) -> Findings:
    """Nơi cấp: one of the two codes of the CA's sheet, or the ministry on newer cards."""
    if value in ISSUE_PLACES:
        return ()
    typed = search_key(value)
    known = {search_key(name): place for place, name in ISSUE_PLACES.items()}
    known |= {search_key(place): place for place in ISSUE_PLACES}
    known |= {"bca": NEW_CARD_ISSUE_PLACE, "bo ca": NEW_CARD_ISSUE_PLACE}
    suggestion = known.get(typed, "")
    return warning(
        "not_in_sheet_codes",
        _(
            "“%(place)s” không phải một trong các nơi cấp căn cước: %(places)s. "
            "Hãy chọn nơi cấp đúng với thẻ."
        )
        % {"place": value, "places": ", ".join(ISSUE_PLACES)},
        suggestion,
    )


def issue_place_name(value: str) -> str:
    """Return the office a code of the CA's sheet stands for; other words as they are."""
    codes = {code.casefold(): name for code, name in SHEET_ISSUE_PLACES.items()}
    return codes.get(value.casefold(), value)


def mask(number: str) -> str:
    """Return a personal number with its middle hidden: 012108490123 as 0121•••••123."""
    if len(number) <= _SHOWN:
        return "•" * len(number)
    return f"{number[:4]}{'•' * (len(number) - _SHOWN)}{number[-3:]}"


# Within a certificate's 16 digits it is none, unless they read "CCCD" and a number.
_WITHIN_TEXT = re.compile(
    r"\b(?!CCCD)[0-9A-F]{16}\b|(?<!\d)(\d{9}|\d{12}|0\d{2}(?:[ .]\d{3}){3})(?!\d)"
)


def mask_within(text: str) -> str:
    """Mask what looks like an identity number in a text: 9 or 12 digits, or 12 in groups."""
    return _WITHIN_TEXT.sub(lambda found: mask(found[1]) if found[1] else found[0], text)
