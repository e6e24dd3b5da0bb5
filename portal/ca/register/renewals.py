"""Certificates whose renewal was asked for in time and is not answered yet.

A slow office or CA cannot make a request too late (Điều 12, DOMAIN 14.1): while the answer is out,
nobody is told that only a new issue is left, and the device is not recalled. Requests are kept by
an app above this one, which says at start-up how they are found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

Source = Callable[[OuterRef], QuerySet[Any]]
_SOURCES: list[Source] = []


def find_in(source: Source) -> None:
    """Let ``source`` say which open requests renew the certificate it is given."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def are_asked_for() -> Exists:
    """Return the condition on certificates that their renewal is still to be answered."""
    (source,) = _SOURCES
    return Exists(source(OuterRef("pk")))
