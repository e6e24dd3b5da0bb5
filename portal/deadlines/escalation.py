"""Who is told of a clock: those who owe, and the later it is the further up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from portal.accounts.models import User
from portal.agencies.models import AgencyKind
from portal.core.roles import Role, Scope, roles_in
from portal.deadlines.models import Deadline, DeadlineKind

# What is done by whoever receives a dossier; an office owes the rest as any body does.
_RECEIVERS_WORK = frozenset(
    {
        DeadlineKind.OFFICE_CHECK,
        DeadlineKind.CA_ISSUE,
        DeadlineKind.CA_RENEW_CHANGE,
        DeadlineKind.CA_REVOKE,
        DeadlineKind.RECOVERY,
    }
)
# The CA asked for nothing here.
_BETWEEN_BODY_AND_OFFICE = frozenset({DeadlineKind.MERGER_REVIEW})


@dataclass(frozen=True, slots=True)
class Audience:
    """A role of one body; ``agency_id`` None is the CA's, wherever its people sit."""

    role: str
    agency_id: int | None


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is told, and from how many working days after the end."""

    late: int
    audience: Audience


def ladder_of(clock: Deadline) -> list[Rung]:
    """Return whom to tell of ``clock``, the nearest first.

    A body's clerks, then its head, the office that answers for it, the CA (not of what the office
    alone asks for). An office's officers,
    then its head; the CA's operators, then its supervisors: nobody above them is nagged.
    """
    owner = clock.agency
    if owner.kind == AgencyKind.CA:
        return _two_rungs(Role.CA_OPERATOR, Role.CA_SUPERVISOR, None)
    is_office = owner.kind == AgencyKind.OFFICE
    if is_office and clock.kind in _RECEIVERS_WORK:
        return _two_rungs(Role.OFFICE_OFFICER, Role.OFFICE_HEAD, owner.pk)
    ladder = _two_rungs(Role.CLERK, Role.HEAD, owner.pk)
    office_id = owner.pk if is_office else clock.office_id
    if office_id is not None:
        office = Audience(Role.OFFICE_OFFICER, office_id)
        ladder.append(Rung(settings.OFFICE_TOLD_AFTER_WORKING_DAYS, office))
    if clock.kind in _BETWEEN_BODY_AND_OFFICE:
        return ladder
    ca = Audience(Role.CA_OPERATOR, None)
    return [*ladder, Rung(settings.CA_TOLD_AFTER_WORKING_DAYS, ca)]


def _two_rungs(first: Role, second: Role, agency_id: int | None) -> list[Rung]:
    return [
        Rung(0, Audience(first, agency_id)),
        Rung(settings.HEAD_TOLD_AFTER_WORKING_DAYS, Audience(second, agency_id)),
    ]


def listeners(
    ladder: Iterable[Rung], people: Mapping[Audience, Sequence[int]], *, late: int
) -> set[int]:
    """Return the accounts to tell when it is ``late`` working days after the end (0: not yet).

    Where none of those to be told has an account, the next one up is: a clock is never mute.
    """
    found: set[int] = set()
    for rung in ladder:
        if rung.late <= late or not found:
            found.update(people.get(rung.audience, ()))
    return found


def people_in(audiences: Iterable[Audience]) -> dict[Audience, Sequence[int]]:
    """Return audience → the keys of its active accounts, in one query for any number."""
    wanted = set(audiences)
    bodies = {one.agency_id for one in wanted if one.agency_id is not None}
    roles = {one.role for one in wanted}
    of_the_ca = roles_in(Scope.CA)
    users = User.objects.filter(
        Q(agency__in=bodies) | Q(role__in=roles & of_the_ca), is_active=True, role__in=roles
    )
    found: dict[Audience, list[int]] = defaultdict(list)
    for pk, role, agency_id in users.values_list("pk", "role", "agency_id"):
        audience = Audience(role, None if role in of_the_ca else agency_id)
        if audience in wanted:
            found[audience].append(pk)
    return dict(found)
