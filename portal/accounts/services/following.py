"""Accounts of a body that ended: its people work on at the new one, or lose their rights."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from knox.models import AuthToken

from portal.accounts.models import CalendarFeed, RoleGrant, User
from portal.accounts.services.common import act_about
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability


@transaction.atomic
def follow_body(
    users: Sequence[User],
    ways: Mapping[int, Agency],
    *,
    without_role: Collection[int],
    basis: Mapping[str, str],
    now: datetime,
) -> list[User]:
    """Let active accounts go to the bodies of ``ways`` (by account) with the role they have; who
    has no way is closed. Return those touched.

    Who is named in ``without_role`` goes there closed: two administrators say what they are.
    An administrator is never closed. What was proposed for an account at the old body falls,
    its tokens end; sessions of closed ones end by themselves. ``basis`` goes on the record.
    """
    keys = {user.pk for user in users}
    rows = User.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk__in=keys, is_active=True
    )
    locked = list(rows.select_related("agency__office").order_by("pk"))
    touched, acts = [], []
    for user in locked:
        way = ways.get(user.pk)
        if way is None and user.can(Capability.ADMINISTER):
            continue
        acts.append(_follow(user, way, keeps_role=user.pk not in without_role, basis=basis))
        touched.append(user)
    update_rows(touched, ["agency", "role", "is_active"])
    changed = [user.pk for user in touched]
    RoleGrant.objects.open().filter(user__in=changed).update(decided_at=now, is_granted=False)
    AuthToken.objects.filter(user__in=changed).delete()
    CalendarFeed.objects.filter(user__in=changed).delete()
    if acts:
        audit.record_many(acts, actor=None, now=now)
    return touched


def _follow(
    user: User, way: Agency | None, *, keeps_role: bool, basis: Mapping[str, str]
) -> audit.Act:
    data: dict[str, object] = {"from": str(user.agency.uuid), "role": user.role, **basis}
    if way is None:
        user.is_active = False
        return act_about("user.close_with_body", user, data)
    user.agency = way
    if not keeps_role:
        user.role, user.is_active = "", False
        return act_about("user.follow_without_role", user, data)
    return act_about("user.follow_body", user, data)
