"""Writes docs/device-lifecycle.md from the table of moves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import override

from devices.lifecycle import LIFE, Condition, Custody, Rule
from portal.core.roles import Role

_HEAD = """\
# The life of a device

Written from `devices/lifecycle.py` by `manage.py write_device_lifecycle`; a test fails when it is
stale. The same for USB Token, SIM PKI, SD Secure and HSM. Soft keys and central signing (RSSP) have
no device.

A device has two columns: where it is (custody) and how it is (condition). Every move is one row of
the custody ledger and one audit entry, in one transaction. "The portal" is the effect of a dossier
or a sweep, never a button.

## Where it goes
"""


def lifecycle_page() -> str:
    """Return the page as Markdown."""
    with override("vi"):
        diagram = ["```mermaid", "stateDiagram-v2"]
        diagram += [f'    state "{place.label}" as {place.value}' for place in Custody]
        for rule in LIFE:
            if rule.to is not None:
                diagram += [
                    f"    {source} --> {rule.to.value}: {rule.move.label}"
                    for source in _in_order(rule.sources, Custody) or ["[*]"]
                ]
        diagram += [f"    {Custody.RETIRED.value} --> [*]", "```"]
        columns = ["## The two columns", "", "| Custody | Nơi giữ |", "|---|---|"]
        columns += [f"| `{place.value}` | {place.label} |" for place in Custody]
        columns += ["", "| Condition | Tình trạng |", "|---|---|"]
        columns += [f"| `{condition.value}` | {condition.label} |" for condition in Condition]
        table = [
            "## The table",
            "",
            "| Move | Việc | From | When | To | Then | By | Reason |",
            "|---|---|---|---|---|---|---|---|",
            *(_line(rule) for rule in LIFE),
        ]
        return "\n".join([_HEAD, *diagram, "", *columns, "", *table, ""])


def _line(rule: Rule) -> str:
    then = f"`{rule.to_condition.value}`" if rule.to_condition else "stays"
    if rule.restores:
        then = "as before the loss"
    roles = [f"`{role.value}`" for role in Role if role in rule.roles]
    cells = [
        f"`{rule.move.value}`",
        str(rule.move.label),
        _codes(_in_order(rule.sources, Custody)) or "new",
        _codes(_in_order(rule.conditions, Condition)) if rule.sources else "",
        f"`{rule.to.value}`" if rule.to else "stays",
        then,
        ", ".join([*roles, "the portal"] if None in rule.roles else roles),
        "yes" if rule.needs_reason else "",
    ]
    return f"| {' | '.join(cells)} |"


def _in_order(
    chosen: Iterable[Custody | Condition] | None, everything: Iterable[Custody | Condition]
) -> list[str]:
    """Return the values in the order they are declared in."""
    wanted = set(chosen or ())
    return [one.value for one in everything if one in wanted]


def _codes(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


class Command(BaseCommand):
    help = "Write docs/device-lifecycle.md from devices/lifecycle.py."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "device-lifecycle.md"
        path.write_text(lifecycle_page(), encoding="utf-8")
        self.stdout.write(str(path))
