"""The way of a dossier as one table: who may do what when, on which route.

Buttons, permissions, the API's ``allowed_actions``, the diagram in docs/workflow.md and the
exhaustive test are read from ``STEPS``; nothing else says who may do what.
"""

from __future__ import annotations

from portal.core.roles import Role
from requests_app.states import (
    ALL_ROUTES,
    HANDING_BACK,
    PETITIONS,
    Action,
    Needs,
    Route,
    State,
    routes_of,
)
from requests_app.workflow_step import Step
from requests_app.workflow_step import step as _step

__all__ = [
    "ALL_ROUTES",
    "AT_THE_AGENCY",
    "DECIDING",
    "EDITABLE",
    "ENDED",
    "HANDING_BACK",
    "PETITIONS",
    "PORTAL",
    "STEPS",
    "TAKING",
    "Action",
    "IllegalStep",
    "Needs",
    "Route",
    "State",
    "Step",
    "find_step",
    "queue_of",
    "routes_of",
    "steps_open_to",
]


PORTAL = "portal"  # the queue of what waits for the worker


class IllegalStep(Exception):
    """The action does not exist for this state, role and route."""


# Steps that confirm what came of minutes; and all steps before which the rows are decided singly.
TAKING = frozenset({Action.TAKE_ALL, Action.TAKE_SOME})
DECIDING = TAKING | {Action.DECIDE}

# Four eyes: who drafted does not sign; who had a hand in sending neither checks nor decides.
_DRAFTED = (Action.REQUEST_SIGNATURE,)
_SENT = (*_DRAFTED, Action.SIGN, Action.SEAL)

STEPS: tuple[Step, ...] = (
    # The agency's own part, the same on every route.
    _step(
        Action.REQUEST_SIGNATURE,
        State.DRAFT,
        State.RETURNED,
        to=State.AWAITING_SIGNATURE,
        by=Role.CLERK,
    ),
    _step(
        Action.REVISE,
        State.AWAITING_SIGNATURE,
        State.AWAITING_SEAL,
        to=State.DRAFT,
        by=Role.CLERK,
    ),
    _step(
        Action.SIGN,
        State.AWAITING_SIGNATURE,
        to=State.AWAITING_SEAL,
        by=Role.HEAD,
        barred_by=_DRAFTED,
    ),
    _step(
        Action.SEND_BACK_TO_DRAFT,
        State.AWAITING_SIGNATURE,
        to=State.DRAFT,
        by=Role.HEAD,
        reason=True,
    ),
    _step(
        Action.SEAL,
        State.AWAITING_SEAL,
        to=State.SUBMITTED,
        by=Role.CLERK,
        barred_by=(Action.SIGN,),
    ),
    # The office: forwards or returns what goes to the CA, decides what is its own.
    _step(
        Action.FORWARD,
        State.SUBMITTED,
        to=State.FORWARDED,
        by=Role.OFFICE_OFFICER,
        on=[Route.VIA_OFFICE],
        barred_by=_SENT,
    ),
    _step(
        Action.RETURN,
        State.SUBMITTED,
        to=State.RETURNED,
        by=Role.OFFICE_OFFICER,
        on=[Route.VIA_OFFICE, Route.OFFICE_ONLY],
        reason=True,
    ),
    _step(
        Action.DECIDE,
        State.SUBMITTED,
        to=State.DECIDED,
        by=Role.OFFICE_OFFICER,
        on=[Route.OFFICE_ONLY],
        barred_by=_SENT,
        needs=Needs.ALL_ROWS_DECIDED,
    ),
    _step(
        Action.CONFIRM,
        State.DECIDED,
        to=State.ACCEPTED,
        by=Role.OFFICE_HEAD,
        on=[Route.OFFICE_ONLY],
        barred_by=(*_SENT, Action.DECIDE),
        needs=Needs.SOME_ROW_ACCEPTED,
    ),
    _step(
        Action.REJECT,
        State.DECIDED,
        to=State.REJECTED,
        by=Role.OFFICE_HEAD,
        on=[Route.OFFICE_ONLY],
        barred_by=(*_SENT, Action.DECIDE),
        needs=Needs.ALL_ROWS_REFUSED,
    ),
    _step(
        Action.SEND_BACK,
        State.DECIDED,
        to=State.SUBMITTED,
        by=Role.OFFICE_HEAD,
        on=[Route.OFFICE_ONLY],
        reason=True,
    ),
    # The CA: an operator decides row by row, a supervisor confirms.
    _step(
        Action.DECIDE,
        State.FORWARDED,
        to=State.DECIDED,
        by=Role.CA_OPERATOR,
        on=[Route.VIA_OFFICE],
        barred_by=(*_SENT, Action.FORWARD),
        needs=Needs.ALL_ROWS_DECIDED,
    ),
    _step(
        Action.DECIDE,
        State.SUBMITTED,
        to=State.DECIDED,
        by=Role.CA_OPERATOR,
        on=[Route.DIRECT],
        barred_by=_SENT,
        needs=Needs.ALL_ROWS_DECIDED,
    ),
    _step(
        Action.RETURN,
        State.FORWARDED,
        to=State.RETURNED,
        by=Role.CA_OPERATOR,
        on=[Route.VIA_OFFICE],
        reason=True,
    ),
    _step(
        Action.RETURN,
        State.SUBMITTED,
        to=State.RETURNED,
        by=Role.CA_OPERATOR,
        on=[Route.DIRECT, Route.NOTICE],
        reason=True,
    ),
    _step(
        Action.CONFIRM,
        State.DECIDED,
        to=State.ACCEPTED,
        by=Role.CA_SUPERVISOR,
        on=[Route.VIA_OFFICE, Route.DIRECT],
        barred_by=(*_SENT, Action.FORWARD, Action.DECIDE),
        needs=Needs.SOME_ROW_ACCEPTED,
    ),
    _step(
        Action.REJECT,
        State.DECIDED,
        to=State.REJECTED,
        by=Role.CA_SUPERVISOR,
        on=[Route.VIA_OFFICE, Route.DIRECT],
        barred_by=(*_SENT, Action.FORWARD, Action.DECIDE),
        needs=Needs.ALL_ROWS_REFUSED,
    ),
    _step(
        Action.SEND_BACK,
        State.DECIDED,
        to=State.FORWARDED,
        by=Role.CA_SUPERVISOR,
        on=[Route.VIA_OFFICE],
        reason=True,
    ),
    _step(
        Action.SEND_BACK,
        State.DECIDED,
        to=State.SUBMITTED,
        by=Role.CA_SUPERVISOR,
        on=[Route.DIRECT],
        reason=True,
    ),
    # Notices and minutes: recorded; nobody approves.
    _step(
        Action.ACKNOWLEDGE,
        State.SUBMITTED,
        to=State.COMPLETED,
        by=Role.CA_OPERATOR,
        on=[Route.NOTICE],
    ),
    # Minutes of devices given back: the receiving side confirms them one by one (Điều 20).
    *(
        _step(action, State.SUBMITTED, to=target, by=role, on=[route], barred_by=_SENT, needs=needs)
        for route, role in (
            (Route.MINUTES, Role.CA_OPERATOR),
            (Route.OFFICE_MINUTES, Role.OFFICE_OFFICER),
        )
        for action, target, needs in (
            (Action.TAKE_ALL, State.COMPLETED, Needs.ALL_ROWS_ACCEPTED),
            (Action.TAKE_SOME, State.PARTLY_COMPLETED, Needs.ROWS_OF_BOTH),
        )
    ),
    _step(
        Action.RETURN,
        State.SUBMITTED,
        to=State.RETURNED,
        by=Role.CA_OPERATOR,
        on=[Route.MINUTES],
        reason=True,
    ),
    _step(
        Action.RETURN,
        State.SUBMITTED,
        to=State.RETURNED,
        by=Role.OFFICE_OFFICER,
        on=[Route.OFFICE_MINUTES],
        reason=True,
    ),
    # The portal carries out what was confirmed.
    _step(Action.START, State.ACCEPTED, to=State.EXECUTING, by=None, on=PETITIONS),
    _step(Action.COMPLETE, State.EXECUTING, to=State.COMPLETED, by=None, on=PETITIONS),
    _step(
        Action.COMPLETE_PARTLY, State.EXECUTING, to=State.PARTLY_COMPLETED, by=None, on=PETITIONS
    ),
    _step(Action.FAIL, State.EXECUTING, to=State.EXECUTION_FAILED, by=None, on=PETITIONS),
    # A row that can never be done is refused after all: decided anew, confirmed anew.
    _step(
        Action.DECIDE,
        State.EXECUTION_FAILED,
        to=State.DECIDED,
        by=Role.CA_OPERATOR,
        on=[Route.VIA_OFFICE, Route.DIRECT],
        barred_by=(*_SENT, Action.FORWARD),
        needs=Needs.ALL_ROWS_DECIDED,
    ),
    _step(
        Action.DECIDE,
        State.EXECUTION_FAILED,
        to=State.DECIDED,
        by=Role.OFFICE_OFFICER,
        on=[Route.OFFICE_ONLY],
        barred_by=_SENT,
        needs=Needs.ALL_ROWS_DECIDED,
    ),
    _step(
        Action.RETRY,
        State.EXECUTION_FAILED,
        to=State.ACCEPTED,
        by=Role.CA_OPERATOR,
        on=[Route.VIA_OFFICE, Route.DIRECT],
    ),
    _step(
        Action.RETRY,
        State.EXECUTION_FAILED,
        to=State.ACCEPTED,
        by=Role.OFFICE_OFFICER,
        on=[Route.OFFICE_ONLY],
    ),
    # Withdrawn by its sender, until decided.
    _step(
        Action.WITHDRAW,
        State.DRAFT,
        State.AWAITING_SIGNATURE,
        State.AWAITING_SEAL,
        State.RETURNED,
        to=State.WITHDRAWN,
        by=Role.CLERK,
        reason=True,
    ),
    _step(
        Action.WITHDRAW,
        State.SUBMITTED,
        State.FORWARDED,
        to=State.WITHDRAWN,
        by=Role.CLERK,
        on=PETITIONS,
        reason=True,
    ),
    # The body a dossier came from has ended (DOMAIN 14.8): what asks for something in its name and
    # is not carried out is stopped, what waits for its signatures is written in the new name.
    _step(
        Action.STOP,
        State.SUBMITTED,
        State.RETURNED,
        State.FORWARDED,
        State.DECIDED,
        State.ACCEPTED,
        State.EXECUTION_FAILED,
        to=State.WITHDRAWN,
        by=None,
        on=PETITIONS,
    ),
    _step(
        Action.STOP_REST,
        State.EXECUTION_FAILED,
        to=State.PARTLY_COMPLETED,
        by=None,
        on=PETITIONS,
    ),
    _step(
        Action.REOPEN,
        State.AWAITING_SIGNATURE,
        State.AWAITING_SEAL,
        to=State.DRAFT,
        by=None,
    ),
)


EDITABLE = frozenset({State.DRAFT, State.RETURNED})
AT_THE_AGENCY = EDITABLE | {State.AWAITING_SIGNATURE, State.AWAITING_SEAL}
ENDED = frozenset({State.COMPLETED, State.PARTLY_COMPLETED, State.REJECTED, State.WITHDRAWN})


def steps_open_to(role: str, *, state: str, route: str) -> list[Step]:
    """Return what ``role`` may do next on ``route``, in table order."""
    return [
        step
        for step in STEPS
        if step.role == role and state in step.sources and route in step.routes
    ]


def find_step(action: str, *, state: str, role: str | None, route: str) -> Step:
    """Return the one line for these; raise IllegalStep when there is none."""
    for step in STEPS:
        if (
            step.action == action
            and step.role == role
            and state in step.sources
            and route in step.routes
        ):
            return step
    raise IllegalStep(f"{role} cannot {action} a dossier that is {state} on {route}")


# Taking back or apart one's own work does not make a dossier wait for one; nor does what comes with
# the end of a body.
_NOT_WAITED_FOR = frozenset(
    {
        Action.REVISE,
        Action.WITHDRAW,
        Action.RETURN,
        Action.SEND_BACK,
        Action.STOP,
        Action.STOP_REST,
        Action.REOPEN,
    }
)


def queue_of(state: str, route: str) -> str:
    """Return the role a dossier waits for: "" for nobody, "portal" for the worker."""
    for step in STEPS:
        if state in step.sources and route in step.routes and step.action not in _NOT_WAITED_FOR:
            return step.role or PORTAL
    return ""
