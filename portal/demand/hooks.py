"""What of the demand waits for a person, for their work list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.core.roles import Capability
from portal.core.web import waiting
from portal.core.web.waiting import Waiting
from portal.demand.models import DemandProposal, DemandRound
from requests_app.paper_workflow import PaperStage

if TYPE_CHECKING:
    from portal.accounts.models import User

_NAMED = 5


def waiting_of(user: User) -> Iterator[Waiting]:
    """Return the rounds ``user``'s body has not answered, and what waits for their signature."""
    if user.can(Capability.REPORT):
        sent = DemandProposal.objects.filter(agency__in=user.body_ids, stage=PaperStage.ISSUED)
        unanswered = (
            DemandRound.objects.visible_to(user)
            .filter(closed_at__isnull=True)
            .exclude(opened_by_body__in=user.body_ids)
            .exclude(pk__in=sent.order_by().values("round"))
        )
        for one in unanswered.order_by("due_on", "pk")[:_NAMED]:
            words = _("%(title)s: gửi đề xuất trước %(day)s") % {
                "title": one.title,
                "day": f"{one.due_on:%d/%m/%Y}",
            }
            path = reverse("demand:round", args=[one.uuid])
            yield Waiting(None, words, _("Lập đề xuất"), path)
    unsigned = DemandProposal.objects.visible_to(user).waiting_for(user).select_related("round")
    for proposal in unsigned.order_by("updated_at", "pk")[:_NAMED]:
        words = f"{proposal.get_stage_display()}: {proposal.title}"
        path = reverse("demand:proposal", args=[proposal.uuid])
        yield Waiting(None, words, _("Xem đề xuất"), path)


waiting.find_in(waiting_of)
