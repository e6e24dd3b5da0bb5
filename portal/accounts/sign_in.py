"""Proving who one is: the one door for the page and for the API's tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from portal.accounts import services, throttle
from portal.accounts.acts import act_about
from portal.accounts.models import KnownPlace, PasswordChoice, User
from portal.audit import services as audit
from portal.core.database.fields import keyed_hash

if TYPE_CHECKING:
    from django.http import HttpRequest

# For one account from one place; for an account from all places it has not signed in from before;
# for an address, whatever the account: a whole office may come through one.
PAIR = throttle.Pace(free=5, first=timedelta(seconds=30), longest=timedelta(minutes=15))
ACCOUNT = throttle.Pace(free=10, first=timedelta(seconds=30), longest=timedelta(minutes=15))
ADDRESS = throttle.Pace(free=30, first=timedelta(seconds=5), longest=timedelta(minutes=5))
_MOST_PLACES = 20  # known of one account: the newest


class WrongPassword(Exception):
    """No such account, not active, or not its password: which one is not told."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody tries: an address, and the mark of the browser if it has one."""

    address: str
    mark: str = ""

    def names(self) -> list[str]:
        """Return what it may be known by, the surer first; an unknown address is none."""
        address = "" if self.address == "unknown" else self.address
        return [name for name in (self.mark and f"mark {self.mark}", address) if name]


def check(
    username: str, password: str, *, place: Place, now: datetime, request: HttpRequest | None = None
) -> User:
    """Return the account these open.

    Raises WrongPassword or throttle.Closed. A refusal is counted and audited in transactions of
    its own, never with the password and never with a name that is no account's. A name that is no
    account's is treated, and takes as long, as one that is.
    """
    username = User.normalize_username(username)
    attempt = _begin(username, username.casefold(), place, now=now)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        _record_refusal(username, place, closes=attempt.left == 0, now=now)
        raise WrongPassword(attempt.left)
    throttle.succeed(attempt)
    # The account is at home at this place from now on.
    keys = _place_keys(user.username.casefold(), place)
    with transaction.atomic():
        if KnownPlace.objects.filter(key__in=keys).update(seen_at=now) < len(keys):
            new = [KnownPlace(key=key, user=user, seen_at=now) for key in keys]
            KnownPlace.objects.bulk_create(new, ignore_conflicts=True)
            newest = KnownPlace.objects.filter(user=user).order_by("-seen_at", "-pk")
            surplus = list(newest.values_list("pk", flat=True)[_MOST_PLACES:])
            KnownPlace.objects.filter(pk__in=surplus).delete()
    return user


def check_code(
    username: str, first: str, second: str, *, place: Place, now: datetime
) -> PasswordChoice:
    """Return the right that both halves of a code give; raises Refused or throttle.Closed."""
    username = User.normalize_username(username)
    attempt = _begin(username, f"{username.casefold()}|code", place, now=now)
    choice = services.choice_of_code(username, first, second, now=now)
    if choice is None:
        _record_refusal(username, place, closes=attempt.left == 0, now=now)
        raise services.link_is_over()
    throttle.succeed(attempt)
    return choice


def check_own_password(user: User, password: str, *, now: datetime) -> None:
    """Make sure that who holds the session knows the password.

    Raises as ``check`` does; the tries are the account's own, wherever they come from.
    """
    attempt = throttle.begin([PAIR.on(f"{user.uuid}|own password")], now=now)
    if not user.check_password(password):
        raise WrongPassword(attempt.left)
    throttle.succeed(attempt)


@transaction.atomic
def enter(user: User, place: Place, *, now: datetime) -> None:
    """Record that ``user`` signed in."""
    audit.record(act_about("user.sign_in", user, {"address": place.address}), actor=user, now=now)


@transaction.atomic
def leave(user: User, *, now: datetime) -> None:
    """Record that ``user`` signed out."""
    audit.record(act_about("user.sign_out", user), actor=user, now=now)


@transaction.atomic
def end_by_itself(user: User, session_key: str, *, now: datetime) -> None:
    """Record that a session of ``user`` lasted or stood idle too long, once however many ask."""
    tomorrow = timezone.localdate(now) + timedelta(days=1)
    act = act_about("user.session_over", user)
    audit.record_once(act, about=session_key, forget_on=tomorrow, actor=None, now=now)


def _begin(username: str, name: str, place: Place, *, now: datetime) -> throttle.Attempt:
    """Count a try for ``name`` at ``place``; a try while it is closed is recorded, once a day.

    Where the account has signed in before only its own failures there count: nobody shuts it out
    from elsewhere, and nobody by trying other names at its address.
    """
    keys = _place_keys(username.casefold(), place)
    known = set(KnownPlace.objects.filter(key__in=keys).values_list("key", flat=True))
    home = next((key for key in keys if key in known), None)
    limits = [PAIR.on(f"{name}|{home or place.address}")]
    if home is None:
        limits += [ACCOUNT.on(f"{name}|anywhere"), ADDRESS.on(f"|{place.address}")]
    try:
        return throttle.begin(limits, now=now)
    except throttle.Closed as closed:
        act = _refusal("user.sign_in_while_closed", username, place)
        audit.record_daily(act, about=closed.key, actor=None, now=now)
        raise


def _place_keys(name: str, place: Place) -> list[str]:
    """Return under what a place is known as one of the account ``name``."""
    return [keyed_hash(f"{name}|{one}|known") for one in place.names()]


@transaction.atomic
def _record_refusal(username: str, place: Place, *, closes: bool, now: datetime) -> None:
    act = _refusal("user.sign_in_refused", username, place, closes=closes)
    audit.record(act, actor=None, now=now)


def _refusal(action: str, username: str, place: Place, **data: bool) -> audit.Act:
    """Return the act of a try that came to nothing; a name that is no account's is not kept."""
    user = User.objects.filter(username=username).select_related("agency__office").first()
    if user is not None:
        return act_about(action, user, {"address": place.address, **data})
    data_of_nobody = {"address": place.address, **data}
    return audit.Act(action=action, target_type="user", target_uuid=None, data=data_of_nobody)
