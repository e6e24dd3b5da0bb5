"""From which address a request comes."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

_ONE_HOME = 64  # bits: whoever has one IPv6 address has the other addresses of its network


def client_address(request: HttpRequest) -> str:
    """Return the client's address, an IPv6 one as its network; "unknown" when there is none.

    X-Forwarded-For counts only BEHIND_PROXY, and then only its last entry, which our own proxy
    wrote: the ones before it are what the client says.
    """
    given = str(request.META.get("REMOTE_ADDR", ""))
    if getattr(settings, "BEHIND_PROXY", False):
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
        given = forwarded.rpartition(",")[2].strip() or given
    try:
        address = ip_address(given)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Network((address, _ONE_HOME), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
