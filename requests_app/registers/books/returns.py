"""Sổ thiết bị phải nộp lại: each device that must be given back and is not, whose and where it is.

One line is one open clock of the return (Điều 20): the same that homes, lists and sums count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import django_filters
from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.lifecycle import PLACES, Condition, Custody
from devices.models import CustodyMove, Device, DeviceKind
from portal.core.web.paging import Order
from portal.deadlines.filters import OVERDUE, TODAY
from portal.deadlines.models import Deadline
from portal.deadlines.querysets import DeadlineQuerySet
from requests_app.registers.base import Column, Register
from requests_app.registers.filters import ALL, RegisterFilter

_PLACES = dict(PLACES) | {Custody.TO_BE_RETURNED.value: gettext_lazy("Thuê bao còn giữ")}
_OWED_AT = (Custody.TO_BE_RETURNED.value, Custody.BACK_AT_AGENCY.value, Condition.LOST.value)


@dataclass(frozen=True, slots=True)
class ReturnEntry:
    """A device that is owed, with its clock and who has it: its body once it is back there."""

    clock: Deadline
    device: Device | None
    holder: str
    is_late: bool

    @classmethod
    def of_page(cls, rows: Sequence[Deadline], now: datetime) -> list[ReturnEntry]:
        found = Device.objects.filter(uuid__in=[row.target_uuid for row in rows])
        devices = {one.uuid: one for one in found.select_related("subscriber")}
        received = CustodyMove.objects.filter(device__in=devices.values()).exclude(holder="")
        holders = dict(received.order_by("pk").values_list("device__uuid", "holder"))
        today = timezone.localdate(now)
        entries = []
        for row in rows:
            device = devices.get(row.target_uuid)
            holder = device.subscriber.name if device and device.subscriber else ""
            holder = holders.get(row.target_uuid, holder)
            if device and device.custody == Custody.BACK_AT_AGENCY:
                holder = row.agency.name
            entries.append(cls(row, device, holder, row.due_on < today))
        return entries

    def where(self) -> str:
        """Return where the device is now; a lost one is nowhere else."""
        if self.device is None:
            return ""
        is_lost = self.device.condition == Condition.LOST
        return str(_PLACES[self.device.condition if is_lost else self.device.custody])

    def url(self) -> str:
        return reverse("devices:detail", args=[self.clock.target_uuid]) if self.device else ""


COLUMNS: tuple[Column[ReturnEntry], ...] = (
    Column(
        gettext_lazy("Số hiệu thiết bị"),
        lambda entry: entry.device.serial if entry.device else entry.clock.title,
        24,
    ),
    Column(
        gettext_lazy("Loại"),
        lambda entry: entry.device.get_kind_display() if entry.device else "",
        14,
        False,
    ),
    Column(gettext_lazy("Người giữ"), lambda entry: entry.holder, 30),
    Column(
        gettext_lazy("Thuê bao"),
        lambda entry: (
            entry.device.subscriber.name if entry.device and entry.device.subscriber else ""
        ),
        30,
        False,
    ),
    Column(
        gettext_lazy("Cơ quan quản lý"),
        lambda entry: entry.clock.agency.name,
        44,
        names_body=True,
    ),
    Column(gettext_lazy("Phải nộp từ ngày"), lambda entry: entry.clock.received_on, 14),
    Column(gettext_lazy("Hạn nộp"), lambda entry: entry.clock.due_on, 14),
    Column(
        gettext_lazy("Thời hạn"),
        lambda entry: _("Quá hạn") if entry.is_late else _("Còn hạn"),
        12,
    ),
    Column(gettext_lazy("Đang ở đâu"), ReturnEntry.where, 28),
    Column(gettext_lazy("Căn cứ"), lambda entry: entry.clock.article, 36, False),
)


class ReturnRegisterFilter(RegisterFilter):
    """Filters of sổ thiết bị phải nộp lại."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Số hiệu thiết bị, thuê bao"), max_length=250, method="with_text"
    )
    kind = django_filters.ChoiceFilter(
        label=gettext_lazy("Loại thiết bị"),
        choices=DeviceKind.choices,
        empty_label=ALL,
        method="of_devices",
    )
    custody = django_filters.ChoiceFilter(
        label=gettext_lazy("Đang ở đâu"),
        choices=[(place, _PLACES[place]) for place in _OWED_AT],
        empty_label=ALL,
        method="of_devices",
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Thời hạn"),
        choices=[(OVERDUE, gettext_lazy("Quá hạn")), (TODAY, gettext_lazy("Đến hạn hôm nay"))],
        empty_label=ALL,
        method="in_state",
    )
    agency = django_filters.CharFilter(label=gettext_lazy("Cơ quan quản lý"), method="of_agency")
    body = django_filters.UUIDFilter("agency__uuid", widget=forms.HiddenInput)

    def with_text(self, rows: QuerySet[Deadline], name: str, value: str) -> QuerySet[Deadline]:
        devices = Device.objects.visible_to(self.user).found_by(value)
        return rows.filter(target_uuid__in=devices.order_by().values("uuid"))

    def of_devices(self, rows: QuerySet[Deadline], name: str, value: str) -> QuerySet[Deadline]:
        devices = Device.objects.visible_to(self.user)
        fitting = devices.filter(kind=value) if name == "kind" else devices.at(value)
        return rows.filter(target_uuid__in=fitting.order_by().values("uuid"))

    def in_state(self, rows: DeadlineQuerySet, name: str, value: str) -> QuerySet[Deadline]:
        today = timezone.localdate(self.now)
        return rows.overdue(today) if value == OVERDUE else rows.due_today(today)


REGISTER = Register(
    slug="thiet-bi-phai-nop-lai",
    title=gettext_lazy("Sổ thiết bị phải nộp lại"),
    purpose=gettext_lazy(
        "Mỗi thiết bị phải nộp lại mà chưa nộp một dòng: ai giữ, của đơn vị nào, từ ngày nào, hạn "
        "nộp, nay đang ở đâu."
    ),
    place=25,
    order=Order("due_on"),
    rows=lambda user: Deadline.objects.visible_to(user).returns_owed().select_related("agency"),
    entries=ReturnEntry.of_page,
    filter=ReturnRegisterFilter,
    columns=COLUMNS,
    url=ReturnEntry.url,
)
