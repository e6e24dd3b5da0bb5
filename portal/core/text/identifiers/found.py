"""How a check says what it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from portal.core.rules import Finding, Severity

Findings: TypeAlias = tuple[Finding, ...]
Check: TypeAlias = Callable[[str], Findings]


def error(code: str, message: str, suggestion: str = "") -> Findings:
    return (Finding(code, message, Severity.ERROR, suggestion),)


def question(code: str, message: str, suggestion: str = "") -> Findings:
    return (Finding(code, message, Severity.WARNING, suggestion, asks=True),)


def warning(code: str, message: str, suggestion: str = "") -> Findings:
    return (Finding(code, message, Severity.WARNING, suggestion),)
