"""Annexes of plans: which lines somebody wants on paper, asked for, found again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge import plan_paper
from orgmerge.filters_plan import LineFilter
from orgmerge.models import Merger, Plan, PlanAnnex, PlanLine
from orgmerge.plan_paper import MOST_LINES, Paper
from orgmerge.services import showing
from orgmerge.services.common import merger_act
from portal.accounts.models import User
from portal.agencies.querysets import ancestors_of
from portal.audit import services as audit
from portal.core.fragments import filtered
from portal.core.roles import AGENCY_ROLES
from portal.core.rules import Refused, refuse

MOST_LISTED = 5  # annexes on the page of the plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Some lines of one plan: all or a body's own, narrowed by the filters of its page."""

    plan: Plan
    agency_id: int | None  # a body's own alone
    query: str
    is_draft: bool

    @property
    def key(self) -> str:
        """What two wishes for the same paper have in common."""
        told = f"{self.agency_id}|{self.is_draft}|{self.query}"
        return hashlib.sha256(told.encode()).hexdigest()

    def filter(self, *, today: date) -> LineFilter:
        return LineFilter(
            QueryDict(self.query),
            self._all(),
            merger=self.plan.merger,
            counts=showing.Counts(),
            today=today,
        )

    def lines(self, *, today: date) -> QuerySet[PlanLine]:
        """Return the lines in the order of the paper."""
        return filtered(self.filter(today=today)).order_by("stage", "pk")

    def _all(self) -> QuerySet[PlanLine]:
        if self.agency_id is None:
            return self.plan.lines.all()
        bodies = [self.agency_id, *ancestors_of(self.agency_id)]
        return showing.lines_of_bodies(self.plan, bodies)


def extract_for(user: User, plan: Plan, params: Mapping[str, Any]) -> Extract:
    """Return what ``user`` sees of ``plan`` with these filters set."""
    named = {name: str(params.get(name, "")) for name in sorted(LineFilter.base_filters)}
    return Extract(
        plan=plan,
        agency_id=user.agency_id if user.role in AGENCY_ROLES else None,
        query=urlencode({name: value for name, value in named.items() if value}),
        is_draft=plan.merger.approved_plan_id is None,
    )


def extract_of(annex: PlanAnnex) -> Extract:
    """Return the lines an annex was asked for."""
    return Extract(
        plan=annex.plan,
        agency_id=annex.agency_id,
        query=annex.query,
        is_draft=annex.is_draft,
    )


def counted(extract: Extract, *, today: date) -> int:
    """Return how many lines it has; one more than MOST_LINES stands for all beyond."""
    rows = extract.lines(today=today).order_by().values("pk")
    return rows[: MOST_LINES + 1].count()


def paper_of(extract: Extract, *, lines: int, day: date) -> Paper:
    """Return what all pages of its annex have in common."""
    codes = extract.lines(today=day).order_by().values_list("reason", flat=True).distinct()
    return Paper(
        merger=extract.plan.merger,
        lines=lines,
        reasons=plan_paper.numbered(set(codes)),
        is_narrowed=bool(extract.query),
        is_draft=extract.is_draft,
        day=day,
    )


def printed(extract: Extract, *, lines: int, day: date) -> bytes:
    """Return a short annex at once."""
    rows = extract.lines(today=day).select_related("agency", "sender")
    return plan_paper.annex(paper_of(extract, lines=lines, day=day), list(rows))


def listed(plan: Plan, user: User, *, today: date) -> Sequence[tuple[PlanAnnex, str]]:
    """Return the annexes ``user`` may take away, the newest first, each with what it is narrowed
    by; one query."""
    theirs = PlanAnnex.objects.visible_to(user).present().filter(plan=plan)
    newest = theirs.order_by("-asked_at", "-pk")[:MOST_LISTED]
    return [(one, words_of(one.query, plan.merger, today=today)) for one in newest]


def words_of(query: str, merger: Merger, *, today: date) -> str:
    """Return the filters as their fields name them; "" when nothing is narrowed."""
    none = PlanLine.objects.none()
    found = LineFilter(QueryDict(query), none, merger=merger, counts=showing.Counts(), today=today)
    said = []
    for field in found.form:
        if value := str(field.value() or ""):
            choices = dict(getattr(field.field, "choices", ()))
            said.append(f"{field.label}: {choices.get(value, value)}")
    return "; ".join(said)


def find(extract: Extract, user: User) -> PlanAnnex | None:
    """Return the annex of these lines, whatever has become of it."""
    theirs = PlanAnnex.objects.visible_to(user).present()
    return theirs.filter(plan=extract.plan, key=extract.key).first()


def is_as_now(annex: PlanAnnex, *, lines: int, today: date) -> bool:
    """Whether asking again would print the same: these lines, this day."""
    asked_on = timezone.localdate(annex.asked_at)
    return not annex.problem and annex.lines_total == lines and asked_on == today


@transaction.atomic
def ask(merger: Merger, params: Mapping[str, Any], *, actor: User, now: datetime) -> PlanAnnex:
    """Have the lines that ``params`` leave printed by a worker; return the annex.

    Who asks again while it waits or is as it would be now gets the same one. Raises
    Merger.DoesNotExist (not visible), Plan.DoesNotExist (no plan to be seen) or Refused.
    """
    locked = Merger.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=merger.pk)
    plan = showing.shown_plan(locked, actor)
    if plan is None:
        raise Plan.DoesNotExist
    today = timezone.localdate(now)
    extract = extract_for(actor, plan, params)
    lines = counted(extract, today=today)
    if lines > MOST_LINES:
        raise too_long()
    if not lines:
        raise refuse("no_lines", _("Không có dòng nào để in."))
    found = PlanAnnex.objects.select_for_update().filter(plan=plan, key=extract.key).first()
    if found is not None and (found.is_waiting or is_as_now(found, lines=lines, today=today)):
        return found
    return _begin(found or PlanAnnex(), extract, lines=lines, actor=actor, now=now)


def too_long() -> Refused:
    """Return why so many lines are not printed, and what to do instead."""
    return refuse(
        "annex_too_long",
        _("Phụ lục PDF chỉ lập được đến %(most)s dòng.")
        % {"most": f"{MOST_LINES:,}".replace(",", ".")},
        way_out=_("Lọc theo đơn vị, bước hoặc mẫu để lập từng phần, hoặc tải bảng tính (.xlsx)."),
    )


def _begin(
    annex: PlanAnnex, extract: Extract, *, lines: int, actor: User, now: datetime
) -> PlanAnnex:
    """Let an annex wait for the worker; what was printed of it before no longer counts."""
    annex.plan, annex.agency_id = extract.plan, extract.agency_id
    annex.is_draft, annex.query, annex.key = extract.is_draft, extract.query, extract.key
    annex.lines_total, annex.lines_done, annex.pages = lines, 0, 0
    annex.document, annex.problem, annex.made_at = None, "", None
    annex.asked_by, annex.asked_at, annex.claimed_until = actor, now, None
    annex.save()
    annex.pieces.all().delete()
    said = {"number": extract.plan.number, "lines": lines}
    act = merger_act("merger.ask_annex", extract.plan.merger, **said)
    audit.record(act, actor=actor, now=now)
    return annex
