"""Long annexes printed in the background: claimed by lease, piece by piece, gone on with after a
kill."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge import annexes, plan_paper
from orgmerge.models import AnnexPiece, PlanAnnex, PlanLine
from orgmerge.plan_paper import Done, Paper
from orgmerge.services.common import merger_act
from portal.audit import services as audit
from portal.documents import pieces
from portal.documents import services as documents

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)  # a piece takes seconds, joining them all half a minute
ROWS = 300  # of one piece
AT_A_TIME = 60  # seconds: a worker has other sweeps to run; the next run goes on


class Lost(Exception):
    """Another worker took the annex over, or it is asked for anew: this one's work is void."""


class Nothing(Exception):
    """No line is left of those that were asked for."""


@dataclass(slots=True)
class _Claim:
    """An annex this worker prints, and until when nobody else does."""

    pk: int
    until: datetime
    now: datetime
    began: float

    @property
    def is_time_over(self) -> bool:
        return monotonic() - self.began >= AT_A_TIME

    def extend(self, **columns: object) -> None:
        """Note progress and hold on to the annex; raises Lost."""
        passed = timedelta(seconds=monotonic() - self.began)
        # The longer of two moments, never the same: the lease is the worker's mark as well.
        until = max(self.now + passed + LEASE, self.until + timedelta(microseconds=1))
        self._write(claimed_until=until, **columns)
        self.until = until

    def end(self, **columns: object) -> None:
        """Note what came of it and let go of it; raises Lost."""
        self._write(claimed_until=None, **columns)

    def _write(self, **columns: object) -> None:
        mine = PlanAnnex.objects.unfinished().filter(pk=self.pk, claimed_until=self.until)
        if not mine.update(**columns):
            raise Lost


def make_waiting(*, now: datetime) -> int:
    """Print what a minute allows of the annex that waits longest; return how many pieces, at least
    1, or 0 when none waits.

    Safe to run twice and twice at once. After a kill the lease runs out, and the next goes on
    behind the last piece. An annex of a plan that is no longer the present one is dropped.
    """
    _drop_overtaken()
    claim = _claim(now)
    if claim is None:
        return 0
    try:
        return _print(claim)
    except Lost:
        logger.warning("another worker took over annex %s", claim.pk)
    except Nothing:
        _fail(claim, _("Không còn dòng nào khớp với điều kiện lọc."))
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease runs out, the next sweep tries again
    except Exception as error:
        logger.exception("could not print annex %s", claim.pk)
        _fail(claim, _broken(error))
    return 1


def _drop_overtaken() -> None:
    present = PlanAnnex.objects.present().order_by().values("pk")
    PlanAnnex.objects.unfinished().exclude(pk__in=present).delete()


def _claim(now: datetime) -> _Claim | None:
    waiting = PlanAnnex.objects.unfinished().unclaimed(now)
    for pk in list(waiting.order_by("asked_at", "pk").values_list("pk", flat=True)):
        until = now + LEASE
        if waiting.filter(pk=pk).update(claimed_until=until):
            return _Claim(pk, until, now, monotonic())
    return None


def _print(claim: _Claim) -> int:
    annex = PlanAnnex.objects.select_related("plan__merger__office").get(pk=claim.pk)
    extract = annexes.extract_of(annex)
    day = timezone.localdate(annex.asked_at)
    paper = annexes.paper_of(extract, lines=annex.lines_total, day=day)
    rows = extract.lines(today=day).select_related("agency", "sender")
    done = Done(annex.lines_done, annex.pages)
    last = annex.pieces.defer("content").order_by("-number").first()
    for count in itertools.count(1):
        lines = list((rows.filter(_after(last)) if last else rows)[: ROWS + 1])
        if not lines:
            _finish(claim, annex)
            return count
        last, done = _print_piece(claim, paper, lines, done, last)
        if claim.is_time_over:
            break
    claim.end()
    return count


def _after(last: AnnexPiece) -> Q:
    return Q(stage__gte=last.stage) & (Q(stage__gt=last.stage) | Q(pk__gt=last.line))


def _print_piece(
    claim: _Claim, paper: Paper, lines: Sequence[PlanLine], done: Done, last: AnnexPiece | None
) -> tuple[AnnexPiece, Done]:
    """Print the next lines, of which the last may only tell that there are more; keep the piece."""
    piece = plan_paper.piece(paper, lines[:ROWS], done=done, is_last=len(lines) <= ROWS)
    end = lines[piece.rows - 1]
    done = Done(done.lines + piece.rows, done.pages + piece.pages)
    with transaction.atomic():
        claim.extend(lines_done=done.lines, pages=done.pages)
        kept = AnnexPiece.objects.create(
            annex_id=claim.pk,
            number=last.number + 1 if last else 1,
            content=piece.pdf,
            stage=end.stage,
            line=end.pk,
        )
    return kept, done


def _finish(claim: _Claim, annex: PlanAnnex) -> None:
    """Join the pieces and keep the whole; they are no longer needed."""
    contents = [bytes(piece.content) for piece in annex.pieces.order_by("number")]
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
        _record("merger.make_annex", annex, now=claim.now)


def _fail(claim: _Claim, problem: str) -> None:
    """Say in words why it could not be printed; nothing of it is kept."""
    with suppress(Lost), transaction.atomic():
        claim.end(problem=problem, lines_done=0, pages=0)
        annex = PlanAnnex.objects.select_related("plan__merger__office").get(pk=claim.pk)
        annex.pieces.all().delete()
        _record("merger.fail_annex", annex, now=claim.now)


def _record(action: str, annex: PlanAnnex, *, now: datetime) -> None:
    said = {"number": annex.plan.number, "lines": annex.lines_total}
    audit.record(merger_act(action, annex.plan.merger, **said), actor=None, now=now)


def _broken(error: Exception) -> str:
    return _(
        "Không lập được phụ lục do lỗi hệ thống (%(name)s). Hãy lập lại; nếu vẫn lỗi, báo quản trị "
        "hệ thống kèm thời điểm này."
    ) % {"name": type(error).__name__}
