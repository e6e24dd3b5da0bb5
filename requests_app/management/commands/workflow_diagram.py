"""Write docs/workflow.md from the table of steps."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand

from portal.core.roles import Role
from requests_app.workflow import STEPS, Action, Route, State

HEAD = """# Đường đi của hồ sơ

Made from `requests_app/workflow.py` by `manage.py workflow_diagram`; a test fails when it is stale.
"""


def page() -> str:
    """Return docs/workflow.md."""
    return "\n".join([HEAD, *(_section(route) for route in Route)])


def _section(route: Route) -> str:
    steps = [step for step in STEPS if route in step.routes]
    lines = [
        f"## {route.label} (`{route}`)",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {State.DRAFT}",
        *(
            f"    {source} --> {step.target}: {step.action.label}"
            for step in steps
            for source in sorted(step.sources)
        ),
        "```",
        "",
        "| Việc | Từ | Đến | Ai | Lý do | Không được là người đã |",
        "|---|---|---|---|---|---|",
    ]
    for step in steps:
        who = Role(step.role).label if step.role else "Hệ thống"
        sources = ", ".join(str(State(source).label) for source in sorted(step.sources))
        barred = ", ".join(str(Action(action).label) for action in sorted(step.barred_by)) or "–"
        reason = "có" if step.needs_reason else "–"
        cells = (step.action.label, sources, step.target.label, who, reason, barred)
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    lines.append("")
    return "\n".join(lines)


class Command(BaseCommand):
    help = "Viết docs/workflow.md từ bảng các bước."

    def handle(self, *args: object, **options: object) -> None:
        path = settings.BASE_DIR / "docs" / "workflow.md"
        path.write_text(page(), encoding="utf-8")
        self.stdout.write(str(path))
