"""The books clerks keep by hand: certificates, hand-overs, losses, outgoing letters (DOMAIN 10.3).

Each is a list a user may see, narrowed and paged in the database, and the same as a spreadsheet;
personal numbers are masked in both. One module of this package with a ``REGISTER`` is one book;
nothing else names it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from requests_app.registers.base import Register


@cache
def registers() -> Mapping[str, Register[Any, Any]]:
    """Return slug → its register, in the order in which the page lists them."""
    modules = [import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    found: list[Register[Any, Any]] = [module.REGISTER for module in modules]
    return {one.slug: one for one in sorted(found, key=lambda one: one.place)}
