"""What moved from one plan to the next: marked line by line when a plan is made, read by pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from orgmerge.models import Plan, PlanLine, ReviewItem
from orgmerge.vocabulary import LineAbout

LINES_AT_ONCE = 20_000  # half a second: SQLite has one writer, and others wait for it


@dataclass(frozen=True, slots=True)
class Differences:
    """What moved between two plans, as queries to be paged.

    ``moved`` are lines of the new plan with ``old_action``, ``old_reason`` (None: the thing is
    new in it); ``gone`` are lines of the old plan whose thing the new one does not have.
    """

    moved: QuerySet[PlanLine]
    gone: QuerySet[PlanLine]


def mark(new: Plan, old: Plan, *, hold: Callable[[], None]) -> None:
    """Mark what moved from ``old`` to ``new``, some lines at a time.

    ``hold`` is called in the transaction of each part; what it raises undoes that part. What an
    attempt that was cut off has marked is marked again.
    """
    moved, gone = _moved(new, old), _gone(new, old)
    for plan, columns, lines in (
        (new, {"is_moved": True}, moved),
        (old, {"is_gone": False}, old.lines.filter(is_gone=True)),
        (old, {"is_gone": True}, gone),
    ):
        ends = plan.lines.aggregate(first=Min("pk"), last=Max("pk"))
        if ends["first"] is None:
            continue
        for first in range(ends["first"], ends["last"] + 1, LINES_AT_ONCE):
            with transaction.atomic():
                hold()
                part = lines.filter(pk__range=(first, first + LINES_AT_ONCE - 1))
                part.order_by().update(**columns)


def differences(new: Plan, old: Plan) -> Differences:
    """Return what moved from ``old`` to ``new``: as marked, or found now where it was not."""
    is_marked = _is_marked(new, old)
    moved = new.lines.filter(is_moved=True) if is_marked else _moved(new, old)
    gone = old.lines.filter(is_gone=True) if is_marked else _gone(new, old)
    before = _same_thing(old)
    moved = moved.annotate(
        old_action=Subquery(before.values("action")[:1]),
        old_reason=Subquery(before.values("reason")[:1]),
    )
    return Differences(moved=moved.order_by("stage", "pk"), gone=gone.order_by("stage", "pk"))


def summary_of(new: Plan, old: Plan) -> dict[str, list[tuple[str, str, int]]]:
    """Count what came, changed and went by what it is about and why, the most first: kept with the
    plan when it is made."""
    found = differences(new, old)
    known = new.lines.filter(is_moved=True) if _is_marked(new, old) else found.moved
    came = known.filter(~Exists(_same_thing(old)))
    changed = known.filter(Exists(_same_thing(old)))
    return {"came": _sorts(came), "changed": _sorts(changed), "gone": _sorts(found.gone)}


def _sorts(lines: QuerySet[PlanLine]) -> list[tuple[str, str, int]]:
    rows = lines.order_by().values_list("about", "reason").annotate(number=Count("pk"))
    return list(rows.order_by("-number", "about", "reason"))


def _is_marked(new: Plan, old: Plan) -> bool:
    return bool(new.counts.get("compared_with") == old.number)


def _moved(new: Plan, old: Plan) -> QuerySet[PlanLine]:
    same = _same_thing(old).filter(
        action=OuterRef("action"),
        reason=OuterRef("reason"),
        form=OuterRef("form"),
        is_open=OuterRef("is_open"),
    )
    return new.lines.filter(~Exists(same))


def _gone(new: Plan, old: Plan) -> QuerySet[PlanLine]:
    return old.lines.filter(~Exists(_same_thing(new)))


def _same_thing(plan: Plan) -> QuerySet[PlanLine]:
    same = plan.lines.filter(about=OuterRef("about"), target_id=OuterRef("target_id"))
    return same.order_by()


@dataclass(frozen=True, slots=True)
class GrowthSort:
    """Lines of one sort that came, changed or went."""

    label: str
    tone: str
    about: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Why a plan has other lines than the one before: what people did, what moved."""

    old_number: int
    old_lines: int
    new_lines: int
    causes: Sequence[str]
    sorts: Sequence[GrowthSort]


SORTS_SHOWN = 12


def growth_of(plan: Plan) -> Growth | None:
    """Return why ``plan`` differs from the one it was compared with; None where nothing moved."""
    moved = plan.counts.get("moved")
    if not moved:
        return None
    old = plan.merger.plans.filter(number=plan.counts["compared_with"]).first()
    if old is None:
        return None
    sorts = [
        GrowthSort(label, tone, str(LineAbout(about).label), reason, number)
        for part, label, tone in (
            ("came", _("Thêm"), "success"),
            ("changed", _("Đổi cách xử lý"), "info"),
            ("gone", _("Bớt"), "warning"),
        )
        for about, reason, number in moved[part]
    ]
    if not sorts:
        return None
    between = {"gt": old.asked_at, "lte": plan.asked_at}
    merger = plan.merger

    def since(field: str) -> dict[str, datetime]:
        return {f"{field}__{name}": at for name, at in between.items()}

    answers = ReviewItem.objects.filter(reply__round__merger=merger)
    counted = (
        (_("%(count)s chứng thư dùng tiếp được chọn"), merger.choices, "decided_at"),
        (_("%(count)s việc được quyết định"), merger.settlements, "decided_at"),
        (_("%(count)s trả lời rà soát"), answers, "answered_at"),
    )
    causes = [
        text % {"count": number}
        for text, found, field in counted
        if (number := found.filter(**since(field)).count())
    ]
    if old.merger_version != plan.merger_version and not causes:
        causes = [_("mô tả phương án được sửa")]
    elif not causes:
        causes = [_("chứng thư, thiết bị, hồ sơ hoặc ngày xét thay đổi")]
    return Growth(
        old_number=old.number,
        old_lines=int(old.counts.get("lines", 0)),
        new_lines=int(plan.counts.get("lines", 0)),
        causes=causes,
        sorts=sorts[:SORTS_SHOWN],
    )
