"""Sổ giao nhận thiết bị: each time a key device changed hands, under which paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import django_filters
from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from devices.lifecycle import Move
from devices.models import CustodyMove, Device, DeviceKind
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.agencies.querysets import of_subscribers_named
from portal.ca.models import Certificate
from portal.core.roles import Scope
from portal.core.text.vietnamese import nfc
from portal.core.web.forms import TypedDayFilter
from portal.core.web.paging import Order
from requests_app.registers.base import Column, Register
from requests_app.registers.filters import ALL, RegisterFilter

# The other moves change a device's condition, or happen inside one body.
HANDS_CHANGED = (
    Move.SEND, Move.RECEIVE, Move.HAND_OVER, Move.CHANGE_HOLDER, Move.TAKE_BACK, Move.GIVE_AGAIN,
    Move.TRANSFER, Move.READDRESS, Move.PASS_TO_OFFICE, Move.RETURN_TO_CA,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HandoverEntry:
    """One move with the certificate the device carried then."""

    move: CustodyMove
    certificate_serial: str

    @classmethod
    def of_page(cls, rows: Sequence[CustodyMove], now: datetime) -> list[HandoverEntry]:
        serials = serials_at(rows)
        return [cls(row, serials[row.pk]) for row in rows]

    def notice(self) -> str:
        """Return the number of the Mẫu 07 that told of it."""
        notice = getattr(self.move, "notice", None)
        return notice.document_label if notice else ""


def moves_visible_to(user: User) -> QuerySet[CustodyMove]:
    """Return the lines of the ledger a user may read: those of the bodies they see.

    The body is the one of that day: a device that went to another body later leaves its line.
    """
    moves = CustodyMove.objects.select_related("device", "agency", "subscriber", "actor")
    if user.scope is Scope.CA:
        return moves.filter(agency__isnull=False)
    bodies = Agency.objects.visible_to(user).order_by().values("pk")
    if user.scope is Scope.BODY:
        return moves.filter(agency__in=bodies)
    # Of many bodies the newest lines are soon found in the order of the book. By the index of the
    # bodies, SQLite would read and sort all they ever had: a sum is not looked up in it.
    body = ExpressionWrapper(F("agency") + 0, output_field=BigIntegerField())
    return moves.alias(body=body).filter(body__in=bodies)


def serials_at(moves: Sequence[CustodyMove]) -> dict[int, str]:
    """Return move → number of the certificate issued last before it on the device's key."""
    keys = {move.device.key_id for move in moves} - {None}
    issued: dict[int, list[tuple[datetime, str]]] = {}
    found = Certificate.objects.filter(key__in=keys).order_by("-issued_at", "-pk")
    for key, at, serial in found.values_list("key", "issued_at", "serial"):
        issued.setdefault(key, []).append((at, serial))
    return {
        move.pk: next(
            (serial for at, serial in issued.get(move.device.key_id or 0, []) if at <= move.at), ""
        )
        for move in moves
    }


def page_of_device(move: CustodyMove) -> str:
    """Return the page of a line's device, "" when it is another body's by now."""
    if move.device.agency_id != move.agency_id:
        return ""
    return reverse("devices:detail", args=[move.device.uuid])


COLUMNS: tuple[Column[HandoverEntry], ...] = (
    Column(gettext_lazy("Số hiệu thiết bị"), lambda entry: entry.move.device.serial, 24),
    Column(gettext_lazy("Ngày"), lambda entry: entry.move.happened_on, 12),
    Column(gettext_lazy("Việc"), lambda entry: entry.move.get_move_display(), 26),
    Column(gettext_lazy("Loại"), lambda entry: entry.move.device.get_kind_display(), 14, False),
    Column(gettext_lazy("Số hiệu chứng thư"), lambda entry: entry.certificate_serial, 20, False),
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
    Column(
        gettext_lazy("Người giao, ghi sổ"),
        lambda entry: entry.move.actor.full_name if entry.move.actor else "",
        26,
        False,
    ),
    Column(gettext_lazy("Người nhận"), lambda entry: entry.move.holder, 26),
    Column(gettext_lazy("Cách giao"), lambda entry: entry.move.get_channel_display(), 20, False),
    Column(
        gettext_lazy("Tình trạng"),
        lambda entry: entry.move.get_to_condition_display(),
        14,
        False,
    ),
    Column(gettext_lazy("Chứng từ"), lambda entry: entry.move.document_label, 40),
    Column(gettext_lazy("Thông báo bàn giao"), HandoverEntry.notice, 40, False),
    Column(gettext_lazy("Ghi chú"), lambda entry: entry.move.note, 40, False),
)


class MoveRegisterFilter(RegisterFilter):
    """What both registers made of the ledger of devices are narrowed by."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Số hiệu thiết bị, thuê bao hoặc người nhận"),
        max_length=250,
        method="with_text",
    )
    kind = django_filters.ChoiceFilter(
        field_name="device__kind",
        label=gettext_lazy("Loại thiết bị"),
        choices=DeviceKind.choices,
        empty_label=ALL,
    )
    since = TypedDayFilter("happened_on", lookup_expr="gte", label=gettext_lazy("Từ ngày"))
    until = TypedDayFilter("happened_on", lookup_expr="lte", label=gettext_lazy("Đến ngày"))
    agency = django_filters.CharFilter(label=gettext_lazy("Cơ quan quản lý"), method="of_agency")

    def with_text(
        self, rows: QuerySet[CustodyMove], name: str, value: str
    ) -> QuerySet[CustodyMove]:
        for devices in Device.objects.order_by().numbered(value):
            found = rows.filter(device__in=devices.values("pk"))
            if found.exists():
                return found
        named = of_subscribers_named(rows, value)
        return named if named.exists() else rows.filter(holder__icontains=nfc(value))


class HandoverRegisterFilter(MoveRegisterFilter):
    """Filters of sổ giao nhận thiết bị."""

    move = django_filters.ChoiceFilter(
        label=gettext_lazy("Việc"),
        choices=[(move.value, move.label) for move in HANDS_CHANGED],
        empty_label=ALL,
    )


REGISTER = Register(
    slug="giao-nhan-thiet-bi",
    title=gettext_lazy("Sổ giao nhận thiết bị"),
    purpose=gettext_lazy(
        "Mỗi lần bàn giao thiết bị lưu khóa một dòng: ai giao, ai nhận, ngày nào, theo văn bản nào."
    ),
    place=20,
    order=Order("at", is_descending=True),
    # Leaving out the others keeps the order of the index; SQLite looks up a list of moves one by
    # one and sorts all that it found.
    rows=lambda user: (
        moves_visible_to(user)
        .exclude(move__in=[move for move in Move if move not in HANDS_CHANGED])
        .select_related("notice")
    ),
    entries=HandoverEntry.of_page,
    filter=HandoverRegisterFilter,
    columns=COLUMNS,
    url=lambda entry: page_of_device(entry.move),
)
