"""Every rule of the decree and every decision where it is silent, and what the portal made of it.

docs/rules.md is written from here (``manage.py write_rules``). A test keeps the list complete:
each named function or constant exists, says its number in its own words, and is tested.
"""

from __future__ import annotations

from portal.core.law import with_numbers
from requests_app.rulebook import decisions, decree

ENTRIES = (*decree.ENTRIES, *decisions.ENTRIES)


def page() -> str:
    """Return docs/rules.md."""
    lines = [_HEAD]
    for one in ENTRIES:
        places = "<br>".join(f"`{path}`" for path in one.where)
        says, why = with_numbers(one.says), with_numbers(one.why)
        lines.append(f"| {one.id} | {says} | {one.article} | {one.sort} | {places} | {why} |")
    return "\n".join(lines) + "\n"


_HEAD = """# Rules

Made from `requests_app/rulebook` by `manage.py write_rules`; a test fails when it is stale.
R-numbers are ours, D-numbers are decisions where the sources are silent or in tension. *Rule*: a
named function judges it. *Constant*: a number with one name. *Duty*: people's; the portal reminds
or records. Articles without a decree's name are those of Nghị định 68/2024/NĐ-CP.

| No. | Says | Article | Is | Applied in | Remark |
|---|---|---|---|---|---|"""
