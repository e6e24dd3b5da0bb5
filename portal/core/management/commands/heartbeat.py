"""``manage.py heartbeat worker``: exit 1 when a background service is silent (a health check)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.core.background import heartbeats
from portal.core.models import Heartbeat


class Command(BaseCommand):
    """Says whether a background service has been heard of lately."""

    help = "Exits 1 when the worker or beat has not been heard of lately."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("service", choices=Heartbeat.Service.values)

    def handle(self, **options: Any) -> None:
        service = Heartbeat.Service(options["service"])
        reason = heartbeats.silent(now=timezone.now()).get(service)
        if reason is not None:
            raise CommandError(f"{service}: {reason}")
        self.stdout.write(f"{service}: alive")
