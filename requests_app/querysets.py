"""What can be asked about dossiers; ``visible_to`` is the only door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from portal.agencies.models import Agency
from portal.core.roles import AGENCY_ROLES, CA_ROLES, OFFICE_ROLES, Role
from requests_app.workflow import Route, State

if TYPE_CHECKING:
    from portal.accounts.models import User
    from requests_app.models import Dossier

# What has left the agency; drafts are the agency's own business.
_NOT_SENT = (State.DRAFT, State.AWAITING_SIGNATURE, State.AWAITING_SEAL)


class DossierQuerySet(models.QuerySet["Dossier"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` may see; pages, API, exports and services start from here.

        Built from IN and EXISTS so that the rows can be locked.
        """
        if user.role in AGENCY_ROLES:
            return self.filter(agency__in=user.body_ids)
        if user.role in OFFICE_ROLES:
            return self.filter(office=user.agency_id, sent_at__isnull=False)
        if user.role in CA_ROLES:
            return self.filter(is_at_ca=1)
        if user.role == Role.AUDITOR:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(agency__in=bodies)
        return self.none()

    def visible_as_copy_to(self, user: User) -> Self:
        """Return the dossiers ``user``'s body gets a copy of: read-only, numbers masked."""
        if user.role not in AGENCY_ROLES | OFFICE_ROLES:
            return self.none()
        return self.filter(copies__agency=user.agency_id, sent_at__isnull=False)

    def workable_by(self, user: User) -> Self:
        """Return what waits for ``user``'s role, among what is visible."""
        return self.visible_to(user).filter(queue=user.role)

    def open(self) -> Self:
        return self.exclude(
            state__in=[State.COMPLETED, State.PARTLY_COMPLETED, State.REJECTED, State.WITHDRAWN]
        )

    def for_list(self) -> Self:
        return self.select_related("agency", "office")


def is_at_ca(state: str, route: str) -> int:
    """Return 1 when the CA sees a dossier in ``state`` on ``route``, else 0."""
    return int(_ca_sees(state, route))


def _ca_sees(state: str, route: str) -> bool:
    if route in (Route.DIRECT, Route.NOTICE, Route.MINUTES):
        return state not in _NOT_SENT and state != State.WITHDRAWN
    if route == Route.VIA_OFFICE:
        return state in {
            State.FORWARDED,
            State.DECIDED,
            State.ACCEPTED,
            State.EXECUTING,
            State.COMPLETED,
            State.PARTLY_COMPLETED,
            State.EXECUTION_FAILED,
            State.REJECTED,
        }
    return False
