"""What ``manage.py check --deploy`` says about who may read /metrics."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core import checks

_SHORTEST_TOKEN = 32
_WIDEST = {4: 8, 6: 16}  # bits of the network: wider lets half the world in


@checks.register(checks.Tags.security, deploy=True)
def metrics_token_is_long(**_: Any) -> list[checks.CheckMessage]:
    """The token alone keeps strangers from the figures: it must not be guessed."""
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= _SHORTEST_TOKEN:
        return []
    return [
        checks.Error(
            f"METRICS_TOKEN is shorter than {_SHORTEST_TOKEN} characters.",
            hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"',
            id="portal.E003",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def metrics_addresses_are_narrow(**_: Any) -> list[checks.CheckMessage]:
    """Each is an address or a network, and none is the whole world."""
    found: list[checks.CheckMessage] = []
    for text in settings.METRICS_ADDRESSES:
        try:
            network = ip_network(text)
        except ValueError:
            message = f"METRICS_ADDRESSES: {text!r} is no address and no network."
            found.append(checks.Error(message, id="portal.E004"))
            continue
        if network.prefixlen < _WIDEST[network.version]:
            message = f"METRICS_ADDRESSES: {text} lets nearly everybody read the figures."
            found.append(checks.Warning(message, id="portal.W004"))
    return found
