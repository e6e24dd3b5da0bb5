"""What the chain leaves outside the database with each entry: a key, and how far it has come.

Each entry carries a MAC under a key that lies beside the checkpoints: whoever has the database
alone can append nothing and edit nothing, however right the hashes. What they could still do, cut
the end off, shows by ``reached``: a line in the folder of the checkpoints, written after each
commit. What is lost is never made anew quietly (docs/decisions, macs of the audit chain).
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import logging
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from portal.core.files import write_once

logger = logging.getLogger(__name__)
_KEY_BYTES = 32
_LENGTH = 20 + 1 + 64 + 1  # of the line: sequence, blank, hash, end


class Reached(NamedTuple):
    """The last entry of the last commit that was noted."""

    sequence: int
    entry_hash: str


def mac_of(entry_hash: str, key: bytes) -> str:
    """Return the MAC of an entry (64 hex digits); its hash covers all that it says."""
    return hmac.digest(key, entry_hash.encode(), hashlib.sha256).hex()


def key(*, may_make: bool = False) -> bytes | None:
    """Return the key, None when it is lost or cannot be made; only the first entry makes it."""
    path = key_folder() / "mac"
    try:
        if may_make and not path.exists():
            write_once(path, secrets.token_hex(_KEY_BYTES).encode())
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_ino)
    except (OSError, ValueError):
        logger.critical("the key of the audit's MACs cannot be read: %s", path)
        return None


@lru_cache(maxsize=4)
def _read(path: Path, changed_at: int, inode: int) -> bytes:
    found = bytes.fromhex(path.read_text())
    if len(found) != _KEY_BYTES:
        raise ValueError("not a key")
    return found


def key_folder() -> Path:
    """Beside the checkpoints, not among them: who copies those away does not copy the keys."""
    folder = Path(settings.CHECKPOINT_DIR)
    return folder.with_name(f"{folder.name}-key")


def note_reached(
    sequence: int, entry_hash: str, *, may_make: bool = True, is_new_beginning: bool = False
) -> None:
    """Note how far the chain has come, unless it is known to have come further.

    Where the note is gone and may not be made, it stays so: that is an alarm.

    It is not forced to the disk: what a power cut loses of it only makes it say less.
    """
    path = _reached_file()
    if may_make:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.exists():
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = _parse(os.pread(descriptor, _LENGTH, 0))
        if known is None or is_new_beginning or sequence > known.sequence:
            os.pwrite(descriptor, f"{sequence:020d} {entry_hash}\n".encode(), 0)
    finally:
        os.close(descriptor)


def reached() -> Reached | None:
    """Return how far the chain had come, None when that is not on record."""
    with suppress(OSError):
        return _parse(_reached_file().read_bytes()[:_LENGTH])
    return None


def _parse(line: bytes) -> Reached | None:
    with suppress(ValueError):
        sequence, entry_hash = line.decode().split()
        return Reached(int(sequence), entry_hash)
    return None


def _reached_file() -> Path:
    return Path(settings.CHECKPOINT_DIR) / "reached"
