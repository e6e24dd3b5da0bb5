"""Who is told of a clock: those who owe, and the later it is the further up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind
from portal.core.roles import CA_ROLES, Role


@dataclass(frozen=True, slots=True)
class Audience:
    """A role of one body; ``agency_id`` None is the CA's, wherever its people sit."""

    role: str
    agency_id: int | None


def audiences_of(agency: Agency, office_id: int | None, *, late: int) -> list[Audience]:
    """Return whom to tell of what ``agency`` owes, ``late`` working days after its end.

    A body's clerks, then its head, the office that answers for it, the CA. An office's officers,
    then its head; the CA's operators, then its supervisors.
    """
    if agency.kind == AgencyKind.CA:
        return _first_and_second(Role.CA_OPERATOR, Role.CA_SUPERVISOR, None, late=late)
    if agency.kind == AgencyKind.OFFICE:
        found = _first_and_second(Role.OFFICE_OFFICER, Role.OFFICE_HEAD, agency.pk, late=late)
        # An office sends letters of its own too: its clerk and head owe as any body's do.
        return [*found, *_first_and_second(Role.CLERK, Role.HEAD, agency.pk, late=late)]
    found = _first_and_second(Role.CLERK, Role.HEAD, agency.pk, late=late)
    if late >= settings.OFFICE_TOLD_AFTER_WORKING_DAYS and office_id is not None:
        found.append(Audience(Role.OFFICE_OFFICER, office_id))
    if late >= settings.CA_TOLD_AFTER_WORKING_DAYS:
        found.append(Audience(Role.CA_OPERATOR, None))
    return found


def _first_and_second(
    first: Role, second: Role, agency_id: int | None, *, late: int
) -> list[Audience]:
    found = [Audience(first, agency_id)]
    if late >= settings.HEAD_TOLD_AFTER_WORKING_DAYS:
        found.append(Audience(second, agency_id))
    return found


def people_in(audiences: Iterable[Audience]) -> dict[Audience, Sequence[int]]:
    """Return audience → the keys of its active accounts, in one query for any number."""
    wanted = set(audiences)
    bodies = {one.agency_id for one in wanted if one.agency_id is not None}
    roles = {one.role for one in wanted}
    users = User.objects.filter(
        Q(agency__in=bodies) | Q(role__in=roles & CA_ROLES), is_active=True, role__in=roles
    )
    found: dict[Audience, list[int]] = defaultdict(list)
    for pk, role, agency_id in users.values_list("pk", "role", "agency_id"):
        audience = Audience(role, None if role in CA_ROLES else agency_id)
        if audience in wanted:
            found[audience].append(pk)
    return dict(found)
