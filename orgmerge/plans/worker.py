"""Plans are made in the background: claimed by lease, written by chunks, begun anew after a kill.

Hundreds of thousands of lines are written by the database from what it holds.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, DeviceKind
from orgmerge.acts import merger_act
from orgmerge.description import checks
from orgmerge.models import Merger, MergerBody, Plan, PlanLine
from orgmerge.planner import facts, planner
from orgmerge.planner.codes import Why
from orgmerge.plans import comparison
from orgmerge.plans.wording import is_to_settle
from orgmerge.register import inputs
from orgmerge.vocabulary import LineAbout
from portal.agencies.models import Subscriber
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.background.leases import Lease, LeaseLost
from portal.core.database.bulk import collector_paused, small_page_cache
from portal.core.rules import Violation
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import search_key
from requests_app import kinds
from requests_app.models import Dossier

logger = logging.getLogger(__name__)

# Longer than reading and planning the largest reorganisation takes; each chunk extends it.
LEASE = timedelta(minutes=5)
_CAN_WAIT = "superior_not_said"
NAMED = 20  # faults named one by one
KEPT = 2  # ready plans whose lines stay, so that the newest can be compared with the one before


class Contradictory(Exception):
    """The description contradicts itself or the register: its rows at fault, in words."""


def make_waiting(*, now: datetime) -> int:
    """Make one plan that waits; return how many were brought to an end (0 or 1).

    Safe to run twice and twice at once. After a kill the lease runs out, and the plan is made from
    the beginning: what was written of it is removed first.
    """
    waiting = Plan.objects.unfinished().order_by("pk")
    running = {"state": Plan.State.RUNNING, "bodies_done": 0, "problem": ""}
    claim = waiting.claim_next(now=now, lease=LEASE, **running)
    if claim is None:
        return 0
    try:
        with collector_paused(), small_page_cache():
            plan = Plan.objects.select_related("merger").get(pk=claim.pk)
            drop(plan)
            # Read before the rest: what changes meanwhile makes the plan out of date, never wrong.
            claim.extend(merger_version=plan.merger.version)
            if found := contradictions_of(plan.merger):
                said = [
                    _("Dòng %(row)d: %(message)s") % {"row": one.row, "message": one.message}
                    if one.row
                    else one.message
                    for one in found[:NAMED]
                ]
                if len(found) > NAMED:
                    said.append(
                        _("… và %(count)s lỗi khác.") % {"count": with_dots(len(found) - NAMED)}
                    )
                raise Contradictory("\n".join(said))
            tally, choices = Tally(), list[facts.PlannerChoice]()
            for world in inputs.worlds_of(plan.merger, today=timezone.localdate(claim.now)):
                claim.extend(bodies_total=len(world.bodies), planned_for=world.day)
                made = planner.plan(world)
                del world  # a quarter of a million of everything: the lines need the room
                for lines, done in chunks(made.lines):
                    with transaction.atomic():
                        claim.extend(bodies_done=tally.bodies + done)
                        store(plan, lines)
                tally.add(made.lines)
                choices += made.choices
                del made
            ready = plan.merger.plans.filter(state=Plan.State.READY).order_by("-number")
            before = ready.filter(number__lt=plan.number).first()
            counted = tally.counts() | {"compared_with": before.number if before else None}
            if before is not None:
                comparison.mark(plan, before, hold=claim.extend)
                plan.counts = counted
                counted["moved"] = comparison.summary_of(plan, before)
            _finish(claim, choices, counted)
            # Remove the lines of plans that nobody compares with any more; their counts stay.
            kept = [*ready.values_list("pk", flat=True)[:KEPT], plan.merger.approved_plan_id]
            for older in ready.exclude(pk__in=[pk for pk in kept if pk is not None]):
                drop(older)
    except LeaseLost:
        logger.warning("another worker took over plan %s", claim.pk)
    except Contradictory as error:
        _fail(claim, str(error))
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease runs out, the next sweep tries again
    except Exception as error:
        logger.exception("could not make plan %s", claim.pk)
        problem = _(
            "Không lập được kế hoạch do lỗi hệ thống (%(name)s). Hãy lập lại; nếu vẫn lỗi, báo "
            "quản trị hệ thống kèm thời điểm này."
        )
        _fail(claim, problem % {"name": type(error).__name__})
    return 1


@transaction.atomic
def _finish(
    claim: Lease, choices: Sequence[facts.PlannerChoice], counted: Mapping[str, Any]
) -> None:
    claim.end(
        state=Plan.State.READY,
        counts=counted,
        choices=[asdict(choice) for choice in sorted(choices, key=attrgetter("target"))],
        made_at=claim.now,
        bodies_done=F("bodies_total"),
    )
    plan = Plan.objects.select_related("merger__office").get(pk=claim.pk)
    said = {"number": plan.number, "lines": counted["lines"], "open": counted["open"]}
    audit.record(merger_act("merger.make_plan", plan.merger, **said), actor=None, now=claim.now)


def contradictions_of(merger: Merger) -> list[Violation]:
    """Return what keeps a description from being planned. Who stands above a body can still be
    said later: what is done about its certificates is planned all the same."""
    return [one for one in checks.contradictions_of(merger) if one.code != _CAN_WAIT]


def _fail(claim: Lease, problem: str) -> None:
    """Say in words why the plan could not be made; nothing of it is kept."""
    try:
        with transaction.atomic():
            claim.end(state=Plan.State.FAILED, problem=problem)
            plan = Plan.objects.select_related("merger__office").get(pk=claim.pk)
            act = merger_act("merger.fail_plan", plan.merger, number=plan.number)
            audit.record(act, actor=None, now=claim.now)
    except LeaseLost:
        return
    drop(plan)


LINES_AT_ONCE = 20_000  # a second or so: SQLite has one writer, and others wait for it

_PART = "orgmerge_planline_part"
_COLUMNS = {
    "target_id": "bigint",
    "agency_id": "bigint",
    "sender_id": "bigint",
    "action": "text",
    "form": "text",
    "reason": "text",
    "stage": "smallint",
    "successor_id": "bigint",
    "is_open": "boolean",
    "warnings": "text",
}
_MOST = 250  # characters of a title


class Incomplete(Exception):
    """Some lines are about things that are not there; nothing of the chunk was kept."""


class Tally:
    """How many lines there are of which sort, while they come part by part."""

    def __init__(self) -> None:
        self.lines = self.open = self.bodies = 0
        self._of: dict[str, Counter[Any]] = defaultdict(Counter)

    def add(self, lines: Sequence[facts.PlannerLine]) -> None:
        self.lines += len(lines)
        self.open += sum(line.is_open for line in lines)
        self.bodies += len({line.body for line in lines if line.about != LineAbout.BODY})
        for name in ("action", "about", "reason", "stage"):
            self._of[name].update(map(attrgetter(name), lines))
        self._of["form"].update(line.form for line in lines if line.form)
        self._of["warning"].update(code for line in lines for code in line.warnings)
        self._of["following"].update(
            line.about for line in lines if line.reason == Why.FOLLOWS_CERTIFICATE
        )
        # What a person has to say something about: of what sort, why, how many.
        self._of["to_settle"].update(
            (line.about, line.reason) for line in lines if is_to_settle(line)
        )

    def counts(self) -> dict[str, Any]:
        """Return what a page shows first."""
        sorts = sorted(self._of["to_settle"].items())
        return {
            "lines": self.lines,
            "actions": dict(self._of["action"]),
            "about": dict(self._of["about"]),
            "forms": dict(self._of["form"]),
            "reasons": dict(self._of["reason"]),
            "stages": {str(stage): n for stage, n in self._of["stage"].items()},
            "warnings": dict(self._of["warning"]),
            "open": self.open,
            "following": dict(self._of["following"]),
            "to_settle": [(about, reason, number) for (about, reason), number in sorts],
        }


def chunks(lines: list[facts.PlannerLine]) -> Iterator[tuple[list[facts.PlannerLine], int]]:
    """Return the lines body by body, some at a time, each with the number of bodies then done.

    They are sorted in place: there may be a million.
    """
    for key in (attrgetter("about"), attrgetter("body"), lambda line: line.about != LineAbout.BODY):
        lines.sort(key=key)  # one after the other: a million keys of three parts need much room
    done, last = 0, None
    for start in range(0, len(lines), LINES_AT_ONCE):
        chunk = lines[start : start + LINES_AT_ONCE]
        for line in chunk:
            if line.about != LineAbout.BODY and line.body != last:
                done, last = done + 1, line.body
        is_last = start + LINES_AT_ONCE >= len(lines)
        yield chunk, done if is_last else max(done - 1, 0)  # the last one may go on


def store(plan: Plan, lines: Sequence[facts.PlannerLine]) -> None:
    """Write ``lines`` of ``plan`` in the caller's transaction; raises Incomplete."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a chunk of lines is written as a whole")
    by_about = sorted(lines, key=attrgetter("about"))
    for about, group in groupby(by_about, key=attrgetter("about")):
        some = list(group)
        if about == LineAbout.BODY:
            found = MergerBody.objects.in_bulk([line.pk for line in some])
            _store_few(
                plan,
                some,
                {pk: (body.uuid, body.name) for pk, body in found.items()},
                has_agency=False,
            )
        elif about == LineAbout.DOSSIER:
            rows = Dossier.objects.filter(pk__in=[line.pk for line in some])
            known = {}
            columns = "pk", "uuid", "kind", "letter_number"
            for pk, uuid, kind, number in rows.values_list(*columns):
                form = _("Mẫu %(form)s") % {"form": kinds.get(kind).number}
                known[pk] = uuid, f"{form} · {number}" if number else form
            _store_few(plan, some, known, has_agency=True)
        else:
            _store_many(plan, about, some)


def drop(plan: Plan) -> None:
    """Remove the lines of ``plan``, some at a time, each in a transaction of its own."""
    while True:
        some = PlanLine.objects.filter(plan=plan).order_by("pk").values("pk")[:LINES_AT_ONCE]
        if not PlanLine.objects.filter(pk__in=list(some.values_list("pk", flat=True))).delete()[0]:
            return


def _store_many(plan: Plan, about: str, lines: Sequence[facts.PlannerLine]) -> None:
    source, title, search_title = _source(about)
    warnings = "p.warnings::jsonb" if connection.vendor == "postgresql" else "p.warnings"
    statement = (
        f"INSERT INTO {PlanLine._meta.db_table} "  # noqa: S608 (names and texts of our own)
        "(plan_id, about, target_id, target_uuid, title, search_title, agency_id, sender_id, "
        "action, form, reason, stage, successor_id, is_open, warnings, state, outcome) "
        f"SELECT %s, %s, p.target_id, t.uuid, substr({title}, 1, {_MOST}), "
        f"substr({search_title}, 1, {_MOST}), p.agency_id, p.sender_id, p.action, p.form, "
        f"p.reason, p.stage, p.successor_id, p.is_open, {warnings}, 'planned', '' "
        f"FROM {_PART} p CROSS JOIN {source} WHERE t.id = p.target_id"
    )
    with connection.cursor() as cursor:
        # Put what was planned beside the tables that say the rest.
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {_PART} ({columns})")
        cursor.execute(f"DELETE FROM {_PART}")  # noqa: S608 (a name of our own)
        rows = (
            (
                line.pk,
                line.body,
                line.sender,
                str(line.action),
                line.form,
                line.reason,
                int(line.stage),
                line.successor,
                line.is_open,
                json.dumps(line.warnings) if line.warnings else "[]",
            )
            for line in lines
        )
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {_PART} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(_COLUMNS))
            cursor.executemany(f"INSERT INTO {_PART} VALUES ({places})", list(rows))  # noqa: S608
        cursor.execute(statement, [plan.pk, about])
        if cursor.rowcount != len(lines):
            raise Incomplete(f"{len(lines) - cursor.rowcount} lines about a missing {about}")


def _source(about: str) -> tuple[str, str, str]:
    """Return the table ``t`` of the things there are many of; title and search title as SQL."""
    if about == LineAbout.SUBSCRIBER:
        return f"{Subscriber._meta.db_table} t", "t.name", "t.search_name"
    if about == LineAbout.CERTIFICATE:
        search_title = "t.search_name || ' ' || lower(t.serial)"
        return f"{Certificate._meta.db_table} t", "t.common_name || ' · ' || t.serial", search_title
    holder = f"LEFT JOIN {Subscriber._meta.db_table} s ON s.id = t.subscriber_id"
    kind = " ".join(f"WHEN '{kind.value}' THEN '{kind.label}'" for kind in DeviceKind)
    name = f"CASE t.kind {kind} END || ' ' || t.serial"
    return (
        f"{Device._meta.db_table} t {holder}",
        f"{name} || coalesce(' · ' || s.name, '')",
        f"lower({name}) || coalesce(' ' || s.search_name, '')",
    )


def _store_few(
    plan: Plan,
    lines: Sequence[facts.PlannerLine],
    found: dict[int, tuple[Any, str]],
    *,
    has_agency: bool,
) -> None:
    if missing := [line.pk for line in lines if line.pk not in found]:
        raise Incomplete(f"{len(missing)} lines about a missing {lines[0].about}")
    PlanLine.objects.bulk_create(
        [
            PlanLine(
                plan=plan,
                about=line.about,
                target_id=line.pk,
                target_uuid=found[line.pk][0],
                title=found[line.pk][1][:_MOST],
                search_title=search_key(found[line.pk][1])[:_MOST],
                agency_id=line.body if has_agency else None,
                sender_id=line.sender,
                action=line.action,
                form=line.form,
                reason=line.reason,
                stage=line.stage,
                successor_id=line.successor,
                is_open=line.is_open,
                warnings=list(line.warnings),
            )
            for line in lines
        ],
        batch_size=500,
    )
