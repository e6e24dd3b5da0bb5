"""A table of steps: who may do what when; dossiers, covering letters, reorganisations have one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models

A = TypeVar("A", bound=models.TextChoices)
S = TypeVar("S", bound=models.TextChoices)

PORTAL = "portal"  # what waits for the worker


class IllegalStep(Exception):
    """The table has no such step for this state, role and route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[A, S]):
    """One line of a table.

    ``role`` None is the portal itself; a table in which not the role but the part in the matter
    decides (who asked, who answers) names its own parts there. ``routes`` is empty where all
    things go the same way. ``barred_by``: whoever had one of these parts in the work, an action
    taken or another part that the table's room names, may not take this step, whatever account
    they use. ``needs`` names what must hold besides, in the words of the table's room; "" is
    nothing.
    """

    action: A
    sources: frozenset[S]
    target: S
    role: str | None
    routes: frozenset[str] = frozenset()
    needs_reason: bool = False
    barred_by: frozenset[str] = frozenset()
    needs: str = ""

    def leads_from(self, state: str, route: str | None) -> bool:
        """Say whether the step leads on from ``state`` on ``route``."""
        return state in self.sources and (not self.routes or route in self.routes)


class StepTable(tuple[Step[A, S], ...]):
    """The steps of one kind of thing, in the order in which a page offers them."""

    def open_to(
        self, role: str | None, *, state: str, route: str | None = None
    ) -> list[Step[A, S]]:
        """Return what ``role`` may do next, in table order."""
        return [step for step in self if step.role == role and step.leads_from(state, route)]

    def find(
        self, action: str, *, state: str, role: str | None, route: str | None = None
    ) -> Step[A, S]:
        """Return the one line for these; raise IllegalStep when there is none."""
        for step in self.open_to(role, state=state, route=route):
            if step.action == action:
                return step
        raise IllegalStep(f"{role or PORTAL} cannot {action} what is {state} on {route}")

    def awaited(self, state: str, route: str | None = None, *, but: Collection[str] = ()) -> str:
        """Return the role the thing waits for: "" for nobody, "portal" for the worker.

        Nobody waits for the actions of ``but``: taking back or apart one's own work.
        """
        return next(
            (
                step.role or PORTAL
                for step in self
                if step.leads_from(state, route) and step.action not in but
            ),
            "",
        )
