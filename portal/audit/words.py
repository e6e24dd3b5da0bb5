"""What audit entries say, in words: each app's ``acts.py`` names the acts that it records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils.module_loading import module_has_submodule

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """A kind of thing that acts are about; ``order`` is its place where one is chosen."""

    code: str
    title: _StrPromise
    order: int


@dataclass(frozen=True, slots=True)
class ActGroup:
    """Acts recorded as ``code.name``, and the words for each name; ``about`` is a target's code."""

    code: str
    about: str
    order: int
    words: Mapping[str, _StrPromise]


@cache
def targets() -> Mapping[str, AuditTarget]:
    """Return every kind of thing that acts are about, by its code."""
    found: list[AuditTarget] = list(chain.from_iterable(one.TARGETS for one in _modules()))
    return {one.code: one for one in sorted(found, key=lambda target: target.order)}


@cache
def groups() -> Mapping[str, ActGroup]:
    """Return every group of acts by its code."""
    found: list[ActGroup] = list(chain.from_iterable(one.ACTS for one in _modules()))
    return {one.code: one for one in sorted(found, key=lambda group: group.order)}


def action_choices() -> list[tuple[str, list[tuple[str, _StrPromise]]]]:
    """Return the acts as grouped choices of a form field."""
    return [
        (
            str(targets()[group.about].title),
            [(f"{group.code}.{name}", word) for name, word in group.words.items()],
        )
        for group in groups().values()
    ]


def target_choices() -> list[tuple[str, _StrPromise]]:
    """Return the kinds of things as choices of a form field."""
    return [(target.code, target.title) for target in targets().values()]


def _modules() -> list[ModuleType]:
    return [
        import_module(f"{app.name}.acts")
        for app in apps.get_app_configs()
        if app.module is not None and module_has_submodule(app.module, "acts")
    ]
