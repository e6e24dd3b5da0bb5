"""Rules about who signs a letter for a body."""

from __future__ import annotations

from datetime import date

from portal.core.rules import Violation

_SIGNING = "Điều 13 Nghị định 30/2020/NĐ-CP"


def somebody_may_sign(is_free: bool) -> Violation | None:
    """D26: a body that records its signers has one for each letter, on the day it goes to them."""
    if is_free:
        return None
    return Violation(
        "no_signer",
        "Đơn vị chưa có người được ký văn bản này vào hôm nay.",
        _SIGNING,
        way_out="Quản trị hệ thống ghi người ký, kèm căn cứ, ở trang Người ký của đơn vị.",
    )


def authority_is_in_force(is_in_force: bool, name: str, day: date) -> Violation | None:
    """D26: an authority reaches the letters it names, on the days it is given for."""
    if is_in_force:
        return None
    return Violation(
        "signer_without_authority",
        f"{name} không có quyền ký văn bản này vào ngày {day:%d/%m/%Y}.",
        _SIGNING,
        way_out="Lấy lại để sửa, chọn người ký khác rồi trình lại.",
    )


def signer_did_not_draft(has_drafted: bool, name: str) -> Violation | None:
    """D26, four eyes: who wrote or edited the draft does not sign it, also as a deputy."""
    if not has_drafted:
        return None
    return Violation(
        "signer_drafted",
        f"{name} đã tham gia soạn văn bản này nên không ký được.",
        way_out="Chọn người ký khác ở phần Văn bản.",
    )


def signs_oneself(is_the_signer: bool, name: str) -> Violation | None:
    """R40 (NB Điều 11 khoản 4): who signs does so with their own certificate, in their own name."""
    if is_the_signer:
        return None
    return Violation(
        "not_the_signer",
        f"Văn bản này ghi người ký là {name}; chỉ người đó ký số được.",
        "Điều 11 khoản 4 QĐ 165/2025/QĐ-UBND (Ninh Bình)",
        way_out="Cần người khác ký thì yêu cầu soạn lại để chọn người ký khác.",
    )
