"""Lines whose turn has come open drafts in the new bodies' names: each line one row, once.

A letter and its lines are one transaction under the lock of the reorganisation: a killed worker
goes on where it was, and two at once do nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.filing import letter_rows, stages
from orgmerge.filing.checks import LineFinding, Verdict, check_lines, open_rows
from orgmerge.filing.filers import Filer, Filers, filers_of, first_clerks
from orgmerge.models import Merger, MergerBody, PlanLine
from orgmerge.plans import line_states
from orgmerge.vocabulary import LineState, MergerState, Stage
from portal.accounts.models import User
from portal.core.fields import keyed_hash
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.notices import services as notices
from requests_app.drafts.services import create_draft, import_rows, save_letter
from requests_app.kinds.base import EffectKind, Kind
from requests_app.kinds.mau_01_person.form import CENTRAL
from requests_app.kinds.prefill import Filled
from requests_app.models import Dossier, DossierItem
from requests_app.routing.services import rule_for
from requests_app.start_page.services import fitting, with_numbers
from requests_app.steps.titles import headline_of

logger = logging.getLogger(__name__)

AT_ONCE = 500  # lines judged together: bounds the memory, and the queries for each line
_ENDS: Mapping[Verdict, LineState] = {
    Verdict.DONE: LineState.DONE,
    Verdict.OVERTAKEN: LineState.OVERTAKEN,
    Verdict.STUCK: LineState.FAILED,
}


def open_ready(merger: Merger, *, now: datetime) -> int:
    """Open what the bodies of ``merger`` can file now; return how many lines went on.

    Nothing while the list of agencies has not been sent (275/BCY mục 4).
    """
    if merger.list_sent_on is None:
        return 0
    bodies = {body.pk: body for body in ready_bodies(merger)}
    clerks = first_clerks(body.agency_id for body in bodies.values() if body.agency_id)
    able = [pk for pk, body in bodies.items() if body.agency_id in clerks]
    done = 0
    for some in _batches(_whose_turn_it_is(merger, able, now=now)):
        senders = {one.sender for one in some}
        filers = filers_of(merger, [bodies[pk] for pk in senders], now=now)
        # A body that ended since by another decision writes no letters.
        keys = [one.pk for one in some if one.sender in filers.by_body]
        # Judge lines that are still planned, a bounded number at a time.
        found: list[LineFinding] = []
        for start in range(0, len(keys), AT_ONCE):
            chunk = keys[start : start + AT_ONCE]
            planned = PlanLine.objects.filter(pk__in=chunk, state=LineState.PLANNED)
            found += check_lines(list(planned.order_by("sender", "stage", "pk")), filers)
        count = _settle(filers, [one for one in found if one.verdict is not Verdict.OPEN])
        for group in _letters([one for one in found if one.verdict is Verdict.OPEN], filers):
            lines = [one.line.pk for one in group]
            try:
                count += _write_letter(filers, lines)
            except (Refused, IllegalStep) as refusal:
                logger.warning("no letter for lines %s: %s", lines[:3], refusal)
                count += _say_why(filers, lines, str(refusal))
        done += count
    return done


def ready_bodies(merger: Merger) -> list[MergerBody]:
    """Return the registered bodies that have received everything that is to be theirs."""
    gone_over = Q(handed_over_at__isnull=False)
    if merger.followed_at is not None:
        gone_over |= Q(took_effect_at__isnull=False)
    return list(merger.bodies.filter(gone_over, agency__isnull=False).order_by("pk"))


def _whose_turn_it_is(
    merger: Merger, senders: Sequence[int], *, now: datetime
) -> list[stages.PlannedLine]:
    open_to = stages.read(merger, senders)
    planned = stages.candidates(merger, senders, open_to)
    if not planned:
        return []
    returning = {one.sender for one in planned if one.stage == Stage.DEVICES}
    later = stages.waits_for_more(merger, returning, today=timezone.localdate(now))
    return [
        one
        for one in planned
        if open_to.is_open(one.sender, one.stage, is_urgent=one.is_urgent)
        and not (one.stage == Stage.DEVICES and one.sender in later)
    ]


def _batches(planned: Iterable[stages.PlannedLine]) -> Iterator[list[stages.PlannedLine]]:
    """Return the lines of whole bodies, some at a time, so that no letter is cut short."""
    batch: list[stages.PlannedLine] = []
    for _sender, of_body in groupby(planned, key=lambda one: one.sender):
        batch += of_body
        if len(batch) >= AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _letters(findings: Iterable[LineFinding], filers: Filers) -> Iterator[list[LineFinding]]:
    """Group as a clerk would: per sender, form, variant and route, at most so many rows each."""
    routes = _Routes(filers)
    groups: dict[tuple[object, ...], list[LineFinding]] = {}
    for one in findings:
        filer = filers.by_body[one.line.sender_id or 0]
        kind = letter_rows.KIND_OF_FORM[one.line.form]
        route = routes.of(kind.procedure, filer.agency.office_id, one.storage)
        letter = filer.body.pk, one.line.stage, kind.code, _variant(one), *route
        groups.setdefault(letter, []).append(one)
    most = settings.MERGER_ROWS_PER_LETTER
    for group in groups.values():
        for start in range(0, len(group), most):
            yield group[start : start + most]


class _Routes:
    """Where letters go, each procedure, office and storage asked for once."""

    def __init__(self, filers: Filers) -> None:
        self._today = filers.today
        self._known: dict[tuple[str, int | None, str], tuple[object, ...]] = {}

    def of(self, procedure: str, office_id: int | None, storage: str) -> tuple[object, ...]:
        key = procedure, office_id, storage
        if key not in self._known:
            try:
                rule = rule_for(procedure, office_id=office_id, storage=storage, today=self._today)
            except Refused:
                self._known[key] = ()  # said when the letter is opened
            else:
                self._known[key] = rule.route, rule.addressee_id
        return self._known[key]


def _variant(finding: LineFinding) -> str:
    is_central = finding.storage == "rssp" and finding.line.form == "01"
    return CENTRAL if is_central else ""


def _settle(filers: Filers, findings: Sequence[LineFinding]) -> int:
    """Write what became of lines that open nothing."""
    said = [one for one in findings if one.verdict is not Verdict.NOT_YET]
    if not said:
        return 0
    with transaction.atomic():
        if lock(filers.merger.pk) is None:
            return 0
        still = _still_planned(one.line.pk for one in said)
        by_verdict: dict[Verdict, list[LineFinding]] = {}
        for one in said:
            if one.line.pk in still:
                by_verdict.setdefault(one.verdict, []).append(one)
        changed = [
            one
            for one in by_verdict.pop(Verdict.WAITS, [])
            if still[one.line.pk].outcome != one.why
        ]
        for each in changed:
            each.line.outcome = each.why
        line_states.note([one.line for one in changed])
        done = 0
        if taken := by_verdict.pop(Verdict.TAKEN_UP, []):
            rows = {one.line.pk: one.item for one in taken if one.item is not None}
            line_states.attach(filers.merger, rows, [one.line for one in taken], now=filers.now)
            done += len(taken)
        for verdict, group in by_verdict.items():
            for one in group:
                one.line.outcome = one.why
            line_states.end(
                filers.merger, [one.line for one in group], _ENDS[verdict], now=filers.now
            )
            done += len(group)
    return done


def lock(pk: int) -> Merger | None:
    """Return the reorganisation locked; None when it is not in force any more."""
    found = Merger.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=pk, state=MergerState.IN_FORCE
    )
    return found.select_related("office").first()


def _still_planned(keys: Iterable[int]) -> dict[int, PlanLine]:
    planned = PlanLine.objects.select_for_update(of=("self",), no_key=True).filter(
        pk__in=list(keys), state=LineState.PLANNED
    )
    return {line.pk: line for line in planned.order_by("sender", "stage", "pk")}


@transaction.atomic
def _write_letter(filers: Filers, keys: Sequence[int]) -> int:
    if lock(filers.merger.pk) is None:
        return 0
    # Judged again under the lock: another worker may have been here.
    still = list(_still_planned(keys).values())
    findings = [one for one in check_lines(still, filers) if one.verdict is Verdict.OPEN]
    if not findings:
        return 0
    first = findings[0]
    findings = [one for one in findings if one.line.form == first.line.form]
    filer = filers.by_body[first.line.sender_id or 0]
    kind = letter_rows.KIND_OF_FORM[first.line.form]
    assert filer.clerk is not None
    filled = letter_rows.rows_for(kind.number, findings, filer, filers)
    # Line → the body's own row that asks for the same new certificate already.
    if kind.effect is not EffectKind.ISSUE:
        taken = {}
    else:
        hashes = {
            keyed_hash(key): one.line.pk
            for row, one in zip(filled, findings, strict=True)
            if (key := kind.identity_key(row.answers))
        }
        standing = open_rows([EffectKind.ISSUE]).filter(
            identity_hash__in=hashes, dossier__agency=filer.agency, plan_line__isnull=True
        )
        taken = {hashes[row.identity_hash]: row for row in standing}
    left = [place for place in range(len(findings)) if findings[place].line.pk not in taken]
    items = dict(taken)
    if left:
        made = _draft(
            kind, [filled[place] for place in left], filer, filers, variant=_variant(first)
        )
        items |= {findings[place].line.pk: made[n] for n, place in enumerate(left)}
    line_states.attach(filers.merger, items, [one.line for one in findings], now=filers.now)
    return len(findings)


def _draft(
    kind: Kind, filled: Sequence[Filled], filer: Filer, filers: Filers, *, variant: str
) -> list[DossierItem]:
    """Make the draft in the clerk's name and return its rows in order."""
    actor, now = filer.clerk, filers.now
    assert actor is not None
    dossier = create_draft(kind.code, actor=actor, now=now, variant=variant)
    answers = with_numbers(filled, actor=actor, now=now)
    rows = [fitting(kind, row) for row in answers]
    import_rows(dossier, rows, actor=actor, now=now, version=dossier.version)
    dossier.refresh_from_db()
    save_letter(
        dossier,
        letter_number="",
        letter_date=None,
        contact=letter_rows.contact_of(kind, filer),
        note=letter_rows.note_of(filers),
        actor=actor,
        now=now,
        version=dossier.version,
    )
    dossier = Dossier.objects.get(pk=dossier.pk)
    notices.tell(
        User.objects.who_act_for(roles={Role.CLERK}, agency_id=dossier.agency_id),
        cause=f"merger-letter:{dossier.uuid}",
        title=_("Đã lập theo phương án sắp xếp: %s") % headline_of(dossier),
        text=_("Xem lại từng dòng, bổ sung ô còn trống, ghi số, ngày văn bản rồi trình ký."),
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        target_type="dossier",
        target_uuid=dossier.uuid,
        now=filers.now,
    )
    items = list(dossier.items.order_by("position"))
    for item in items:
        item.dossier = dossier
    return items


@transaction.atomic
def _say_why(filers: Filers, keys: Sequence[int], why: str) -> int:
    """Keep on the lines why no letter could be opened: a person has to see to it."""
    if lock(filers.merger.pk) is None:
        return 0
    failed = list(_still_planned(keys).values())
    for line in failed:
        line.outcome = why
    line_states.end(filers.merger, failed, LineState.FAILED, now=filers.now)
    return len(failed)
