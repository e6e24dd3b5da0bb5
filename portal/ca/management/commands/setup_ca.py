"""Sets the simulated CA up: root, issuing CA, recovery key, OCSP responder, time-stamp authority,
first list."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.ca.authority import ceremony, timestamps
from portal.ca.authority import services as authority


class Command(BaseCommand):
    help = "Makes what is missing of the simulated CA. Can be repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-responder",
            action="store_true",
            help="puts a new key in the place of the OCSP responder's, which is lost",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        authority.open_for_signing()
        try:
            now = timezone.now()
            made = ceremony.set_up(now=now, new_responder=options["new_responder"])
            if timestamps.renew(now=now):
                made.append(timestamps.NAME)
        except authority.NotConfigured as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write(f"made: {', '.join(made)}" if made else "the CA stands already")
