"""Days as people write them: read where there is no doubt, written back as dd/mm/yyyy."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

from django.utils.translation import gettext as _

from portal.core.text.identifiers.found import Findings, error, warning
from portal.core.text.remembered import remembered
from portal.core.text.vietnamese import search_key

_WRITTEN = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_DOUBT = "?"  # behind a day: a spreadsheet may have swapped day and month
_APART = r"[\s/.,\-]+"
_MIDNIGHT = r"(?:[ t]+(?:0?0:00(?::00(?:\.0+)?)?|12:00(?::00)? ?(?:am|sa))z?)?"
_DAY_FIRST = re.compile(rf"([0-9]{{1,2}}){_APART}([0-9]{{1,2}}){_APART}([0-9]{{4}}){_MIDNIGHT}")
_YEAR_FIRST = re.compile(rf"([0-9]{{4}}){_APART}([0-9]{{1,2}}){_APART}([0-9]{{1,2}}){_MIDNIGHT}")
_IN_WORDS = re.compile(
    r"(?:ngay )?(?:m[uo]ng )?([0-9]{1,2})[ \-]?(?:thang|thg)[ .\-]?([0-9]{1,2})"
    r"[ ,\-]*(?:nam)? ?([0-9]{4})"
)
_AMONG_WORDS = re.compile(
    rf"(?<![0-9])([0-9]{{1,2}}){_APART}([0-9]{{1,2}}){_APART}([0-9]{{4}})(?![0-9])"
)
_EIGHT_DIGITS = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")
_EIGHT_FROM_YEAR = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_SEVEN_DIGITS = re.compile(r"([0-9])([0-9]{2})([0-9]{4})")
_SEVEN_OTHERWISE = re.compile(r"([0-9]{2})([0-9])([0-9]{4})")
_SHORT_YEAR = re.compile(rf"([0-9]{{1,2}}){_APART}([0-9]{{1,2}}){_APART}([0-9]{{2}})")
_SIX_DIGITS = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")
_NO_YEAR = re.compile(rf"(?:ngay )?[0-9]{{1,2}}(?:{_APART}| ?(?:thang|thg)[ .]?)[0-9]{{1,2}}")
_NO_DAY = re.compile(
    rf"(?:(?:thang|thg|nam)[ .]?)?(?:[0-9]{{1,2}}(?:{_APART}| ?nam ?))?[0-9]{{4}}"
    rf"|[0-9]{{4}}{_APART}[0-9]{{1,2}}"
)
_SHEET_DAY = re.compile(r"([1-9][0-9]{4})(?:[.,][0-9]+)?")
_SHEET_EPOCH = date(1899, 12, 30)
_YEARS = range(1900, 2101)
_FROM_1900 = 40  # a year of two digits from here on is offered as one of the 1900s
_FOURTEEN = 14
# What stands for a stroke or a digit on other keyboards and in scanned text.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_STROKES = str.maketrans(dict.fromkeys("\\|_\u2044\u2215\u00b7" + _DASHES, "/"))
_FOR_DIGITS = str.maketrans({"o": "0", "l": "1", "i": "1"})


@remembered(16_384)  # of a row's days each check asks anew
def parse_day(value: str) -> date | None:
    """Return the day that ``value`` says beyond doubt; None when it says none, or more than one.

    Day before month, as in Vietnam; the year in full. 5/3/1990, 05.03.1990, 05031990, 1990-03-05,
    "ngày 5 tháng 3 năm 1990", full-width digits are all the fifth of March.
    """
    if match := _WRITTEN.fullmatch(value):
        return _day(match[3], match[2], match[1])
    text = _plain(value)
    for pattern in (_DAY_FIRST, _IN_WORDS, _EIGHT_DIGITS):
        if (match := pattern.fullmatch(text)) and (day := _day(match[3], match[2], match[1])):
            return day
    for pattern in (_YEAR_FIRST, _EIGHT_FROM_YEAR):
        if (match := pattern.fullmatch(text)) and (day := _day(match[1], match[2], match[3])):
            return day
    return None


def written_day(day: date) -> str:
    """Return a day as forms and pages write it: dd/mm/yyyy."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def in_full(value: str) -> str:
    """Return ``value`` written dd/mm/yyyy when it says a day beyond doubt, else as it is."""
    day = parse_day(value)
    return written_day(day) if day else value


def in_doubt(day: date) -> str:
    """Return what stands in a cell whose day a spreadsheet may have turned: 04/08/1984?"""
    return written_day(day) + _DOUBT


def could_be_swapped(day: date) -> bool:
    """Say whether a day read month first, day second would be another one."""
    return day.day != day.month and _day(str(day.year), str(day.day), str(day.month)) is not None


def check_day(value: str) -> Findings:
    """A day is kept dd/mm/yyyy, as on the forms, and exists."""
    if (match := _WRITTEN.fullmatch(value)) and _day(match[3], match[2], match[1]):
        return ()
    if value.endswith(_DOUBT) and (day := parse_day(value.removesuffix(_DOUBT))):
        message = _(
            "Ô ở dạng ngày của bảng tính nên ngày và tháng có thể bị đổi chỗ. "
            "Hãy đối chiếu với giấy tờ; đúng thì dùng %(day)s, sai thì nhập lại dd/mm/yyyy."
        )
        return error("date_not_text", message % {"day": written_day(day)}, written_day(day))
    text = _plain(value)
    if match := _SHEET_DAY.fullmatch(text):
        return error(
            "spreadsheet_serial_number",
            _(
                "Ô này là số thứ tự ngày của bảng tính, không phải ngày. "
                "Hãy đối chiếu với giấy tờ rồi nhập dd/mm/yyyy."
            ),
            written_day(_SHEET_EPOCH + timedelta(days=int(match[1]))),
        )
    if found := _incomplete(text):
        return found
    match = _DAY_FIRST.fullmatch(text) or _EIGHT_DIGITS.fullmatch(text)
    if match and not parse_day(value):
        swapped = _day(match[3], match[1], match[2])
        return error(
            "no_such_day",
            _("Không có ngày %(day)s trong lịch. Hãy xem lại ngày, tháng, năm.") % {"day": value},
            written_day(swapped) if swapped else "",
        )
    return error(
        "not_dd_mm_yyyy",
        _("“%(day)s” không đúng dạng ngày dd/mm/yyyy, ví dụ 05/06/1985.") % {"day": value},
        _guess(value),
    )


def _incomplete(text: str) -> Findings:
    """Return what is said of a day that lacks its year, a part of it, or the day itself."""
    if match := _SHORT_YEAR.fullmatch(text) or _SIX_DIGITS.fullmatch(text):
        century = 1900 if int(match[3]) >= _FROM_1900 else 2000
        day = _day(str(century + int(match[3])), match[2], match[1])
        if day or _SHORT_YEAR.fullmatch(text):
            return error(
                "year_not_in_full",
                _("Năm chỉ có hai chữ số. Hãy ghi đủ bốn chữ số, ví dụ 05/03/1990."),
                written_day(day) if day else "",
            )
    if _NO_YEAR.fullmatch(text):
        return error(
            "year_missing", _("Chưa có năm. Hãy ghi đủ ngày, tháng, năm, ví dụ 05/03/1990.")
        )
    if _NO_DAY.fullmatch(text):
        message = _(
            "Chỉ có tháng, năm. Hãy ghi đủ ngày, tháng, năm theo giấy tờ, ví dụ 05/03/1990."
        )
        return error("day_missing", message)
    return ()


def _guess(value: str) -> str:
    """Return the day somebody most likely meant, to be offered; "" when there is no telling."""
    if day := parse_day(value) or parse_day(_plain(value).translate(_FOR_DIGITS)):
        return written_day(day)
    among = [_day(one[3], one[2], one[1]) for one in _AMONG_WORDS.finditer(_plain(value))]
    if len(among) == 1 and among[0]:
        return written_day(among[0])
    # A spreadsheet takes the zero before the day away.
    text = _plain(value)
    match, otherwise = _SEVEN_DIGITS.fullmatch(text), _SEVEN_OTHERWISE.fullmatch(text)
    if match is None or (otherwise and _day(otherwise[3], otherwise[2], otherwise[1])):
        return ""
    seven = _day(match[3], match[2], match[1])
    return written_day(seven) if seven else ""


def _plain(value: str) -> str:
    """Return ``value`` in ASCII where it can be, in lower case without marks or quotes around."""
    text = unicodedata.normalize("NFKC", value.translate(_STROKES))
    return search_key(text.translate(_STROKES)).strip(" '\"`‘’“”.,;:")


def _day(year: str, month: str, day: str) -> date | None:
    if int(year) not in _YEARS:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def check_issue_day(issued_on: date, *, birth_on: date | None, today: date) -> Findings:
    """Ngày cấp is not after today and normally at 14 years of age or later. DERIVED."""
    if issued_on > today:
        return error("in_the_future", _("Ngày cấp ở sau hôm nay. Hãy xem lại ngày trên thẻ."))
    if birth_on is None:
        return ()
    if issued_on < birth_on:
        return error("before_birth", _("Ngày cấp ở trước ngày sinh. Hãy xem lại hai ngày này."))
    if (issued_on.year - _FOURTEEN, issued_on.month, issued_on.day) < (
        birth_on.year,
        birth_on.month,
        birth_on.day,
    ):
        return warning(
            "issued_before_14",
            _("Thẻ được cấp khi chưa đủ 14 tuổi. Hãy đối chiếu ngày cấp và ngày sinh với thẻ."),
        )
    return ()
