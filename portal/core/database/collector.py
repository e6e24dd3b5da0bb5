"""Handling thousands of rows without the garbage collector walking over them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Hold off cyclic garbage collection for the second or so a bounded list takes.

    The rows all stay alive until the end, so each pass would look at every one of them (and at all
    of Django) and free nothing: half the time of an import (bench/importing.py). Of several
    threads the first to begin switches it on again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
