"""Runs every background sweep once, as of a moment: ``run_sweeps --at 2027-02-15T08:00``."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ca.authority import services as authority
from portal.core.background.sweeps import in_order
from portal.core.database.conflicts import repeated


class Command(BaseCommand):
    """Prints a JSON line for each sweep: what it did, or how it failed. Needs no broker."""

    help = "Chạy một lượt mọi việc nền như thể đang ở thời điểm đã cho."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--at",
            type=_moment,
            metavar="YYYY-MM-DDTHH:MM",
            help="Giờ Việt Nam khi không ghi múi giờ; bỏ trống là bây giờ.",
        )

    def handle(self, *_args: Any, at: datetime | None, **_options: Any) -> None:
        now = at or timezone.now()
        if now > timezone.now() and not settings.SIMULATION:
            raise CommandError(
                _("Ngoài môi trường thử nghiệm không chạy trước giờ: người dùng sẽ bị báo sai.")
            )
        authority.open_for_signing()
        failed = []
        for sweep in in_order():  # one that fails does not keep the others waiting
            line = {"sweep": sweep.name, "at": timezone.localtime(now).isoformat()}
            try:
                done = repeated(partial(sweep.run_to_the_end, now))
                details = done.details()
            except Exception as error:
                failed.append(sweep.name)
                self.stdout.write(json.dumps(line | {"failed": type(error).__name__}))
                self.stderr.write(f"{sweep.name}: {error!r}")
            else:
                self.stdout.write(json.dumps(line | {"did": done.did} | details))
        if failed:
            raise CommandError(_("Không chạy được: %s.") % ", ".join(failed))


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
