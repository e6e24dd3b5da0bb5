"""Tokens of the API, and what is swept away when its time is over."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from knox.models import AuthToken

from portal.accounts import throttle
from portal.accounts.acts import act_about
from portal.accounts.models import CalendarFeed, User
from portal.accounts.services.common import lock
from portal.audit import services as audit


def make_token(user: User) -> tuple[str, datetime]:
    """Return a new token of the API and when it ends; only its hash is kept."""
    kept, token = AuthToken.objects.create(user=user)
    return token, kept.expiry


def end_token(token: AuthToken) -> None:
    """End one token; asked again, nothing happens."""
    AuthToken.objects.filter(pk=token.pk).delete()


def forget_expired(*, now: datetime) -> int:
    """Delete sessions, tokens and sign-in failures whose time is over; return how many."""
    sessions, _by_model = Session.objects.filter(expire_date__lt=now).delete()
    tokens, _by_model = AuthToken.objects.filter(expiry__lt=now).delete()
    return int(sessions) + int(tokens) + throttle.forget_old(now=now)


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


def reader_of(token: str) -> User | None:
    """Return the active account ``token`` belongs to.

    Found by the hash of 256 random bits: how long the look-up takes says nothing of a token.
    """
    feeds = CalendarFeed.objects.filter(token_hash=_hash_of(token), user__is_active=True)
    feed = feeds.select_related("user").first()
    return feed.user if feed else None


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
