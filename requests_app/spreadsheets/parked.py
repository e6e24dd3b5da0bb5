"""Uploaded sheets between two pages: sealed at rest, each for one dossier and one person, a day."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.database.fields import decrypt_bytes, encrypt_bytes
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.models import Dossier
from requests_app.spreadsheets.writer import export


@transaction.atomic
def release(dossier: Dossier, *, actor: User, now: datetime) -> bytes:
    """Return the rows as the kind's sheet and record who took them.

    Raises Dossier.DoesNotExist when the dossier is not visible to the actor.
    """
    visible = Dossier.objects.visible_to(actor).select_related("agency", "office")
    dossier = visible.get(pk=dossier.pk)
    rows = [item.answers for item in dossier.items.order_by("position")]
    content = export(kinds.get(dossier.kind), rows)
    act = dossier_act("dossier.export_rows", dossier, data={"rows": len(rows)})
    audit.record(act, actor=actor, now=now)
    return content


KEPT_FOR = timedelta(days=1)
_FOLDER = "imports"


class NotParked(Exception):
    """There is no such sheet (any more), or it is another dossier's or another person's."""


@dataclass(frozen=True, slots=True)
class Parked:
    """An uploaded sheet; beside it, as JSON has it, what reading it showed (None: unknown)."""

    content: bytes
    reading: object = None


def park(
    content: bytes, *, dossier: uuid.UUID, owner: uuid.UUID, reading: object = None
) -> uuid.UUID:
    """Keep an uploaded sheet, what reading it showed with it; return what it is found by."""
    token = uuid.uuid4()
    head = {"dossier": str(dossier), "owner": str(owner), "size": len(content)}
    told = json.dumps(reading, ensure_ascii=False)
    plain = b"\n".join([json.dumps(head).encode(), content, told.encode()])
    default_storage.save(_path(token), ContentFile(encrypt_bytes(plain)))
    return token


def unpark(token: uuid.UUID, *, dossier: uuid.UUID, owner: uuid.UUID) -> bytes:
    """Return the sheet; raise NotParked."""
    content, _told = _opened(token, dossier=dossier, owner=owner)
    return content


def unpark_read(token: uuid.UUID, *, dossier: uuid.UUID, owner: uuid.UUID) -> Parked:
    """Return the sheet with what reading it showed; raise NotParked."""
    content, told = _opened(token, dossier=dossier, owner=owner)
    return Parked(content, json.loads(told))


def _opened(token: uuid.UUID, *, dossier: uuid.UUID, owner: uuid.UUID) -> tuple[bytes, bytes]:
    try:
        with default_storage.open(_path(token)) as file:
            plain = decrypt_bytes(file.read())
    except (OSError, InvalidTag, ValueError) as error:
        raise NotParked(str(token)) from error
    line, _newline, kept = plain.partition(b"\n")
    head = json.loads(line)
    if (head["dossier"], head["owner"]) != (str(dossier), str(owner)):
        raise NotParked(str(token))
    return kept[: head["size"]], kept[head["size"] + 1 :]


def drop(token: uuid.UUID) -> None:
    """Remove a sheet that has been imported or given up."""
    default_storage.delete(_path(token))


def drop_old(*, now: datetime, most: int = 1000) -> int:
    """Remove the sheets that were left behind, at most ``most``; return how many.

    Safe twice at once.
    """
    try:
        _folders, names = default_storage.listdir(_FOLDER)
    except FileNotFoundError:
        return 0
    dropped = 0
    for name in names:
        if dropped == most:
            break
        path = f"{_FOLDER}/{name}"
        try:
            is_old = default_storage.get_modified_time(path) < now - KEPT_FOR
        except FileNotFoundError:
            continue  # another request was quicker
        if is_old:
            default_storage.delete(path)
            dropped += 1
    return dropped


def _path(token: uuid.UUID) -> str:
    return f"{_FOLDER}/{token}.sealed"
