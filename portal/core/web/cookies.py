"""Cookies of our own: over https bound to this host alone, never read by a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from datetime import timedelta

    from django.http.response import HttpResponseBase


def cookie_name(name: str) -> str:
    """Return the name of our cookie ``name``: over https no other host can set one of it."""
    return f"{settings.COOKIE_PREFIX}{name}"


def set_safe_cookie(
    response: HttpResponseBase, name: str, value: str, *, lasts: timedelta | None = None
) -> None:
    """Let the browser keep ``value``, until it is closed unless ``lasts`` says longer."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=lasts,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
