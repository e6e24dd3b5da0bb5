"""A reorganisation in words, for templates."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from orgmerge.body_lists.checks import words_of
from orgmerge.models import BodyListRow, Merger, MergerStep, PlanLine
from orgmerge.overview.wording import LINE_TONES, TONES
from orgmerge.vocabulary import Extent, LineAction, LineState, MergerState
from orgmerge.workflow import MergerAction
from portal.core.templatetags.portal_ui import state_tag

register = template.Library()


@register.simple_tag
def merger_state(merger: Merger) -> SafeString:
    """Return where it stands, as a tag."""
    state = MergerState(merger.state)
    return state_tag(state.label, TONES[state])


@register.simple_tag
def line_state(line: PlanLine) -> SafeString:
    """Return how far a line has come, as a tag."""
    state = LineState(line.state)
    return state_tag(state.label, LINE_TONES[state])


@register.filter
def action_words(action: str) -> str:
    """Return what can be done about a thing, in words."""
    return str(LineAction(action).label)


@register.filter
def merger_deed(step: MergerStep) -> str:
    """Return what was done, as its button said."""
    return str(MergerAction(step.action).label)


@register.filter
def list_words(code: str) -> str:
    """Return what is said of a problem or a remark about a row of an uploaded list."""
    return words_of(code)


@register.filter
def extent_words(row: BodyListRow) -> str:
    """Return how much is transferred, as the sheet wrote it where it makes no sense."""
    return str(dict(Extent.choices).get(row.extent, row.extent))
