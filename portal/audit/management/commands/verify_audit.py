"""``manage.py verify_audit``: exit 1 and name the first bad entry of the audit chain, if any."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit import checkpoints


class Command(BaseCommand):
    """Verifies the whole chain against its head and the signed checkpoints outside the table."""

    help = "Verifies the audit chain; exits 1 and names the first bad entry."

    def handle(self, **options: Any) -> None:
        try:
            report = checkpoints.verify()
        except checkpoints.Broken as broken:
            raise CommandError(f"The checkpoints cannot be trusted: {broken}") from broken
        if report.flaw is not None:
            raise CommandError(f"The audit chain is broken at {report.flaw}.")
        self.stdout.write(
            f"{report.entries} entries verified, attested by checkpoints up to {report.attested}."
        )
