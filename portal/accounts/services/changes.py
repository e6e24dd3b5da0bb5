"""Resets of passwords and new addresses: one administrator asks, another person confirms."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts import rules
from portal.accounts.acts import act_about
from portal.accounts.models import AccountChange, AccountNews, User
from portal.accounts.services.choices import (
    hash_of_code,
    hash_of_half,
    new_half,
    open_choice,
)
from portal.accounts.services.common import (
    drop_tokens,
    lock,
    note,
    permit,
    refuse_if,
)
from portal.audit import services as audit
from portal.core.rules import Violation, refuse

Kind, News = AccountChange.Kind, AccountNews.Kind


@transaction.atomic
def propose_reset(user: User, *, actor: User, now: datetime) -> AccountChange:
    """Ask that the owner may choose a new password by a link to the official address.

    For a clerk the link goes out at once; for everybody else when another person has confirmed.
    The password in use stays until the link is used. Raises PermissionDenied or Refused.
    """
    user = _lock_for(user, actor=actor)
    if not user.email:
        raise refuse(
            "no_mailbox",
            _("Tài khoản này không có địa chỉ thư công vụ để nhận đường dẫn."),
            way_out=_("Đặt lại bằng mã: mỗi quản trị viên trao cho người dùng một nửa."),
        )
    change = _open(user, Kind.RESET_BY_LINK, actor=actor, now=now)
    note(News.RESET_ASKED, user, addresses=[user.email], now=now)
    _record("propose", change, actor=actor, now=now)
    if not change.needs_second:
        change.decided_at, change.is_confirmed = now, True
        change.save(update_fields=["decided_at", "is_confirmed"])
        open_choice(user, change=change, now=now)
    return change


@transaction.atomic
def propose_code(user: User, *, actor: User, now: datetime) -> tuple[AccountChange, str]:
    """Ask for a code for who has no mailbox; return the half that ``actor`` alone is shown, once.

    Raises PermissionDenied or Refused.
    """
    user = _lock_for(user, actor=actor)
    if user.email:
        raise refuse(
            "has_a_mailbox",
            _("Tài khoản này có địa chỉ thư công vụ."),
            way_out=_("Đặt lại bằng đường dẫn gửi đến địa chỉ ấy."),
        )
    half = new_half()
    change = _open(user, Kind.RESET_BY_CODE, first_half=hash_of_half(half), actor=actor, now=now)
    note(News.RESET_ASKED, user, now=now)
    _record("propose", change, actor=actor, now=now)
    return change, half


@transaction.atomic
def propose_address(user: User, address: str, *, actor: User, now: datetime) -> AccountChange:
    """Ask that an account gets another official address; nothing changes until it is confirmed.

    Raises PermissionDenied or Refused.
    """
    user = _lock_for(user, actor=actor, may_be_closed=True)
    address = address.strip()
    if address.casefold() == user.email.casefold():
        raise refuse("nothing_changes", _("Tài khoản đang có đúng địa chỉ này."))
    change = _open(user, Kind.ADDRESS, address=address, actor=actor, now=now)
    note(News.ADDRESS_ASKED, user, addresses=[user.email, address], now=now)
    _record("propose", change, actor=actor, now=now)
    return change


@transaction.atomic
def confirm_change(change: AccountChange, *, actor: User, now: datetime) -> str:
    """Do what was asked, as another person; return the second half of a code, else "".

    A link goes out, or an address changes: then the account only looks on for LOOK_ONLY and its
    tokens end. Raises PermissionDenied or Refused.
    """
    change, user = _lock_open(change, actor=actor)
    refuse_if(_second_person(change, user, actor))
    _decide(change, actor, is_confirmed=True, now=now)
    half = ""
    match change.kind:
        case Kind.ADDRESS:
            user.email = change.address
            user.look_only_until = now + settings.LOOK_ONLY
            user.save(update_fields=["email", "look_only_until"])
            drop_tokens(user)
            addresses = [change.address_before, change.address]
            note(News.ADDRESS_CHANGED, user, addresses=addresses, now=now)
        case Kind.RESET_BY_LINK:
            open_choice(user, change=change, now=now)
            note(News.RESET_CONFIRMED, user, addresses=[user.email], now=now)
        case Kind.RESET_BY_CODE:
            half = new_half()
            choice = open_choice(user, change=change, by_code=True, now=now)
            choice.secret_hash = hash_of_code(change.first_half_hash, hash_of_half(half))
            choice.save(update_fields=["secret_hash"])
            note(News.RESET_CONFIRMED, user, now=now)
    _record("confirm", change, actor=actor, now=now)
    return half


@transaction.atomic
def decline_change(change: AccountChange, *, actor: User, now: datetime) -> AccountChange:
    """Decline what was asked; everything stays. Raises PermissionDenied or Refused."""
    change, user = _lock_open(change, actor=actor)
    refuse_if(_second_person(change, user, actor))
    _decide(change, actor, is_confirmed=False, now=now)
    _record("decline", change, actor=actor, now=now)
    return change


@transaction.atomic
def withdraw_change(change: AccountChange, *, actor: User, now: datetime) -> AccountChange:
    """Take back what one asked oneself. Raises PermissionDenied or Refused."""
    change, _user = _lock_open(change, actor=actor)
    if not actor.is_same_person_as(change.proposed_by):
        raise PermissionDenied("only who asked may withdraw it")
    _decide(change, None, is_confirmed=False, now=now)
    _record("withdraw", change, actor=actor, now=now)
    return change


def _lock_for(user: User, *, actor: User, may_be_closed: bool = False) -> User:
    permit(actor)
    refuse_if(rules.is_known_person(actor.person_id is not None))
    user = lock(user)
    if user.is_same_person_as(actor):
        raise refuse(
            "own_account",
            _("Không ai đặt lại mật khẩu hay đổi địa chỉ thư tài khoản của chính mình tại đây."),
            way_out=_("Đổi mật khẩu tại trang Đổi mật khẩu, hoặc nhờ một quản trị viên khác."),
        )
    if not (user.is_active or may_be_closed):
        raise refuse(
            "not_active",
            _("Tài khoản này chưa hoặc đã ngừng hoạt động."),
            way_out=_("Giao vai trò trước; người chưa có mật khẩu sẽ nhận đường dẫn khi đó."),
        )
    if user.changes.open().exists():
        raise refuse(
            "change_is_open",
            _("Đang có một đề nghị về mật khẩu hoặc địa chỉ thư chờ xác nhận cho tài khoản này."),
            way_out=_("Xác nhận, từ chối hoặc rút đề nghị đó trước."),
        )
    return user


def _open(
    user: User,
    kind: AccountChange.Kind,
    *,
    address: str = "",
    first_half: str = "",
    actor: User,
    now: datetime,
) -> AccountChange:
    needs_second = kind != Kind.RESET_BY_LINK or rules.reset_needs_a_second_person(
        user.role, user.is_active, user.grants.open().exists()
    )
    return AccountChange.objects.create(
        kind=kind,
        user=user,
        address=address,
        address_before=user.email,
        needs_second=needs_second,
        first_half_hash=first_half,
        proposed_by=actor,
        proposed_at=now,
    )


def _lock_open(change: AccountChange, *, actor: User) -> tuple[AccountChange, User]:
    permit(actor)
    refuse_if(rules.is_known_person(actor.person_id is not None))
    user = lock(change.user)  # the account first, as everywhere: two decisions can't deadlock
    rows = AccountChange.objects.select_for_update(no_key=True, of=("self",))
    change = rows.select_related("proposed_by").get(pk=change.pk)
    change.user = user
    if change.decided_at is not None:
        raise refuse(
            "already_decided",
            _("Đề nghị này đã được người khác xử lý."),
            way_out=_("Xem lại tài khoản để biết kết quả."),
        )
    if change.address_before != user.email:
        raise refuse("account_changed", _("Tài khoản đã thay đổi sau khi có đề nghị này."))
    return change, user


def _second_person(change: AccountChange, user: User, actor: User) -> Violation | None:
    return rules.is_second_person(
        actor.is_same_person_as(change.proposed_by), actor.is_same_person_as(user)
    )


def _decide(
    change: AccountChange, actor: User | None, *, is_confirmed: bool, now: datetime
) -> None:
    change.decided_by, change.decided_at, change.is_confirmed = actor, now, is_confirmed
    change.save(update_fields=["decided_by", "decided_at", "is_confirmed"])


def _record(step: str, change: AccountChange, *, actor: User, now: datetime) -> None:
    """Neither a link nor a code nor an address goes on the record."""
    action = f"user.{step}_{'address' if change.kind == Kind.ADDRESS else 'reset'}"
    data = {"change": str(change.uuid), "kind": change.kind, "needs_second": change.needs_second}
    audit.record(act_about(action, change.user, data), actor=actor, now=now)
