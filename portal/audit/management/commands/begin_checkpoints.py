"""``manage.py begin_checkpoints --because "…"``: after a key or the checkpoints were lost."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.audit import services


class Command(BaseCommand):
    """Begins the checkpoints of the audit anew; who runs it says why, and that stays."""

    help = "Begins the audit's checkpoints anew after they, or a key, were lost; see verify_audit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--because", required=True, help="what happened, for the record")

    def handle(self, *, because: str, **options: Any) -> None:
        if not because.strip():
            raise CommandError("Say why with --because.")
        try:
            found = services.begin_checkpoints(because=because.strip(), now=timezone.now())
        except services.NothingIsLost as refusal:
            raise CommandError("Nothing is lost: there is nothing to begin anew.") from refusal
        self.stdout.write(f"Begun anew ({found}). The old checkpoints were laid aside.")
