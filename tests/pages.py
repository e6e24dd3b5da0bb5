"""What a page says, whatever the lines of its template."""

from __future__ import annotations

from typing import Protocol


class Answer(Protocol):
    """What Django's test client gives."""

    content: bytes


def flat(answer: Answer) -> str:
    """Return the HTML with one space wherever there is white space."""
    return " ".join(answer.content.decode().split())
