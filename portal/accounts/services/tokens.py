"""Tokens of the API, and what is swept away when its time is over."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from knox.models import AuthToken

from portal.accounts import throttle
from portal.accounts.acts import act_about
from portal.accounts.models import CalendarFeed, KnownPlace, User
from portal.accounts.services.common import lock
from portal.audit import services as audit


@transaction.atomic
def make_token(user: User, *, address: str, now: datetime) -> tuple[str, datetime]:
    """Return a new token of the API and when it ends; only its hash is kept."""
    kept, token = AuthToken.objects.create(user=user)
    act = act_about("user.make_token", user, {"address": address})
    audit.record(act, actor=user, now=now)
    return token, kept.expiry


def note_first_use(token: AuthToken, *, now: datetime) -> None:
    """Record that a token of the API was used for the first time."""
    ends_on = (token.expiry + timedelta(days=1)).date()
    _note_first("user.use_token", token.user, token.digest, forget_on=ends_on, now=now)


def _note_first(
    action: str, user: User, digest: str, *, forget_on: date | None, now: datetime
) -> None:
    if digest in _used:
        return
    act = act_about(action, user)
    audit.record_once(act, about=digest, forget_on=forget_on, actor=user, now=now)
    _used.add(digest)
    while len(_used) > _MOST_USED:
        _used.pop()


# Digests of tokens that this process knows to have been used: it need not ask again.
_used: set[str] = set()
_MOST_USED = 10_000


@transaction.atomic
def end_token(token: AuthToken, *, now: datetime) -> None:
    """End one token; asked again, nothing happens."""
    ended, _by_model = AuthToken.objects.filter(pk=token.pk).delete()
    if ended:
        audit.record(act_about("user.end_token", token.user), actor=token.user, now=now)


def forget_expired(*, now: datetime) -> int:
    """Delete sessions, tokens, failures and places whose time is over; return how many."""
    with transaction.atomic():
        # Sessions nobody came back to; that those of an account ended is recorded.
        expired = list(Session.objects.filter(expire_date__lt=now))
        accounts = [session.get_decoded().get(SESSION_KEY) for session in expired]
        users = User.objects.select_related("agency__office").in_bulk(
            [pk for pk in accounts if pk is not None]
        )
        acts = [
            act_about("user.session_over", users[int(pk)])
            for pk in accounts
            if pk is not None and int(pk) in users
        ]
        Session.objects.filter(pk__in=[session.pk for session in expired]).delete()
        audit.record_many(acts, actor=None, now=now)  # the end of the chain is locked last
    tokens, _by_model = AuthToken.objects.filter(expiry__lt=now).delete()
    unseen = KnownPlace.objects.filter(seen_at__lt=now - settings.KNOWN_PLACE_LASTS)
    places, _by_model = unseen.delete()
    noted = audit.forget_noted(now=now)
    return len(expired) + int(tokens) + int(places) + noted + throttle.forget_old(now=now)


_TOKEN_BYTES = 32


@transaction.atomic
def make_feed(actor: User, *, now: datetime) -> str:
    """Give ``actor`` a new token and return it; the one before ends. Only its hash is kept."""
    user = lock(actor)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    feed = CalendarFeed.objects.filter(user=user).first() or CalendarFeed(user=user)
    feed.token_hash, feed.made_at = _hash_of(token), now
    feed.save()
    audit.record(act_about("user.make_calendar_feed", user), actor=actor, now=now)
    return token


@transaction.atomic
def withdraw_feed(actor: User, *, now: datetime) -> bool:
    """End the token of ``actor``; say whether there was one."""
    user = lock(actor)
    found, _by_model = CalendarFeed.objects.filter(user=user).delete()
    if found:
        audit.record(act_about("user.withdraw_calendar_feed", user), actor=actor, now=now)
    return bool(found)


def reader_of(token: str, *, now: datetime) -> User | None:
    """Return the active account ``token`` belongs to; its first use is recorded.

    Found by the hash of 256 random bits: how long the look-up takes says nothing of a token.
    """
    feeds = CalendarFeed.objects.filter(token_hash=_hash_of(token), user__is_active=True)
    feed = feeds.select_related("user").first()
    if feed is None:
        return None
    _note_first("user.use_calendar_feed", feed.user, feed.token_hash, forget_on=None, now=now)
    return feed.user


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
