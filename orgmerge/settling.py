"""What a person can decide of a thing that the planner leaves to people."""

from __future__ import annotations

from orgmerge.words import About, Action

_ACTIONS: dict[str, tuple[Action, ...]] = {
    About.CERTIFICATE: (Action.KEEP, Action.CHANGE, Action.REVOKE, Action.ISSUE),
    About.DEVICE: (
        Action.KEEP,
        Action.HAND_OVER,
        Action.RECOVER,
        Action.RETURN,
        Action.REPORT_LOSS,
    ),
    About.SUBSCRIBER: (Action.KEEP, Action.HAND_OVER),
    About.DOSSIER: (Action.KEEP, Action.HAND_OVER, Action.REFILE),
    About.BODY: (Action.KEEP, Action.ISSUE),
}
# What goes on under a name goes on under a body: which one is part of the decision.
_WITH_A_BODY = frozenset({Action.CHANGE, Action.ISSUE, Action.HAND_OVER, Action.REFILE})


def actions_for(about: str) -> tuple[Action, ...]:
    """Return what can be decided of this sort of thing."""
    return _ACTIONS[about]


def needs_body(about: str, action: str) -> bool:
    """Say whether the decision has to name the body that takes the thing over."""
    return about != About.BODY and action in _WITH_A_BODY
