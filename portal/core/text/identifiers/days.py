"""Days as people write them: dd/mm/yyyy, and what spreadsheets make of it."""

from __future__ import annotations

import re
from datetime import date, timedelta

from django.utils.translation import gettext as _

from portal.core.text.identifiers.found import Findings, error, warning

_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_LOOSE_DAY = re.compile(r"([0-9]{1,2})[/.\- ]([0-9]{1,2})[/.\- ]([0-9]{4})")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ T]00:00(?::00)?)?")
_SHEET_DAY = re.compile(r"[1-9][0-9]{4}")
_YEARS = range(1900, 2101)
_SHEET_EPOCH = date(1899, 12, 30)
_FOURTEEN = 14


def parse_day(value: str) -> date | None:
    """Return the day written dd/mm/yyyy, or None when it is not one."""
    match = _DAY.fullmatch(value)
    return _day(match[3], match[2], match[1]) if match else None


def check_day(value: str) -> Findings:
    """A day is written dd/mm/yyyy, as on the forms, and exists."""
    if match := _DAY.fullmatch(value):
        if _day(match[3], match[2], match[1]):
            return ()
        return error(
            "no_such_day",
            _("Không có ngày %(day)s trong lịch. Hãy xem lại ngày, tháng, năm.") % {"day": value},
        )
    if _SHEET_DAY.fullmatch(value):
        return error(
            "spreadsheet_serial_number",
            _(
                "Ô này là số thứ tự ngày của bảng tính, không phải ngày. "
                "Hãy định dạng cột là văn bản (Text) và nhập dd/mm/yyyy."
            ),
            _written(_SHEET_EPOCH + timedelta(days=int(value))),
        )
    # A day written otherwise, but without doubt, is proposed as it should be.
    found = None
    if match := _LOOSE_DAY.fullmatch(value):
        found = _day(match[3], match[2], match[1])
    elif match := _ISO_DAY.fullmatch(value):
        found = _day(match[1], match[2], match[3])
    return error(
        "not_dd_mm_yyyy",
        _("“%(day)s” không đúng dạng ngày dd/mm/yyyy, ví dụ 05/06/1985.") % {"day": value},
        _written(found) if found else "",
    )


def _day(year: str, month: str, day: str) -> date | None:
    if int(year) not in _YEARS:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _written(day: date) -> str:
    return f"{day:%d/%m/%Y}"


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
