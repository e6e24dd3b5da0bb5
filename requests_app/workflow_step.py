"""One line of the table of steps, and how it is written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.core.roles import Role
from requests_app.states import ALL_ROUTES, Action, Needs, Route, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the table.

    ``role`` None is the portal itself. ``barred_by``: a person who took one of these actions in
    the present round (since the last draft) may not take this one, whatever account they use.
    """

    action: Action
    sources: frozenset[State]
    target: State
    role: Role | None
    routes: frozenset[Route]
    needs_reason: bool
    barred_by: frozenset[Action]
    needs: Needs


def step(
    action: Action,
    *sources: State,
    to: State,
    by: Role | None,
    on: Iterable[Route] = ALL_ROUTES,
    reason: bool = False,
    barred_by: Iterable[Action] = (),
    needs: Needs = Needs.NOTHING,
) -> Step:
    """Return the line that leads by ``action`` from ``sources`` to ``to``."""
    return Step(
        action=action,
        sources=frozenset(sources),
        target=to,
        role=by,
        routes=frozenset(on),
        needs_reason=reason,
        barred_by=frozenset(barred_by),
        needs=needs,
    )
