"""The versions of a body as a story: what changed from one to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, AgencyVersion


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a version says otherwise than the one before."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A version and what it changed."""

    version: AgencyVersion
    changes: list[Change]


def chapters(versions: Iterable[AgencyVersion]) -> list[Chapter]:
    """Return the story, newest first; ``versions`` come oldest first."""
    story = []
    before: AgencyVersion | None = None
    for version in versions:
        story.append(Chapter(version, _changes(before, version) if before else []))
        before = version
    return story[::-1]


def _changes(before: AgencyVersion, after: AgencyVersion) -> list[Change]:
    labels = {column.name: column.verbose_name for column in AgencyVersion._meta.fields}
    names = AgencyFacts.of(before).differences(AgencyFacts.of(after))
    return [
        Change(str(labels[name]), _shown(getattr(before, name)), _shown(getattr(after, name)))
        for name in names
        if name != "decision"
    ]


def _shown(value: str | bool | Agency | None) -> str:
    if isinstance(value, bool):
        return _("có") if value else _("không")
    return str(value or "")
