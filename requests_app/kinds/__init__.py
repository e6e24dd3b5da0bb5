"""The catalogue of forms: one folder ``requests_app/catalogue/mau_NN_*`` is one Mẫu.

A folder's ``form`` is pure and makes the catalogue. Its ``rules``, ``prefill`` and ``effect``, each
where there is something to say, import services and are found by ``attached`` when they are asked.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from requests_app.kinds.base import EffectKind, Kind

FOLDERS = "requests_app.catalogue"


def _discover(paths: Iterable[str]) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for module in sorted(pkgutil.iter_modules(paths), key=lambda found: found.name):
        if not module.name.startswith("mau_"):
            continue
        kind: Kind = import_module(f"{FOLDERS}.{module.name}.form").KIND
        if kind.code in kinds:
            raise ValueError(f"two kinds share the code {kind.code}")
        kinds[kind.code] = kind
    return kinds


KINDS = _discover(import_module(FOLDERS).__path__)


def get(code: str) -> Kind:
    """Return the form called ``code``; raises KeyError."""
    return KINDS[code]


def codes_with(*effects: EffectKind) -> list[str]:
    """Return the codes of the forms whose rows do one of ``effects``."""
    return [kind.code for kind in KINDS.values() if kind.effect in effects]


@cache
def attached(code: str, part: str, name: str) -> Any:
    """Return ``name`` of a module in the folder of the kind called ``code``; None without it.

    Raises KeyError when there is no such kind.
    """
    module = f"{FOLDERS}.{get(code).code}.{part}"
    return getattr(import_module(module), name) if find_spec(module) else None
