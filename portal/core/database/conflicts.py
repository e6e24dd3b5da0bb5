"""Two who want the same rows at once: the database ends one of them, which may be tried again.

Nothing of an ended transaction stands, so it can be repeated; what was committed before it can't.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, connection
from django.db.utils import Error

logger = logging.getLogger(__name__)
T = TypeVar("T")

TRIES = 3
PAUSE = 0.2  # seconds at most before the second try, twice as long before the third
# PostgreSQL: serialization failure, deadlock, lock not available.
_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_UNIQUE_SQLSTATE = "23505"
# SQLite: busy, locked (primary codes); unique, primary key (extended codes).
_SQLITE_CODES = frozenset({5, 6})
_UNIQUE_SQLITE_CODES = frozenset({2067, 1555})


def is_conflict(error: BaseException) -> bool:
    """Say whether the database gave up a transaction because of somebody else's."""
    if not isinstance(error, OperationalError):
        return False
    return any(
        getattr(cause, "sqlstate", None) in _SQLSTATES
        or (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF in _SQLITE_CODES
        for cause in _causes(error)
    )


def is_race(error: BaseException) -> bool:
    """Say whether two made the same row: who comes second finds it there and is told so."""
    return isinstance(error, IntegrityError) and any(
        getattr(cause, "sqlstate", None) == _UNIQUE_SQLSTATE
        or getattr(cause, "sqlite_errorcode", None) in _UNIQUE_SQLITE_CODES
        for cause in _causes(error)
    )


def repeated(work: Callable[[], T]) -> T:
    """Do ``work``, which is one transaction, again when it met a conflict; at most ``TRIES`` times.

    For what follows something that was committed on its own, as a counted PIN: the request as a
    whole can't be repeated then. Inside a transaction, which is lost as a whole, it is done once.
    """
    most = 1 if connection.in_atomic_block else TRIES
    for number in range(1, most):
        try:
            return work()
        except Error as error:
            if not (is_conflict(error) or is_race(error)):
                raise
            logger.warning("a transaction was repeated: %s", type(error.__cause__).__name__)
        pause_after(number)
    return work()


def pause_after(number: int) -> None:
    """Wait a little, never as long as whoever was in the way."""
    time.sleep(random.uniform(0, PAUSE * number))  # noqa: S311


class Commits:
    """Tells whether anything was committed while it wraps the statements of a connection."""

    def __init__(self) -> None:
        self.are_any = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            # Outside a transaction it is done at once; a rollback forgets it.
            connection.on_commit(partial(setattr, self, "are_any", True))
        return result


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
