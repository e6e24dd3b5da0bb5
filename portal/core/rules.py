"""What a broken rule looks like: a code for tests, an article, a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error stops, a warning asks, none only tells."""

    ERROR = "error"
    WARNING = "warning"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen in one typed value.

    ``message`` says what is wrong and how to mend it. ``suggestion`` is a value that may be offered
    (a lost leading zero put back) and is never taken without a person's word. A warning that
    ``asks`` is answered by a person before it goes on; the answer is kept and shown.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    suggestion: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """One legal or procedural rule that stops an act.

    ``article`` names the source ("Điều 12 Nghị định 68/2024/NĐ-CP"); ``row`` is the row's number
    in the list (from 1) or None; ``way_out`` says what can be done instead, ``link`` is the path
    of the page it speaks of, "" without one.
    """

    code: str
    message: str
    article: str = ""
    row: int | None = None
    way_out: str = ""
    link: str = ""

    @property
    def sentence(self) -> str:
        """What is wrong and what can be done instead, where there is no room for more."""
        return f"{self.message} {self.way_out}".strip()


class Refused(Exception):
    """The act breaks one rule or more; nothing was changed."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(violation.message for violation in violations))
        self.violations = violations


def refuse(code: str, message: str, *, article: str = "", way_out: str = "") -> Refused:
    """Return a Refused with one violation, to be raised."""
    return Refused(Violation(code, message, article=article, way_out=way_out))
