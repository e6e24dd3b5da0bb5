"""Reading what a system says of one signature: an event, or the code of what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from portal.core.text.identifiers import normalise_serial
from portal.usage.rules import (
    FUTURE_TOLERANCE,
    LONGEST_EVENT_ID,
    LONGEST_SERIAL,
    DocumentKind,
    begin_of,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Visible ASCII: an id is a key, not a text.
_ID = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_EVENT_ID}}}")
_HEX = re.compile(rf"[0-9A-F]{{1,{LONGEST_SERIAL}}}")
_DIGITS = 16  # of a serial as the register has it
_KINDS = frozenset(DocumentKind.values)

FAULTS: Mapping[str, _StrPromise] = {
    "not_an_object": _("Mỗi lượt ký phải là một đối tượng có id, serial, moment, kind."),
    "bad_id": _("Mã lượt ký (id) phải có từ 1 đến 64 ký tự ASCII, không có dấu cách."),
    "bad_serial": _("Số hiệu chứng thư (serial) phải là số hệ 16."),
    "bad_moment": _(
        "Thời điểm ký (moment) phải ghi theo ISO 8601, ví dụ 2026-11-20T09:30:00+07:00."
    ),
    "no_time_zone": _("Thời điểm ký (moment) phải ghi múi giờ, ví dụ +07:00 hoặc Z."),
    "bad_kind": _("Loại văn bản (kind) không có trong danh mục."),
    "future_moment": _("Thời điểm ký ở tương lai: đồng hồ của hệ thống chạy nhanh."),
    "too_old": _("Thời điểm ký quá xa: tháng đó đã khóa số liệu."),
    "unknown_serial": _("Số hiệu không có trong sổ chứng thư; lượt ký được giữ riêng."),
    "id_reused": _("Mã lượt ký (id) đã dùng cho một lượt ký khác."),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One signature as a system tells it."""

    event_id: str
    serial: str
    moment: datetime
    document_kind: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot be taken: its id as far as there is one, and why."""

    event_id: str
    code: str
    moment: datetime | None = None


def read(offered: Iterable[object], *, now: datetime, oldest: date) -> list[Event | Fault]:
    """Return what each of ``offered`` says; a moment is taken from the month ``oldest`` on."""
    latest, earliest = now + FUTURE_TOLERANCE, begin_of(oldest)
    serials: dict[str, str] = {}  # as given → as the register has it
    found: list[Event | Fault] = []
    for one in offered:
        if not isinstance(one, Mapping):
            found.append(Fault("", "not_an_object"))
            continue
        event_id, serial, kind = one.get("id"), one.get("serial"), one.get("kind", "other")
        if isinstance(event_id, int) and not isinstance(event_id, bool):
            event_id = str(event_id)[: LONGEST_EVENT_ID + 1] if abs(event_id) < 10**18 else ""
        if not isinstance(event_id, str) or not _ID.fullmatch(event_id):
            found.append(Fault("", "bad_id"))
            continue
        if not isinstance(serial, str) or len(serial) > 2 * LONGEST_SERIAL:
            found.append(Fault(event_id, "bad_serial"))
            continue
        if serial not in serials:
            bare = normalise_serial(serial).removeprefix("0X")
            serials[serial] = bare.lstrip("0").zfill(_DIGITS) if _HEX.fullmatch(bare) else ""
        moment = _moment(one.get("moment"))
        if not serials[serial]:
            found.append(Fault(event_id, "bad_serial"))
        elif isinstance(moment, str):
            found.append(Fault(event_id, moment))
        elif not isinstance(kind, str) or kind not in _KINDS:
            found.append(Fault(event_id, "bad_kind"))
        elif moment > latest:
            found.append(Fault(event_id, "future_moment", moment))
        elif moment < earliest:
            found.append(Fault(event_id, "too_old"))
        else:
            found.append(Event(event_id, serials[serial], moment, kind))
    return found


def _moment(value: object) -> datetime | str:
    """Return a moment in UTC, or what is wrong with it."""
    if not isinstance(value, str):
        return "bad_moment"
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else "no_time_zone"
    except (ValueError, OverflowError):
        return "bad_moment"
