"""A reorganisation in words: its state as a tag, and what happens next in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.words import LineState, MergerState
from portal.core.roles import OFFICE_ROLES, Role
from portal.core.rules import Violation

if TYPE_CHECKING:
    from orgmerge.models import Merger
    from portal.accounts.models import User

TONES = {
    MergerState.DRAFT: "neutral",
    MergerState.AWAITING_APPROVAL: "warning",
    MergerState.APPROVED: "info",
    MergerState.IN_FORCE: "info",
    MergerState.COMPLETED: "success",
    MergerState.WITHDRAWN: "neutral",
}
LINE_TONES = {
    LineState.PLANNED: "neutral",
    LineState.OPEN: "info",
    LineState.DONE: "success",
    LineState.FAILED: "danger",
    LineState.OVERTAKEN: "neutral",
}

_PREPARED = gettext_lazy("Sở đang chuẩn bị; lãnh đạo Sở phê duyệt phương án trước ngày %(day)s.")
_NEXT = {
    MergerState.DRAFT: _PREPARED,
    MergerState.AWAITING_APPROVAL: _PREPARED,
    MergerState.APPROVED: gettext_lazy(
        "Đến ngày %(day)s hệ thống ghi nhận đơn vị mới, bàn giao và lập các hồ sơ."
    ),
    MergerState.IN_FORCE: gettext_lazy(
        "Các hồ sơ đang được lập và giải quyết; xem tiến độ ở trang Thực hiện."
    ),
    MergerState.COMPLETED: gettext_lazy("Mọi việc trong phương án đã xong."),
    MergerState.WITHDRAWN: gettext_lazy("Phương án đã rút, không có gì được thực hiện."),
}

# Said to the office in place of the above: what is theirs to do.
_OFFICES_NEXT = {
    (MergerState.AWAITING_APPROVAL, Role.OFFICE_HEAD): gettext_lazy(
        "Anh/chị đọc trang Phương án, rồi phê duyệt trước ngày %(day)s hoặc trả lại kèm lý do."
    ),
    (MergerState.AWAITING_APPROVAL, Role.OFFICE_OFFICER): gettext_lazy(
        "Chờ lãnh đạo Sở phê duyệt trước ngày %(day)s."
    ),
}
_LIST_FIRST = gettext_lazy(
    "Việc tiếp theo: gửi Cục danh sách cơ quan, ghi số và ngày công văn ở trang Ngày hiệu lực. "
    "Chưa ghi thì không hồ sơ nào được lập."
)
_LIST_WAITS = frozenset({MergerState.APPROVED, MergerState.IN_FORCE})


def what_next(merger: Merger, user: User, *, hindrances: Sequence[Violation] = ()) -> str:
    """Return what happens next, in one sentence, seen by ``user``.

    ``hindrances`` are what keeps a draft from being submitted; the first is the next thing to do.
    """
    if merger.state == MergerState.DRAFT and user.role in OFFICE_ROLES:
        if hindrances:
            return f"{hindrances[0].message} {hindrances[0].way_out}"
        return _("Mô tả và phương án đã đủ: chuyên viên trình lãnh đạo phê duyệt.")
    state = MergerState(merger.state)
    if state in _LIST_WAITS and user.role == Role.OFFICE_OFFICER and not merger.list_sent_on:
        return str(_LIST_FIRST)
    said = _OFFICES_NEXT.get((state, Role(user.role))) if user.role else None
    return str(said or _NEXT[state]) % {"day": f"{merger.effective_on:%d/%m/%Y}"}
