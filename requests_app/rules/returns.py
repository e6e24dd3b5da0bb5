"""What must hold of a device that is given back on Mẫu 08 (Điều 20; R28, R29)."""

from __future__ import annotations

from portal.core.rules import Violation
from requests_app.rules.dossiers import DECREE

_ARTICLE = f"Điều 20 {DECREE}"


def device_is_back(
    is_back: bool, serial: str, where: str, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R28: the subscriber gives the device to the agency first; ``where`` is where it is now."""
    if is_back:
        return None
    return Violation(
        "device_not_back",
        f"Thiết bị {serial} đang ở trạng thái “{where}”, chưa có ở đơn vị để giao lại.",
        _ARTICLE,
        row=row,
        way_out="Trước hết, bấm “Nhận lại từ thuê bao” ở trang thiết bị"
        f"{', hoặc bỏ dòng này' if row else ''}.",
        link=link,
    )


def device_is_in_hand(
    is_lost: bool, serial: str, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R30: a lost device is not given back but told of on Mẫu 09."""
    if not is_lost:
        return None
    return Violation(
        "device_lost",
        f"Thiết bị {serial} đã được báo thất lạc nên không giao lại được.",
        _ARTICLE,
        row=row,
        way_out="Lập biên bản xác nhận thất lạc (Mẫu 09), hoặc ghi nhận “Tìm lại được” trước.",
        link=link,
    )


def certificate_is_the_devices(
    serial: str, on_device: str, device: str, row: int | None = None
) -> Violation | None:
    """The minutes name the certificate the device carries; ``on_device`` "" is none."""
    if serial == on_device or not on_device:
        return None
    return Violation(
        "certificate_differs",
        f"Thiết bị {device} mang chứng thư số hiệu {on_device}, không phải số hiệu đã ghi.",
        _ARTICLE,
        row=row,
        way_out=f"Ghi số hiệu chứng thư {on_device}, hoặc xem lại số hiệu thiết bị.",
    )


def reason_holds(
    reason: str, *, is_expired: bool, is_revoked: bool, row: int | None = None
) -> Violation | None:
    """R28: "expired" and "revoked" are the register's to say; "early" holds always (S0 §2.2)."""
    if reason == "expired" and not is_expired:
        return _does_not_hold("not_expired", "chưa hết hạn", row)
    if reason == "revoked" and not is_revoked:
        return _does_not_hold("not_revoked", "chưa bị thu hồi", row)
    return None


def _does_not_hold(code: str, what: str, row: int | None) -> Violation:
    return Violation(
        code,
        f"Chứng thư trên thiết bị {what} theo sổ đăng ký.",
        _ARTICLE,
        row=row,
        way_out="Chọn đúng lý do; giao lại sớm thì chọn “Không còn nhu cầu” và lập Mẫu 05.",
    )


def serial_was_seen(seen: str, serial: str, row: int | None = None) -> Violation | None:
    """Điều 20, Mẫu 08: who receives a device reads its number off the thing itself."""
    if seen == serial:
        return None
    if not seen:
        return Violation(
            "no_serial_seen",
            "Chưa quét hoặc nhập số hiệu đọc trên thiết bị.",
            _ARTICLE,
            row=row,
            way_out="Quét mã trên thiết bị, hoặc gõ số hiệu đọc được rồi lưu lại.",
        )
    return Violation(
        "serial_differs",
        f"Số hiệu đọc trên thiết bị ({seen}) khác số hiệu trong biên bản ({serial}).",
        _ARTICLE,
        row=row,
        way_out="Tìm đúng thiết bị; không có thì chọn “Không nhận” và ghi lý do.",
    )
