"""A plan in words: when a stage is due, how an action looks, which open lines a person settles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgmerge.planner.codes import Why
from orgmerge.vocabulary import About, Action, Stage
from portal.core import law

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from orgmerge.models import PlanLine
    from orgmerge.planner import facts

# What an address calls the things a line is about.
SLUGS: Mapping[str, About] = {
    "don-vi": About.BODY,
    "chung-thu": About.CERTIFICATE,
    "thiet-bi": About.DEVICE,
    "thue-bao": About.SUBSCRIBER,
    "ho-so": About.DOSSIER,
}
SLUG_OF: Mapping[str, str] = {about.value: slug for slug, about in SLUGS.items()}

TONES: Mapping[str, str] = {
    Action.KEEP: "neutral",
    Action.CHANGE: "info",
    Action.REVOKE: "danger",
    Action.ISSUE: "success",
    Action.RECOVER: "info",
    Action.RETURN: "info",
    Action.REPORT_LOSS: "danger",
    Action.HAND_OVER: "info",
    Action.REFILE: "warning",
    Action.SETTLE: "warning",
}

# The order of DOMAIN 4.3; %(day)s is the effective day, the others numbers of the law.
_WHEN: Mapping[int, _StrPromise] = {
    Stage.AGENCY_LIST: _(
        "ngay khi được phê duyệt: chưa có trong danh sách thì chưa lập được hồ sơ"
    ),
    Stage.HAND_OVER: _("ngày %(day)s, khi đơn vị mới được ghi nhận"),
    Stage.RECOVER: _("từ ngày %(day)s, trước khi đổi thông tin"),
    Stage.ORGANISATION: _("từ ngày %(day)s; cài xong chứng thư mới rồi mới sang bước sau"),
    Stage.PEOPLE: _("sau khi chứng thư của cơ quan đã cài"),
    Stage.REVOKE: _("sau khi cơ quan mới ký được văn bản"),
    Stage.DEVICES: _(
        "%(return_days)02d ngày làm việc từ thông báo thu hồi (Điều 20 Nghị định 68/2024/NĐ-CP)"
    ),
    Stage.NOTHING: _("không có hạn"),
}

# Open although something is proposed: a person's word is wanted, not only a choice above.
_ASKED = (Why.SECOND_CERTIFICATE, Why.TITLE_NO_LONGER_FITS)
TO_SETTLE = Q(is_open=True) & (Q(action=Action.SETTLE) | Q(reason__in=_ASKED))
TO_CHOOSE = Q(is_open=True) & ~Q(action=Action.SETTLE) & ~Q(reason__in=_ASKED)


def is_to_settle(line: PlanLine | facts.Line) -> bool:
    """Say whether a person says what is done; other open lines follow from what is chosen."""
    return line.is_open and (line.action == Action.SETTLE or line.reason in _ASKED)


def when(stage: int, effective_on: date) -> str:
    """Return when a stage has its turn."""
    return str(_WHEN[stage]) % (law.numbers() | {"day": f"{effective_on:%d/%m/%Y}"})
