"""What the services of accounts share: who may, what is recorded, which doors are shut."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from knox.models import AuthToken

from portal.accounts.models import AccountNews, CalendarFeed, User
from portal.accounts.rules import enough_administrators_remain
from portal.core.roles import Capability, roles_that_can
from portal.core.rules import Refused, Violation


def permit(actor: User) -> None:
    """Raise PermissionDenied unless ``actor`` is an administrator."""
    if not actor.can(Capability.ADMINISTER) or not actor.is_active:
        raise PermissionDenied("only an administrator may do this")


def lock(user: User, *, with_administrators: bool = False) -> User:
    """Return the account locked until the end of the transaction, as it is now.

    ``with_administrators`` before what may leave too few of them: each of their rows is locked too.
    Rows are locked in the order of their keys, so that two who act upon each other can't wait for
    each other, and without their keys: what refers to an account need not wait. The head of the
    audit chain comes last.
    """
    wanted = Q(pk=user.pk)
    if with_administrators:
        wanted |= Q(role__in=roles_that_can(Capability.ADMINISTER))
    rows = User.objects.select_for_update(no_key=True, of=("self",)).filter(wanted).order_by("pk")
    locked = list(rows.values_list("pk", flat=True))
    assert user.pk in locked
    # Read after the lock: what a lock waited for, a join would not show.
    return User.objects.select_related("agency__office", "person").get(pk=user.pk)


def drop_tokens(user: User) -> None:
    """End every token of the API and of the calendar feed.

    Sessions end by themselves with the password or the account.
    """
    AuthToken.objects.filter(user=user).delete()
    CalendarFeed.objects.filter(user=user).delete()


def keep_two_administrators(leaving: User) -> None:
    """Raise Refused when without ``leaving`` (locked) fewer than two persons could give roles."""
    if not leaving.can(Capability.ADMINISTER) or not leaving.is_active:
        return
    others = User.objects.administrators().exclude(pk=leaving.pk)
    people = {other.person_id or f"account {other.pk}" for other in others}
    if violation := enough_administrators_remain(len(people)):
        raise Refused(violation)


def refuse_if(*found: Violation | None) -> None:
    """Raise Refused with what was found, if anything was."""
    if violations := [violation for violation in found if violation]:
        raise Refused(*violations)


def note(
    kind: AccountNews.Kind, user: User, *, addresses: Iterable[str] = (), now: datetime
) -> None:
    """Let the owner, and the heads of the body, be told of what happens to an account."""
    AccountNews.objects.create(
        user=user, kind=kind, addresses=sorted({one for one in addresses if one}), at=now
    )
