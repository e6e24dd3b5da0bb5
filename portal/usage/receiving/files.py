"""Files of events: CSV with a header, or JSON lines; read row by row, taken in batches."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from itertools import islice

from django.utils.translation import gettext as _

from orgmerge.body_lists.findings import Finding
from orgmerge.body_lists.sheets import DELIMITERS
from portal.accounts.models import User
from portal.core.rules import refuse
from portal.core.text.vietnamese import search_key
from portal.usage.models import SigningSystem, UsageBatch
from portal.usage.receiving.events import FAULTS
from portal.usage.receiving.services import REFUSED, receive
from portal.usage.rules import MOST_EVENTS

MOST_FILE_BYTES = 200 * 1024 * 1024  # of a file a command reads: a million events
# What a column may be called, marks and case aside.
_COLUMNS: Mapping[str, str] = {
    "id": "id",
    "ma luot ky": "id",
    "serial": "serial",
    "so hieu": "serial",
    "so hieu chung thu": "serial",
    "moment": "moment",
    "thoi diem": "moment",
    "thoi diem ky": "moment",
    "kind": "kind",
    "loai": "kind",
    "loai van ban": "kind",
}
_NEEDED = frozenset({"id", "serial", "moment"})


@dataclass(slots=True)
class Imported:
    """What became of a file."""

    accepted: int = 0
    known: int = 0
    findings: list[Finding] = field(default_factory=list)  # of refused rows


def take_file(
    system: SigningSystem, content: bytes, *, actor: User | None, now: datetime
) -> Imported:
    """Take the events of a file, ``MOST_EVENTS`` in a transaction; sent again, none counts twice.

    Raises Refused for a file that cannot be used at all, and as ``receive`` does.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(
            "not_utf8", _("Tệp không phải văn bản UTF-8."), way_out=_("Xuất lại tệp ở dạng UTF-8.")
        ) from error
    if not text.strip():
        raise refuse("no_rows", _("Tệp không có dòng nào."))
    if "\0" in text:
        raise refuse("not_text", _("Tệp không phải văn bản CSV hoặc JSON."))
    # Each row with its number in the file.
    rows = _json_rows(text) if text.lstrip()[0] in "{[" else _csv_rows(text)
    done = Imported()
    while chunk := list(islice(rows, MOST_EVENTS)):
        offered = [event for _number, event in chunk]
        receipt = receive(system, offered, channel=UsageBatch.Channel.FILE, actor=actor, now=now)
        done.accepted += receipt.batch.accepted
        done.known += receipt.batch.known
        done.findings += [
            Finding(number, answer.code, str(FAULTS[answer.code]), about=answer.event_id)
            for (number, _event), answer in zip(chunk, receipt.answers, strict=True)
            if answer.status == REFUSED
        ]
    return done


def _json_rows(text: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, line  # no object: refused as such


def _csv_rows(text: str) -> Iterator[tuple[int, object]]:
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    titles = [_COLUMNS.get(search_key(one), "") for one in next(lines)]
    if missing := _NEEDED.difference(titles):
        raise refuse(
            "columns_missing",
            _("Tệp thiếu cột %(columns)s.") % {"columns": ", ".join(sorted(missing))},
            way_out=_("Dòng đầu phải ghi tên cột: id, serial, moment, kind."),
        )
    number = 1
    while True:
        number += 1
        try:
            values = next(lines, None)
        except csv.Error:
            yield number, ""  # no object: refused as such
            continue
        if values is None:
            return
        if any(values):
            row = dict(zip(titles, (value.strip() for value in values), strict=False))
            yield number, {name: value for name, value in row.items() if value}
