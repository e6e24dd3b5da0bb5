"""A person who comes from another body with certificate and device (R41, DOMAIN 14.25)."""

from __future__ import annotations

from datetime import date

from portal.core.rules import Violation
from requests_app.rules.dossiers import DECREE

ARTICLE = "Quy định quản lý chữ ký số, Điều 11 khoản 6"


def new_workplace_is_the_senders(is_own: bool, row: int, name: str) -> Violation | None:
    """R41, R14: whoever takes a person over asks for its own people: the new place of work is the
    sender or a body under it."""
    if is_own:
        return None
    return Violation(
        "workplace_not_own",
        f"{name} đang thuộc cơ quan khác; các cấp tổ chức mới không có đơn vị gửi hay đơn vị thuộc "
        "đơn vị gửi.",
        f"{ARTICLE}; Điều 10 khoản 1 {DECREE}",
        row=row,
        way_out="Ghi nơi công tác mới đúng như danh mục; người chuyển đến cơ quan khác thì cơ quan "
        "đó đề nghị.",
    )


def former_agency_has_spoken(
    answer: str, due_on: date, today: date, *, row: int, name: str, reason: str = ""
) -> Violation | None:
    """R41, DOMAIN 14.25: the former agency is asked; silent past its term, the row goes on.

    ``answer`` is "", "moved" or "stays".
    """
    if answer == "stays":
        return Violation(
            "former_agency_denies",
            f"Cơ quan cũ trả lời {name} vẫn công tác tại cơ quan cũ: {reason}",
            ARTICLE,
            row=row,
            way_out="Từ chối dòng này, hoặc trả lại để đơn vị gửi làm rõ.",
        )
    if answer or today > due_on:
        return None
    return Violation(
        "former_agency_asked",
        f"Cơ quan cũ của {name} chưa trả lời, hạn {due_on:%d/%m/%Y}.",
        ARTICLE,
        row=row,
        way_out="Chờ trả lời hoặc qua hạn, hoặc từ chối dòng này.",
    )
