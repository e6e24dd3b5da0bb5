"""One mechanism for whatever reads bytes from outside: seeds, changed at random, the same each run.

FUZZ_SEED plays another sequence.
"""

from __future__ import annotations

import os
import random
import traceback
from collections.abc import Callable, Iterator, Sequence

_ODD = (
    b"\x00", b"\xff", b"\x80", b"\x7f", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x06\x00",
    b"PK\x03\x04", b"%00", b"\xed\xa0\x80", b"<!DOCTYPE a [", b"9" * 40, b"-1", b"\r\n", b"=",
)  # fmt: skip
_MOST_CHANGES = 6


def sequence(name: str) -> random.Random:
    """Return the random numbers of one test."""
    return random.Random(f"{name}:{os.environ.get('FUZZ_SEED', '68')}")  # noqa: S311


def changed(seed: bytes, chance: random.Random) -> bytes:
    """Return ``seed`` with some bytes turned, cut, doubled, put elsewhere or replaced."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 4, 16, 200)))
        match chance.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
            case 3:
                data[at:end] = chance.choice(_ODD)
            case 4:
                data[at:at] = chance.randbytes(chance.randint(1, 9))
            case 5 if at < len(data):
                data[at] = chance.randrange(256)
    return bytes(data)


def failures(
    read: Callable[[bytes], object],
    seeds: Sequence[bytes],
    *,
    name: str,
    count: int,
    refusals: tuple[type[BaseException], ...] = (),
) -> list[str]:
    """Return what escaped ``read`` but for ``refusals``, each with its place and its bytes."""
    found: list[str] = []
    for data in _all(seeds, sequence(name), count):
        try:
            read(data)
        except refusals:
            continue
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            found.append(
                f"{type(error).__name__} at {place.filename}:{place.lineno}: {data!r:.200}"
            )
    return found


def _all(seeds: Sequence[bytes], chance: random.Random, count: int) -> Iterator[bytes]:
    yield from seeds
    for _ in range(count):
        yield changed(chance.choice(seeds), chance)
