"""Write docs/workflow.md from the table of steps."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand

from requests_app import diagram


class Command(BaseCommand):
    help = "Viết docs/workflow.md từ bảng các bước."

    def handle(self, *args: object, **options: object) -> None:
        path = settings.BASE_DIR / "docs" / "workflow.md"
        path.write_text(diagram.page(), encoding="utf-8")
        self.stdout.write(str(path))
