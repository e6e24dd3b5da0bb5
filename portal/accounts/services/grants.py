"""Giving roles: one administrator proposes, another person who is one confirms or declines."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts import rules
from portal.accounts.acts import act_about
from portal.accounts.models import AccountNews, RoleGrant, User
from portal.accounts.services.choices import open_choice
from portal.accounts.services.common import (
    drop_tokens,
    keep_two_administrators,
    lock,
    note,
    permit,
    refuse_if,
)
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.roles import Capability, Role, profile_of
from portal.core.rules import refuse


@transaction.atomic
def propose_role(user: User, *, role: str, agency: Agency, actor: User, now: datetime) -> RoleGrant:
    """Propose a role, at a body, for an account; nothing changes until it is confirmed.

    Raises PermissionDenied or Refused.
    """
    permit(actor)
    user = lock(user)
    refuse_if(
        rules.is_known_person(actor.person_id is not None),
        rules.is_known_person(user.person_id is not None),
        rules.role_fits_body(role, agency.kind),
    )
    if user.is_active and (user.role, user.agency_id) == (role, agency.pk):
        raise refuse("nothing_changes", _("Tài khoản đang có đúng vai trò này."))
    if user.grants.open().exists():
        raise refuse(
            "grant_is_open",
            _("Đang có một đề nghị giao vai trò chờ xác nhận cho tài khoản này."),
            way_out=_("Xác nhận, từ chối hoặc rút đề nghị đó trước."),
        )
    grant = RoleGrant.objects.create(
        user=user, role=Role(role), agency=agency, proposed_by=actor, proposed_at=now
    )
    # Whoever makes another account in somebody's name is not left alone with it.
    if not user.is_active:
        for other in User.objects.filter(person=user.person_id, is_active=True):
            note(AccountNews.Kind.SECOND_ACCOUNT, other, addresses=[other.email], now=now)
    _record("user.propose_role", grant, actor=actor, now=now)
    return grant


@transaction.atomic
def confirm_role(grant: RoleGrant, *, actor: User, now: datetime) -> RoleGrant:
    """Give the proposed role: the account works in it from now on, with the password it has.

    Who has none yet gets a link to choose it by.

    Raises PermissionDenied or Refused.
    """
    grant, user = _lock_open(grant, actor=actor)
    refuse_if(
        rules.is_second_person(
            actor.is_same_person_as(grant.proposed_by), actor.is_same_person_as(user)
        ),
        rules.role_fits_body(grant.role, grant.agency.kind),
    )
    if Capability.ADMINISTER not in profile_of(grant.role).capabilities:
        keep_two_administrators(user)
    before = user.role
    user.role, user.agency, user.is_active = grant.role, grant.agency, True
    user.save(update_fields=["role", "agency", "is_active"])
    drop_tokens(user)
    _decide(grant, actor, is_granted=True, now=now)
    if not user.has_usable_password() and user.email:
        open_choice(user, change=None, now=now)
    _record("user.confirm_role", grant, actor=actor, now=now, before=before)
    return grant


@transaction.atomic
def decline_role(grant: RoleGrant, *, actor: User, now: datetime) -> RoleGrant:
    """Decline a proposal; everything stays as it is. Raises PermissionDenied or Refused."""
    grant, user = _lock_open(grant, actor=actor)
    refuse_if(
        rules.is_second_person(
            actor.is_same_person_as(grant.proposed_by), actor.is_same_person_as(user)
        )
    )
    _decide(grant, actor, is_granted=False, now=now)
    _record("user.decline_role", grant, actor=actor, now=now)
    return grant


@transaction.atomic
def withdraw_role(grant: RoleGrant, *, actor: User, now: datetime) -> RoleGrant:
    """Take one's own proposal back. Raises PermissionDenied or Refused."""
    grant, _user = _lock_open(grant, actor=actor)
    if not actor.is_same_person_as(grant.proposed_by):
        raise PermissionDenied("only who proposed a role may withdraw it")
    _decide(grant, None, is_granted=False, now=now)
    _record("user.withdraw_role", grant, actor=actor, now=now)
    return grant


def withdraw_open(user: User, *, now: datetime) -> None:
    """Close what is proposed for an account that is being closed; the caller audits."""
    user.grants.open().update(decided_at=now, is_granted=False)


def _lock_open(grant: RoleGrant, *, actor: User) -> tuple[RoleGrant, User]:
    permit(actor)
    refuse_if(rules.is_known_person(actor.person_id is not None))
    user = lock(
        grant.user, with_administrators=True
    )  # the account first, as everywhere: two decisions can't deadlock
    grant = (
        RoleGrant.objects.select_for_update(no_key=True, of=("self",))
        .select_related("agency", "proposed_by")
        .get(pk=grant.pk)
    )
    grant.user = user
    if grant.decided_at is not None:
        raise refuse(
            "already_decided",
            _("Đề nghị này đã được người khác xử lý."),
            way_out=_("Xem lại tài khoản để biết kết quả."),
        )
    return grant, user


def _decide(grant: RoleGrant, actor: User | None, *, is_granted: bool, now: datetime) -> None:
    grant.decided_by, grant.decided_at, grant.is_granted = actor, now, is_granted
    grant.save(update_fields=["decided_by", "decided_at", "is_granted"])


def _record(
    action: str, grant: RoleGrant, *, actor: User, now: datetime, before: str | None = None
) -> None:
    data: dict[str, object] = {
        "grant": str(grant.uuid),
        "role": grant.role,
        "agency": str(grant.agency.uuid),
    }
    if before is not None:
        data["before"] = before
    audit.record(act_about(action, grant.user, data), actor=actor, now=now)
