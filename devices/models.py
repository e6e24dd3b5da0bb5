"""Devices that keep private keys, and the ledger of who held them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Condition, Custody, Move, moves_open_to
from devices.querysets import (
    DeviceQuerySet,
    IntakeQuerySet,
    ShipmentQuerySet,
    StocktakingQuerySet,
)
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber, SubscriberKind
from portal.ca.models import Certificate, KeyPair
from portal.core.background.leases import Leased
from portal.core.database.prefixes import PATTERN
from portal.documents.models import Document


class DeviceKind(models.TextChoices):
    """Things that travel; soft keys and RSSP have no device."""

    TOKEN = "token", _("USB Token")
    SIM = "sim", _("SIM PKI")
    SD = "sd", _("SD Secure")
    HSM = "hsm", _("HSM")


# An HSM is the agency's own: its key is made there and comes as a PKCS#10 request.
OF_THE_CA = (DeviceKind.TOKEN, DeviceKind.SIM, DeviceKind.SD)


class Channel(models.TextChoices):
    """How a device was delivered (S4; Thông tư 185/2019/TT-BQP Điều 6)."""

    HAND = "hand", _("Giao trực tiếp")
    CO_YEU = "co_yeu", _("Qua tổ chức cơ yếu")
    POST = "post", _("Bưu chính công ích")


class Intake(Leased):
    """A lot of devices taken into the stock; their keys are made in the background."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("loại"), max_length=6, choices=DeviceKind)
    model = models.CharField(_("kiểu"), max_length=60, blank=True)
    batch = models.CharField(_("lô"), max_length=60)
    carrier = models.CharField(_("nhà mạng"), max_length=20, blank=True)
    count = models.PositiveIntegerField(_("số thiết bị"))
    keys_made = models.PositiveIntegerField(_("đã tạo khóa"), default=0)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = IntakeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="devices_intake_no_more_keys_than_devices",
                condition=Q(keys_made__lte=F("count")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(ended_at__isnull=True), name="devices_intake_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} ({self.count})"


class Device(models.Model):
    """A key device. ``custody`` says where it is, ``condition`` how it is.

    Both are written by the ledger and the stock alone, each time with a CustodyMove.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("loại"), max_length=6, choices=DeviceKind)
    serial = models.CharField(_("số hiệu thiết bị"), max_length=40, unique=True)
    model = models.CharField(_("kiểu"), max_length=60, blank=True)
    carrier = models.CharField(_("nhà mạng"), max_length=20, blank=True)
    phone = models.CharField(_("số thuê bao ký số"), max_length=10, blank=True)
    converts_number = models.BooleanField(
        _("chuyển từ số đang dùng"),
        default=False,
        db_default=False,
        help_text=_("SIM PKI: số đang dùng được chuyển sang SIM ký số"),
    )
    iccid = models.CharField("ICCID", max_length=22, blank=True)
    key = models.OneToOneField(KeyPair, models.PROTECT, null=True, related_name="device")
    custody = models.CharField(_("nơi giữ"), max_length=16, choices=Custody)
    condition = models.CharField(_("tình trạng"), max_length=8, choices=Condition)
    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        related_name="devices",
        help_text=_("Cơ quan quản lý"),
        db_index=False,
    )
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", db_index=False)
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, related_name="devices")
    received_at = models.DateTimeField(help_text=_("Nhập kho"))
    batch = models.CharField(_("lô"), max_length=60, blank=True)
    intake = models.ForeignKey(Intake, models.PROTECT, null=True, related_name="devices")

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ["serial", "pk"]
        indexes = [
            models.Index(fields=["custody", "kind", "id"], name="devices_device_custody"),
            models.Index(fields=["agency", "custody", "id"], name="devices_device_agency"),
            models.Index(
                fields=["office", "agency", "custody", "condition"], name="devices_device_sums"
            ),
            models.Index(fields=["received_at", "id"], name="devices_device_recent"),
            models.Index(fields=["agency", "received_at", "id"], name="devices_agency_recent"),
            models.Index(fields=["office", "received_at", "id"], name="devices_office_recent"),
            # Found by the first figures of their numbers; ``serial`` alone has an index.
            models.Index(
                fields=["office", "serial"],
                opclasses=["int8_ops", PATTERN],
                name="devices_office_serial",
            ),
            models.Index(
                fields=["agency", "serial"],
                opclasses=["int8_ops", PATTERN],
                name="devices_agency_serial",
            ),
            models.Index(
                fields=["phone"],
                opclasses=[PATTERN],
                condition=~Q(phone=""),
                name="devices_device_phone",
            ),
            models.Index(
                fields=["iccid"],
                opclasses=[PATTERN],
                condition=~Q(iccid=""),
                name="devices_device_iccid",
            ),
            models.Index(
                fields=["office", "phone"],
                opclasses=["int8_ops", PATTERN],
                condition=~Q(phone=""),
                name="devices_office_phone",
            ),
            models.Index(
                fields=["office", "iccid"],
                opclasses=["int8_ops", PATTERN],
                condition=~Q(iccid=""),
                name="devices_office_iccid",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="devices_device_in_stock_has_no_agency",
                condition=~Q(custody="stock") | Q(agency__isnull=True),
            ),
            models.CheckConstraint(
                name="devices_device_with_subscriber_names_them",
                condition=~Q(custody="with_subscriber") | Q(subscriber__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["iccid"], condition=~Q(iccid=""), name="devices_device_iccid_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.serial}"

    @property
    def is_for_person(self) -> bool:
        """Whether its subscriber is a person, and not a body or a system with its văn thư."""
        return self.subscriber is not None and self.subscriber.kind == SubscriberKind.PERSON

    def can(self, move: Move, role: str | None) -> bool:
        """Say whether ``role`` (None: the portal) may make ``move`` with it as it is now."""
        rules = moves_open_to(role, custody=self.custody, condition=self.condition)
        return any(rule.move == move for rule in rules)


class Shipment(models.Model):
    """Devices of one agency sent to it together, by one channel."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="shipments", db_index=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(_("cách giao"), max_length=8, choices=Channel)
    note = models.TextField(_("ghi chú"), blank=True)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # when its last device was confirmed

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at", "-pk"]
        indexes = [
            models.Index(fields=["agency", "ended_at", "-id"], name="devices_shipment_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.sent_at:%d/%m/%Y}"


class ShipmentItem(models.Model):
    """One line of a shipment's list: confirmed, or reported missing, by the agency."""

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="items", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="shipment_items")
    received_at = models.DateTimeField(null=True)
    missing_at = models.DateTimeField(null=True)  # kept when it turns up later

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "device"], name="devices_shipmentitem_listed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id}: {self.device_id}"


class CustodyMove(models.Model):
    """One move of a device, under which document. Written once, never changed: the ledger."""

    device = models.ForeignKey(Device, models.PROTECT, related_name="moves")
    move = models.CharField(_("việc"), max_length=24, choices=Move)
    from_custody = models.CharField(max_length=16, choices=Custody, blank=True)
    to_custody = models.CharField(max_length=16, choices=Custody)
    from_condition = models.CharField(max_length=8, choices=Condition, blank=True)
    to_condition = models.CharField(max_length=8, choices=Condition)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, related_name="+")
    holder = models.CharField(_("người nhận"), max_length=150, blank=True)
    document_type = models.CharField(max_length=40, blank=True)
    document_uuid = models.UUIDField(null=True)
    document_label = models.CharField(_("chứng từ"), max_length=200)
    channel = models.CharField(_("cách giao"), max_length=8, choices=Channel, blank=True)
    note = models.TextField(_("ghi chú"), blank=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    happened_on = models.DateField(_("ngày"))  # may lie before the day it was recorded
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["document_uuid"], name="devices_move_document"),
            # The registers, the newest first: of what changed hands, and of what is rare.
            models.Index(fields=["at", "id", "agency", "move"], name="devices_move_recent"),
            models.Index(fields=["move", "at", "id"], name="devices_move_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id}: {self.move}"


class HandoverNotice(models.Model):
    """Which Mẫu 07 tells the CA of a hand-over; it comes after the move, which stays as it is."""

    move = models.OneToOneField(CustodyMove, models.PROTECT, related_name="notice")
    document_type = models.CharField(max_length=40)
    document_uuid = models.UUIDField()
    document_label = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["document_uuid"], name="devices_notice_document")]

    def __str__(self) -> str:
        return f"{self.move_id}: {self.document_label}"


class RecallPutOff(models.Model):
    """A device that is not recalled while the renewal of its certificate is to be answered.

    The sweep looks at it again, so that it is recalled when the answer is no.
    """

    device = models.OneToOneField(Device, models.CASCADE, related_name="recall_put_off")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.device_id} since {self.since}"


class ExpiryMark(models.Model):
    """How far the sweep of expired certificates has come, in order of their end; one row."""

    certificate = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"up to {self.certificate_id}"


class StocktakingPlace(models.TextChoices):
    """Where devices are counted."""

    BODY = "body", _("Thiết bị cất tại đơn vị")
    BODY_AND_HOLDERS = "body_and_holders", _("Thiết bị cất tại đơn vị và thuê bao đang giữ")
    OFFICE = "office", _("Thiết bị tại Sở, chờ nộp về Cục")
    CA = "ca", _("Kho của Cục")


class Stocktaking(models.Model):
    """What lies at a place is counted by its serials and held against the register.

    While it is open, what is expected is what the register says now; closing it freezes the lines.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    place = models.CharField(_("kiểm kê"), max_length=16, choices=StocktakingPlace)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="stocktakings", db_index=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", db_index=False)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    counted_by = models.ManyToManyField(User, related_name="+")
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    remark = models.TextField(_("nhận xét"), blank=True)
    minutes = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")

    objects = StocktakingQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [
            models.Index(fields=["agency", "opened_at", "id"], name="devices_stocktaking_agency"),
            models.Index(fields=["office", "opened_at", "id"], name="devices_stocktaking_office"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "place"],
                condition=Q(closed_at__isnull=True, dropped_at__isnull=True),
                name="devices_stocktaking_one_open",
            ),
            models.CheckConstraint(
                name="devices_stocktaking_closed_with_minutes",
                condition=Q(closed_at__isnull=True)
                | Q(closed_by__isnull=False, minutes__isnull=False, dropped_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_place_display()}, {self.opened_at:%d/%m/%Y}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.dropped_at is None


class StocktakingLine(models.Model):
    """One serial of a stock-taking: seen, or (once it is closed) missing.

    ``device`` None: nothing the register knows. ``was_at`` is where the register had it at the end.
    """

    class Result(models.TextChoices):
        """What a closed stock-taking found."""

        FOUND = "found", _("Thấy")
        MISSING = "missing", _("Thiếu")
        ELSEWHERE = "elsewhere", _("Lạ: sổ ghi ở nơi khác")
        UNKNOWN = "unknown", _("Lạ: không có trong sổ")

    stocktaking = models.ForeignKey(
        Stocktaking, models.CASCADE, related_name="lines", db_index=False
    )
    serial = models.CharField(_("số hiệu"), max_length=40)
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    result = models.CharField(_("kết quả"), max_length=9, choices=Result, blank=True)
    was_at = models.CharField(max_length=16, choices=Custody, blank=True)
    counted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    counted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["serial"]
        indexes = [
            models.Index(
                fields=["stocktaking", "result", "id"], name="devices_stocktakingline_list"
            ),
            models.Index(
                fields=["serial"],
                condition=Q(device__isnull=True),
                name="devices_stocktakingline_odd",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["stocktaking", "serial"], name="devices_stocktakingline_once"
            ),
        ]

    def __str__(self) -> str:
        return self.serial
