"""What a head reads beside the button that approves: counts, what was chosen, what was skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from orgmerge.models import Merger, Plan, ReviewReply
from orgmerge.plans import cautions
from orgmerge.vocabulary import LineAction


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could have been done before and was not."""

    code: str
    words: str
    link: str


@dataclass(frozen=True, slots=True)
class ApprovalSummary:
    """One plan on half a page."""

    plan: Plan
    actions: Sequence[tuple[LineAction, int]]
    bodies: int
    choices: int
    choices_otherwise: int  # than proposed
    settlements: int
    skipped: Sequence[Skipped]

    @property
    def lines(self) -> int:
        return int(self.plan.counts.get("lines", 0))


def summary_of(merger: Merger, plan: Plan, *, today: date) -> ApprovalSummary:
    """Return the summary of a plan that is ready."""
    counted = plan.counts.get("actions", {})
    proposed = {one["target"]: one["proposed"] or 0 for one in plan.choices}
    made = dict(merger.choices.values_list("body_id", "certificate_id"))
    return ApprovalSummary(
        plan=plan,
        actions=[(action, counted[action]) for action in LineAction if counted.get(action)],
        bodies=merger.bodies.count(),
        choices=len(made),
        choices_otherwise=sum(
            (chosen or 0) != proposed.get(body, chosen or 0) for body, chosen in made.items()
        ),
        settlements=merger.settlements.count(),
        skipped=_skipped(merger, plan, today=today),
    )


def _skipped(merger: Merger, plan: Plan, *, today: date) -> list[Skipped]:
    found = []
    review = reverse("orgmerge:review", args=[merger.uuid])
    replies = ReviewReply.objects.filter(round__merger=merger).aggregate(
        total=Count("pk"), silent=Count("pk", filter=Q(sent_at__isnull=True))
    )
    if not replies["total"]:
        words = _("Không tổ chức rà soát: chưa đơn vị nào được hỏi về danh sách của mình.")
        found.append(Skipped("no_review_round", words, review))
    elif replies["silent"]:
        words = _("%(silent)s trên %(total)s đơn vị chưa trả lời rà soát.") % replies
        found.append(Skipped("silent_bodies", words, review))
    to_heed = cautions.points_to_heed(merger, plan, today=today)
    if to_heed and plan.heeded_at is None:
        words = _("%(count)s loại điều cần lưu ý chưa ai xem.") % {"count": to_heed}
        link = reverse("orgmerge:plan_cautions", args=[merger.uuid])
        found.append(Skipped("not_heeded", words, link))
    return found
