"""What holds for devices, services and software, and for keys made at the agency."""

from __future__ import annotations

from portal.core.rules import Violation
from requests_app.submission.rules import DECREE


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
