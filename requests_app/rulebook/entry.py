"""What is said of a rule: what became of it, where it is applied, why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """What became of a rule."""

    RULE = "rule"  # a named function judges it
    CONSTANT = "constant"  # a number or date with one name
    DUTY = "duty"  # people's; the portal reminds or records
    NOT_APPLIED = "not applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule: ``where`` are dotted paths of what applies it, ``why`` what is worth knowing.

    Sentences name the numbers of the law: ``%(return_days)s``.
    """

    id: str
    sort: Sort
    says: str
    article: str
    where: tuple[str, ...] = ()
    why: str = ""


def rule(number: str, says: str, article: str, *where: str, why: str = "") -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.RULE, says=says, article=article, where=where, why=why)


def constant(number: str, says: str, article: str, *where: str, why: str = "") -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.CONSTANT, says=says, article=article, where=where, why=why)


def duty(number: str, says: str, article: str, *where: str, why: str) -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.DUTY, says=says, article=article, where=where, why=why)


def left(number: str, says: str, article: str, *, why: str) -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.NOT_APPLIED, says=says, article=article, why=why)
