"""Files encrypted at rest, each under a key of its own; whoever has the disk alone has nothing.

A sealed file is a head (what it is, which FILE_KEY, a random salt) and pieces of 64 KiB under
AES-256-GCM. The key of a file comes from FILE_KEY and its salt by HKDF; the nonce is the number of
the piece, and whether it is the last: pieces can't be left out, added, moved or taken from another
file. FILE_KEY stands in the environment, not beside the files.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from portal.core.files import overwrite

if TYPE_CHECKING:
    _BytesFile = File[bytes]
else:
    _BytesFile = File

PIECE = 64 * 1024
_MARK = b"CKS1"
_KEY_ID_BYTES = 8
_SALT_BYTES = 16
_TAG_BYTES = 16
_HEAD_BYTES = len(_MARK) + _KEY_ID_BYTES + _SALT_BYTES
_NUMBER_BYTES = 11  # of the nonce's 12; the last says whether the piece ends the file


class Altered(OSError):
    """The file is not what was written: cut, changed, or of a key that is not known."""


class LiesOpen(Altered):
    """The file is not encrypted, and REFUSE_OPEN_FILES says that none may be read so."""


def key_id(key: str) -> bytes:
    """Return the name of a FILE_KEY, which tells nothing of it."""
    return hashlib.blake2b(
        key.encode(), digest_size=_KEY_ID_BYTES, person=b"file key name"
    ).digest()


def known_keys() -> dict[bytes, str]:
    """Return FILE_KEY and those that stood before it, by their names."""
    return {key_id(key): key for key in (settings.FILE_KEY, *settings.FILE_KEYS_BEFORE)}


def _aead(key: str, salt: bytes) -> AESGCM:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"portal file")
    return AESGCM(derived.derive(key.encode()))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(_NUMBER_BYTES, "big") + bytes([is_last])


def sealed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what is written of a file whose plain bytes are ``chunks``, a piece at a time."""
    salt = os.urandom(_SALT_BYTES)
    head = _MARK + key_id(settings.FILE_KEY) + salt
    aead = _aead(settings.FILE_KEY, salt)
    yield head
    kept, number = bytearray(), 0
    for chunk in chunks:
        kept += chunk
        while len(kept) > PIECE:  # one is held back: it may be the last
            yield aead.encrypt(_nonce(number, is_last=False), bytes(kept[:PIECE]), head)
            del kept[:PIECE]
            number += 1
    yield aead.encrypt(_nonce(number, is_last=True), bytes(kept), head)


def is_sealed(head: bytes) -> bool:
    """Say whether a file that begins with ``head`` is one of these."""
    return head.startswith(_MARK) and len(head) >= _HEAD_BYTES


class _Plain(io.RawIOBase):
    """The plain bytes of a sealed file, piece by piece: no more than one is in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        size = file.seek(0, os.SEEK_END) - _HEAD_BYTES
        file.seek(0)
        self._head = file.read(_HEAD_BYTES)
        key = known_keys().get(self._head[len(_MARK) : len(_MARK) + _KEY_ID_BYTES])
        if key is None:
            raise Altered("sealed with a key that is not among FILE_KEY and FILE_KEYS_BEFORE")
        self._aead = _aead(key, self._head[-_SALT_BYTES:])
        self._pieces = max(1, -(-size // (PIECE + _TAG_BYTES)))
        self.size = size - self._pieces * _TAG_BYTES
        if self.size < 0:
            raise Altered("cut")
        self._at = 0
        self._number, self._piece = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        number, start = divmod(self._at, PIECE)
        if self._at >= self.size:
            if not self.size and self._number < 0:
                self._open(0)  # of an empty file as well something vouches
            return 0
        if number != self._number:
            self._open(number)
        part = self._piece[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _open(self, number: int) -> None:
        self._file.seek(_HEAD_BYTES + number * (PIECE + _TAG_BYTES))
        nonce = _nonce(number, is_last=number == self._pieces - 1)
        try:
            piece = self._aead.decrypt(nonce, self._file.read(PIECE + _TAG_BYTES), self._head)
        except (InvalidTag, ValueError) as error:
            raise Altered("changed") from error
        self._number, self._piece = number, piece

    def close(self) -> None:
        self._file.close()
        super().close()


def opened(path: Path) -> IO[bytes]:
    """Return the plain bytes of the file at ``path``, to be read; raise Altered.

    A file that lies open is read as it is, unless REFUSE_OPEN_FILES is set.
    """
    file = path.open("rb")
    try:
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        if is_sealed(head):
            return io.BufferedReader(_Plain(file), PIECE)
        if settings.REFUSE_OPEN_FILES:
            raise LiesOpen(f"{path.name} is not encrypted")
    except BaseException:
        file.close()
        raise
    return file


def seal(content: bytes) -> bytes:
    """Return ``content`` as it would lie on the disk, for what is kept elsewhere for a while."""
    return b"".join(sealed([content]))


def unseal(content: bytes) -> bytes:
    """Return what ``seal`` was given; what was never sealed as it is. Raises Altered."""
    if not is_sealed(content):
        return content
    with _Plain(io.BytesIO(content)) as plain:
        return plain.readall()


class _Sealing(_BytesFile):
    """A file whose chunks come sealed, for a storage that writes chunks."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        self.seek(0)
        return sealed(_read(self, chunk_size or PIECE))


def _read(file: Any, size: int) -> Iterator[bytes]:
    while chunk := file.read(size):
        yield chunk.encode() if isinstance(chunk, str) else chunk


@deconstructible(path="portal.core.sealed_files.SealedStorage")
class SealedStorage(FileSystemStorage):
    """Files on the disk that only the portal can read; sizes and bytes are the plain ones."""

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        if mode != "rb":
            raise ValueError("a sealed file is written whole, by save()")
        return File(opened(Path(self.path(name))), name=name)

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, _Sealing(content))  # type: ignore[misc]
        return saved

    def size(self, name: str) -> int:
        with opened(Path(self.path(name))) as file:
            return file.seek(0, os.SEEK_END)

    def seal_again(self, name: str) -> bool:
        """Seal a file that lies open or is of a former key; say whether it was one.

        At one stroke: a reader has the old file or the new one. Raises Altered.
        """
        path = Path(self.path(name))
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if is_sealed(head) and head[len(_MARK) :].startswith(key_id(settings.FILE_KEY)):
            return False
        if is_sealed(head):
            with opened(path) as file:
                plain = file.read()
        else:
            plain = path.read_bytes()
        overwrite(path, b"".join(sealed([plain])))
        return True

    def every_name(self) -> Iterator[str]:
        """Yield the name of every file, drafts of files left out."""
        root = Path(self.location)
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(root).as_posix()
