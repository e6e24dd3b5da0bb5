"""Serials of new devices: a pasted list or a range becomes one checked list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.core.rules import Refused, Violation
from portal.core.text.vietnamese import nfc

MOST_AT_ONCE = 2000
_SERIAL = re.compile(r"[A-Z0-9][A-Z0-9./-]{2,39}")
_ICCID = re.compile(r"[0-9]{18,22}")
_PHONE = re.compile(r"0[0-9]{9}")
_RANGE_END = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]{1,18})")
_BETWEEN_COLUMNS = re.compile(r"[\t;,]|\s{2,}")
_BETWEEN_SERIALS = re.compile(r"[\r\n\t;,]+")
_MARKS = re.compile(r"[./-]")
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_LAST_DIGITS = re.compile(r"[0-9]+$")


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What is typed about one new device; ``iccid`` and ``phone`` are a SIM's."""

    serial: str
    iccid: str = ""
    phone: str = ""


def normalise(serial: str) -> str:
    """Return a serial as it is kept: no spaces, capital letters."""
    return nfc(serial).replace(" ", "").upper()


def split_serials(text: str) -> list[str]:
    """Return the serials of a pasted or scanned text, as they are kept, in their order.

    One a line, or cells of a spreadsheet; a serial read twice stands twice.
    """
    return [serial for one in _BETWEEN_SERIALS.split(text) if (serial := normalise(one))]


def is_serial(text: str) -> bool:
    """Say whether ``text``, as it would be kept, reads like a serial: it has a digit."""
    return _SERIAL.fullmatch(text) is not None and any(map(str.isdigit, text))


def without_zeros(serial: str) -> str:
    """Return what is left of a serial when a spreadsheet took its leading zeros, and no marks."""
    return _LEADING_ZEROS.sub("", _MARKS.sub("", serial))


def last_digits(serial: str) -> str:
    """Return the digits a serial ends with, without leading zeros: they outlive a spreadsheet."""
    found = _LAST_DIGITS.search(serial)
    return found[0].lstrip("0") if found else ""


def alike(serial: str, known: Iterable[str]) -> list[str]:
    """Return the known serials ``serial`` may stand for: the same but for zeros and marks.

    To be offered to a person, never to be taken silently.
    """
    wanted = without_zeros(serial)
    return [one for one in known if one != serial and without_zeros(one) == wanted]


def unknown_serial(
    serial: str,
    meant: Sequence[str],
    *,
    where: str,
    code: str = "unknown_serial",
    way_out: str = "",
) -> Violation:
    """Return what is said of a serial that is not ``where`` it should be, and what it may mean."""
    way_out = way_out or _("Đọc lại số in trên chính thiết bị.")
    if meant:
        text = _(
            "Có phải %(meant)s không? Bảng tính thường làm mất số 0 ở đầu. "
            "Nếu số in trên thiết bị đúng như vậy thì sửa lại."
        )
        way_out = text % {"meant": _(" hoặc ").join(meant[:3])}
    text = _("Số hiệu %(serial)s không có %(where)s.")
    return Violation(code, text % {"serial": serial, "where": where}, way_out=way_out)


def wrong_serial(seen: Iterable[str], expected: str, *, way_out: str) -> Violation:
    """Return what is said when the serial read off a thing is not the one expected."""
    text = _("Số hiệu đọc trên thiết bị (%(seen)s) khác số hiệu trong hồ sơ (%(serial)s).")
    read = sorted({normalise(one) for one in seen} - {""})
    values = {"seen": ", ".join(read) or "–", "serial": expected}
    return Violation("serial_differs", text % values, way_out=way_out)


def read_list(text: str) -> list[NewDevice]:
    """Return the devices of a pasted list, one a line: serial, and for a SIM ICCID and number."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in _BETWEEN_COLUMNS.split(line.strip())]
        if any(cells):
            serial, iccid, phone, *_rest = [*cells, "", "", ""]
            found.append(NewDevice(normalise(serial), iccid.replace(" ", ""), phone))
    return found


def read_range(first: str, last: str) -> list[NewDevice]:
    """Return the devices from serial ``first`` to ``last``, which differ in their last digits.

    Raises Refused when the two don't make a range or make too long a one.
    """
    first, last = normalise(first), normalise(last)
    start, end = _RANGE_END.fullmatch(first), _RANGE_END.fullmatch(last)
    if start is None or end is None or start["prefix"] != end["prefix"]:
        raise Refused(
            Violation(
                "not_a_range",
                _("Hai số hiệu đầu và cuối phải giống nhau phần chữ và kết thúc bằng số."),
                way_out=_("Ví dụ: từ VG000101 đến VG000150."),
            )
        )
    low, high = int(start["number"]), int(end["number"])
    if len(first) != len(last) or high < low:
        raise Refused(
            Violation(
                "not_a_range", _("Số hiệu cuối phải lớn hơn số hiệu đầu và có cùng số chữ số.")
            )
        )
    if high - low >= MOST_AT_ONCE:
        raise Refused(_too_many(high - low + 1))
    width = len(start["number"])
    return [NewDevice(f"{start['prefix']}{number:0{width}d}") for number in range(low, high + 1)]


def check_new_devices(devices: Sequence[NewDevice]) -> list[Violation]:
    """Return what is wrong with a list, each with its line (from 1)."""
    if not devices:
        return [Violation("no_device", _("Chưa nhập số hiệu thiết bị nào."))]
    if len(devices) > MOST_AT_ONCE:
        return [_too_many(len(devices))]
    violations = []
    serials = Counter(one.serial for one in devices)
    iccids = Counter(one.iccid for one in devices if one.iccid)
    for row, one in enumerate(devices, start=1):
        if not _SERIAL.fullmatch(one.serial):
            text = _("“%(value)s” không phải số hiệu thiết bị (3 đến 40 chữ in hoa, chữ số).")
            violations.append(Violation("not_a_serial", text % {"value": one.serial}, row=row))
        elif serials[one.serial] > 1:
            text = _("Số hiệu %(value)s có %(count)d lần trong danh sách.")
            values = {"value": one.serial, "count": serials[one.serial]}
            violations.append(Violation("listed_twice", text % values, row=row))
        violations.extend(_check_sim(one, row, iccids[one.iccid]))
    return violations


def _check_sim(one: NewDevice, row: int, times: int) -> list[Violation]:
    found = []
    if one.iccid and not _ICCID.fullmatch(one.iccid):
        text = _("ICCID “%(value)s” phải gồm 18 đến 22 chữ số.")
        found.append(Violation("not_an_iccid", text % {"value": one.iccid}, row=row))
    elif one.iccid and times > 1:
        text = _("ICCID %(value)s có %(count)d lần trong danh sách.")
        values = {"value": one.iccid, "count": times}
        found.append(Violation("listed_twice", text % values, row=row))
    if one.phone and not _PHONE.fullmatch(one.phone):
        text = _("Số thuê bao “%(value)s” phải gồm 10 chữ số và bắt đầu bằng 0.")
        found.append(Violation("not_a_phone", text % {"value": one.phone}, row=row))
    return found


def _too_many(count: int) -> Violation:
    text = _("Danh sách có %(count)d thiết bị; mỗi lần nhập nhiều nhất %(most)d.")
    return Violation(
        "too_many",
        text % {"count": count, "most": MOST_AT_ONCE},
        way_out=_("Chia thành nhiều lô."),
    )
