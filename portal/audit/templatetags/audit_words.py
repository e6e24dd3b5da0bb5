"""Audit entries in words."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django import template
from django.utils.translation import gettext as _

from portal.audit import words
from portal.core.roles import Role

register = template.Library()


@register.filter
def action_word(action: str) -> str:
    """Return an act in words; the code itself where there are none."""
    group, _dot, name = action.partition(".")
    found = words.groups().get(group)
    return str(found.words.get(name, action) if found else action)


@register.filter
def target_word(target_type: str) -> str:
    """Return what kind of thing an act is about, in words."""
    found = words.targets().get(target_type)
    return str(found.title if found else target_type)


@register.filter
def role_word(role: str) -> str:
    """Return the role an act was done in; the portal's own acts have none."""
    return str(Role(role).label) if role in Role else _("Hệ thống")


@register.filter
def value_words(value: object) -> str:
    """Return one value of an entry's data on one line."""
    if isinstance(value, list):
        return ", ".join(map(value_words, value)) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {value_words(part)}" for name, part in value.items()) or "–"
    if isinstance(value, bool):
        return _("có") if value else _("không")
    return "–" if value in (None, "") else str(value)


@register.filter
def name_of(bodies: Mapping[UUID, str], uuid: UUID | None) -> str:
    """Return the name of one of the bodies on the page."""
    return bodies.get(uuid, "") if uuid else ""
