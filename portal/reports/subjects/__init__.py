"""What reports count; one module with a ``SUBJECT`` is one subject, nothing else names it."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from portal.reports.base import Subject


@cache
def subjects() -> Mapping[str, Subject[Any]]:
    """Return code → its subject, in the order in which a report has them."""
    modules = [import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    found: list[Subject[Any]] = [module.SUBJECT for module in modules]
    return {one.code: one for one in sorted(found, key=lambda one: one.place)}
