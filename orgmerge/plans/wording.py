"""A plan in words: when a stage is due, how an action looks, which open lines a person settles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgmerge.planner.codes import Why
from orgmerge.vocabulary import LineAbout, LineAction, LineStage
from portal.core import law

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from orgmerge.models import PlanLine
    from orgmerge.planner import facts

# What an address calls the things a line is about.
SLUGS: Mapping[str, LineAbout] = {
    "don-vi": LineAbout.BODY,
    "chung-thu": LineAbout.CERTIFICATE,
    "thiet-bi": LineAbout.DEVICE,
    "thue-bao": LineAbout.SUBSCRIBER,
    "ho-so": LineAbout.DOSSIER,
}
SLUG_OF: Mapping[str, str] = {about.value: slug for slug, about in SLUGS.items()}

TONES: Mapping[str, str] = {
    LineAction.KEEP: "neutral",
    LineAction.CHANGE: "info",
    LineAction.REVOKE: "danger",
    LineAction.ISSUE: "success",
    LineAction.RECOVER: "info",
    LineAction.RETURN: "info",
    LineAction.REPORT_LOSS: "danger",
    LineAction.HAND_OVER: "info",
    LineAction.REFILE: "warning",
    LineAction.SETTLE: "warning",
}

# The order of DOMAIN 4.3; %(day)s is the effective day, the others numbers of the law.
_WHEN: Mapping[int, _StrPromise] = {
    LineStage.AGENCY_LIST: _(
        "ngay khi được phê duyệt: chưa có trong danh sách thì chưa lập được hồ sơ"
    ),
    LineStage.HAND_OVER: _("ngày %(day)s, khi đơn vị mới được ghi nhận"),
    LineStage.RECOVER: _("từ ngày %(day)s, trước khi đổi thông tin"),
    LineStage.ORGANISATION: _("từ ngày %(day)s; cài xong chứng thư mới rồi mới sang bước sau"),
    LineStage.PEOPLE: _("sau khi chứng thư của cơ quan đã cài"),
    LineStage.REVOKE: _("sau khi cơ quan mới ký được văn bản"),
    LineStage.DEVICES: _(
        "%(return_days)02d ngày làm việc từ thông báo thu hồi (Điều 20 Nghị định 68/2024/NĐ-CP)"
    ),
    LineStage.NOTHING: _("không có hạn"),
}

# Open although something is proposed: a person's word is wanted, not only a choice above.
_ASKED = (
    Why.NAMESAKE,
    Why.SECOND_CERTIFICATE,
    Why.TITLE_STAYS,
    Why.TITLE_NO_LONGER_FITS,  # of plans made before 14.19 was so
    Why.DISTRICT,
)
# One question for a certificate, its device and its holder: what is said of the first decides.
_FOLLOWING = Q(reason=Why.FOLLOWS_CERTIFICATE)
TO_SETTLE = Q(is_open=True) & ((Q(action=LineAction.SETTLE) & ~_FOLLOWING) | Q(reason__in=_ASKED))
TO_CHOOSE = Q(is_open=True) & ((~Q(action=LineAction.SETTLE) & ~Q(reason__in=_ASKED)) | _FOLLOWING)


def is_to_settle(line: PlanLine | facts.PlannerLine) -> bool:
    """Say whether a person says what is done; other open lines follow from what is chosen."""
    if not line.is_open or line.reason == Why.FOLLOWS_CERTIFICATE:
        return False
    return line.action == LineAction.SETTLE or line.reason in _ASKED


def when(stage: int, effective_on: date) -> str:
    """Return when a stage has its turn."""
    return str(_WHEN[stage]) % (law.numbers() | {"day": f"{effective_on:%d/%m/%Y}"})
