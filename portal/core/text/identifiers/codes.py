"""Codes of bodies, certificates and devices."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from stdnum.vn import mst

from portal.core.text.identifiers.found import Findings, error

_TAX_CODE = re.compile(r"[0-9]{10}(?:-[0-9]{3})?")
_BUDGET_CODE = re.compile(r"[0-9]{7}")
_AGENCY_CODE = re.compile(r"[A-Y][0-9]{2}(?:\.[A-Z0-9]+)*")
_OLD_AGENCY_CODE = re.compile(r"(?:[0-9A-Z]+\.)+[A-Y][0-9]{2}")
_SERIAL = re.compile(r"[0-9A-Fa-f]{16}(?:[0-9A-Fa-f]{2}){0,12}")  # 64 bits; RFC 5280: at most 160
_SHORT_SERIAL = re.compile(r"[0-9A-Fa-f]{12,15}")
_MAX_AGENCY_CODE = 35


def check_tax_code(value: str) -> Findings:
    """Mã số thuế: 10 digits, or 10-3; the tenth digit is a check digit."""
    if _TAX_CODE.fullmatch(value):
        if mst.is_valid(value):
            return ()
        return error(
            "tax_check_digit",
            _("Mã số thuế sai chữ số kiểm tra. Hãy đối chiếu với giấy chứng nhận đăng ký thuế."),
        )
    if mst.is_valid("0" + value) and len(value) == len("100233488"):
        return error(
            "lost_leading_zero",
            _("Mã số thuế chỉ có 9 chữ số, có thể bảng tính đã làm mất số 0 ở đầu."),
            "0" + value,
        )
    return error(
        "not_a_tax_code",
        _("Mã số thuế có 10 chữ số, hoặc 10 chữ số, gạch nối và 3 chữ số (0314409058-002)."),
        mst.format(value) if mst.is_valid(value) else "",
    )


def check_budget_code(value: str) -> Findings:
    """Mã quan hệ ngân sách: 7 digits; no check digit has been seen."""
    if _BUDGET_CODE.fullmatch(value):
        return ()
    return error("not_7_digits", _("Mã quan hệ ngân sách phải có đúng 7 chữ số."))


def check_agency_code(value: str) -> Findings:
    """Mã định danh điện tử: at most 35 of A–Z 0–9, levels by dots (QĐ 20/2020/QĐ-TTg)."""
    if _AGENCY_CODE.fullmatch(value) and len(value) <= _MAX_AGENCY_CODE:
        return ()
    if len(value) > _MAX_AGENCY_CODE:
        return error("too_long", _("Mã định danh cơ quan không quá 35 ký tự."))
    if _OLD_AGENCY_CODE.fullmatch(value):
        levels = [level for level in reversed(value.split(".")) if level.strip("0")]
        return error(
            "old_agency_code",
            _("Đây là mã kiểu cũ, viết ngược. Hãy nhập mã mới theo Quyết định 20/2020/QĐ-TTg."),
            ".".join(levels),
        )
    upper = value.upper()
    return error(
        "not_an_agency_code",
        _(
            "Mã định danh cơ quan có dạng H23.45.01: một chữ A–Y, hai số, "
            "các cấp cách nhau bởi dấu chấm."
        ),
        upper if _AGENCY_CODE.fullmatch(upper) else "",
    )


def normalise_serial(value: str) -> str:
    """Return a certificate's serial as it is stored: upper case, no spaces, colons or dashes."""
    return re.sub(r"[\s:.-]", "", value).upper()


def check_certificate_serial(value: str) -> Findings:
    """Số hiệu chứng thư: 64 bits written as 16 hexadecimal digits."""
    if _SERIAL.fullmatch(value):
        return ()
    bare = normalise_serial(value)
    is_mendable = _SERIAL.fullmatch(bare) or _SHORT_SERIAL.fullmatch(bare)
    return error(
        "not_16_hex",
        _(
            "Số hiệu chứng thư gồm 16 ký tự 0–9, A–F, ví dụ 2A05F812673607B0. "
            "Xem số hiệu ở trang Chứng thư của đơn vị."
        ),
        bare.zfill(16) if is_mendable else "",
    )
