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


def nothing_has_changed(titles: Sequence[str]) -> Violation | None:
    """What the head signs is what the officer saw: a dossier that went elsewhere is taken out."""
    if not titles:
        return None
    return Violation(
        "dossiers_changed",
        f"Có hồ sơ không còn chờ chuyển (đã rút, đã trả lại hoặc đã chuyển): {'; '.join(titles)}.",
        way_out="Bấm “Bỏ khỏi công văn” ở các hồ sơ này rồi trình ký.",
    )
