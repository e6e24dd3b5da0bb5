"""A reorganisation in words: its state as a tag, and what happens next in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.vocabulary import LineState, MergerState
from orgmerge.workflow import MergerAction
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation

if TYPE_CHECKING:
    from orgmerge.models import Merger
    from portal.accounts.models import User
    from portal.agencies.models import Agency

TONES = {
    MergerState.DRAFT: "neutral",
    MergerState.AWAITING_APPROVAL: "warning",
    MergerState.APPROVED: "info",
    MergerState.IN_FORCE: "info",
    MergerState.COMPLETED: "success",
    MergerState.WITHDRAWN: "neutral",
}
# What is said to who took a step.
DONE = {
    MergerAction.SUBMIT: gettext_lazy("Đã trình lãnh đạo phê duyệt."),
    MergerAction.SEND_BACK: gettext_lazy("Đã trả lại để sửa."),
    MergerAction.APPROVE: gettext_lazy("Đã phê duyệt phương án."),
    MergerAction.WITHDRAW: gettext_lazy("Đã rút phương án."),
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
_APPROVAL_NEXT = {
    Capability.APPROVE_REORGANISATIONS: gettext_lazy(
        "Anh/chị đọc trang Kế hoạch xử lý, rồi phê duyệt trước ngày %(day)s hoặc trả lại kèm lý do."
    ),
    Capability.PREPARE_REORGANISATIONS: gettext_lazy(
        "Chờ lãnh đạo Sở phê duyệt trước ngày %(day)s."
    ),
}
_LIST_FIRST = gettext_lazy(
    "Việc tiếp theo: gửi Cục danh sách cơ quan, ghi số và ngày công văn ở trang Ngày hiệu lực. "
    "Chưa ghi thì không hồ sơ nào được lập."
)
_LIST_WAITS = frozenset({MergerState.APPROVED, MergerState.IN_FORCE})

# The same where several offices work on it; ``offices`` are those that have not agreed yet.
_AGREEING = {
    Capability.APPROVE_REORGANISATIONS: gettext_lazy(
        "Chờ %(offices)s đồng ý kế hoạch xử lý; sau đó anh/chị phê duyệt trước ngày %(day)s."
    ),
    Capability.PREPARE_REORGANISATIONS: gettext_lazy(
        "Chờ %(offices)s đồng ý kế hoạch xử lý, rồi lãnh đạo Sở phê duyệt trước ngày %(day)s."
    ),
}
# To an office that joined: before its head has agreed, by role, and after.
_JOINED_NEXT = {
    Capability.APPROVE_REORGANISATIONS: gettext_lazy(
        "Anh/chị đọc trang Kế hoạch xử lý, rồi đồng ý hoặc nêu lý do chưa đồng ý ở đó; "
        "%(leader)s phê duyệt trước ngày %(day)s."
    ),
    Capability.PREPARE_REORGANISATIONS: gettext_lazy(
        "Chờ lãnh đạo Sở đọc và đồng ý kế hoạch xử lý; %(leader)s phê duyệt trước ngày %(day)s."
    ),
}
_JOINED_DONE = gettext_lazy(
    "Đơn vị anh/chị đã đồng ý kế hoạch xử lý; chờ %(leader)s phê duyệt trước ngày %(day)s."
)


def what_next(
    merger: Merger,
    user: User,
    *,
    hindrances: Sequence[Violation] = (),
    yet_to_agree: Sequence[Agency] = (),
) -> str:
    """Return what happens next, in one sentence, seen by ``user``.

    ``hindrances`` are what keeps a draft from being submitted; the first is the next thing to do.
    ``yet_to_agree`` are the offices beside the leading one that have not agreed to the plan.
    """
    if merger.state == MergerState.DRAFT and user.scope is Scope.OFFICE:
        if hindrances:
            return f"{hindrances[0].message} {hindrances[0].way_out}"
        if merger.is_led_by(user):
            return _("Mô tả và kế hoạch xử lý đã đủ: chuyên viên trình lãnh đạo phê duyệt.")
        words = {"leader": merger.office.name}
        return _("Mô tả và kế hoạch xử lý đã đủ: chờ %(leader)s trình lãnh đạo.") % words
    state = MergerState(merger.state)
    is_leading = user.scope is Scope.OFFICE and merger.is_led_by(user)
    is_officer = is_leading and user.can(Capability.PREPARE_REORGANISATIONS)
    if state in _LIST_WAITS and is_officer and not merger.list_sent_on:
        return str(_LIST_FIRST)
    said = _NEXT[state]
    part = next((one for one in _APPROVAL_NEXT if user.can(one)), None)
    if state == MergerState.AWAITING_APPROVAL and part is not None:
        if is_leading:
            said = _AGREEING[part] if yet_to_agree else _APPROVAL_NEXT[part]
        else:
            has_agreed = all(office.pk not in user.body_ids for office in yet_to_agree)
            said = _JOINED_DONE if has_agreed else _JOINED_NEXT[part]
    return str(said) % {
        "day": f"{merger.effective_on:%d/%m/%Y}",
        "offices": ", ".join(office.name for office in yet_to_agree),
        "leader": merger.office.name,
    }
