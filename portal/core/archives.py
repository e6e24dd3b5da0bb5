"""Reading a zip somebody sent: bounded while it is inflated, whatever its headers say."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

_CHUNK = 64 * 1024
_ENCRYPTED_FLAG = 0x1
# A repetitive sheet shrinks to a fiftieth; only what was made for it shrinks further, and what is
# small may.
MOST_RATIO = 250
RATIO_COUNTS_FROM = 4 * 1024 * 1024


# What zipfile raises on a damaged file; ValueError, too, and at times struct's.
_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


class Unreadable(ValueError):
    """The bytes are no whole zip, or one that no office program writes."""


class Encrypted(Unreadable):
    """A part is under a password."""


class TooLarge(ValueError):
    """It has more parts, or more bytes in them, than are taken."""


def parts_of(content: bytes, *, most_parts: int, most_bytes: int) -> dict[str, bytes]:
    """Return every file of a zip by its name; raise Unreadable, Encrypted or TooLarge.

    The sizes in its headers are believed by nobody: the bytes are counted as they come out, and no
    more than a chunk beyond ``most_bytes`` is ever made.
    """
    parts: dict[str, bytes] = {}
    left = most_bytes
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            infos = archive.infolist()
            if len(infos) > most_parts:
                raise TooLarge(f"{len(infos)} parts")
            if any(info.flag_bits & _ENCRYPTED_FLAG for info in infos):
                raise Encrypted("a part is under a password")
            for info in infos:
                if info.is_dir():
                    continue
                if info.filename in parts:
                    raise Unreadable("two parts of one name")
                most = min(left, max(RATIO_COUNTS_FROM, MOST_RATIO * info.compress_size))
                data = _inflated(archive, info, most)
                left -= len(data)
                parts[info.filename] = data
    except (Unreadable, TooLarge):
        raise
    except _DAMAGED as error:
        raise Unreadable(type(error).__name__) from error
    return parts


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("a compression that no office program uses")
    if info.file_size > most:
        raise TooLarge(info.filename)
    found: list[bytes] = []
    size = 0
    with archive.open(info) as part:
        # A read of a given length inflates no more than that, a read of everything all there is.
        while chunk := part.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise TooLarge(info.filename)
            found.append(chunk)
    return b"".join(found)


_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_VBA = "_VBA_PROJECT".encode("utf-16-le")


def has_macros(parts: dict[str, bytes]) -> bool:
    """Say whether an office package carries macros, by its list of contents or a part's bytes."""
    contents = parts.get("[Content_Types].xml", b"").lower()
    return (
        b"macroenabled" in contents
        or b"vbaproject" in contents
        or any(name.lower().endswith("vbaproject.bin") for name in parts)
        or any(part.startswith(_OLE) and _VBA in part for part in parts.values())
    )


def stored(parts: dict[str, bytes]) -> BytesIO:
    """Return ``parts`` as a zip that needs no inflating: what was looked at and nothing else."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    stream.seek(0)
    return stream
