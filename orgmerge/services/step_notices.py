"""Who is told of a step: whose turn it is, and the bodies once something is settled for them."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.models import Merger, MergerStep
from orgmerge.words import MergerState
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.core.roles import AGENCY_ROLES, Role
from portal.notices import services as notices

_LONGEST_TITLE = 250
_TITLES = {
    MergerAction.SUBMIT: gettext_lazy("Phương án sắp xếp chờ phê duyệt: %(title)s"),
    MergerAction.SEND_BACK: gettext_lazy("Phương án sắp xếp bị trả lại: %(title)s"),
    MergerAction.APPROVE: gettext_lazy("Phương án sắp xếp đã được phê duyệt: %(title)s"),
    MergerAction.WITHDRAW: gettext_lazy("Phương án sắp xếp đã rút: %(title)s"),
}
_WHOSE_TURN = {MergerAction.SUBMIT: Role.OFFICE_HEAD}


def tell_of_step(merger: Merger, step: MergerStep, *, was_known: bool, now: datetime) -> None:
    """Tell the other side of the offices, and the bodies of what they know or are to know.

    ``was_known``: the bodies had been asked, or it had been approved. Written in the transaction
    of the step.
    """
    title = _TITLES.get(MergerAction(step.action))
    if title is None:
        return
    turn = _WHOSE_TURN.get(MergerAction(step.action), Role.OFFICE_OFFICER)
    offices = User.objects.of_offices(merger.office_ids()).filter(role=turn)
    _tell(merger, step, str(title), set(offices), text=step.reason, now=now)
    # A draft sent back after its approval is the office's own business again.
    if step.action == MergerAction.APPROVE or (was_known and step.action == MergerAction.WITHDRAW):
        text = _("Có hiệu lực từ %(day)s.") % {"day": f"{merger.effective_on:%d/%m/%Y}"}
        is_on = step.target == MergerState.APPROVED
        _tell(merger, step, str(title), set(_bodies(merger)), text=text if is_on else "", now=now)


def _bodies(merger: Merger) -> list[User]:
    """Return who acts for the bodies of a reorganisation."""
    olds = merger.shares.order_by().values("old")
    return list(User.objects.filter(is_active=True, role__in=AGENCY_ROLES, agency__in=olds))


def _tell(
    merger: Merger, step: MergerStep, title: str, who: set[User], *, text: str, now: datetime
) -> None:
    notices.tell(
        [user for user in who if user.pk != step.actor_id],
        cause=f"merger:{merger.pk}:step:{step.pk}",
        title=Truncator(title % {"title": merger.title}).chars(_LONGEST_TITLE),
        text=text,
        path=reverse("orgmerge:detail", args=[merger.uuid]),
        target_type="merger",
        target_uuid=merger.uuid,
        now=now,
    )
