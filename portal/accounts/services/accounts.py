"""Accounts: made without a role, closed for good until a role is given again, passwords."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from knox.models import AuthToken

from portal.accounts.acts import act_about
from portal.accounts.models import CalendarFeed, RoleGrant, User
from portal.accounts.passwords import refuse_unfit
from portal.accounts.rules import FEWEST_ADMINISTRATORS
from portal.accounts.services.common import (
    drop_tokens,
    keep_two_administrators,
    lock,
    permit,
)
from portal.accounts.services.grants import propose_role, withdraw_open
from portal.agencies.facts import PersonFacts
from portal.agencies.models import Agency, Subscriber
from portal.agencies.services.people import conflicts_of, match_or_create_people
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.database.fields import keyed_hash
from portal.core.roles import Capability, Role
from portal.core.rules import refuse
from portal.core.text.vietnamese import nfc

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_GROUPS, _GROUP_LENGTH = 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What is told about a new account and the person who will use it."""

    username: str
    full_name: str
    identity_number: str
    agency: Agency
    birth_on: date | None = None
    position: str = ""
    email: str = ""


@transaction.atomic
def create_account(facts: AccountFacts, *, role: str, actor: User, now: datetime) -> RoleGrant:
    """Make an account that opens nothing until a second person confirms its role.

    It has no password: with the role its owner gets a link to choose one by. Raises
    PermissionDenied or Refused.
    """
    permit(actor)
    user = _new_user(facts, now=now)
    user.is_active = False
    user.set_unusable_password()
    _save_new(user)
    grant = propose_role(user, role=role, agency=facts.agency, actor=actor, now=now)
    audit.record(act_about("user.create", user), actor=actor, now=now)
    return grant


@transaction.atomic
def create_administrators(
    people: Sequence[tuple[AccountFacts, str]], *, now: datetime
) -> list[User]:
    """Make the first administrators, each with a password; all of them or none.

    Afterwards roles are given by two persons. Raises Refused when there are two already, or a
    person comes twice.
    """
    users = [_new_user(facts, now=now) for facts, _password in people]
    rows = User.objects.select_for_update(no_key=True, of=("self",))
    standing = list(rows.administrators().order_by("pk"))
    if len({one.person_id for one in standing} - {None}) >= FEWEST_ADMINISTRATORS:
        raise refuse(
            "administrators_exist",
            _("Đã có đủ hai quản trị viên; vai trò quản trị tiếp theo do hai người giao."),
        )
    for user, (_facts, password) in zip(users, people, strict=True):
        if any(user.is_same_person_as(one) for one in standing if one.person_id):
            raise refuse("same_person", _("Hai quản trị viên phải là hai người khác nhau."))
        refuse_unfit(password, user)
        user.role = Role.ADMINISTRATOR
        user.must_change_password = True
        user.set_password(password)
        _save_new(user)
        standing.append(user)
    acts = [act_about("user.create_administrator", user) for user in users]
    audit.record_many(acts, actor=None, now=now)
    return users


@transaction.atomic
def deactivate(user: User, *, actor: User, now: datetime) -> User:
    """Close an account; what waits for a second person is withdrawn with it.

    It opens again only by a role that two persons give. Raises PermissionDenied or Refused.
    """
    permit(actor)
    user = lock(user, with_administrators=True)
    if user.is_same_person_as(actor):
        raise refuse("own_account", _("Không ai được tự ngừng tài khoản của mình."))
    if not user.is_active:
        raise refuse("not_active", _("Tài khoản này đã ngừng hoạt động."))
    keep_two_administrators(user)
    withdraw_open(user, now=now)
    user.changes.open().update(decided_at=now, is_confirmed=False)
    user.is_active = False
    user.save(update_fields=["is_active"])
    drop_tokens(user)
    audit.record(act_about("user.deactivate", user), actor=actor, now=now)
    return user


@transaction.atomic
def reset_administrator(username: str, *, now: datetime) -> str:
    """Give an administrator a password for one use, from the server's own console.

    Whoever may type there holds the keys of everything: nobody confirms it, no time is waited.

    Raises User.DoesNotExist.
    """
    user = lock(User.objects.administrators().get(username=username))
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    drop_tokens(user)
    user.known_places.all().delete()
    audit.record(act_about("user.reset_administrator", user), actor=None, now=now)
    return password


@transaction.atomic
def change_password(user: User, password: str, *, actor: User, now: datetime) -> User:
    """Set the password its owner chose; every other session and token of the account ends.

    The caller has made sure of the old one (``sign_in.check_own_password``).
    """
    if user.pk != actor.pk:
        raise PermissionDenied("a password is its owner's to choose")
    user = lock(user)
    if user.check_password(password):
        raise refuse(
            "same_password",
            _("Mật khẩu mới phải khác mật khẩu đang dùng."),
            way_out=_("Chọn một mật khẩu khác."),
        )
    refuse_unfit(password, user)
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    drop_tokens(user)
    audit.record(act_about("user.change_password", user), actor=actor, now=now)
    return user


def one_time_password() -> str:
    """Return a random password that can be read out over the telephone (59 bits)."""
    groups = (
        "".join(secrets.choice(_LETTERS) for _letter in range(_GROUP_LENGTH))
        for _group in range(_GROUPS)
    )
    return "-".join(groups)


def _new_user(facts: AccountFacts, *, now: datetime) -> User:
    person = PersonFacts(
        number=facts.identity_number,
        name=facts.full_name,
        birth_on=facts.birth_on,
        position=facts.position,
        email=facts.email,
    )
    if any(conflicts_of([person])):
        raise refuse(
            "person_differs",
            _("Số định danh cá nhân này đã được đăng ký với họ tên hoặc ngày sinh khác."),
            way_out=_("Đối chiếu lại với thẻ căn cước."),
        )
    number = keyed_hash(nfc(facts.identity_number))
    known = Subscriber.objects.filter(identity_hash=number).first()
    return User(
        username=User.normalize_username(facts.username.strip()),
        full_name=nfc(facts.full_name),
        position=nfc(facts.position),
        email=facts.email.strip(),
        agency=facts.agency,
        person=known or match_or_create_people([person], agency=facts.agency, now=now)[0],
    )


def _save_new(user: User) -> None:
    taken = refuse(
        "username_taken",
        _("Tên đăng nhập “%(name)s” đã có người dùng.") % {"name": user.username},
        way_out=_("Chọn tên khác, ví dụ thêm tên đơn vị."),
    )
    if User.objects.filter(username__iexact=user.username).exists():
        raise taken
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise taken from error


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
        data: dict[str, object] = {"from": str(user.agency.uuid), "role": user.role, **basis}
        action = "user.follow_body"
        if way is None:
            action, user.is_active = "user.close_with_body", False
        else:
            user.agency = way
            if user.pk in without_role:
                action, user.role, user.is_active = "user.follow_without_role", "", False
        acts.append(act_about(action, user, data))
        touched.append(user)
    update_rows(touched, ["agency", "role", "is_active"])
    changed = [user.pk for user in touched]
    RoleGrant.objects.open().filter(user__in=changed).update(decided_at=now, is_granted=False)
    AuthToken.objects.filter(user__in=changed).delete()
    CalendarFeed.objects.filter(user__in=changed).delete()
    if acts:
        audit.record_many(acts, actor=None, now=now)
    return touched
