"""When a body's own letter is ready for its next step."""

from __future__ import annotations

from portal.core.rules import Violation


def number_is_new(is_used: bool, number: str) -> Violation | None:
    """N30 Điều 15: a number is given once a year; two letters do not share one."""
    if not is_used:
        return None
    return Violation(
        "letter_number_used",
        f"Số {number} đã dùng cho một văn bản khác trong năm.",
        "Điều 15 Nghị định 30/2020/NĐ-CP",
        way_out="Kiểm tra lại số tại sổ văn bản đi.",
    )


def letter_is_ready(is_frozen: bool) -> Violation | None:
    """DESIGN 5: what is signed is the frozen letter; a long one takes the worker a moment."""
    if is_frozen:
        return None
    return Violation(
        "letter_not_ready",
        "Văn bản đang được lập vì danh sách dài.",
        way_out="Chờ một vài phút rồi tải lại trang.",
    )


def scan_is_there(is_ink: bool, has_scan: bool) -> Violation | None:
    """DOMAIN 2.1: without the body's certificates the letter is signed and sealed on paper."""
    if not is_ink or has_scan:
        return None
    return Violation(
        "no_signed_scan",
        "Chưa có bản quét văn bản đã ký tay và đóng dấu.",
        "Nghị định 30/2020/NĐ-CP",
        way_out="Người soạn in, trình ký, đóng dấu, quét rồi tải lên trước khi xác nhận.",
    )
