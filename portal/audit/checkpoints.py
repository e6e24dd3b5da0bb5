"""Signed marks of how far the chain had come, kept in files outside the table.

Each is a line of JSON in a file of its month; it names the line before it by its hash and is
signed with an Ed25519 key that lies beside the folder. Whoever can change the table but not these
files cannot cut or rewrite what a mark attests (docs/decisions, checkpoint signing). ``verify``
reads the whole chain against them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from portal.audit.models import GENESIS
from portal.audit.seals import key_folder

EVERY = 100  # entries; a sweep of 5 minutes attests what falls between


class Broken(Exception):
    """What is kept outside the database was altered, or is gone; nothing can be said.

    ``code``: line_unreadable, line_altered, line_unlinked; emptied, key_lost, mac_key_lost,
    reached_lost.
    """

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Up to entry ``sequence`` the chain ended in ``entry_hash``."""

    sequence: int
    entry_hash: str
    at: datetime
    line_hash: str
    sealed_from: int | None = None  # the first entry that has a MAC


def write(
    sequence: int,
    entry_hash: str,
    *,
    now: datetime,
    sealed_from: int | None = None,
    may_begin: bool = True,
    because: str = "",
) -> bool:
    """Append a mark; return False when a later one stands already. It is on the disk on return.

    Raises Broken when there are marks but the key they were signed with is gone, or there is none
    where this may not be the first.
    """
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        last = latest()
        if last is not None and last.sequence >= sequence:
            return False
        if last is None and not may_begin:
            raise Broken("emptied", "there are no checkpoints, and there were")
        key = _signing_key(may_make=last is None)
        mark: dict[str, object] = {
            "sequence": sequence,
            "entry_hash": entry_hash,
            "at": now.astimezone(UTC).isoformat(),
            "previous": last.line_hash if last else GENESIS,
        }
        if sealed_from is not None:
            mark["sealed_from"] = sealed_from
        if because:
            mark["because"] = because
        signature = key.sign(_signed_bytes(mark)).hex()
        line = json.dumps({**mark, "signature": signature}) + "\n"
        files = _files()
        name = f"{now.astimezone(UTC):%Y-%m}.jsonl"
        # A clock set back must not put the newest line into an older file.
        path = max([folder / name, *files[-1:]])
        if path.exists() and not path.read_bytes().endswith(b"\n"):
            whole = path.read_bytes().rpartition(b"\n")
            os.truncate(path, len(whole[0]) + len(whole[1]))
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        with os.fdopen(descriptor, "wb") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(descriptor)
    return True


def latest() -> Checkpoint | None:
    """Return the newest mark, unverified, or None; only ``read_all`` looks at signatures."""
    for path in reversed(_files()):
        with path.open("rb") as file:  # a line is far shorter than what is read of the end
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            end = file.read().decode()
        if lines := _whole_lines(end):
            return _parse(lines[-1], path)
    return None


def proof_of(sequence: int, entry_hash: str) -> tuple[str, str] | None:
    """Return the newest mark that attests this entry, as its line, and the public key (PEM)."""
    for path in reversed(_files()):
        for line in reversed(_whole_lines(path.read_text())):
            mark = _parse(line, path)
            if mark.sequence < sequence:
                return None
            if (mark.sequence, mark.entry_hash) == (sequence, entry_hash):
                public = _signing_key(may_make=False).public_key()
                pem = public.public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
                return line, pem.decode()
    return None


def read_all() -> list[Checkpoint]:
    """Return every mark in order, each one's signature and link verified. Raises Broken."""
    marks: list[Checkpoint] = []
    previous = GENESIS
    key = _signing_key(may_make=False).public_key() if _key_file().exists() else None
    for path in _files():
        for line in _whole_lines(path.read_text()):
            mark = _parse(line, path)
            if key is None:
                raise Broken("key_lost", "the key of the checkpoints is missing")
            where = f"{path.name}, {mark.sequence}"
            content = json.loads(line)
            try:
                key.verify(bytes.fromhex(content.pop("signature")), _signed_bytes(content))
            except (InvalidSignature, KeyError, ValueError) as error:
                raise Broken(
                    "line_altered", f"checkpoint {where}: its signature is wrong"
                ) from error
            if content["previous"] != previous:
                raise Broken(
                    "line_unlinked", f"checkpoint {where}: it does not follow the one before it"
                )
            previous = mark.line_hash
            marks.append(mark)
    return marks


def _parse(line: str, path: Path) -> Checkpoint:
    try:
        content = json.loads(line)
        return Checkpoint(
            sequence=int(content["sequence"]),
            entry_hash=str(content["entry_hash"]),
            at=datetime.fromisoformat(content["at"]),
            line_hash=hashlib.sha256(line.encode()).hexdigest(),
            sealed_from=content.get("sealed_from"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Broken("line_unreadable", f"{path.name}: a line cannot be read") from error


def _signed_bytes(mark: dict[str, object]) -> bytes:
    return json.dumps(mark, sort_keys=True, separators=(",", ":")).encode()


def _folder() -> Path:
    return Path(settings.CHECKPOINT_DIR)


def _files() -> list[Path]:
    return sorted(_folder().glob("*.jsonl"))


def _whole_lines(text: str) -> list[str]:
    """Return the lines that were written to their end: what follows the last was cut by a crash."""
    return text.rpartition("\n")[0].splitlines()


def _key_file() -> Path:
    return key_folder() / "ed25519.pem"


def signing_key_is_there() -> bool:
    """Say whether the key is where it was made; whether it fits shows when marks are read."""
    return _key_file().exists()


def lay_aside(*, now: datetime) -> None:
    """Move the marks, and a key that is none any more, to where they are kept and not read."""
    aside = f"before-{now.astimezone(UTC):%Y%m%dT%H%M%S}"
    paths = _files()
    if signing_key_is_there():
        try:
            _signing_key(may_make=False)
        except Broken:
            paths.append(_key_file())
    for path in paths:
        (path.parent / aside).mkdir(exist_ok=True)
        path.rename(path.parent / aside / path.name)


def _signing_key(*, may_make: bool) -> Ed25519PrivateKey:
    """Return the key; the first mark makes it. The caller holds the lock."""
    path = _key_file()
    if not path.exists():
        if not may_make:
            raise Broken("key_lost", "the key of the checkpoints is missing")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(pem)
        unfinished.replace(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Broken("key_lost", "the key of the checkpoints cannot be read") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Broken("key_lost", "the key of the checkpoints is another kind of key")
    return key
