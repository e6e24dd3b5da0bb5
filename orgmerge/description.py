"""A description as plain values, and what the register knows that can speak against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from orgmerge.facts import Body, Share, Target


@dataclass(frozen=True, slots=True)
class Described:
    """A description, and what the register knows that can speak against it.

    ``rows`` are the numbers people know the shares by; from 1 when nothing else is said.
    ``elsewhere`` says of a body which other reorganisation going on has it; ``changed_on`` when its
    newest version begins, ``filed_on`` when its newest dossier was made.
    """

    shares: Sequence[Share]
    targets: Mapping[int, Target]
    bodies: Mapping[int, Body]
    effective_on: date | None = None
    kind: str = ""
    rows: Sequence[int] = ()
    elsewhere: Mapping[int, str] = field(default_factory=dict)
    dissolved_on: Mapping[int, date] = field(default_factory=dict)
    changed_on: Mapping[int, date] = field(default_factory=dict)
    filed_on: Mapping[int, date] = field(default_factory=dict)

    def numbered(self) -> Iterator[tuple[int, Share]]:
        """Yield each share with its row's number."""
        numbers = self.rows or range(1, len(self.shares) + 1)
        yield from zip(numbers, self.shares, strict=True)

    def by_body(self) -> dict[int, list[tuple[int, Share]]]:
        """Return body → its rows."""
        found: dict[int, list[tuple[int, Share]]] = {}
        for number, share in self.numbered():
            found.setdefault(share.old, []).append((number, share))
        return found

    def goes_to_itself(self, share: Share) -> bool:
        """Say whether a row says that the body goes on as itself."""
        target = self.targets.get(share.new) if share.new is not None else None
        return target is not None and target.agency == share.old

    def name_of(self, body: int) -> str:
        """Return a body's name as people read it."""
        fact = self.bodies.get(body)
        return fact.name if fact else f"#{body}"

    def row_of(self, target: int) -> int | None:
        """Return the first row that leads to a target; None where none does."""
        return next((number for number, share in self.numbered() if share.new == target), None)

    def going_on(self) -> dict[int, int]:
        """Return registered body → the target that it is after the reorganisation."""
        return {
            one.agency: pk for pk, one in sorted(self.targets.items()) if one.agency is not None
        }
