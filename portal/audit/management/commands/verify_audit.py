"""``manage.py verify_audit``: exit 1 and name the first bad entry of the audit chain, if any."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit import checkpoints, verification


class Command(BaseCommand):
    """Verifies the whole chain against its head and the signed checkpoints outside the table."""

    help = "Verifies the audit chain; exits 1 and names the first bad entry."

    def handle(self, **options: Any) -> None:
        try:
            report = verification.verify()
        except checkpoints.Broken as broken:
            raise CommandError(
                f"The checkpoints cannot be trusted: {broken} ({broken.code})."
            ) from broken
        if report.flaw is not None:
            raise CommandError(f"The audit chain is broken at {report.flaw} ({report.flaw.code}).")
        self.stdout.write(
            f"{report.entries} entries verified, attested by checkpoints up to {report.attested}."
        )
        since = report.sealed_from
        if report.entries and since != 1:
            before = f"up to {since - 1}" if since else f"up to {report.entries}"
            self.stdout.write(
                f"Entries {before} have no MAC that can be verified, written before there were "
                "MACs or under a key that was lost: hashes and checkpoints alone attest them."
            )
