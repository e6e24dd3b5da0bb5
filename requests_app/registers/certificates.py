"""Sổ theo dõi chứng thư: each certificate, its holder, its device, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.lifecycle import Move
from devices.models import CustodyMove, Device
from portal.agencies.models import Affiliation
from portal.ca.models import Certificate, CertificateState
from portal.core.text.identifiers import mask
from portal.core.web.paging import Order
from requests_app.registers.base import Column, Register


@dataclass(frozen=True, slots=True)
class CertificateEntry:
    """A certificate with where its holder works and how its device was handed over."""

    certificate: Certificate
    state: CertificateState
    device: Device | None
    place: Affiliation | None
    hand_over: CustodyMove | None

    @classmethod
    def of_page(cls, rows: Sequence[Certificate], now: datetime) -> list[CertificateEntry]:
        devices = {
            row.pk: device
            for row in rows
            if (device := getattr(row.key, "device", None)) is not None
        }
        places = {
            (place.subscriber_id, place.agency_id): place
            for place in Affiliation.objects.filter(
                subscriber__in={row.subscriber_id for row in rows}, valid_until__isnull=True
            ).order_by("valid_from", "pk")
        }
        moves = CustodyMove.objects.filter(device__in=devices.values(), move=Move.HAND_OVER)
        hand_overs = {move.device_id: move for move in moves.select_related("actor").order_by("pk")}
        return [
            cls(
                certificate=row,
                state=row.state(now),
                device=(device := devices.get(row.pk)),
                place=places.get((row.subscriber_id, row.agency_id)),
                hand_over=hand_overs.get(device.pk) if device else None,
            )
            for row in rows
        ]

    def identity(self) -> str:
        """Return the personal number, masked."""
        number = self.certificate.subscriber.identity_number
        return mask(number) if number else ""

    def revoked_on(self) -> date | None:
        """Return the day it was revoked."""
        moment = self.certificate.revoked_at
        return timezone.localdate(moment) if moment else None

    def giver(self) -> str:
        """Return who handed the device over."""
        actor = self.hand_over.actor if self.hand_over else None
        return actor.full_name if actor else ""


COLUMNS: tuple[Column[CertificateEntry], ...] = (
    Column(gettext_lazy("Tên chứng thư"), lambda entry: entry.certificate.common_name, 36),
    Column(gettext_lazy("Thuê bao"), lambda entry: entry.certificate.get_kind_display(), 18, False),
    Column(gettext_lazy("Số định danh"), CertificateEntry.identity, 16, False),
    Column(
        gettext_lazy("Cơ quan quản lý"),
        lambda entry: entry.certificate.agency.name,
        44,
        names_body=True,
    ),
    Column(
        gettext_lazy("Bộ phận"), lambda entry: entry.place.unit if entry.place else "", 28, False
    ),
    Column(
        gettext_lazy("Chức vụ"),
        lambda entry: entry.place.position if entry.place else "",
        24,
        False,
    ),
    Column(gettext_lazy("Thư điện tử"), lambda entry: entry.certificate.email, 34, False),
    Column(gettext_lazy("Số hiệu chứng thư"), lambda entry: entry.certificate.serial, 20),
    Column(
        gettext_lazy("Nơi lưu khóa"),
        lambda entry: entry.certificate.key.get_storage_display(),
        16,
        False,
    ),
    Column(
        gettext_lazy("Số hiệu thiết bị"), lambda entry: entry.device.serial if entry.device else ""
    ),
    Column(
        gettext_lazy("ICCID"), lambda entry: entry.device.iccid if entry.device else "", 24, False
    ),
    Column(
        gettext_lazy("Ngày cấp"), lambda entry: timezone.localdate(entry.certificate.issued_at), 12
    ),
    Column(
        gettext_lazy("Hiệu lực đến"),
        lambda entry: timezone.localdate(entry.certificate.not_after),
        12,
    ),
    Column(
        gettext_lazy("Ngày bàn giao"),
        lambda entry: entry.hand_over.happened_on if entry.hand_over else None,
        14,
        False,
    ),
    Column(gettext_lazy("Người bàn giao"), CertificateEntry.giver, 26, False),
    Column(
        gettext_lazy("Gia hạn"),
        lambda entry: _("Đã gia hạn một lần") if entry.certificate.renewals else "",
        18,
        False,
    ),
    Column(
        gettext_lazy("Số hiệu chứng thư trước"),
        lambda entry: previous.serial if (previous := entry.certificate.predecessor) else "",
        20,
        False,
    ),
    Column(gettext_lazy("Trạng thái"), lambda entry: str(entry.state.label)),
    Column(gettext_lazy("Ngày thu hồi"), CertificateEntry.revoked_on, 14, False),
    Column(
        gettext_lazy("Lý do thu hồi"),
        lambda entry: entry.certificate.get_revocation_reason_display(),
        34,
        False,
    ),
)

REGISTER = Register(
    slug="chung-thu",
    title=gettext_lazy("Sổ theo dõi chứng thư"),
    purpose=gettext_lazy(
        "Mỗi chứng thư một dòng: của ai, ở thiết bị nào, cấp và hết hạn ngày nào, nay ra sao."
    ),
    order=Order("not_after", is_descending=True),
    rows=lambda user: (
        Certificate.objects.visible_to(user)
        .for_list()
        .select_related("subscriber", "key__device", "predecessor")
        .defer("der", "crl_entry", "subject", "predecessor__der", "predecessor__crl_entry")
    ),
    entries=CertificateEntry.of_page,
    columns=COLUMNS,
    url=lambda entry: reverse("ca:detail", args=[entry.certificate.uuid]),
)
