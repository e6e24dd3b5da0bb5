"""Files that several processes may make at once, and that nobody may see half-written."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_once(path: Path, content: bytes) -> None:
    """Make a file that only its owner reads; one that is there already stays as it is."""
    with suppress(FileExistsError):
        write_new(path, content)


def write_new(path: Path, content: bytes) -> None:
    """Make a file that only its owner reads; raises FileExistsError rather than overwrite one."""
    draft = draft_of(path, content)
    try:
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def draft_of(path: Path, content: bytes) -> Path:
    """Return a whole file beside ``path``, which the caller links or renames to it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
