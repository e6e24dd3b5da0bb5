"""The life cycle as a page of the documentation, written from the table."""

from __future__ import annotations

from collections.abc import Iterable

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
        return "\n".join([_HEAD, *_diagram(), "", *_places(), "", *_table(), ""])


def _diagram() -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{place.label}" as {place.value}' for place in Custody]
    for rule in LIFE:
        if rule.to is not None:
            lines += [
                f"    {source} --> {rule.to.value}: {rule.move.label}"
                for source in _in_order(rule.sources, Custody) or ["[*]"]
            ]
    return [*lines, f"    {Custody.RETIRED.value} --> [*]", "```"]


def _places() -> list[str]:
    lines = ["## The two columns", "", "| Custody | Nơi giữ |", "|---|---|"]
    lines += [f"| `{place.value}` | {place.label} |" for place in Custody]
    lines += ["", "| Condition | Tình trạng |", "|---|---|"]
    return lines + [f"| `{condition.value}` | {condition.label} |" for condition in Condition]


def _table() -> list[str]:
    lines = [
        "## The table",
        "",
        "| Move | Việc | From | When | To | Then | By | Reason |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return lines + [_line(rule) for rule in LIFE]


def _line(rule: Rule) -> str:
    cells = [
        f"`{rule.move.value}`",
        str(rule.move.label),
        _codes(_in_order(rule.sources, Custody)) or "new",
        _codes(_in_order(rule.conditions, Condition)) if rule.sources else "",
        f"`{rule.to.value}`" if rule.to else "stays",
        _condition_after(rule),
        ", ".join(_roles(rule)),
        "yes" if rule.needs_reason else "",
    ]
    return f"| {' | '.join(cells)} |"


def _condition_after(rule: Rule) -> str:
    if rule.restores:
        return "as before the loss"
    return f"`{rule.to_condition.value}`" if rule.to_condition else "stays"


def _roles(rule: Rule) -> list[str]:
    named = [f"`{role.value}`" for role in Role if role in rule.roles]
    return named + (["the portal"] if None in rule.roles else [])


def _in_order(
    chosen: Iterable[Custody | Condition] | None, everything: Iterable[Custody | Condition]
) -> list[str]:
    """Return the values in the order they are declared in."""
    wanted = set(chosen or ())
    return [one.value for one in everything if one in wanted]


def _codes(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)
