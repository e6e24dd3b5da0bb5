"""Answers about texts that come again and again, kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

_LONGEST = 100  # letters of what is worth keeping: names, words, days
_Answer = TypeVar("_Answer")


def remembered(most: int) -> Callable[[Callable[[str], _Answer]], Callable[[str], _Answer]]:
    """Keep a function's answers to the last ``most`` texts; long ones it is asked anew each time,
    or whoever sends ever other ones of thousands of letters would fill the memory."""

    def decorate(function: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
        kept = lru_cache(most)(function)

        @wraps(function)
        def answer(text: str) -> _Answer:
            return function(text) if len(text) > _LONGEST else kept(text)

        return answer

    return decorate
