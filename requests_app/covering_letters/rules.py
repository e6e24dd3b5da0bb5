"""Rules about covering letters: what may be forwarded together, and when a letter is ready."""

from __future__ import annotations

from collections.abc import Sequence

from portal.core.rules import Violation

MOST_DOSSIERS = 500  # DERIVED: what one summary table can be read and signed with


def has_dossiers(count: int) -> Violation | None:
    """A covering letter forwards something."""
    if count:
        return None
    return Violation(
        "no_dossiers",
        "Chưa có hồ sơ nào để chuyển.",
        way_out="Đánh dấu ít nhất một hồ sơ đang chờ chuyển.",
    )


def fits_one_letter(count: int) -> Violation | None:
    """DERIVED: more than a person can check goes under several letters."""
    if count <= MOST_DOSSIERS:
        return None
    return Violation(
        "too_many_dossiers",
        f"Một công văn chuyển nhiều nhất {MOST_DOSSIERS} hồ sơ.",
        way_out="Lọc theo loại hồ sơ hoặc đơn vị rồi lập nhiều công văn.",
    )


def number_is_new(is_used: bool, number: str) -> Violation | None:
    """N30 Điều 15: a number is given once a year; two letters do not share one."""
    if not is_used:
        return None
    return Violation(
        "letter_number_used",
        f"Số {number} đã dùng cho một công văn chuyển khác trong năm.",
        "Điều 15 Nghị định 30/2020/NĐ-CP",
        way_out="Kiểm tra lại số tại sổ văn bản đi của Sở.",
    )


def nothing_has_changed(titles: Sequence[str]) -> Violation | None:
    """What the head signs is what the officer saw: a dossier that went elsewhere is taken out."""
    if not titles:
        return None
    return Violation(
        "dossiers_changed",
        f"Có hồ sơ không còn chờ chuyển (đã rút, đã trả lại hoặc đã chuyển): {'; '.join(titles)}.",
        way_out="Bấm “Bỏ khỏi công văn” ở các hồ sơ này rồi trình ký.",
    )


def letter_is_ready(is_frozen: bool) -> Violation | None:
    """DESIGN 5: what is signed is the frozen letter; a long one takes the worker a moment."""
    if is_frozen:
        return None
    return Violation(
        "letter_not_ready",
        "Công văn đang được lập vì danh sách dài.",
        way_out="Chờ một vài phút rồi tải lại trang.",
    )


def scan_is_there(is_ink: bool, has_scan: bool) -> Violation | None:
    """DOMAIN 2.1: without the office's certificates the letter is signed and sealed on paper."""
    if not is_ink or has_scan:
        return None
    return Violation(
        "no_signed_scan",
        "Chưa có bản quét công văn đã ký tay và đóng dấu.",
        "Nghị định 30/2020/NĐ-CP",
        way_out="Chuyên viên in, trình ký, đóng dấu, quét rồi tải lên trước khi xác nhận.",
    )
