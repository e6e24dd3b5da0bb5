"""What a row says of a certificate or a device is what the register says: for all forms alike."""

from __future__ import annotations

from portal.core.rules import Violation
from portal.core.text.names import CERTIFICATE_NAME_LENGTH
from portal.core.text.vietnamese import search_key
from requests_app.rules.dossiers import DECREE


def owner_is_registered(is_found: bool, row: int, name: str) -> Violation | None:
    """R16: a device, service or software is owned or managed by a legal person of Điều 2.

    The owner is the sender or a body under it, as with Mẫu 02.
    """
    if is_found:
        return None
    return Violation(
        "owner_not_registered",
        f"“{name}” không có trong danh mục đơn vị hoặc không thuộc đơn vị gửi.",
        f"Điều 10 khoản 3 {DECREE}",
        row=row,
        way_out="Ghi tên đơn vị gửi hoặc cơ quan trực thuộc đúng như danh mục; thiết bị của cơ "
        "quan khác thì cơ quan đó tự đề nghị.",
    )


def key_is_unused(is_used: bool, row: int, title: str) -> Violation | None:
    """A new certificate has a new key, also when its holder had one on this key before."""
    if not is_used:
        return None
    return Violation(
        "key_in_use",
        f"Khóa trong tệp PKCS#10 của {title} đã được dùng cho một chứng thư hoặc thiết bị.",
        "RFC 2986",
        row=row,
        way_out="Tạo cặp khóa mới và tệp PKCS#10 mới; muốn giữ khóa đang dùng thì đề nghị gia "
        "hạn, thay đổi thông tin (Mẫu 04).",
    )


def key_shares_no_factor(is_shared: bool, row: int, title: str) -> Violation | None:
    """Two RSA keys with a common prime: whoever has seen both has both private keys."""
    if not is_shared:
        return None
    return Violation(
        "key_shares_factor",
        f"Khóa RSA trong tệp PKCS#10 của {title} có thừa số chung với một khóa khác: không an "
        "toàn.",
        "RFC 2986",
        row=row,
        way_out="Cập nhật phần mềm, thiết bị tạo khóa (bộ sinh số ngẫu nhiên bị lỗi), tạo cặp "
        "khóa và tệp PKCS#10 mới.",
    )


def device_is_known(is_known: bool, serial: str, row: int | None = None) -> Violation | None:
    """R29, R30, R33: a body speaks of the devices it answers for, by the number on the thing.

    What is another body's is told as what does not exist.
    """
    if is_known:
        return None
    return Violation(
        "unknown_device",
        f"Không có thiết bị số hiệu “{serial}” tại đơn vị.",
        f"Điều 20 {DECREE}",
        row=row,
        way_out="Xem lại số hiệu in trên thiết bị và trang Thiết bị của đơn vị.",
    )


def name_is_the_registered(
    typed: str,
    registered: str,
    row: int | None = None,
    *,
    thing: str = "Chứng thư",
    whole: str = "",
) -> Violation | None:
    """Mẫu 04–06, 09: name and number speak of the same ``thing``, so that no wrong one is meant.

    ``whole`` is the holder's name where a certificate has no room for it (DOMAIN 14.24).
    """
    if search_key(typed) == search_key(registered):
        return None
    if len(whole) > CERTIFICATE_NAME_LENGTH and search_key(typed) == search_key(whole):
        return None
    return Violation(
        "name_differs",
        f"{thing} có số hiệu này là của “{registered}”, không phải của “{typed}”.",
        f"Mẫu số 04, 05, 06 {DECREE}",
        row=row,
        way_out=f"Ghi đúng tên “{registered}”; nếu nhầm {thing.lower()} thì sửa số hiệu.",
    )


def email_is_the_registered(
    typed: str, registered: str, row: int | None = None
) -> Violation | None:
    """Note to Mẫu 04–06 (DOMAIN 7): the address is the one the certificate was issued with."""
    if typed.strip().lower() == registered.lower():
        return None
    return Violation(
        "email_differs",
        f"Thư điện tử “{typed}” khác địa chỉ đã đăng ký khi cấp chứng thư "
        f"({registered or 'trống'}).",
        f"Chú thích Mẫu số 04, 05, 06 {DECREE}",
        row=row,
        way_out=f"Ghi {registered or 'trống'}, kể cả khi địa chỉ đó không còn dùng; địa chỉ mới "
        "ghi ở phần thông tin mới của Mẫu 04.",
    )
