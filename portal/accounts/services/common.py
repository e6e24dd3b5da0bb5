"""What the services of accounts share: who may, what is recorded, which doors are shut."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from knox.models import AuthToken

from portal.accounts.models import CalendarFeed, User
from portal.accounts.rules import enough_administrators_remain
from portal.audit import services as audit
from portal.core.roles import Role
from portal.core.rules import Refused


def permit(actor: User) -> None:
    """Raise PermissionDenied unless ``actor`` is an administrator."""
    if actor.role != Role.ADMINISTRATOR or not actor.is_active:
        raise PermissionDenied("only an administrator may do this")


def lock(user: User) -> User:
    """Return the account locked until the end of the transaction, and with it every administrator.

    Always in the same order, so that two who act upon each other can't wait for each other.
    """
    rows = User.objects.select_for_update(of=("self",)).select_related("agency__office")
    wanted = rows.filter(Q(pk=user.pk) | Q(role=Role.ADMINISTRATOR)).order_by("pk")
    return next(row for row in wanted if row.pk == user.pk)


def act_about(action: str, user: User, data: Mapping[str, object] | None = None) -> audit.Act:
    """Return the audit act about an account."""
    agency = user.agency
    return audit.Act(
        action=action,
        target_type="user",
        target_uuid=user.uuid,
        agency_uuid=agency.uuid,
        office_uuid=agency.office.uuid if agency.office else None,
        data=data or {},
    )


def drop_tokens(user: User) -> None:
    """End every token of the API and of the calendar feed.

    Sessions end by themselves with the password or the account.
    """
    AuthToken.objects.filter(user=user).delete()
    CalendarFeed.objects.filter(user=user).delete()


def keep_two_administrators(leaving: User) -> None:
    """Raise Refused when without ``leaving`` (locked) fewer than two persons could give roles."""
    if leaving.role != Role.ADMINISTRATOR or not leaving.is_active:
        return
    others = User.objects.administrators().exclude(pk=leaving.pk)
    people = {other.person_id or f"account {other.pk}" for other in others}
    if violation := enough_administrators_remain(len(people)):
        raise Refused(violation)
