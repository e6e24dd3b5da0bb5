"""Prints what a file of bodies (old → new) would come to: ``plan_merger BODIES.csv --json``."""

from __future__ import annotations

import json
import uuid
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from orgmerge.body_lists import findings, sheets, trial
from orgmerge.body_lists.findings import EXIT_CODES, UNUSABLE, Finding
from orgmerge.models import BodyList
from orgmerge.planner import facts, planner
from orgmerge.register import inputs
from orgmerge.vocabulary import LineAbout
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import Certificate
from portal.core.database.bulk import collector_paused
from portal.core.management.progress import tracked
from portal.core.rules import Refused
from portal.core.text.numbers import with_dots
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


_EPILOG = (
    "Có dòng lỗi thì không lập gì (thiếu một đơn vị là sai kế hoạch của đơn vị mới), mã thoát 1. "
    "Đơn vị chưa rõ cấp trên mới được nêu tên, việc của đơn vị đó để ngỏ (open); không phải lỗi."
)


class Command(BaseCommand):
    """One JSON line for each body, certificate, device, person and dossier; changes nothing."""

    help = "Lập kế hoạch từ tệp đơn vị cũ → mới và in ra, không ghi gì vào cơ sở dữ liệu."

    def create_parser(self, *args: Any, **options: Any) -> Any:
        columns = sheets.columns_help(BodyList.Kind.BODIES)
        options |= {
            "formatter_class": RawDescriptionHelpFormatter,
            "epilog": f"{columns}\n\n{EXIT_CODES}\n{_EPILOG}",
        }
        return super().create_parser(*args, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="BODIES.csv", help=".csv hoặc .xlsx; “-” là đọc từ đầu vào chuẩn."
        )
        parser.add_argument(
            "--at",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="Ngày lập kế hoạch; bỏ trống là hôm nay.",
        )
        parser.add_argument(
            "--effective",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="Chỉ lập cho các dòng có ngày hiệu lực này; cần khi tệp có nhiều ngày.",
        )
        parser.add_argument("--json", action="store_true", help="In từng việc thành dòng JSON.")
        parser.add_argument(
            "--report", default="", metavar="FILE.csv", help="Ghi mọi điều cần xem vào tệp này."
        )

    def handle(
        self,
        *_args: Any,
        file: str,
        at: date | None,
        json: bool,
        effective: date | None = None,
        report: str = "",
        **_options: Any,
    ) -> None:
        findings.save([], report)  # that it can be written is known before the work
        today = at or timezone.localdate()
        try:
            with collector_paused():
                description, untold = self._read(file, today=today, effective=effective)
        except OSError as error:
            raise findings.not_opened(file, error) from error
        except Refused as refusal:
            self._refuse(findings.of_file(refusal), report, code=UNUSABLE)
        except trial.Unusable as unusable:
            self._refuse(unusable.findings, report, code=unusable.code)
        places = _Places(description.targets) if json else None
        counts: Counter[tuple[str, str, str]] = Counter()
        with collector_paused():
            for world in inputs.gather(description, today=today, tracked=self._tracked):
                lines = planner.plan(world).lines
                if places is not None:
                    for line in places.written(lines, world):
                        self.stdout.write(line)
                else:
                    counts.update((each.about, each.action, each.reason) for each in lines)
                del world, lines  # the next part needs the room
        for (about, action, reason), count in sorted(counts.items()):
            self.stdout.write(f"{count:8d}  {about:12}  {action:12}  {reason}")
        if untold:
            # Repeat of which bodies nobody has said what they come under: their lines are open.
            message = _("%(count)s đơn vị chưa rõ cấp trên mới, việc để ngỏ.")
            self.stderr.write(message % {"count": with_dots(len(untold))})
            findings.show(untold, self.stderr.write, report=report)
        findings.save(untold, report)

    def _read(
        self, file: str, *, today: date, effective: date | None
    ) -> tuple[inputs.Description, list[Finding]]:
        records = sheets.read_file(file, kind=BodyList.Kind.BODIES)
        of_day, effective_on, left_out = trial.rows_of_day(records, effective)
        if left_out:
            message = _("Bỏ qua %(count)s dòng có ngày hiệu lực khác.")
            self.stderr.write(message % {"count": with_dots(left_out)})
        return trial.planned_description(of_day, effective_on=effective_on, today=today)

    def _tracked(self, parts: Sequence[Collection[int]]) -> Iterator[Collection[int]]:
        return tracked(parts, _("Lập kế hoạch (phần)"), stream=self.stderr)

    def _refuse(self, found: Sequence[Finding], report: str, *, code: int) -> NoReturn:
        findings.show(found, self.stderr.write, report=report)
        findings.save(found, report)
        message = _("Tệp có %(count)s lỗi; chưa lập kế hoạch.")
        raise CommandError(message % {"count": with_dots(len(found))}, returncode=code)


class _Places:
    """The public identities of bodies, as they are now and as they are described."""

    def __init__(self, targets: Mapping[int, facts.Target]) -> None:
        self.agencies = dict(Agency.objects.order_by().values_list("pk", "uuid"))
        self.targets = {
            pk: (
                self.agencies[target.agency]
                if target.agency is not None
                else uuid.uuid5(_FOUNDED, f"{target.key}|{target.province}")
            )
            for pk, target in targets.items()
        }

    def written(self, lines: Sequence[facts.PlannerLine], world: facts.World) -> Iterator[str]:
        """Yield each line of a plan as JSON, with the things' public identities."""
        for start in range(0, len(lines), _AT_ONCE):
            chunk = lines[start : start + _AT_ONCE]
            # (about, key) → UUID and number, a query for each sort of thing.
            wanted: dict[str, set[int]] = defaultdict(set)
            for each in chunk:
                wanted[each.about].add(each.pk)
                if each.successor is not None:
                    wanted[LineAbout.CERTIFICATE].add(each.successor)
            known = {}
            for about, (model, number) in _SOURCES.items():
                rows = model._default_manager.filter(pk__in=wanted.get(about, ())).order_by()
                columns = "pk", "uuid", *([number] if number else [])
                for key, code, *serial in rows.values_list(*columns):
                    known[about, key] = str(code), (serial[0] if serial else "")
            for line in chunk:
                yield json.dumps(_record(line, world, known, self), ensure_ascii=False)


def _record(
    line: facts.PlannerLine,
    world: facts.World,
    known: Mapping[tuple[str, int], tuple[str, str]],
    places: _Places,
) -> dict[str, Any]:
    is_target = line.about == LineAbout.BODY
    body = world.targets[line.pk] if is_target else world.bodies[line.body]
    code, serial = (str(places.targets[line.pk]), "") if is_target else known[line.about, line.pk]
    successor = known[LineAbout.CERTIFICATE, line.successor] if line.successor else ("", "")
    sender = world.targets.get(line.sender or 0)
    record: dict[str, Any] = {"id": code}
    if serial:
        record["serial"] = serial
    return record | {
        "about": line.about,
        "body": body.name,
        "body_id": str(places.targets[line.pk] if is_target else places.agencies[line.body]),
        "action": line.action,
        "form": line.form,
        "reason": line.reason,
        "stage": int(line.stage),
        "sender": sender.name if sender else "",
        "sender_id": str(places.targets[sender.pk]) if sender else "",
        "successor": successor[0],
        "successor_serial": successor[1],
        "open": line.is_open,
        "warnings": list(line.warnings),
    }
