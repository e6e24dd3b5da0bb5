"""Annexes of plans: asked for, printed at once or piece by piece by a worker, found again.

The layout is the portal's own: no form of the decree prescribes it. What a line costs is the lines
of text it is broken into, so reasons stand once, at the head, and are referred to by number.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.acts import merger_act
from orgmerge.models import AnnexPiece, Merger, Plan, PlanAnnex, PlanLine
from orgmerge.planner.reasons import REASONS
from orgmerge.plans import access
from orgmerge.plans.filters import PlanLineFilter
from orgmerge.plans.sheet import ListedLine
from orgmerge.vocabulary import LineAbout
from portal.accounts.models import User
from portal.agencies.querysets import ancestors_of
from portal.audit import services as audit
from portal.core.background.leases import Lease, LeaseLost
from portal.core.roles import Scope
from portal.core.rules import Refused, refuse
from portal.core.sealed_files import seal, unseal
from portal.core.web.fragments import filtered
from portal.documents import pieces
from portal.documents import services as documents
from portal.documents.letters import cell
from portal.documents.pieces import Piece, print_piece

STYLESHEET = "letters/annex.css"
MOST_AT_ONCE = 200  # lines: two seconds; more would hold up the others who wait for an answer
MOST_LINES = 30_000  # some 2,000 pages: beyond it nobody reads paper
_LAYOUT_NOTE = "Phụ lục do hệ thống tự thiết kế; Nghị định 68/2024/NĐ-CP không quy định mẫu."
_WIDTHS = (
    ("STT", "6%"),
    ("Đơn vị hiện nay", "23%"),
    ("Đối tượng", "28%"),
    ("Việc làm", "14%"),
    ("Đơn vị lập hồ sơ", "23%"),
    ("Lý do, căn cứ", "6%"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnexPaper:
    """What is the same for all pieces of one annex."""

    merger: Merger
    lines: int
    reasons: Mapping[str, int]  # code → its number at the head
    is_narrowed: bool
    is_draft: bool
    day: date


@dataclass(frozen=True, slots=True)
class AnnexProgress:
    """How far an annex is printed."""

    lines: int = 0
    pages: int = 0


def numbered_reasons(codes: Collection[str]) -> Mapping[str, int]:
    """Return the number of each reason: in the order in which reasons are listed everywhere."""
    known = [code for code in REASONS if code in codes]
    unknown = sorted(set(codes).difference(REASONS))
    return {code: number for number, code in enumerate([*known, *unknown], start=1)}


def print_annex(paper: AnnexPaper, lines: Sequence[PlanLine]) -> bytes:
    """Return a whole annex as PDF."""
    return print_annex_piece(paper, lines, done=AnnexProgress(), is_last=True).pdf


def print_annex_piece(
    paper: AnnexPaper, lines: Sequence[PlanLine], *, done: AnnexProgress, is_last: bool
) -> Piece:
    """Print ``lines``, which follow on those ``done``; the last of them may be left for the next
    print_annex_piece."""
    html = render_to_string(
        "orgmerge/print/plan_annex.html",
        {
            "merger": paper.merger,
            "columns": _WIDTHS,
            "rows": list(_rows(paper, lines, done)),
            "first_page": done.pages + 1,
            "is_first": not done.pages,
            "is_last": is_last,
            "reasons": [
                (str(REASONS[code].sentence), REASONS[code].article)
                if code in REASONS
                else (code, "")
                for code in paper.reasons
            ],
            "lines": paper.lines,
            "is_narrowed": paper.is_narrowed,
            "is_draft": paper.is_draft,
            "day": paper.day,
            "layout_note": _LAYOUT_NOTE,
        },
    )
    return print_piece(html, stylesheet=STYLESHEET, rows=len(lines), is_last=is_last)


def _rows(
    paper: AnnexPaper, lines: Iterable[PlanLine], done: AnnexProgress
) -> Iterable[Sequence[str]]:
    for number, line in enumerate(lines, start=done.lines + 1):
        listed = ListedLine(line)
        thing = f"{LineAbout(line.about).label}: {line.title}"
        reason = str(paper.reasons[line.reason])
        cells = (listed.body, thing, listed.deed, listed.sender)
        yield str(number), *map(cell, cells), reason


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

    def filter(self, *, today: date) -> PlanLineFilter:
        lines = self.plan.lines.all()
        if self.agency_id is not None:
            bodies = [self.agency_id, *ancestors_of(self.agency_id)]
            lines = access.lines_of_bodies(self.plan, bodies)
        return PlanLineFilter(
            QueryDict(self.query),
            lines,
            merger=self.plan.merger,
            counts=access.LineCounts(),
            today=today,
        )

    def lines(self, *, today: date) -> QuerySet[PlanLine]:
        """Return the lines in the order of the paper."""
        return filtered(self.filter(today=today)).order_by("stage", "pk")


def extract_for(user: User, plan: Plan, params: Mapping[str, Any]) -> Extract:
    """Return what ``user`` sees of ``plan`` with these filters set."""
    named = {name: str(params.get(name, "")) for name in sorted(PlanLineFilter.base_filters)}
    return Extract(
        plan=plan,
        agency_id=user.agency_id if user.scope is Scope.BODY else None,
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


def paper_of(extract: Extract, *, lines: int, day: date) -> AnnexPaper:
    """Return what all pages of its annex have in common."""
    codes = extract.lines(today=day).order_by().values_list("reason", flat=True).distinct()
    return AnnexPaper(
        merger=extract.plan.merger,
        lines=lines,
        reasons=numbered_reasons(set(codes)),
        is_narrowed=bool(extract.query),
        is_draft=extract.is_draft,
        day=day,
    )


def printed(extract: Extract, *, lines: int, day: date) -> bytes:
    """Return a short annex at once."""
    rows = extract.lines(today=day).select_related("agency", "sender")
    return print_annex(paper_of(extract, lines=lines, day=day), list(rows))


def listed(plan: Plan, user: User, *, today: date) -> Sequence[tuple[PlanAnnex, str]]:
    """Return the annexes ``user`` may take away, the newest first, each with what it is narrowed
    by; one query."""
    theirs = PlanAnnex.objects.visible_to(user).present().filter(plan=plan)
    newest = theirs.order_by("-asked_at", "-pk")[:MOST_LISTED]
    return [(one, words_of(one.query, plan.merger, today=today)) for one in newest]


def words_of(query: str, merger: Merger, *, today: date) -> str:
    """Return the filters as their fields name them; "" when nothing is narrowed."""
    none = PlanLine.objects.none()
    found = PlanLineFilter(
        QueryDict(query), none, merger=merger, counts=access.LineCounts(), today=today
    )
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
    locked = (
        Merger.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .get(pk=merger.pk)
    )
    plan = access.shown_plan(locked, actor)
    if plan is None:
        raise Plan.DoesNotExist
    today = timezone.localdate(now)
    extract = extract_for(actor, plan, params)
    lines = counted(extract, today=today)
    if lines > MOST_LINES:
        raise too_long()
    if not lines:
        raise refuse("no_lines", _("Không có dòng nào để in."))
    found = (
        PlanAnnex.objects.select_for_update(no_key=True).filter(plan=plan, key=extract.key).first()
    )
    if found is not None and (found.is_waiting or is_as_now(found, lines=lines, today=today)):
        return found
    # Let an annex wait for the worker; what was printed of it before no longer counts.
    annex = found or PlanAnnex()
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


def too_long() -> Refused:
    """Return why so many lines are not printed, and what to do instead."""
    return refuse(
        "annex_too_long",
        _("Phụ lục PDF chỉ lập được đến %(most)s dòng.")
        % {"most": f"{MOST_LINES:,}".replace(",", ".")},
        way_out=_("Lọc theo đơn vị, bước hoặc mẫu để lập từng phần, hoặc tải bảng tính (.xlsx)."),
    )


logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)  # a piece takes seconds, joining them all half a minute
PIECE_ROWS = 300  # of one piece
AT_A_TIME = 60  # seconds: a worker has other sweeps to run; the next run goes on


class Nothing(Exception):
    """No line is left of those that were asked for."""


def print_waiting(*, now: datetime) -> int:
    """Print what a minute allows of the annex that waits longest; return how many pieces, at least
    1, or 0 when none waits.

    Safe to run twice and twice at once. After a kill the lease runs out, and the next goes on
    behind the last piece. An annex of a plan that is no longer the present one is dropped.
    """
    present = PlanAnnex.objects.present().order_by().values("pk")
    PlanAnnex.objects.unfinished().exclude(pk__in=present).delete()
    claim = (
        PlanAnnex.objects.unfinished().order_by("asked_at", "pk").claim_next(now=now, lease=LEASE)
    )
    if claim is None:
        return 0
    try:
        annex = PlanAnnex.objects.select_related("plan__merger__office").get(pk=claim.pk)
        extract = extract_of(annex)
        day = timezone.localdate(annex.asked_at)
        paper = paper_of(extract, lines=annex.lines_total, day=day)
        rows = extract.lines(today=day).select_related("agency", "sender")
        done = AnnexProgress(annex.lines_done, annex.pages)
        last = annex.pieces.defer("content").order_by("-number").first()
        for count in itertools.count(1):
            lines = list(
                (
                    rows.filter(
                        Q(stage__gte=last.stage) & (Q(stage__gt=last.stage) | Q(pk__gt=last.line))
                    )
                    if last
                    else rows
                )[: PIECE_ROWS + 1]
            )
            if not lines:
                # Join the pieces and keep the whole; they are no longer needed.
                contents = [
                    unseal(bytes(piece.content)) for piece in annex.pieces.order_by("number")
                ]
                if not contents:
                    raise Nothing
                whole = pieces.join(contents)
                with transaction.atomic():
                    document = documents.store(
                        whole,
                        name=f"phu-luc-ke-hoach-xu-ly-{timezone.localdate(annex.asked_at):%Y%m%d}.pdf",
                        media_type=documents.PDF,
                        now=claim.now,
                    )
                    claim.end(document=document, made_at=claim.now)
                    annex.pieces.all().delete()
                    _record_end("merger.make_annex", annex, now=claim.now)
                return count
            last, done = _keep_piece(claim, paper, lines, done, last)
            if claim.age.total_seconds() >= AT_A_TIME:
                break
        claim.end()
        return count
    except LeaseLost:
        logger.warning("another worker took over annex %s", claim.pk)
    except Nothing:
        _fail_annex(claim, _("Không còn dòng nào khớp với điều kiện lọc."))
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease runs out, the next sweep tries again
    except Exception as error:
        logger.exception("could not print annex %s", claim.pk)
        problem = _(
            "Không lập được phụ lục do lỗi hệ thống (%(name)s). Hãy lập lại; nếu vẫn lỗi, báo quản "
            "trị hệ thống kèm thời điểm này."
        )
        _fail_annex(claim, problem % {"name": type(error).__name__})
    return 1


def _keep_piece(
    claim: Lease,
    paper: AnnexPaper,
    lines: Sequence[PlanLine],
    done: AnnexProgress,
    last: AnnexPiece | None,
) -> tuple[AnnexPiece, AnnexProgress]:
    """Print the next lines, of which the last may only tell that there are more; keep the piece."""
    piece = print_annex_piece(
        paper, lines[:PIECE_ROWS], done=done, is_last=len(lines) <= PIECE_ROWS
    )
    end = lines[piece.rows - 1]
    done = AnnexProgress(done.lines + piece.rows, done.pages + piece.pages)
    with transaction.atomic():
        claim.extend(lines_done=done.lines, pages=done.pages)
        kept = AnnexPiece.objects.create(
            annex_id=claim.pk,
            number=last.number + 1 if last else 1,
            content=seal(piece.pdf),
            stage=end.stage,
            line=end.pk,
        )
    return kept, done


def _fail_annex(claim: Lease, problem: str) -> None:
    """Say in words why it could not be printed; nothing of it is kept."""
    with suppress(LeaseLost), transaction.atomic():
        claim.end(problem=problem, lines_done=0, pages=0)
        annex = PlanAnnex.objects.select_related("plan__merger__office").get(pk=claim.pk)
        annex.pieces.all().delete()
        _record_end("merger.fail_annex", annex, now=claim.now)


def _record_end(action: str, annex: PlanAnnex, *, now: datetime) -> None:
    said = {"number": annex.plan.number, "lines": annex.lines_total}
    audit.record(merger_act(action, annex.plan.merger, **said), actor=None, now=now)
