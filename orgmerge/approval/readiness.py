"""Whether a reorganisation can be submitted and approved: what stands in the way, all at once; and
what its head reads beside the button that approves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.description import checks
from orgmerge.models import Merger, Plan, ReviewItem, ReviewReply, ReviewRound
from orgmerge.plans import cautions
from orgmerge.vocabulary import LineAction
from orgmerge.workflow import MergerAction, StepOfMerger
from portal.core.rules import Violation

_NAMED = 5  # bodies in the way that are named; the rest show once these are mended


def present_plan(merger: Merger) -> Plan | None:
    """Return the plan made last of the description as it stands, once it is ready."""
    plan = merger.plans.order_by("-number").first()
    is_present = (
        plan is not None
        and plan.state == Plan.State.READY
        and plan.merger_version == merger.version
    )
    return plan if is_present else None


def hindrances_of(merger: Merger) -> list[Violation]:
    """Return what keeps a draft from being submitted, contradictions aside; to be shown."""
    open_round = merger.rounds.filter(closed_at__isnull=True).first()
    return _about_the_plan(merger) + ([_round_open(merger, open_round)] if open_round else [])


def violations_before(merger: Merger, step: StepOfMerger, *, goes_ahead: bool) -> list[Violation]:
    """Return everything that keeps a step from being taken that needs a ready plan."""
    found = checks.contradictions_of(merger) + _about_the_plan(merger)
    open_round = merger.rounds.filter(closed_at__isnull=True).first()
    if open_round is not None and step.action != MergerAction.SUBMIT:
        # Who submitted with a round open gave their word; a round opened later has none.
        submitted = merger.steps.filter(action=MergerAction.SUBMIT).last()
        goes_ahead = submitted is not None and submitted.at >= open_round.opened_at
    if open_round is not None and not goes_ahead:
        found.append(_round_open(merger, open_round))
    # Bodies that were described and that no office working on it follows (any more).
    followed = merger.bodies_followed().order_by().values("pk")
    said = merger.shares.filter(is_implied=False).exclude(old__in=followed).order_by("position")
    found += [
        _violation(merger, "body_of_another_office", name=name)
        for name in said.values_list("old__name", flat=True)[:_NAMED]
    ]
    if step.action == MergerAction.APPROVE:
        # Each office whose bodies are in it agrees to the plan that is approved (decision 0020).
        silent = merger.joint_offices.yet_to_agree(present_plan(merger))
        found += [
            _violation(merger, "office_has_not_agreed", office=name)
            for name in silent.values_list("office__name", flat=True)
        ]
    return found


def _about_the_plan(merger: Merger) -> list[Violation]:
    if not merger.shares.exists():
        return [_violation(merger, "nothing_described")]
    last = merger.plans.order_by("-number").first()
    if last is None:
        return [_violation(merger, "no_plan")]
    if last.state in _UNREADY:
        return [_violation(merger, _UNREADY[last.state])]
    # What a body answered after the plan was asked for is not in it.
    answered_since = ReviewItem.objects.filter(
        reply__round__merger=merger, answered_at__gt=last.asked_at
    )
    if last.merger_version != merger.version or answered_since.exists():
        return [_violation(merger, "plan_out_of_date")]
    count = int(last.counts.get("open", 0))
    return [_violation(merger, "plan_open", count=count)] if count else []


def _round_open(merger: Merger, open_round: ReviewRound) -> Violation:
    counts = open_round.replies.aggregate(
        total=Count("pk"), silent=Count("pk", filter=Q(sent_at__isnull=True))
    )
    return Violation(
        "round_open",
        _(
            "Đợt rà soát số %(number)d chưa kết thúc: %(silent)d trên %(total)d đơn vị "
            "chưa trả lời (hạn %(due)s)."
        )
        % {**counts, "number": open_round.number, "due": f"{open_round.due_on:%d/%m/%Y}"},
        way_out=_("Chờ trả lời, kết thúc đợt rà soát, hoặc đánh dấu trình khi chưa đủ trả lời."),
        link=_page("orgmerge:review", merger),
    )


_UNREADY: dict[str, str] = {
    Plan.State.WAITING: "plan_being_made",
    Plan.State.RUNNING: "plan_being_made",
    Plan.State.FAILED: "plan_failed",
}
_SAID = {
    "nothing_described": (
        gettext_lazy("Chưa có dòng nào: đơn vị nào chuyển sang đơn vị nào."),
        gettext_lazy("Thêm đơn vị sau sắp xếp và các đơn vị cũ, hoặc nhập từ bảng tính."),
        "orgmerge:detail",
    ),
    "no_plan": (
        gettext_lazy("Chưa lập kế hoạch xử lý."),
        gettext_lazy("Lập ở trang Kế hoạch xử lý."),
        "orgmerge:plan",
    ),
    "plan_being_made": (
        gettext_lazy("Kế hoạch xử lý đang được lập."),
        gettext_lazy("Chờ lập xong rồi xem lại."),
        "orgmerge:plan",
    ),
    "plan_failed": (
        gettext_lazy("Lần lập kế hoạch xử lý gần nhất không thành."),
        gettext_lazy("Xem lỗi và lập lại ở trang Kế hoạch xử lý."),
        "orgmerge:plan",
    ),
    "plan_out_of_date": (
        gettext_lazy("Mô tả, lựa chọn hoặc trả lời rà soát đã thay đổi sau khi lập kế hoạch."),
        gettext_lazy("Lập lại kế hoạch rồi xem lại."),
        "orgmerge:plan",
    ),
    "body_of_another_office": (
        gettext_lazy("%(name)s do Sở chưa cùng lập phương án này theo dõi."),
        gettext_lazy("Mời Sở ấy cùng lập, hoặc bỏ dòng của đơn vị."),
        "orgmerge:detail",
    ),
    "office_has_not_agreed": (
        gettext_lazy("%(office)s chưa đồng ý kế hoạch xử lý này."),
        gettext_lazy("Lãnh đạo đơn vị ấy đọc và đồng ý ở trang Kế hoạch xử lý."),
        "orgmerge:plan",
    ),
    "plan_open": (
        gettext_lazy("Còn %(count)s việc chờ người quyết định trong kế hoạch xử lý."),
        gettext_lazy("Chọn và quyết định từng việc ở đầu trang Kế hoạch xử lý."),
        "orgmerge:plan",
    ),
}


def _violation(merger: Merger, code: str, **words: object) -> Violation:
    message, way_out, route = _SAID[code]
    return Violation(code, str(message) % words, way_out=str(way_out), link=_page(route, merger))


def _page(route: str, merger: Merger) -> str:
    return reverse(route, args=[merger.uuid])


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
