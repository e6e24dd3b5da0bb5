"""Which plan, and which of its lines, somebody may see; how many of which sort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from orgmerge.models import Merger, MergerBody, MergerOffice, Plan, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.plans.services import newest_ready
from orgmerge.plans.wording import TO_SETTLE
from orgmerge.vocabulary import LineAbout, MergerState
from portal.accounts.models import User
from portal.core.roles import Capability, Scope

_SEE_WHOLE = frozenset({Scope.OFFICE, Scope.CA, Scope.TREE})  # bodies see their own lines


@dataclass(slots=True)
class LineCounts:
    """How many lines there are of which sort."""

    lines: int = 0
    open: int = 0
    actions: Mapping[str, int] = field(default_factory=dict)
    forms: Mapping[str, int] = field(default_factory=dict)
    about: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[int, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)


def newest_plan(merger: Merger) -> Plan | None:
    """Return the plan asked for last, in whatever state it is."""
    return merger.plans.order_by("-number").first()


def shown_plan(merger: Merger, user: User, *, newest: Plan | None = None) -> Plan | None:
    """Return the approved plan, to the office also the one made last; None without one.

    ``newest`` is the plan asked for last, where the caller knows it.
    """
    if merger.approved_plan_id is not None:
        return merger.approved_plan
    if not user.can(Capability.READ_DRAFT_REORGANISATIONS):
        return None
    return newest if newest and newest.state == Plan.State.READY else newest_ready(merger)


def lines_of(plan: Plan, user: User) -> QuerySet[PlanLine]:
    """Return the lines of ``plan`` that ``user`` may see: a body's own and those it files."""
    if user.scope in _SEE_WHOLE:
        return plan.lines.all()
    return lines_of_bodies(plan, user.body_ids)


def lines_of_bodies(plan: Plan, agencies: Collection[int]) -> QuerySet[PlanLine]:
    """Return the lines of ``plan`` about these bodies, and those they file."""
    bodies = MergerBody.objects.filter(merger=plan.merger_id, agency__in=agencies)
    theirs = Q(agency__in=agencies) | Q(sender__in=list(bodies.values_list("pk", flat=True)))
    return plan.lines.filter(theirs)


def counts_of(plan: Plan, user: User) -> LineCounts:
    """Return the numbers of what ``user`` may see: as they were counted, or of a body's lines."""
    if user.scope in _SEE_WHOLE:
        return LineCounts(
            lines=plan.counts.get("lines", 0),
            open=plan.counts.get("open", 0),
            actions=plan.counts.get("actions", {}),
            forms=plan.counts.get("forms", {}),
            about=plan.counts.get("about", {}),
            stages={int(stage): number for stage, number in plan.counts.get("stages", {}).items()},
            warnings=plan.counts.get("warnings", {}),
            reasons=plan.counts.get("reasons", {}),
        )
    rows = lines_of(plan, user).order_by().values_list("action", "form", "about", "stage")
    actions, forms, about, stages = Counter[str](), Counter[str](), Counter[str](), Counter[int]()
    for action, form, thing, stage, number in rows.annotate(number=Count("pk")):
        actions[action] += number
        about[thing] += number
        stages[stage] += number
        if form:
            forms[form] += number
    return LineCounts(lines=about.total(), actions=actions, forms=forms, about=about, stages=stages)


_DECIDING = (Why.BODY_SPLIT, Why.BODY_DISSOLVED, Why.DISTRICT)
_BODIES_NAMED = 50


@dataclass(frozen=True, slots=True)
class OpenSort:
    """Open lines of one sort that wait for a person's word."""

    about: LineAbout
    reason: str
    number: int
    decides: str = ""  # what goes along with it, in words


def open_sorts(plan: Plan) -> Sequence[OpenSort]:
    """Return what is to be settled, by what it is about and why: as it was counted when the plan
    was made, two queries where it was not."""
    if (counted := plan.counts.get("to_settle")) is None:
        rows = plan.lines.filter(TO_SETTLE).order_by().values_list("about", "reason")
        counted = list(rows.annotate(number=Count("pk")).order_by("about", "reason"))
        along = plan.lines.filter(reason=Why.FOLLOWS_CERTIFICATE).order_by().values_list("about")
        following = dict(along.annotate(number=Count("pk")))
    else:
        following = plan.counts.get("following", {})
    # A certificate's device and holder are decided with it: said beside the first such question.
    decides = ", ".join(
        f"{following[about]} {str(about.label).lower()}"
        for about in LineAbout
        if about in following
    )
    found = []
    for about, reason, number in counted:
        is_root = about == LineAbout.CERTIFICATE and reason in _DECIDING
        found.append(OpenSort(LineAbout(about), reason, number, decides if is_root else ""))
        decides = "" if is_root else decides
    return found


@dataclass(frozen=True, slots=True)
class BodyQuestion:
    """One question about all open lines of one sort of one body."""

    code: UUID
    name: str
    number: int


def questions_by_body(plan: Plan, about: str, reason: str) -> Sequence[BodyQuestion]:
    """Return the bodies with open lines of one sort, those with most first; one query."""
    rows = plan.lines.filter(TO_SETTLE, about=about, reason=reason, agency__isnull=False).order_by()
    counted = rows.values_list("agency__uuid", "agency__name").annotate(number=Count("pk"))
    return [
        BodyQuestion(*row) for row in counted.order_by("-number", "agency__name")[:_BODIES_NAMED]
    ]


def joint_office_of(merger: Merger, user: User) -> MergerOffice | None:
    """Return the place of ``user``'s office beside the leading one, for a head who is to say
    whether it agrees to the plan that awaits approval; None for everybody else."""
    is_awaited = merger.state == MergerState.AWAITING_APPROVAL
    if not user.can(Capability.APPROVE_REORGANISATIONS) or not is_awaited or merger.is_led_by(user):
        return None
    joined = merger.joint_offices.filter(joined_at__isnull=False, office__in=user.body_ids)
    return joined.select_related("office", "answered_by", "answered_plan").first()
