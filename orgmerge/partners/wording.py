"""An invitation to work on a reorganisation in words: what happens next with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from orgmerge.vocabulary import MergerState
from portal.core.roles import Capability

if TYPE_CHECKING:
    from orgmerge.models import MergerOffice
    from portal.accounts.models import User


def invitation_next(asked: MergerOffice, user: User) -> str:
    """Return what happens next with a question to join, in one sentence, seen by ``user``."""
    leader, office = asked.merger.office.name, asked.office.name
    if asked.merger.state != MergerState.DRAFT:
        return _("Phương án không còn ở bước mô tả nên lời mời không còn trả lời được.")
    is_theirs = asked.office_id in user.body_ids
    if asked.has_declined and is_theirs:
        return _("Đã trả lời không tham gia. Còn ở bước mô tả thì vẫn nhận lời được.")
    if asked.has_declined:
        return _("Đã trả lời không tham gia. Mời lại ở trang Mô tả nếu cần.")
    if not is_theirs:
        return _("Chờ chuyên viên của %(office)s trả lời.") % {"office": office}
    if user.can(Capability.PREPARE_REORGANISATIONS):
        return _(
            "Nhận lời thì hai bên cùng mô tả, và phương án chỉ được phê duyệt khi lãnh đạo đơn vị "
            "anh/chị đã đồng ý. Không tham gia thì nêu lý do để %(leader)s biết."
        ) % {"leader": leader}
    return _("Chuyên viên của đơn vị anh/chị trả lời; lãnh đạo đồng ý kế hoạch xử lý về sau.")
