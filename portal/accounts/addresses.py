"""From where a request comes: its address, and the browser's mark.

What a proxy forwards counts only from ``TRUSTED_PROXIES``: ``ForwardedByOurs`` takes it away from
whoever else sends it, before anything reads it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from django.conf import settings

from portal.core.web.cookies import cookie_name, set_safe_cookie

if TYPE_CHECKING:
    from datetime import timedelta

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_ONE_HOME = 64  # bits: whoever has one IPv6 address has the other addresses of its network
_FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_FORWARDED",
)
_MARK, _MARK_LENGTH = "place", 43


class ForwardedByOurs:
    """Takes forwarded headers away from requests that no proxy of ours hands on. Stands first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _is_ours(str(request.META.get("REMOTE_ADDR", ""))):
            for name in _FORWARDED:
                request.META.pop(name, None)
        return self.get_response(request)


def client_address(request: HttpRequest) -> str:
    """Return the client's address, an IPv6 one as its network; "unknown" when there is none.

    Of X-Forwarded-For counts the last entry that is no proxy of ours: our own wrote it, and the
    ones before it are what the client says.
    """
    given = str(request.META.get("REMOTE_ADDR", ""))
    if _is_ours(given):
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
        told = [one.strip() for one in forwarded.split(",") if one.strip()]
        given = next((one for one in reversed(told) if not _is_ours(one)), (told or [given])[0])
    address = _address(given)
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _ONE_HOME), strict=False))
    return str(address)


def browser_mark(request: HttpRequest) -> str:
    """Return the mark this browser was given at an earlier sign-in, or ""."""
    mark = request.COOKIES.get(cookie_name(_MARK), "")
    return mark if len(mark) == _MARK_LENGTH else ""


def new_mark() -> str:
    """Return a mark for a browser that has none: 256 random bits, which say nothing."""
    return secrets.token_urlsafe(32)


def keep_mark(response: HttpResponseBase, mark: str, *, lasts: timedelta) -> None:
    """Let the browser keep its mark; signing out leaves it there."""
    set_safe_cookie(response, _MARK, mark, lasts=lasts)


def _is_ours(given: str) -> bool:
    address = _address(given)
    return address is not None and any(address in network for network in settings.TRUSTED_PROXIES)


def _address(given: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(given)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
