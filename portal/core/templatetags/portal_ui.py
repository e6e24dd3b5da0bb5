"""Small pieces pages are made of: icons, state tags, due dates, page navigation."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import lucide
from django import forms, template
from django.template.context import Context
from django.utils.choices import flatten_choices
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.core import law
from portal.core.calendar.workdays import WorkCalendar
from portal.core.roles import Capability
from portal.core.text.identifiers import mask as mask_number
from portal.core.web.paging import MOST_COUNTED

register = template.Library()

_TONES = frozenset({"neutral", "info", "success", "warning", "danger"})


@register.simple_tag
def blank(width: int) -> str:
    """Return room on paper that a hand fills in, ``width`` spaces wide."""
    return "\N{NO-BREAK SPACE}" * width


@register.simple_tag
def law_number(name: str) -> int:
    """Return a number of the law by its name: ``{% law_number "return_days" as days %}``."""
    return law.numbers()[name]


@register.filter
def can(user: Any, capability: str) -> bool:
    """Say whether who looks at the page has a capability: ``{% if user|can:"draft" %}``."""
    return bool(getattr(user, "is_authenticated", False) and user.can(Capability(capability)))


@register.simple_tag
@lru_cache(maxsize=1024)  # a page has dozens, all pages together a hundred
def icon(name: str, size: int = 18, label: str = "") -> SafeString:
    """Return an icon as inline SVG: decoration, unless ``label`` gives it a name."""
    named = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    attributes = {"class": "icon", "focusable": "false", **named}
    drawn = lucide._render_icon(str(name), int(size), **attributes)
    return mark_safe(drawn)  # noqa: S308 (the package's own SVG)


@register.simple_tag
def state_tag(text: object, tone: str = "neutral") -> SafeString:
    """Return a state as a word in a tag."""
    tone = tone if tone in _TONES else "neutral"
    return format_html('<span class="tag tag-{}">{}</span>', tone, text)


@register.simple_tag(takes_context=True)
def due(context: Context, day: date | None, today: date | None = None) -> SafeString:
    """Return a due date with the working days left ("26/11/2026 · còn 3 ngày làm việc")."""
    if day is None:
        return mark_safe('<span class="text-secondary">–</span>')
    frame = context["frame"]
    tone, words = due_words(day, today=today or frame.today, calendar=frame.calendar)
    return format_html(
        '<span class="due due-{}"><time datetime="{}">{}</time> <span>{}</span></span>',
        tone,
        day.isoformat(),
        day.strftime("%d/%m/%Y"),
        words,
    )


def due_words(day: date, *, today: date, calendar: WorkCalendar) -> tuple[str, str]:
    """Return a tone and what is left until ``day`` in words."""
    if day == today:
        return "warning", _("đến hạn hôm nay")
    left = calendar.between(today, day)
    if day < today and left == 0:
        return "danger", _("đã quá hạn")
    if day < today:
        return "danger", _("quá hạn %(days)s ngày làm việc") % {"days": -left}
    if left == 0:
        return "warning", _("không còn ngày làm việc nào trước hạn")
    return ("warning" if left <= 1 else "neutral"), _("còn %(days)s ngày làm việc") % {"days": left}


@register.simple_tag(takes_context=True)
def age(context: Context, day: date | None) -> str:
    """Return how long something has waited since ``day`` ("đã 4 ngày làm việc")."""
    if day is None:
        return ""
    frame = context["frame"]
    days = frame.calendar.between(day, frame.today)
    return _("đã %(days)s ngày làm việc") % {"days": days} if days > 0 else _("mới nhận")


@register.filter
def capped(count: int) -> str:
    """Return a count that was not counted to its end as "1.000+"."""
    shown = localize(min(count, MOST_COUNTED), use_l10n=True)
    return f"{shown}+" if count > MOST_COUNTED else shown


@register.simple_tag
def counts(number: int) -> SafeString:
    """Return the mark of a link that tells a count: ``<a href="…"{% counts figures.overdue %}>``.

    Where it leads stands a list that ``totals`` just as many.
    """
    return format_html(' data-count="{}"', number)


@register.simple_tag
def totals(number: int) -> SafeString:
    """Return the mark of a list, or of the line above it, with how many there are on all pages."""
    return format_html(' data-total="{}"', number)


@register.filter
def mask(value: str) -> str:
    """Return a personal number with its middle hidden."""
    return mask_number(value) if value else ""


@register.inclusion_tag("_page_nav.html", takes_context=True)
def page_nav(context: Context, page: Any) -> dict[str, Any]:
    """Render links to the pages around ``page``: Django's Page or a keyset page."""
    return {
        "page": page,
        "request": context["request"],
        "narrowed_by": filter_words(context.get("filter")),
    }


def filter_words(chosen: Any) -> str:
    """Return what a list was narrowed by, as paper says it: "Trạng thái: Đang soạn; Từ ngày: …".

    ``chosen`` is a FilterSet; whatever was not filled in, or not understood, narrows nothing.
    """
    form = getattr(chosen, "form", None)
    if form is None or not form.is_bound:
        return ""
    form.is_valid()
    words = []
    for name, value in form.cleaned_data.items():
        if value in (None, "", [], ()):
            continue
        field = form.fields[name]
        is_listed = isinstance(field, forms.ChoiceField) and isinstance(value, str)
        labels = dict(flatten_choices(list(field.choices))) if is_listed else {}
        shown = labels.get(value) if is_listed else localize(value)
        words.append(f"{field.label or name}: {shown}")
    return "; ".join(words)


@register.simple_block_tag
def keep(content: str) -> SafeString:
    """Return what stands between, on one line; ``{% keep as name %}`` keeps it for later use."""
    return mark_safe(" ".join(content.split()))  # noqa: S308 (already rendered by the template)
