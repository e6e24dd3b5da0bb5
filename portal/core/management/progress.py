"""How far a command has come: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import IO, Any, TypeVar

from rich.console import Console
from rich.progress import Progress

from portal.core.text.numbers import with_dots

Item = TypeVar("Item")
_SECONDS = 10  # between two lines of a log


def tracked(items: Sequence[Item], what: str, *, stream: IO[str] | Any) -> Iterator[Item]:
    """Yield ``items`` and tell ``stream`` how many have been worked on; a short run says nothing
    in a log."""
    if stream.isatty():
        with Progress(console=Console(file=stream), transient=True) as bar:
            yield from bar.track(items, description=what)
        return
    said = monotonic()
    for number, item in enumerate(items, start=1):
        yield item
        if monotonic() - said >= _SECONDS:
            said = monotonic()
            stream.write(f"{what}: {with_dots(number)}/{with_dots(len(items))}\n")
