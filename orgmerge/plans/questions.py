"""The questions of a plan: what a person is asked of an open line, and the answers that fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from orgmerge.planner.codes import Why
from orgmerge.vocabulary import LineAbout, LineAction

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from orgmerge.models import PlanLine

# The other of two certificates of one person is revoked instead of the one asked about.
THE_OTHER = "the_other"

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    LineAbout.CERTIFICATE: (
        LineAction.KEEP,
        LineAction.CHANGE,
        LineAction.REVOKE,
        LineAction.ISSUE,
    ),
    LineAbout.DEVICE: (
        LineAction.KEEP,
        LineAction.HAND_OVER,
        LineAction.RECOVER,
        LineAction.RETURN,
        LineAction.REPORT_LOSS,
    ),
    LineAbout.SUBSCRIBER: (LineAction.KEEP, LineAction.HAND_OVER),
    LineAbout.DOSSIER: (LineAction.KEEP, LineAction.HAND_OVER, LineAction.REFILE),
    LineAbout.BODY: (LineAction.KEEP, LineAction.ISSUE),
}
# Of certificates about which something is proposed; DOMAIN 14.17 to 14.19.
_OF_QUESTION: Mapping[str, tuple[str, ...]] = {
    Why.NAMESAKE: (LineAction.KEEP, LineAction.REVOKE, LineAction.CHANGE),
    Why.SECOND_CERTIFICATE: (LineAction.REVOKE, THE_OTHER, LineAction.KEEP),
    Why.TITLE_STAYS: (LineAction.KEEP, LineAction.ISSUE, LineAction.REVOKE),
}
# What goes on under a name goes on under a body: which one is part of the decision.
_WITH_A_BODY = frozenset(
    {LineAction.CHANGE, LineAction.ISSUE, LineAction.HAND_OVER, LineAction.REFILE}
)
# As answers to what is open; what follows is worked out by the plan.
_WORDS: Mapping[tuple[str, str], _StrPromise] = {
    (Why.NAMESAKE, LineAction.KEEP): _(
        "Đơn vị giữ tên dùng tiếp; thông tin nào không còn đúng thì đổi bằng Mẫu 04"
    ),
    (Why.NAMESAKE, LineAction.REVOKE): _("Thu hồi (Mẫu 05); đơn vị giữ tên xin cấp mới (Mẫu 02)"),
    (Why.NAMESAKE, LineAction.CHANGE): _("Đơn vị khác dùng tiếp, thay đổi thông tin (Mẫu 04)"),
    (Why.SECOND_CERTIFICATE, LineAction.REVOKE): _(
        "Giữ chứng thư kia, thu hồi chứng thư này (Mẫu 05)"
    ),
    (Why.SECOND_CERTIFICATE, THE_OTHER): _("Giữ chứng thư này, thu hồi chứng thư kia (Mẫu 05)"),
    (Why.SECOND_CERTIFICATE, LineAction.KEEP): _("Giữ cả hai; ghi lý do ở ô Ghi chú"),
    (Why.TITLE_STAYS, LineAction.KEEP): _(
        "Chức vụ còn đúng: đổi thông tin khác, giữ chức vụ như đang ghi (Mẫu 04)"
    ),
    (Why.TITLE_STAYS, LineAction.ISSUE): _(
        "Chức vụ không còn đúng: thu hồi (Mẫu 05) rồi cấp mới (Mẫu 01)"
    ),
    (Why.TITLE_STAYS, LineAction.REVOKE): _("Không còn dùng chứng thư: thu hồi (Mẫu 05)"),
    (Why.DISTRICT, LineAction.KEEP): _(
        "Đơn vị được đề nghị dùng tiếp; thông tin nào không còn đúng thì đổi bằng Mẫu 04"
    ),
    (LineAbout.CERTIFICATE, LineAction.CHANGE): _(
        "Dùng tiếp dưới đơn vị mới, thay đổi thông tin (Mẫu 04)"
    ),
    (LineAbout.CERTIFICATE, LineAction.ISSUE): _("Thay bằng chứng thư mới (Mẫu 01, 02, 03)"),
    (LineAbout.DEVICE, LineAction.HAND_OVER): _("Bàn giao cho đơn vị mới dùng tiếp"),
    (LineAbout.SUBSCRIBER, LineAction.HAND_OVER): _("Chuyển sang đơn vị mới"),
    (LineAbout.DOSSIER, LineAction.HAND_OVER): _("Đơn vị mới giải quyết tiếp"),
    (LineAbout.DOSSIER, LineAction.KEEP): _("Để hồ sơ giải quyết xong như đang có"),
    (LineAbout.BODY, LineAction.KEEP): _("Không xin cấp chứng thư cơ quan"),
    (LineAbout.BODY, LineAction.ISSUE): _("Xin cấp chứng thư cơ quan (Mẫu 02)"),
}


def question_of(line: PlanLine) -> str:
    """Return the code of the question a line asks that has answers of its own, "" for any other."""
    is_own = line.is_open and line.about == LineAbout.CERTIFICATE
    return line.reason if is_own and line.reason in (*_OF_QUESTION, Why.DISTRICT) else ""


def actions_for(about: str, question: str = "") -> Sequence[str]:
    """Return what can be decided of this sort of thing."""
    return _OF_QUESTION.get(question) or _ACTIONS[about]


def needs_body(about: str, action: str, question: str = "") -> bool:
    """Say whether the decision has to name the body that takes the thing over."""
    is_known = question == Why.TITLE_STAYS  # where its holder goes is no part of the question
    return about != LineAbout.BODY and action in _WITH_A_BODY and not is_known


def needs_note(action: str, question: str) -> bool:
    """Say whether the decision has to say why: both of two certificates of one person stay."""
    return question == Why.SECOND_CERTIFICATE and action == LineAction.KEEP


def answers(lines: Collection[PlanLine]) -> list[tuple[str, str]]:
    """Return the answers that fit some lines of one question, each with its words."""
    line = next(iter(lines))
    question = question_of(line)
    proposed = {one.action for one in lines}
    return [
        (
            action,
            str(
                _WORDS.get((question, action))
                or _WORDS.get((line.about, action))
                or LineAction(action).label
            ),
        )
        for action in actions_for(line.about, question)
        # Nobody is known to go on with what is proposed to be revoked.
        if question != Why.DISTRICT or action != LineAction.KEEP or "revoke" not in proposed
    ]
