"""Those who write messages into a folder and read them: ``python -m tests.drills.messages``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kombu import Connection, Consumer, Exchange, Producer, Queue

QUEUE = Queue("drill", Exchange("drill"), routing_key="drill")
PADDING = "x" * 20_000  # several writes of a disk: half a message is easily seen


def connect(folder: Path, transport: str = "portal.core.background.broker:Transport") -> Connection:
    names = ("queue", "processed", "control", "damaged")
    queue, processed, control, damaged = (str(folder / name) for name in names)
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    options = {"data_folder_in": queue, "data_folder_out": queue, "processed_folder": processed}
    options |= {"control_folder": control, "damaged_folder": damaged}
    return Connection("filesystem://localhost//", transport=transport, transport_options=options)


def write(folder: Path, first: int, end: int) -> None:
    with connect(folder) as connection, connection.channel() as channel:
        producer = Producer(channel)
        for number in range(first, end):
            producer.publish(
                {"number": number, "padding": PADDING},
                exchange=QUEUE.exchange,
                routing_key=QUEUE.routing_key,
                declare=[QUEUE],
            )


def read(folder: Path, log: Path) -> None:
    """Note the number of each message, until a file says that no more is to come."""
    with log.open("a", buffering=1) as notes, connect(folder) as connection:

        def note(body: dict[str, Any], message: Any) -> None:
            notes.write(f"{body['number']}\n")
            message.ack()

        with Consumer(connection.channel(), [QUEUE], callbacks=[note], accept=["json"]):
            while not (folder / "finished").exists():
                try:
                    connection.drain_events(timeout=0.5)
                except TimeoutError:
                    continue


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        read(Path(sys.argv[2]), Path(sys.argv[3]))
