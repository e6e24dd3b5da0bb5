"""Files that several processes may make at once, and that nobody may see half-written."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_new(path: Path, content: bytes) -> None:
    """Make a file that only its owner reads; raises FileExistsError rather than overwrite one."""
    with _draft(path, content) as draft:
        os.link(draft, path)


def write_once(path: Path, content: bytes) -> None:
    """Make a file that only its owner reads; one that is there already stays as it is."""
    with suppress(FileExistsError):
        write_new(path, content)


def overwrite(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of what the file held, at one stroke."""
    with _draft(path, content) as draft:
        draft.replace(path)


@contextmanager
def _draft(path: Path, content: bytes) -> Iterator[Path]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
