"""Celery's messages as files in a folder, handed over by renaming; a damaged one ends nobody.

Kombu's own file system transport writes messages and bindings where readers see them half-written,
takes messages through the machine's temporary folder (on another file system two can take one),
and ends the worker by whatever a file spells. Nothing is synced: a power cut may cost a message,
and no promise depends on one.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)
# What JSON that is no message provokes in whoever reads it. What else a worker raises is its own.
_NO_MESSAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Channel(filesystem.Channel):
    """Puts and takes messages; ``processed_folder`` holds those in somebody's hand."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._listed: defaultdict[str, deque[str]] = defaultdict(deque)

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]
        name = f"{time.monotonic_ns():020}_{uuid.uuid4()}.{queue}.msg"
        try:
            draft = Path(self.processed_folder, name)
            draft.write_bytes(dumps(payload).encode())
            draft.rename(Path(self.data_folder_out, name))
        except OSError as error:
            raise ChannelError(f"Cannot add {name} to {self.data_folder_out}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Return the next whole message; of several readers one gets it."""
        while True:
            taken = self._take(queue)
            try:
                payload = loads(taken.read_bytes())
            except Exception as error:  # whatever bytes provoke in a reader of JSON
                self._put_aside(taken, error)
            else:
                taken.unlink()
                return payload

    def _take(self, queue: str) -> Path:
        """Move the oldest message of ``queue`` to where nobody else takes it."""
        listed = self._listed[queue]
        while True:
            if not listed:  # thousands may wait: they are not listed anew for each
                names = os.listdir(self.data_folder_in)  # noqa: PTH208 (names, not paths)
                listed.extend(sorted(n for n in names if n.partition(".")[2] == f"{queue}.msg"))
            if not listed:
                raise Empty
            name = listed.popleft()
            taken = Path(self.processed_folder, name)
            with suppress(FileNotFoundError):  # another reader was quicker
                Path(self.data_folder_in, name).rename(taken)
                return taken

    def _get_and_deliver(self, queue: str, callback: Callable[[Any, str], None]) -> None:
        payload = self._get(queue)
        try:
            callback(payload, queue)
        except _NO_MESSAGE as error:
            rubbish = Path(self.processed_folder, f"{uuid.uuid4()}.{queue}.msg")
            rubbish.write_bytes(dumps(payload).encode())
            self._put_aside(rubbish, error)
            with suppress(*_NO_MESSAGE):
                self.basic_ack(payload["properties"]["delivery_tag"])  # or it would come back

    def _put_aside(self, path: Path, error: Exception) -> None:
        aside = Path(self.transport_options["damaged_folder"], path.name)
        with suppress(FileNotFoundError):  # another has done it
            path.rename(aside)
            logger.error("a damaged file of the broker was put aside: %s (%r)", aside, error)

    def get_table(self, exchange: str) -> list[Any]:
        """Return the bindings of the file; without a whole one, those this process declared."""
        path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        try:
            return [exchange_queue_t(*binding) for binding in loads(path.read_bytes())]
        except FileNotFoundError:
            pass
        except Exception as error:  # as in _get
            self._put_aside(path, error)
        own = (self.state.exchanges or {}).get(exchange, {}).get("table", [])
        return [exchange_queue_t(*(word or "" for word in binding)) for binding in own]

    def _queue_bind(self, exchange: str, *binding: str | None) -> None:
        bound = exchange_queue_t(*(word or "" for word in binding))
        with self._changing(exchange) as table:
            if bound not in table:
                table.insert(0, bound)

    def _delete(self, queue: str, exchange: str, *binding: str | None, **_options: object) -> None:
        self._purge(queue)
        bound = exchange_queue_t(*(word or "" for word in binding))
        with self._changing(exchange) as table, suppress(ValueError):
            table.remove(bound)

    @contextmanager
    def _changing(self, exchange: str) -> Iterator[list[Any]]:
        """Give the bindings to be changed, by one process at a time, and write them whole."""
        path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        with (self.control_folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            table = self.get_table(exchange)
            yield table
            draft = self.control_folder / ".draft"
            draft.write_bytes(dumps(table).encode())
            draft.replace(path)


class Transport(filesystem.Transport):
    """The folder as a broker."""

    Channel = Channel
    polling_interval = 0.2  # seconds

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        """Return soon: between two of these a worker looks whether it is to stop."""
        super().drain_events(connection, timeout and min(timeout, 0.5), **options)
