"""What the decree says of key devices: what is unlocked (Điều 22), what loss is told (Điều 20)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from devices.lifecycle import Condition, Custody
from portal.core import law
from portal.core.rules import Violation

DECREE = law.DECREE
RECOVERY = f"Điều 22 {DECREE}"
RETURN_AND_LOSS = f"Điều 20 {DECREE}"

# Where the agency has, or last had, a device in its own or its subscriber's hands.
AT_THE_AGENCY = frozenset(
    {
        Custody.AT_AGENCY,
        Custody.WITH_SUBSCRIBER,
        Custody.TO_BE_RETURNED,
        Custody.BACK_AT_AGENCY,
    }
)
_WHO_REPORTS = {
    Custody.ON_ITS_WAY: "Báo thiếu khi nhận gói thiết bị; Cục ghi nhận và xử lý.",
    Custody.AT_OFFICE: "Sở KH&CN đã nhận thiết bị thì Sở ghi nhận và báo Cục.",
}
_END_OF_LIFE = (
    "Thu hồi thiết bị nộp lại kèm biên bản (Mẫu 08); còn nhu cầu thì đề nghị cấp mới (Mẫu 01, 02)."
)


def is_locked(
    condition: str, serial: str, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R32, R33 (Điều 22): what too many wrong passwords have locked is unlocked, nothing else.

    ``link`` is the device's page.
    """
    if condition == Condition.LOCKED:
        return None
    code, message, way_out = _NOT_LOCKED[Condition(condition)]
    return Violation(code, message.format(serial), RECOVERY, row, way_out, link)


_NOT_LOCKED = {
    Condition.OK: (
        "not_locked",
        "Thiết bị {} không bị khóa nên không có gì để khôi phục.",
        "Nếu thiết bị đã bị khóa thật: trước hết, ghi nhận “Bị khóa” ở trang thiết bị.",
    ),
    Condition.DAMAGED: (
        "damaged",
        "Thiết bị {} hỏng, không mở khóa được.",
        "Đề nghị thu hồi chứng thư (Mẫu 05), nộp lại thiết bị (Mẫu 08) và đề nghị cấp mới.",
    ),
    Condition.LOST: (
        "lost",
        "Thiết bị {} đã báo thất lạc.",
        "Lập biên bản (Mẫu 09); nếu đã tìm lại được thì ghi nhận ở trang thiết bị.",
    ),
}


def is_with_its_subscriber(
    custody: str, serial: str, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """Điều 22: a password exists only from the hand-over on, and what goes back needs none."""
    if custody == Custody.WITH_SUBSCRIBER:
        return None
    return Violation(
        "not_with_subscriber",
        f"Thiết bị {serial} không do thuê bao giữ (đang ở: {Custody(custody).label}).",
        RECOVERY,
        row,
        "Chỉ khôi phục thiết bị thuê bao đang dùng; xem lại số hiệu ở trang thiết bị.",
        link,
    )


def certificate_is_valid(
    serial: str,
    *,
    revoked_on: date | None,
    expired_on: date | None,
    row: int | None = None,
    link: str = "",
) -> Violation | None:
    """Điều 20, 22: a device whose certificate has ended is given back, not unlocked."""
    if revoked_on is not None:
        code, what = "certificate_revoked", f"bị thu hồi ngày {revoked_on:%d/%m/%Y}"
    elif expired_on is not None:
        code, what = "certificate_expired", f"hết hạn ngày {expired_on:%d/%m/%Y}"
    else:
        return None
    message = f"Chứng thư trên thiết bị {serial} đã {what} nên không khôi phục thiết bị."
    return Violation(code, message, f"{RETURN_AND_LOSS}; {RECOVERY}", row, _END_OF_LIFE, link)


def carries_a_certificate(
    has_one: bool, serial: str, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """Điều 22: what is recovered is a subscriber's device, one with a certificate."""
    if has_one:
        return None
    return Violation(
        "no_certificate",
        f"Trên thiết bị {serial} chưa có chứng thư nào.",
        RECOVERY,
        row,
        "Xem lại số hiệu in trên thiết bị.",
        link,
    )


def agency_answers_for(
    custody: str, serial: str, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R30 (Điều 20): the agency makes the minutes of what it or its subscriber had."""
    if custody in AT_THE_AGENCY:
        return None
    return Violation(
        "not_at_the_agency",
        f"Thiết bị {serial} không còn do đơn vị hay thuê bao giữ ({Custody(custody).label}).",
        RETURN_AND_LOSS,
        row,
        _WHO_REPORTS.get(Custody(custody), "Cục đang giữ thiết bị; xem lại số hiệu."),
        link,
    )


def loss_is_not_confirmed_yet(
    minutes: str, serial: str, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R30: one loss, one Mẫu 09; ``minutes`` is the number of those received already."""
    if not minutes:
        return None
    return Violation(
        "loss_confirmed_already",
        f"Việc thất lạc thiết bị {serial} đã được xác nhận tại biên bản số {minutes}.",
        RETURN_AND_LOSS,
        row,
        "Bỏ dòng này; biên bản trước vẫn có giá trị.",
        link,
    )


def certificate_is_on_device(
    typed: str, serials: Collection[str], device: str, row: int | None = None
) -> Violation | None:
    """Mẫu 09: the certificate a row names is on the device it names; ``serials`` are those."""
    if typed in serials:
        return None
    known = ", ".join(sorted(serials)) or "chưa có"
    return Violation(
        "certificate_not_on_device",
        f"Chứng thư {typed or '(để trống)'} không nằm trên thiết bị {device}.",
        RETURN_AND_LOSS,
        row,
        f"Chứng thư trên thiết bị này: {known}.",
    )
