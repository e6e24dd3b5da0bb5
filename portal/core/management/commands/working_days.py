"""Counts working days: ``--from 2026-11-20 --add 5``, ``--between 2026-11-20 2026-11-30``."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from portal.core.calendar.workdays import work_calendar


class Command(BaseCommand):
    """Prints one day (ISO) or one number, for people and scripts."""

    help = "Cộng hoặc đếm ngày làm việc theo lịch của hệ thống (ngày nhận là ngày 0)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="start", type=_iso_day, metavar="YYYY-MM-DD")
        parser.add_argument("--add", dest="count", type=int, metavar="N")
        parser.add_argument(
            "--between", nargs=2, type=_iso_day, metavar=("YYYY-MM-DD", "YYYY-MM-DD")
        )

    def handle(
        self,
        *_args: Any,
        start: date | None,
        count: int | None,
        between: list[date] | None,
        **_options: Any,
    ) -> None:
        calendar = work_calendar()
        if between is not None and start is None and count is None:
            self.stdout.write(str(calendar.between(*between)))
        elif between is None and start is not None and count is not None:
            self.stdout.write(calendar.add(start, count).isoformat())
        else:
            raise CommandError(_("Dùng --from … --add N, hoặc --between NGÀY NGÀY."))


def _iso_day(value: str) -> date:
    return date.fromisoformat(value)
