"""The ways on which notices leave the portal, each one file here that says what its CHANNEL is.

On the pages everybody is told in any case. docs/how-to/add-a-notice-channel.md adds one.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from portal.notices.channels.base import Channel


def channels() -> list[Channel]:
    """Return the channels that are installed, in the order in which they are shown and sent."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")
    found: list[Channel] = [import_module(f"{__name__}.{name}").CHANNEL for name in names]
    return sorted(found, key=lambda channel: channel.order)
