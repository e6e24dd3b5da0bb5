"""How a page of notices is laid out: many about one thing stand under the latest (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from portal.notices.models import Notice

MANY = 3  # about the same thing on one page


@dataclass(slots=True)
class Group:
    """A notice, and those of the same page that came before it about the same thing."""

    latest: Notice
    earlier: list[Notice] = field(default_factory=list)

    @property
    def unread(self) -> int:
        """How many of all are unread."""
        return sum(notice.read_at is None for notice in [self.latest, *self.earlier])


def grouped(notices: Iterable[Notice]) -> list[Group]:
    """Return notices, given newest first, in groups where MANY or more are about one thing."""
    notices = list(notices)
    told = Counter(_thing(notice) for notice in notices)
    groups: list[Group] = []
    of_thing: dict[tuple[str, UUID | None], Group] = {}
    for notice in notices:
        thing = _thing(notice)
        if thing in of_thing:
            of_thing[thing].earlier.append(notice)
            continue
        groups.append(Group(notice))
        if notice.target_uuid is not None and told[thing] >= MANY:
            of_thing[thing] = groups[-1]
    return groups


def _thing(notice: Notice) -> tuple[str, UUID | None]:
    return notice.target_type, notice.target_uuid
