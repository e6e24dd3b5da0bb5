"""Prints what a file of bodies (old → new) would come to: ``plan_merger BODIES.csv --json``."""

from __future__ import annotations

import json
import sys
import uuid
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from orgmerge.body_lists import trial
from orgmerge.planner import facts, planner
from orgmerge.vocabulary import LineAbout
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import Certificate
from portal.core.database.bulk import collector_paused
from requests_app.models import Dossier

_AT_ONCE = 5000
_SOURCES: Mapping[str, tuple[type[models.Model], str]] = {
    LineAbout.CERTIFICATE: (Certificate, "serial"),
    LineAbout.DEVICE: (Device, "serial"),
    LineAbout.SUBSCRIBER: (Subscriber, ""),
    LineAbout.DOSSIER: (Dossier, ""),
}
# Bodies to be founded have no identity yet: the same name gets the same one in each run.
_FOUNDED = uuid.UUID("6f7267f6-6d65-4267-a65b-6f6469657301")


class Command(BaseCommand):
    """One JSON line for each body, certificate, device, person and dossier; changes nothing."""

    help = "Lập kế hoạch từ tệp đơn vị cũ → mới và in ra, không ghi gì vào cơ sở dữ liệu."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="BODIES.csv", help="“-” là đọc từ đầu vào chuẩn.")
        parser.add_argument(
            "--at",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="Ngày lập kế hoạch; bỏ trống là hôm nay.",
        )
        parser.add_argument("--json", action="store_true", help="In từng việc thành dòng JSON.")

    def handle(self, *_args: Any, file: str, at: date | None, json: bool, **_options: Any) -> None:
        today = at or timezone.localdate()
        try:
            with collector_paused():
                content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
                world = trial.world_of(content, today=today)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except trial.Unusable as refusal:
            self.stderr.write("\n".join(trial.rows_at_fault(refusal.faults)))
            raise CommandError(
                _("Tệp có %(count)d lỗi; chưa lập kế hoạch.") % {"count": len(refusal.faults)}
            ) from refusal
        with collector_paused():
            plan = planner.plan(world)
        if json:
            for line in _lines(plan, world):
                self.stdout.write(line)
        else:
            counts: dict[tuple[str, str, str], int] = defaultdict(int)
            for each in plan.lines:
                counts[each.about, each.action, each.reason] += 1
            for (about, action, reason), count in sorted(counts.items()):
                self.stdout.write(f"{count:8d}  {about:12}  {action:12}  {reason}")


def _lines(plan: facts.PlannerResult, world: facts.World) -> Iterator[str]:
    """Yield each line of the plan as JSON, with the things' public identities."""
    agencies = dict(Agency.objects.filter(pk__in=world.bodies).values_list("pk", "uuid"))
    places = {
        pk: (
            agencies[target.agency]
            if target.agency is not None
            else uuid.uuid5(_FOUNDED, f"{target.key}|{target.province}")
        )
        for pk, target in world.targets.items()
    }
    for start in range(0, len(plan.lines), _AT_ONCE):
        chunk = plan.lines[start : start + _AT_ONCE]
        # (about, key) → UUID and number, a query for each sort of thing.
        wanted: dict[str, set[int]] = defaultdict(set)
        for each in chunk:
            wanted[each.about].add(each.pk)
            if each.successor is not None:
                wanted[LineAbout.CERTIFICATE].add(each.successor)
        known = {}
        for about, (model, number) in _SOURCES.items():
            rows = model._default_manager.filter(pk__in=wanted.get(about, ())).order_by()
            for key, code, *serial in rows.values_list("pk", "uuid", *([number] if number else [])):
                known[about, key] = str(code), (serial[0] if serial else "")
        for line in chunk:
            yield json.dumps(_record(line, world, known, agencies, places), ensure_ascii=False)


def _record(
    line: facts.PlannerLine,
    world: facts.World,
    known: Mapping[tuple[str, int], tuple[str, str]],
    agencies: Mapping[int, uuid.UUID],
    places: Mapping[int, uuid.UUID],
) -> dict[str, Any]:
    is_target = line.about == LineAbout.BODY
    body = world.targets[line.pk] if is_target else world.bodies[line.body]
    code, serial = (str(places[line.pk]), "") if is_target else known[line.about, line.pk]
    successor = known[LineAbout.CERTIFICATE, line.successor] if line.successor else ("", "")
    sender = world.targets.get(line.sender or 0)
    record: dict[str, Any] = {"id": code}
    if serial:
        record["serial"] = serial
    return record | {
        "about": line.about,
        "body": body.name,
        "body_id": str(places[line.pk] if is_target else agencies[line.body]),
        "action": line.action,
        "form": line.form,
        "reason": line.reason,
        "stage": int(line.stage),
        "sender": sender.name if sender else "",
        "sender_id": str(places[sender.pk]) if sender else "",
        "successor": successor[0],
        "successor_serial": successor[1],
        "open": line.is_open,
        "warnings": list(line.warnings),
    }
