"""Who signed in for a body that ended: at the new body with the same role, or nowhere any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from orgmerge.models import PlanLine
from orgmerge.services.going_over import Moved, last_of, next_rows
from orgmerge.services.successions import basis_of
from orgmerge.services.ways import Ways, person_stays_away
from orgmerge.words import About
from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.accounts.rules import role_fits_body
from portal.agencies.models import Agency, AgencyKind
from portal.core.roles import Role
from portal.notices import services as notices

_HEADS = frozenset({Role.HEAD, Role.OFFICE_HEAD})


def accounts_(ways: Ways, after: int, now: datetime) -> Moved:
    """Accounts go where the plan or the review says their person goes, else where their body as a
    whole went. Of those who led a body, the first at the new one leads it; the others wait for two
    administrators. Who does not go along loses the account.
    """
    leaving = ways.leaving(About.SUBSCRIBER, by="person")
    found = next_rows(User.objects.filter(leaving, is_active=True), after)
    to = _ways_of(ways, found)
    without_role = _second_heads(ways, found, to)
    touched = accounts.follow_body(
        found, to, without_role=without_role, basis=basis_of(ways.merger), now=now
    )
    _hand_on_notices(ways, touched, to, now=now)
    return len(touched), last_of(found)


def _ways_of(ways: Ways, users: Sequence[User]) -> dict[int, Agency]:
    """Return account → body."""
    people = {user.person_id: user.agency_id for user in users if user.person_id}
    lines = PlanLine.objects.filter(
        plan=ways.merger.approved_plan_id, about=About.SUBSCRIBER, target_id__in=list(people)
    )
    line_of = {line.target_id: line for line in lines}
    planned = ways.of(About.SUBSCRIBER, people)
    found: dict[int, Agency] = {}
    for user in users:
        person = user.person_id or 0
        heir = ways.heirs.get(user.agency_id)
        reply = ways.replies.get((About.SUBSCRIBER, person))
        if user.role == Role.ADMINISTRATOR and heir is not None:
            found[user.pk] = heir
        elif person and person_stays_away(line_of.get(person), reply):
            continue
        elif way := planned.get(person) or heir:
            found[user.pk] = way
    return found


def _second_heads(ways: Ways, users: Sequence[User], to: dict[int, Agency]) -> set[int]:
    """Return the accounts that would be a body's second head, or whose role is not that body's."""
    leading = User.objects.filter(
        is_active=True, role__in=_HEADS, agency__in={body.pk for body in to.values()}
    )
    led = set(leading.values_list("agency_id", flat=True))
    waiting: set[int] = set()
    in_order = sorted(users, key=lambda user: (ways.order.get(user.agency_id, 0), user.pk))
    for user in in_order:
        body = to.get(user.pk)
        if body is None:
            continue
        if role_fits_body(user.role, body.kind) or (user.role in _HEADS and body.pk in led):
            waiting.add(user.pk)
        elif user.role in _HEADS:
            led.add(body.pk)
    return waiting


def _hand_on_notices(
    ways: Ways, touched: Sequence[User], to: dict[int, Agency], *, now: datetime
) -> None:
    """What those who can't work on have not read is told to the new body's clerks, an office's
    officers."""
    closed = {user.pk: user.agency_id for user in touched if not user.is_active}
    heirs = {pk: to.get(pk) or ways.heirs.get(old) for pk, old in closed.items()}
    bodies = {body.pk for body in heirs.values() if body}
    is_theirs = Q(role=Role.OFFICE_OFFICER) | (
        Q(role=Role.CLERK) & ~Q(agency__kind=AgencyKind.OFFICE)
    )
    clerks: dict[int, list[User]] = {}
    for clerk in User.objects.filter(is_theirs, is_active=True, agency__in=bodies):
        clerks.setdefault(clerk.agency_id, []).append(clerk)
    readers = {pk: clerks.get(body.pk, []) for pk, body in heirs.items() if body}
    if readers:
        notices.hand_on(readers, now=now)
