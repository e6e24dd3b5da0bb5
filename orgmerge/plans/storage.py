"""Keeping a plan: hundreds of thousands of lines written by the database from what it holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from devices.models import Device, DeviceKind
from orgmerge.models import MergerBody, Plan, PlanLine
from orgmerge.planner import facts
from orgmerge.plans.wording import is_to_settle
from orgmerge.vocabulary import About
from portal.agencies.models import Subscriber
from portal.ca.models import Certificate
from portal.core.text.vietnamese import search_key
from requests_app import kinds
from requests_app.models import Dossier

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


def counts(plan: facts.Plan) -> dict[str, Any]:
    """Return how many lines there are of which sort: what a page shows first."""
    lines = plan.lines
    # What a person has to say something about: of what sort, why, how many.
    sorts = Counter((line.about, line.reason) for line in lines if is_to_settle(line))
    return {
        "lines": len(lines),
        "actions": dict(Counter(map(attrgetter("action"), lines))),
        "about": dict(Counter(map(attrgetter("about"), lines))),
        "forms": dict(Counter(line.form for line in lines if line.form)),
        "reasons": dict(Counter(map(attrgetter("reason"), lines))),
        "stages": {str(stage): n for stage, n in Counter(line.stage for line in lines).items()},
        "warnings": dict(Counter(code for line in lines for code in line.warnings)),
        "open": sum(line.is_open for line in lines),
        "to_settle": [(about, reason, number) for (about, reason), number in sorted(sorts.items())],
    }


def choices(plan: facts.Plan) -> list[dict[str, Any]]:
    """Return the choices that are a person's as plain values."""
    return [asdict(choice) for choice in plan.choices]


def chunks(lines: list[facts.Line]) -> Iterator[tuple[list[facts.Line], int]]:
    """Return the lines body by body, some at a time, each with the number of bodies then done.

    They are sorted in place: there may be a million.
    """
    for key in (attrgetter("about"), attrgetter("body"), _is_of_a_body):
        lines.sort(key=key)  # one after the other: a million keys of three parts need much room
    done, last = 0, None
    for start in range(0, len(lines), LINES_AT_ONCE):
        chunk = lines[start : start + LINES_AT_ONCE]
        for line in chunk:
            if line.about != About.BODY and line.body != last:
                done, last = done + 1, line.body
        is_last = start + LINES_AT_ONCE >= len(lines)
        yield chunk, done if is_last else max(done - 1, 0)  # the last one may go on


def _is_of_a_body(line: facts.Line) -> bool:
    return line.about != About.BODY


def store(plan: Plan, lines: Sequence[facts.Line]) -> None:
    """Write ``lines`` of ``plan`` in the caller's transaction; raises Incomplete."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a chunk of lines is written as a whole")
    by_about = sorted(lines, key=attrgetter("about"))
    for about, group in groupby(by_about, key=attrgetter("about")):
        some = list(group)
        if about == About.BODY:
            found = MergerBody.objects.in_bulk([line.pk for line in some])
            _store_few(
                plan,
                some,
                {pk: (body.uuid, body.name) for pk, body in found.items()},
                has_agency=False,
            )
        elif about == About.DOSSIER:
            rows = Dossier.objects.filter(pk__in=[line.pk for line in some])
            known = {
                pk: (uuid, _dossier_title(kind, number))
                for pk, uuid, kind, number in rows.values_list(
                    "pk", "uuid", "kind", "letter_number"
                )
            }
            _store_few(plan, some, known, has_agency=True)
        else:
            _store_many(plan, about, some)


def drop(plan: Plan) -> None:
    """Remove the lines of ``plan``, some at a time, each in a transaction of its own."""
    while True:
        some = PlanLine.objects.filter(plan=plan).order_by("pk").values("pk")[:LINES_AT_ONCE]
        if not PlanLine.objects.filter(pk__in=list(some.values_list("pk", flat=True))).delete()[0]:
            return


def _store_many(plan: Plan, about: str, lines: Sequence[facts.Line]) -> None:
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
        rows = map(_row, lines)
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
    if about == About.SUBSCRIBER:
        return f"{Subscriber._meta.db_table} t", "t.name", "t.search_name"
    if about == About.CERTIFICATE:
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


def _row(line: facts.Line) -> tuple[Any, ...]:
    return (
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


def _dossier_title(kind: str, number: str) -> str:
    form = _("Mẫu %(form)s") % {"form": kinds.get(kind).number}
    return f"{form} · {number}" if number else form


def _store_few(
    plan: Plan, lines: Sequence[facts.Line], found: dict[int, tuple[Any, str]], *, has_agency: bool
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
