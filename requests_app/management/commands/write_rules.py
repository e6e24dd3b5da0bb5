"""Write docs/rules.md from the rulebook."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand

from requests_app import rulebook


class Command(BaseCommand):
    help = "Viết docs/rules.md từ requests_app/rulebook.py."

    def handle(self, *args: object, **options: object) -> None:
        path = settings.BASE_DIR / "docs" / "rules.md"
        path.write_text(rulebook.page(), encoding="utf-8")
        self.stdout.write(str(path))
