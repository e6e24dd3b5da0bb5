"""Writes docs/device-lifecycle.md from the table of moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from devices.lifecycle_page import lifecycle_page


class Command(BaseCommand):
    help = "Write docs/device-lifecycle.md from devices/lifecycle.py."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "device-lifecycle.md"
        path.write_text(lifecycle_page(), encoding="utf-8")
        self.stdout.write(str(path))
