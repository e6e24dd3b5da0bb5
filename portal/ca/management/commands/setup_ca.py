"""Sets the simulated CA up: root, issuing CA, recovery key, OCSP responder, first list."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.ca import authority, ceremony


class Command(BaseCommand):
    help = "Makes what is missing of the simulated CA. Can be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        authority.open_for_signing()
        try:
            made = ceremony.set_up(now=timezone.now())
        except authority.NotConfigured as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write(f"made: {', '.join(made)}" if made else "the CA stands already")
