"""Proving who one is: the one door for the page and for the API's tokens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction

from portal.accounts import services, throttle
from portal.accounts.models import PasswordChoice, User
from portal.audit import services as audit

if TYPE_CHECKING:
    from django.http import HttpRequest

# A whole province's offices may come through one address of the state network.
ADDRESS_FAILURES_ALLOWED = 100


class WrongPassword(Exception):
    """No such account, not active, or not its password: which one is not told."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


def check(
    username: str, password: str, *, address: str, now: datetime, request: HttpRequest | None = None
) -> User:
    """Return the account these open.

    Raises WrongPassword or throttle.Closed. A refusal is counted and audited in transactions of
    its own, never with the password and never with a name that is no account's.
    """
    username = User.normalize_username(username)
    attempt = throttle.begin(
        [
            throttle.Limit.on(
                f"{username.casefold()}|{address}", allowed=settings.LOGIN_FAILURES_ALLOWED
            ),
            throttle.Limit.on(f"|{address}", allowed=ADDRESS_FAILURES_ALLOWED),
        ],
        now=now,
    )
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        _record_refusal(username, address=address, closes=attempt.left == 0, now=now)
        raise WrongPassword(attempt.left)
    throttle.succeed(attempt)
    return user


def check_code(
    username: str, first: str, second: str, *, address: str, now: datetime
) -> PasswordChoice:
    """Return the right that both halves of a code give; raises Refused or throttle.Closed."""
    username = User.normalize_username(username)
    attempt = throttle.begin(
        [
            # The account's own tries, wherever they come from: half of a code is in other hands.
            throttle.Limit.on(
                f"{username.casefold()}|code", allowed=settings.LOGIN_FAILURES_ALLOWED
            ),
            throttle.Limit.on(f"|{address}", allowed=ADDRESS_FAILURES_ALLOWED),
        ],
        now=now,
    )
    choice = services.choice_of_code(username, first, second, now=now)
    if choice is None:
        _record_refusal(username, address=address, closes=attempt.left == 0, now=now)
        raise services.link_is_over()
    throttle.succeed(attempt)
    return choice


def check_own_password(user: User, password: str, *, now: datetime) -> None:
    """Make sure that who holds the session knows the password.

    Raises as ``check`` does; the tries are the account's own, wherever they come from.
    """
    limit = throttle.Limit.on(f"{user.uuid}|own password", allowed=settings.LOGIN_FAILURES_ALLOWED)
    attempt = throttle.begin([limit], now=now)
    if not user.check_password(password):
        raise WrongPassword(attempt.left)
    throttle.succeed(attempt)


@transaction.atomic
def _record_refusal(username: str, *, address: str, closes: bool, now: datetime) -> None:
    user = User.objects.filter(username=username).select_related("agency__office").first()
    agency = user.agency if user else None
    act = audit.Act(
        action="user.sign_in_refused",
        target_type="user",
        target_uuid=user.uuid if user else None,
        agency_uuid=agency.uuid if agency else None,
        office_uuid=agency.office.uuid if agency and agency.office else None,
        data={"address": address, "closes": closes},
    )
    audit.record(act, actor=None, now=now)
