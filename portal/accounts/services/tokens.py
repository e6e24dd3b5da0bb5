"""Tokens of the API, and what is swept away when its time is over."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session
from knox.models import AuthToken

from portal.accounts import throttle
from portal.accounts.models import User


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
