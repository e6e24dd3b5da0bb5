"""Sổ thiết bị thất lạc: each loss, the minutes that tell of it, whether the device was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.lifecycle import Move
from devices.models import CustodyMove
from portal.ca.models import Certificate
from portal.core.web.paging import Order
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, DossierItem
from requests_app.registers.base import Column, Register
from requests_app.registers.handovers import moves_visible_to, page_of_device, serials_at

What = TypeVar("What")


@dataclass(frozen=True, slots=True)
class LossEntry:
    """A loss with the certificate it touches, its minutes (Mẫu 09) and the day it ended."""

    move: CustodyMove
    certificate_serial: str
    certificate_state: str
    minutes: Dossier | None
    found_on: date | None

    @classmethod
    def of_page(cls, rows: Sequence[CustodyMove], now: datetime) -> list[LossEntry]:
        serials = serials_at(rows)
        named = Certificate.objects.filter(serial__in={one for one in serials.values() if one})
        states = {one.serial: str(one.state(now).label) for one in named.defer("der", "crl_entry")}
        # Device → the minutes sent about it, the oldest first.
        devices = [row.device_id for row in rows]
        items = DossierItem.objects.filter(
            device__in=devices,
            dossier__kind__in=kinds.codes_with(EffectKind.RECORD_LOSS),
            dossier__sent_at__isnull=False,
        ).select_related("dossier")
        minutes: dict[int, list[tuple[datetime, Dossier]]] = {}
        for item in items.order_by("dossier__sent_at", "pk"):
            assert item.dossier.sent_at is not None
            minutes.setdefault(item.device_id or 0, []).append((item.dossier.sent_at, item.dossier))
        # Device → the days it was found again, the first one first.
        moves = CustodyMove.objects.filter(device__in=devices, move=Move.FIND)
        found: dict[int, list[tuple[datetime, date]]] = {}
        for move in moves.order_by("at", "pk"):
            found.setdefault(move.device_id, []).append((move.at, move.happened_on))
        return [
            cls(
                move=row,
                certificate_serial=serials[row.pk],
                certificate_state=states.get(serials[row.pk], ""),
                minutes=_first_after(row.at, minutes.get(row.device_id, [])),
                found_on=_first_after(row.at, found.get(row.device_id, [])),
            )
            for row in rows
        ]

    def told_on(self) -> date | None:
        """Return the day its minutes were sent."""
        sent_at = self.minutes.sent_at if self.minutes else None
        return timezone.localdate(sent_at) if sent_at else None


def _first_after(moment: datetime, happened: Iterable[tuple[datetime, What]]) -> What | None:
    """Return the first of what happened at ``moment`` or later."""
    return next((what for at, what in happened if at >= moment), None)


COLUMNS: tuple[Column[LossEntry], ...] = (
    Column(gettext_lazy("Số hiệu thiết bị"), lambda entry: entry.move.device.serial, 24),
    Column(gettext_lazy("Ngày báo mất"), lambda entry: entry.move.happened_on, 14),
    Column(gettext_lazy("Loại"), lambda entry: entry.move.device.get_kind_display(), 14, False),
    Column(
        gettext_lazy("Thuê bao"),
        lambda entry: entry.move.subscriber.name if entry.move.subscriber else "",
        30,
    ),
    Column(
        gettext_lazy("Cơ quan quản lý"),
        lambda entry: entry.move.agency.name if entry.move.agency else "",
        44,
        names_body=True,
    ),
    Column(gettext_lazy("Số hiệu chứng thư"), lambda entry: entry.certificate_serial, 20, False),
    Column(gettext_lazy("Chứng thư nay"), lambda entry: entry.certificate_state, 18),
    Column(
        gettext_lazy("Ghi nhận sau cùng ở"),
        lambda entry: entry.move.get_from_custody_display(),
        28,
        False,
    ),
    Column(gettext_lazy("Hoàn cảnh"), lambda entry: entry.move.note, 40, False),
    Column(
        gettext_lazy("Biên bản Mẫu 09 số"),
        lambda entry: entry.minutes.letter_number if entry.minutes else "",
        18,
    ),
    Column(gettext_lazy("Gửi ngày"), LossEntry.told_on, 14),
    Column(
        gettext_lazy("Kết quả"),
        lambda entry: _("Đã tìm lại được") if entry.found_on else _("Còn thất lạc"),
        18,
    ),
    Column(gettext_lazy("Tìm lại ngày"), lambda entry: entry.found_on, 14, False),
)

REGISTER = Register(
    slug="thiet-bi-that-lac",
    title=gettext_lazy("Sổ thiết bị thất lạc"),
    purpose=gettext_lazy(
        "Mỗi lần mất thiết bị một dòng: báo ngày nào, biên bản số mấy, chứng thư đã thu hồi chưa, "
        "có tìm lại được không."
    ),
    order=Order("at", is_descending=True),
    rows=lambda user: moves_visible_to(user).filter(move=Move.REPORT_LOST),
    entries=LossEntry.of_page,
    columns=COLUMNS,
    url=lambda entry: page_of_device(entry.move),
)
