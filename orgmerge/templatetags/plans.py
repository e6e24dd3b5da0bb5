"""A plan in words, for templates."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orgmerge.models import PlanLine
from orgmerge.planner.reasons import REASONS, WARNINGS
from orgmerge.plans import wording
from portal.ca.models import Certificate
from portal.core.templatetags.portal_ui import state_tag

register = template.Library()


@register.simple_tag
def line_action(line: PlanLine, deed: str) -> SafeString:
    """Return what is done, as a tag."""
    return state_tag(deed, wording.TONES[line.action])


@register.filter
def is_settleable(line: PlanLine) -> bool:
    """Say whether a person says what is done about it."""
    return wording.is_to_settle(line)


@register.filter
def about_slug(about: str) -> str:
    """Return how an address calls what a line is about."""
    return wording.SLUG_OF[about]


@register.filter
def reason_sentence(code: str) -> str:
    found = REASONS.get(code)
    return str(found.sentence) if found else code


@register.filter
def warning_sentence(code: str) -> str:
    found = WARNINGS.get(code)
    return str(found.sentence) if found else code


@register.filter
def value_of(words: Mapping[str, object], key: str) -> object:
    return words.get(key, key)


@register.filter
def device_words(certificate: Certificate) -> str:
    """Return where a certificate's key is, and how the device is."""
    device = getattr(certificate.key, "device", None)
    if device is None:
        return str(certificate.key.get_storage_display())
    return _("%(kind)s %(serial)s: %(condition)s, %(custody)s") % {
        "kind": device.get_kind_display(),
        "serial": device.serial,
        "condition": str(device.get_condition_display()).lower(),
        "custody": str(device.get_custody_display()).lower(),
    }
