"""The CA's stock: devices taken in, their keys made in the background, devices allocated."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.ledger import illegal, write
from devices.lifecycle import Condition, Custody, Move, find_rule
from devices.models import OF_THE_CA, CustodyMove, Device, DeviceKind, Intake
from devices.serials import NewDevice, check_new_devices, normalise
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.audit.services import Act, record
from portal.ca.models import KeyPair, Storage
from portal.ca.register.services import make_keys
from portal.core.database.bulk import insert_objects, update_rows
from portal.core.rules import Refused, Violation
from portal.notices.services import tell

logger = logging.getLogger(__name__)

KEYS_AT_ONCE = 10
# Longer than any chunk takes: a killed worker's lot is taken up again after it.
LEASE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A device of the stock for a subscriber.

    ``phone`` is the number of a SIM PKI, ``converts_number`` says that it is one in use already.
    """

    device: Device
    subscriber: Subscriber
    phone: str = ""
    converts_number: bool = False


@dataclass(frozen=True, slots=True)
class InHand:
    """A device that comes from elsewhere: handed out before there was a portal, or sent by another
    CA. Without a subscriber, or not yet held by the one it is for, it lies at the body."""

    kind: str
    serial: str
    key_id: int | None
    agency: Agency
    subscriber: Subscriber | None
    condition: str = Condition.OK
    is_held: bool = True


# What a list says is wrong with a device, entered as the portal enters it.
_HARM = {Condition.LOCKED: Move.LOCK, Condition.LOST: Move.REPORT_LOST}


@transaction.atomic
def bring_in(
    given: Iterable[InHand],
    *,
    batch: str,
    paper: tuple[str, UUID | None, str],
    actor: User | None,
    now: datetime,
) -> list[Device]:
    """Enter devices where they are, each with the first entry of its ledger; the caller audits."""
    listed = list(given)
    made = Device.objects.bulk_create(
        [
            Device(
                kind=one.kind,
                serial=one.serial,
                key_id=one.key_id,
                custody=Custody.WITH_SUBSCRIBER
                if one.subscriber and one.is_held
                else Custody.AT_AGENCY,
                condition=Condition.OK,
                agency=one.agency,
                office=one.agency.office,
                subscriber=one.subscriber,
                received_at=now,
                batch=batch,
            )
            for one in listed
        ],
        batch_size=500,
    )
    document_type, document_uuid, document_label = paper
    CustodyMove.objects.bulk_create(
        [
            CustodyMove(
                device=device,
                move=Move.BRING_IN_HELD
                if device.custody == Custody.WITH_SUBSCRIBER
                else Move.BRING_IN,
                to_custody=device.custody,
                to_condition=device.condition,
                agency=device.agency,
                subscriber=device.subscriber,
                document_type=document_type,
                document_uuid=document_uuid,
                document_label=document_label,
                actor=actor,
                happened_on=timezone.localdate(now),
                at=now,
            )
            for device in made
        ],
        batch_size=500,
    )
    for condition, move in _HARM.items():
        harmed = [
            device for device, one in zip(made, listed, strict=True) if one.condition == condition
        ]
        if harmed:
            write(harmed, move, actor=None, now=now, paper=paper, note=document_label)
    return made


@transaction.atomic
def take_out(device: Device) -> bool:
    """Remove a device that was brought in and has not moved since; say whether it could be."""
    entered = (Move.BRING_IN, Move.BRING_IN_HELD)
    began = device.moves.filter(move__in=entered).values("document_uuid")
    if device.moves.exclude(document_uuid__in=began).exists():
        return False
    device.moves.all().delete()
    device.delete()
    return True


@transaction.atomic
def take_in(
    kind: str,
    devices: Iterable[NewDevice | str],
    *,
    batch: str,
    actor: User,
    now: datetime,
    model: str = "",
    carrier: str = "",
) -> Intake:
    """Enter new devices in the stock and return their lot; their keys are made later.

    Raises Refused when a serial or an ICCID is odd, listed twice or known already: the same list
    handed in again changes nothing. Raises IllegalMove when ``actor`` keeps no stock.
    """
    rule = find_rule(Move.TAKE_IN, None, None, actor.role)
    listed = [one if isinstance(one, NewDevice) else NewDevice(normalise(one)) for one in devices]
    _refuse_odd_list(listed, kind=kind, carrier=carrier)
    intake = Intake.objects.create(
        kind=DeviceKind(kind),
        model=model,
        batch=batch,
        carrier=carrier,
        count=len(listed),
        created_by=actor,
        created_at=now,
    )
    made = Device.objects.bulk_create(
        [
            Device(
                kind=intake.kind,
                serial=one.serial,
                model=model,
                carrier=carrier,
                phone=one.phone,
                iccid=one.iccid,
                custody=rule.to or "",
                condition=rule.to_condition or "",
                received_at=now,
                batch=batch,
                intake=intake,
            )
            for one in listed
        ],
        batch_size=500,
    )
    CustodyMove.objects.bulk_create(
        [
            CustodyMove(
                device=device,
                move=Move.TAKE_IN,
                to_custody=device.custody,
                to_condition=device.condition,
                document_type="intake",
                document_uuid=intake.uuid,
                document_label=_("Nhập kho: %(batch)s") % {"batch": intake.batch},
                actor=actor,
                happened_on=timezone.localdate(now),
                at=now,
            )
            for device in made
        ],
        batch_size=500,
    )
    data = {"kind": kind, "batch": batch, "count": len(made), "first": made[0].serial}
    record(
        Act(action="device.take_in", target_type="intake", target_uuid=intake.uuid, data=data),
        actor=actor,
        now=now,
    )
    return intake


def _refuse_odd_list(listed: Sequence[NewDevice], *, kind: str, carrier: str) -> None:
    violations = check_new_devices(listed)
    if kind not in OF_THE_CA:
        violations.append(
            Violation(
                "not_of_the_ca",
                _("HSM là thiết bị của cơ quan; Cục không nhập kho và không cấp."),
                way_out=_("Cơ quan gửi yêu cầu PKCS#10 tạo trên HSM trong hồ sơ cấp chứng thư."),
            )
        )
    if kind == DeviceKind.SIM and not carrier:
        violations.append(Violation("no_carrier", _("Lô SIM PKI phải ghi nhà mạng.")))
    if not violations:
        known = Device.objects.order_by("serial")
        serials = known.filter(serial__in=[one.serial for one in listed])
        iccids = known.filter(iccid__in=[one.iccid for one in listed if one.iccid])
        text = _("%(count)d số hiệu đã có trong hệ thống: %(some)s.")
        violations = [
            Violation(
                code,
                text % {"count": len(found), "some": ", ".join(found[:5])},
                way_out=_("Bỏ các số hiệu này khỏi danh sách rồi nhập lại."),
            )
            for code, found in (
                ("serial_known", list(serials.values_list("serial", flat=True))),
                ("iccid_known", list(iccids.values_list("iccid", flat=True))),
            )
            if found
        ]
    if violations:
        raise Refused(*violations)


def make_next_keys(*, now: datetime, most: int = KEYS_AT_ONCE) -> int:
    """Make keys for up to ``most`` devices of one unfinished lot; return how many were made.

    Safe to run twice and twice at once: a lot is claimed by a conditional update. After a kill the
    lease runs out and the next run goes on where the last one committed. Making keys is slow and
    happens outside any transaction.
    """
    while (intake := _claim(now)) is not None:
        try:
            waiting = list(_waiting(intake).values_list("pk", flat=True)[:most])
            # A killed worker made them and no device got them: old enough to be nobody's work
            # now. A key without a token was made at an agency (an HSM's, from its PKCS#10 request).
            idle = KeyPair.objects.filter(
                storage=intake.kind,
                token__isnull=False,
                device__isnull=True,
                certificates__isnull=True,
                made_at__lt=now - LEASE,
            )
            keys = list(idle.order_by("pk")[: len(waiting)])
            if len(keys) < len(waiting):
                keys += make_keys(Storage(intake.kind), len(waiting) - len(keys), now=now)
            if made := _fit(intake, waiting, keys, now=now):
                return made
        finally:
            Intake.objects.release(intake.pk)
    return 0


def has_keys_to_make() -> bool:
    """Say whether any lot still waits for keys."""
    return Intake.objects.unfinished().exists()


def _claim(now: datetime) -> Intake | None:
    unfinished = Intake.objects.unfinished()
    for intake in unfinished.unclaimed(now).order_by("pk"):
        if unfinished.claim(intake.pk, now=now, lease=LEASE):
            return intake
    return None


def _waiting(intake: Intake) -> QuerySet[Device]:
    return intake.devices.without_key().order_by("pk")


@transaction.atomic
def _fit(intake: Intake, waiting: Sequence[int], keys: Sequence[KeyPair], *, now: datetime) -> int:
    """Give each waiting device a key and note the progress; one short transaction."""
    intake = Intake.objects.select_for_update(no_key=True).get(pk=intake.pk)
    locked = list(_waiting(intake).filter(pk__in=waiting).select_for_update(no_key=True))
    for device, key in zip(locked, keys, strict=False):
        device.key = key
    Device.objects.bulk_update(locked, ["key"])
    intake.keys_made = intake.devices.filter(key__isnull=False).count()
    if not _waiting(intake).exists():
        intake.ended_at = now
        title = _("Đã tạo xong khóa cho %(count)d thiết bị nhập kho: %(batch)s")
        tell(
            [intake.created_by],
            cause=f"intake_ended:{intake.uuid}",
            title=title % {"batch": intake.batch, "count": intake.keys_made},
            path=reverse("devices:stock"),
            target_type="intake",
            target_uuid=intake.uuid,
            now=now,
        )
    intake.save(update_fields=["keys_made", "ended_at"])
    record(
        Act(
            action="device.make_keys",
            target_type="intake",
            target_uuid=intake.uuid,
            data={"count": len(locked), "keys_made": intake.keys_made},
        ),
        actor=None,
        now=now,
    )
    return len(locked)


def take_from_stock(kind: str, count: int, *, carrier: str = "") -> list[Device]:
    """Return up to ``count`` devices that can be allocated, locked; fewer when the stock is short.

    Call it in the transaction that allocates them. Devices another transaction holds are passed
    over (on SQLite there is no other: it has one writer).
    """
    found = Device.objects.in_stock(kind)
    if carrier:
        found = found.filter(carrier=carrier)
    return list(
        found.select_related("key")
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)[:count]
    )


def allocate_many(
    allocations: Sequence[Allocation],
    *,
    agency: Agency,
    office: Agency | None,
    document: tuple[str, UUID | None, str],
    actor: User | None,
    now: datetime,
) -> None:
    """Allocate devices of the stock to subscribers of ``agency``: two statements for any number.

    Part of issuing: runs in the caller's transaction, and the caller audits. Raises Refused when
    one of the devices is no longer in the stock.
    """
    if not allocations:
        return
    for one in allocations:
        if not one.device.can(Move.ALLOCATE, None):
            raise Refused(illegal(one.device, Move.ALLOCATE))
    rule = find_rule(Move.ALLOCATE, Custody.STOCK, Condition.OK, None)
    entries = [
        CustodyMove(
            device=one.device,
            move=Move.ALLOCATE,
            from_custody=one.device.custody,
            to_custody=rule.to or one.device.custody,
            from_condition=one.device.condition,
            to_condition=one.device.condition,
            agency=agency,
            subscriber=one.subscriber,
            document_type=document[0],
            document_uuid=document[1],
            document_label=document[2],
            actor=actor,
            happened_on=timezone.localdate(now),
            at=now,
        )
        for one in allocations
    ]
    for one in allocations:
        one.device.custody, one.device.agency = entries[0].to_custody, agency
        one.device.office, one.device.subscriber = office, one.subscriber
        one.device.phone = one.phone or one.device.phone
        one.device.converts_number = one.converts_number
    # The condition in the statement keeps the promise even if the caller forgot to lock.
    taken = update_rows(
        [one.device for one in allocations],
        ["custody", "agency", "office", "subscriber", "phone", "converts_number"],
        where={"custody": str(Custody.STOCK), "condition": str(Condition.OK)},
    )
    if taken != len(allocations):
        raise Refused(
            Violation("not_in_stock", _("Thiết bị vừa được cấp cho hồ sơ khác. Xin thử lại."))
        )
    insert_objects(entries)
