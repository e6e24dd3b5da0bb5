"""Writes the words of everything that can be found; what is right already stays."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.search.finders import finders


class Command(BaseCommand):
    help = "Writes what the search box finds things by: after an upgrade, or when in doubt."

    def handle(self, *args: Any, **options: Any) -> None:
        for finder in finders():
            if finder.fill is not None:
                count = finder.fill()
                if options["verbosity"]:
                    self.stdout.write(f"{finder.label}: {count}")
