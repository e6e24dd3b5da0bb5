"""What can stop a service besides a rule."""

from __future__ import annotations


class StaleVersion(Exception):
    """Somebody else changed the dossier since the form was shown; nothing was changed."""

    def __init__(self, *, seen: int, current: int) -> None:
        super().__init__(f"the form shows version {seen}, the dossier is at {current}")
        self.seen = seen
        self.current = current


class Barred(Exception):
    """Four eyes: this person took part in an earlier step and may not take this one."""


class NotEditable(Exception):
    """The dossier is no draft any more."""
