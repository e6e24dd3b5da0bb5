"""The catalogue of forms: one module ``mau_NN_*.py`` is one Mẫu; nothing else names a kind."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from requests_app.kinds.base import Kind


def _discover(paths: Iterable[str]) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for module in sorted(pkgutil.iter_modules(paths), key=lambda found: found.name):
        if not module.name.startswith("mau_"):
            continue
        kind: Kind = import_module(f"{__name__}.{module.name}").KIND
        if kind.code in kinds:
            raise ValueError(f"two kinds share the code {kind.code}")
        kinds[kind.code] = kind
    return kinds


KINDS = _discover(__path__)


def get(code: str) -> Kind:
    """Return the form called ``code``; raises KeyError."""
    return KINDS[code]
