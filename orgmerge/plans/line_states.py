"""How far a line of an approved plan has come: the one place where that is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from orgmerge.acts import merger_act
from orgmerge.models import Merger, PlanLine
from orgmerge.vocabulary import LineState
from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from requests_app.models import DossierItem

ENDED = (LineState.DONE, LineState.OVERTAKEN)
UNFINISHED = (LineState.PLANNED, LineState.OPEN, LineState.FAILED)
_LONGEST = 250
_ACTS = {
    LineState.OPEN: "merger.line_open",
    LineState.DONE: "merger.line_done",
    LineState.FAILED: "merger.line_failed",
    LineState.OVERTAKEN: "merger.line_overtaken",
}


def attach(
    merger: Merger, rows: Mapping[int, DossierItem], lines: Iterable[PlanLine], *, now: datetime
) -> None:
    """Note which row carries each line out (by the line's key), in the rows' own transaction."""
    changed = list(lines)
    for line in changed:
        item = rows[line.pk]
        line.item, line.dossier = item, item.dossier
        line.state, line.outcome = LineState.OPEN, ""
    update_rows(changed, ["action", "form", "reason", "item", "dossier", "state", "outcome"])
    _record(merger, changed, LineState.OPEN, actor=None, now=now)


def end(
    merger: Merger,
    lines: Sequence[PlanLine],
    state: LineState,
    *,
    actor: User | None = None,
    now: datetime,
) -> None:
    """Put lines, each with its ``outcome``, into one of the states that wait for no worker."""
    for line in lines:
        line.state, line.outcome = state, line.outcome[:_LONGEST]
    update_rows(lines, ["action", "form", "reason", "state", "outcome"])
    _record(merger, lines, state, actor=actor, now=now)


def note(lines: Sequence[PlanLine]) -> None:
    """Keep the ``outcome`` of lines that wait, so that the page can say for what."""
    for line in lines:
        line.outcome = line.outcome[:_LONGEST]
    update_rows(lines, ["outcome"])


def plan_again(
    merger: Merger, lines: Sequence[PlanLine], *, actor: User, reason: str, now: datetime
) -> None:
    """Let lines be opened once more; the row that was each one's first stays in its dossier and in
    the audit record."""
    acts = [
        merger_act(
            "merger.line_again",
            merger,
            about=line.about,
            target=str(line.target_uuid),
            before=str(line.item.uuid) if line.item else "",
            dossier=str(line.dossier.uuid) if line.dossier else "",
            form=line.form,
            reason=reason,
        )
        for line in lines
    ]
    for line in lines:
        line.item, line.state, line.outcome = None, LineState.PLANNED, ""
    update_rows(lines, ["item", "state", "outcome", "action", "form", "reason"])
    audit.record_many(acts, actor=actor, now=now)


def close_quiet(merger: Merger, keys: Sequence[int]) -> int:
    """End lines that asked for nothing, or for no more than what followed by itself."""
    return PlanLine.objects.filter(pk__in=keys, state=LineState.PLANNED).update(
        state=LineState.DONE
    )


def _record(
    merger: Merger,
    lines: Iterable[PlanLine],
    state: LineState,
    *,
    actor: User | None,
    now: datetime,
) -> None:
    acts = [
        merger_act(
            _ACTS[state],
            merger,
            about=line.about,
            target=str(line.target_uuid),
            form=line.form,
            why=line.outcome,
        )
        for line in lines
    ]
    if acts:
        audit.record_many(acts, actor=actor, now=now)
