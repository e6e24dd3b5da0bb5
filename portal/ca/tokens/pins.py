"""What may be a PIN: nothing a stranger tries first, nor one who knows its holder; no database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.core.rules import Violation
from portal.core.text.vietnamese import search_key

MIN_PIN, MAX_PIN = 8, 16
LEAST_UNKNOWN = 3  # characters that belong to nothing known

_PIN = re.compile(r"[\x21-\x7e]+")  # what every keyboard types the same way
_FORTH = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "!@#$%^&*()",
)
_ROWS = (*_FORTH, *(row[::-1] for row in _FORTH))
_LEAST_OF_A_ROW, _LEAST_OF_A_NUMBER = 3, 4
_REPEATED = re.compile(r"(.)\1{2,}|(..{1,3})\2+")
_DATE_FORMS = ("{0:%d%m%Y}", "{0:%d%m%y}", "{0:%Y%m%d}", "{0:%m%d%Y}", "{0.day}{0.month}{0.year}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(
    r"\d{1,2}[-./]?\d{1,2}[-./]?(?:19|20)\d\d"  # 5/6/1985, 05061985
    r"|(?:19|20)\d\d[-./]?\d{1,2}[-./]?\d{1,2}"
    r"|(?:0[1-9]|[12]\d|3[01])[-./]?(?:0[1-9]|1[0-2])[-./]?\d\d"  # 050685
)
# Without marks, as on a keyboard without a Vietnamese input method.
_WORDS = (
    "matkhau", "maukhau", "khongbiet", "khongnho", "khongco", "vietnam", "hanoi", "saigon",
    "hochiminh", "thuong", "anhyeuem", "emyeuanh", "yeuem", "yeuanh", "yeuthuong", "toilatoi",
    "xinchao", "hanhphuc", "maiyeu", "giadinh", "quantri", "chukyso", "congvu", "mapin", "macdinh",
    "thietbi", "password", "passw", "admin", "administrator", "welcome", "iloveyou", "letmein",
    "secret", "changeme", "abcxyz", "hello", "monkey", "dragon", "master", "default", "token",
    "nguyen", "hoang", "huynh", "thanh", "phuong", "trang", "huong", "linh", "tuan", "minh", "hung",
    "dung", "thao", "hanh",
)  # fmt: skip
_LOOKALIKE = str.maketrans("0134579@$!", "oieastgasi")


_PROBLEMS = {
    "pin_birthday": gettext_lazy(
        "Mã PIN là ngày sinh của người giữ thiết bị, dễ đoán. Hãy chọn mã khác."
    ),
    "pin_date": gettext_lazy("Mã PIN là một ngày tháng, dễ đoán. Hãy chọn mã khác."),
    "pin_name": gettext_lazy(
        "Mã PIN lấy từ tên người hoặc tên đăng nhập, dễ đoán. Hãy chọn mã khác."
    ),
    "pin_number": gettext_lazy(
        "Mã PIN lấy từ số định danh hoặc điện thoại, dễ đoán. Hãy chọn mã khác."
    ),
    "pin_common_word": gettext_lazy(
        "Mã PIN gồm từ nhiều người hay dùng, dễ đoán. Hãy chọn mã khác."
    ),
    "pin_year": gettext_lazy("Mã PIN gồm một năm và rất ít ký tự khác, dễ đoán. Hãy chọn mã khác."),
    "pin_run": gettext_lazy("Mã PIN là dãy liên tiếp trên bàn phím hoặc bảng chữ, dễ đoán."),
    "pin_repeated": gettext_lazy("Mã PIN là ký tự hoặc nhóm ký tự lặp lại, dễ đoán."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What others know of the person who is to know the PIN."""

    names: tuple[str, ...] = ()  # of the person, accounts, mail addresses
    numbers: tuple[str, ...] = ()  # of the identity card, telephones
    born_on: date | None = None


def pin_problem(pin: str, *, holder: Holder | None = None) -> Violation | None:
    """Return why ``pin`` can't be one; what is in it that others know does not count as PIN."""
    if not MIN_PIN <= len(pin) <= MAX_PIN:
        return Violation("pin_length", _("Mã PIN phải có từ 8 đến 16 ký tự."))
    if not _PIN.fullmatch(pin):
        message = _("Mã PIN chỉ gồm chữ cái không dấu, chữ số và ký hiệu, không có dấu cách.")
        return Violation("pin_characters", message)
    known: set[int] = set()
    found: dict[str, int] = {}
    for code, begin, end in _known_parts(pin.lower(), holder or Holder()):
        known.update(range(begin, end))
        found[code] = max(found.get(code, 0), end - begin)
    if not found or len(pin) - len(known) >= LEAST_UNKNOWN:
        return None
    code = max(found, key=lambda one: found[one])  # the first named of the longest
    return Violation(code, str(_PROBLEMS[code]))


def _known_parts(pin: str, holder: Holder) -> Iterator[tuple[str, int, int]]:
    """Yield what others know of ``pin``: what it is, from where to where."""
    born_on = holder.born_on
    birthdays = {form.format(born_on) for form in _DATE_FORMS} if born_on else set()
    for begin in range(len(pin)):  # 1985 may be the end of one date or begin another
        if match := _DATE.match(pin, begin):
            code = "pin_birthday" if _digits(match[0]) in birthdays else "pin_date"
            yield code, *match.span()
    for name in holder.names:
        for word in (word for word in re.split(r"\W+|_", search_key(name)) if len(word) > 1):
            yield from _words("pin_name", word, pin)
    for number in map(_digits, holder.numbers):
        yield from _pieces("pin_number", number, pin, least=_LEAST_OF_A_NUMBER)
    for word in _WORDS:
        yield from _words("pin_common_word", word, pin)
    for match in _YEAR.finditer(pin):
        yield "pin_year", *match.span()
    for row in _ROWS:
        yield from _pieces("pin_run", row, pin, least=_LEAST_OF_A_ROW)
    for match in _REPEATED.finditer(pin):
        yield "pin_repeated", *match.span()


def _words(code: str, word: str, pin: str) -> Iterator[tuple[str, int, int]]:
    """Yield where ``word`` stands, also as mat-khau, m.a.t.k.h.a.u or m4tkh4u."""
    spaced = re.compile(r"[^a-z0-9]?".join(map(re.escape, word)))
    for typed in {pin, pin.translate(_LOOKALIKE)}:
        for match in spaced.finditer(typed):
            yield code, *match.span()


def _pieces(code: str, whole: str, pin: str, *, least: int) -> Iterator[tuple[str, int, int]]:
    """Yield where ``least`` characters and more of ``whole`` stand in ``pin``."""
    for begin in range(len(pin) - least + 1):
        if pin[begin : begin + least] in whole:
            yield (
                code,
                begin,
                next(end for end in range(len(pin), begin, -1) if pin[begin:end] in whole),
            )


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
