"""Taking what systems report: each signature counted once, in the transaction that keeps it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.services import Act
from portal.ca.models import Certificate
from portal.core.database.bulk import add_rows, insert_rows
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.documents import services as documents
from portal.documents import uploads
from portal.documents.verification import SignatureReport
from portal.notices import services as notices
from portal.usage.alarms import services as alarms
from portal.usage.alarms.services import Use
from portal.usage.models import (
    BodyMonth,
    SigningSystem,
    StrayEvent,
    SystemToken,
    UsageBatch,
    UsageEvent,
    UsageMonth,
)
from portal.usage.receiving.events import Event, Fault, read
from portal.usage.rules import (
    MOST_EVENTS,
    SKEW_NOTICED,
    ZONE,
    begin_of,
    month_of,
    oldest_month,
)

ACCEPTED, KNOWN, REFUSED = "accepted", "known", "refused"
_FORGOTTEN_AT_ONCE = 20_000
_RECOUNTED_AT_ONCE = 1000
_MOST_SKEW = timedelta(days=3650)  # beyond, a clock is simply wrong


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one event."""

    event_id: str
    status: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch, event by event in its order.

    ``skew`` is how far the system's clock is ahead of ours (behind: negative), where it is much.
    """

    batch: UsageBatch
    answers: Sequence[Answer]
    skew: timedelta | None


def receive(
    system: SigningSystem,
    offered: Sequence[object],
    *,
    channel: str,
    token: SystemToken | None = None,
    sent_at: datetime | None = None,
    actor: User | None = None,
    now: datetime,
) -> Receipt:
    """Take a batch of events, each once however often it is sent; one transaction.

    ``sent_at`` is the time of the system's clock when it sent. Raises Refused for a batch that is
    too large, a system that has ended, a token that is good no more.
    """
    if len(offered) > MOST_EVENTS:
        raise refuse(
            "too_many_events",
            _("Một lần gửi có nhiều nhất %(most)d lượt ký.") % {"most": MOST_EVENTS},
            way_out=_("Chia thành nhiều lần gửi."),
        )
    found = read(offered, now=now, oldest=oldest_month(now))
    with transaction.atomic():
        system = SigningSystem.objects.select_for_update(no_key=True).get(pk=system.pk)
        if system.ended_at is not None:
            raise refuse("system_ended", _("Hệ thống này đã ngừng được nhận dữ liệu."))
        is_first = False
        if token is not None:
            good = SystemToken.objects.filter(pk=token.pk, ended_at__isnull=True)
            used = Exists(UsageBatch.objects.filter(token=OuterRef("pk")))
            is_used = good.annotate(is_used=used).values_list("is_used", flat=True).first()
            if is_used is None:
                raise refuse("token_ended", _("Mã truy cập đã bị hủy."))
            is_first = not is_used
        batch = UsageBatch(
            system=system, token=token, channel=channel, handed_in_by=actor, received_at=now
        )
        answers, acts = _take(batch, found, now=now)
        is_live = channel == UsageBatch.Channel.API
        # How far its clock is ahead, by what it says itself or by its newest event.
        ahead = timedelta()
        if is_live and sent_at is not None:
            ahead = sent_at - now
        elif is_live:
            ahead = max((one.moment for one in found if one.moment is not None), default=now) - now
            ahead = max(ahead, timedelta())
        skew = None
        if abs(ahead) >= SKEW_NOTICED:
            skew = max(-_MOST_SKEW, min(_MOST_SKEW, ahead))
        _note_receipt(system, skew, is_live=is_live, now=now)
        counts = {"accepted": batch.accepted, "known": batch.known, "refused": batch.refused}
        if is_first:
            acts.append(system_act("usage.use_token", system))
        acts.append(system_act("usage.receive", system, channel=channel, **counts))
        audit.record_many(acts, actor=actor, now=now)
    return Receipt(batch, answers, skew)


def system_act(action: str, system: SigningSystem, **data: object) -> Act:
    """Return what the record says of an act about a system."""
    return Act(
        action=action,
        target_type="signing_system",
        target_uuid=system.uuid,
        agency_uuid=system.agency.uuid,
        office_uuid=system.office.uuid if system.office else None,
        data=data,
    )


def _take(
    batch: UsageBatch, found: Sequence[Event | Fault], *, now: datetime
) -> tuple[list[Answer], list[Act]]:
    """Keep and count what is new; return the answers and what the record says of alarms."""
    system = batch.system
    events = [one for one in found if isinstance(one, Event)]
    serials = {one.serial for one in events}
    certificates = {
        one.serial: one
        for one in Certificate.objects.filter(serial__in=serials).defer("der", "crl_entry")
    }
    kept = {
        event_id: (certificate, moment)
        for event_id, certificate, moment in UsageEvent.objects.filter(
            system=system, is_withdrawn=False, event_id__in=[one.event_id for one in events]
        ).values_list("event_id", "certificate", "moment")
    }
    fresh: list[tuple[Event, Certificate]] = []
    strays: list[Event] = []
    answers = []
    for one in found:
        if isinstance(one, Fault):
            answers.append(Answer(one.event_id, REFUSED, one.code))
            continue
        certificate = certificates.get(one.serial)
        if certificate is None:
            strays.append(one)
            answers.append(Answer(one.event_id, REFUSED, "unknown_serial"))
            continue
        same = kept.get(one.event_id)
        if same is None:
            kept[one.event_id] = (certificate.pk, one.moment)
            fresh.append((one, certificate))
            answers.append(Answer(one.event_id, ACCEPTED))
        elif same == (certificate.pk, one.moment):
            answers.append(Answer(one.event_id, KNOWN))
        else:
            answers.append(Answer(one.event_id, REFUSED, "id_reused"))
    statuses = Counter(answer.status for answer in answers)
    batch.accepted, batch.known = statuses[ACCEPTED], statuses[KNOWN]
    batch.refused = statuses[REFUSED]
    batch.save()
    # What the register does not know is kept until it does; the same again changes nothing.
    kept_apart = [
        StrayEvent(
            system=system,
            event_id=one.event_id,
            serial=one.serial,
            moment=one.moment,
            document_kind=one.document_kind,
            token=batch.token,
            received_at=batch.received_at,
        )
        for one in strays
    ]
    StrayEvent.objects.bulk_create(kept_apart, ignore_conflicts=True, batch_size=1000)
    return answers, _count(batch, fresh, now=now)


def _count(
    batch: UsageBatch, fresh: Sequence[tuple[Event, Certificate]], *, now: datetime
) -> list[Act]:
    """Write new events and their sums, judge them; return what the record says of alarms.

    The system is locked: nobody else touches its rows.
    """
    system = batch.system
    columns = ("system_id", "batch_id", "certificate_id", "event_id", "moment", "document_kind")
    insert_rows(
        UsageEvent,
        columns,
        (
            (system.pk, batch.pk, certificate.pk, one.event_id, one.moment, one.document_kind)
            for one, certificate in fresh
        ),
    )
    months: dict[datetime, date] = {}  # an hour lies in one month
    by_certificate: dict[tuple[int, date], list[datetime]] = {}
    by_body: Counter[tuple[int, date, str]] = Counter()
    for one, certificate in fresh:
        hour = one.moment.replace(minute=0, second=0, microsecond=0)
        if hour not in months:
            months[hour] = hour.astimezone(ZONE).date().replace(day=1)
        month = months[hour]
        by_certificate.setdefault((certificate.pk, month), []).append(one.moment)
        by_body[certificate.agency_id, month, one.document_kind] += 1
    add_rows(
        UsageMonth,
        ("certificate_id", "month", "system_id", "count", "last_at"),
        (
            (certificate, month, system.pk, len(moments), max(moments))
            for (certificate, month), moments in sorted(by_certificate.items())
        ),
        keys=3,
        latest=("last_at",),
    )
    add_rows(
        BodyMonth,
        ("agency_id", "month", "system_id", "document_kind", "count"),
        (
            (agency, month, system.pk, kind, count)
            for (agency, month, kind), count in sorted(by_body.items())
        ),
        keys=4,
    )
    certificates = {certificate.pk: certificate for _one, certificate in fresh}
    standing = alarms.standings(certificates.values())
    uses = (Use(certificate.pk, system.pk, one.moment) for one, certificate in fresh)
    return alarms.raise_for(uses, standing, now=now)


def _note_receipt(
    system: SigningSystem, skew: timedelta | None, *, is_live: bool, now: datetime
) -> None:
    """Note when the system was heard of, and tell who looks after it of a wrong clock, once a day.

    A file says nothing about a clock: it is written long after.
    """
    system.last_received_at = now
    if is_live:
        system.skew_seconds = int(skew.total_seconds()) if skew is not None else None
        today = timezone.localdate(now)
        if skew is not None and system.skew_told_on != today:
            system.skew_told_on = today
            minutes = int(abs(skew).total_seconds() // 60)
            words = (
                _("Đồng hồ của %(name)s chạy nhanh %(minutes)d phút")
                if skew > timedelta()
                else _("Đồng hồ của %(name)s chạy chậm %(minutes)d phút")
            )
            home = system.registered_by.agency_id
            notices.tell(
                User.objects.who_can(Capability.REGISTER_SIGNING_SYSTEMS, agency_id=home),
                cause=f"usage-clock:{system.pk}:{today.isoformat()}",
                title=Truncator(words % {"name": system.name, "minutes": minutes}).chars(250),
                text=_(
                    "Lượt ký ghi thời điểm ở tương lai bị từ chối; hãy chỉnh đồng hồ rồi gửi lại."
                ),
                path=reverse("usage:system", args=[system.uuid]),
                target_type="signing_system",
                target_uuid=system.uuid,
                now=now,
            )
    system.save(update_fields=["last_received_at", "skew_seconds", "skew_told_on"])


def withdraw(token: SystemToken, *, finding: str, now: datetime) -> int:
    """Take what came with a stolen token out of all sums and alarms; return how many events.

    In a transaction that holds its system. What lies in a closed month stays counted.
    """
    oldest, since = oldest_month(now), token.stolen_since
    stolen = UsageBatch.objects.filter(token=token, received_at__gte=since)
    batches = list(stolen.values_list("pk", flat=True))
    events = UsageEvent.objects.filter(
        batch__in=batches, is_withdrawn=False, moment__gte=begin_of(oldest)
    )
    rows = list(events.values_list("certificate", "certificate__agency", "moment", "document_kind"))
    taken = events.update(is_withdrawn=True)
    StrayEvent.objects.filter(token=token, received_at__gte=since).delete()
    stolen.update(withdrawn_at=now)
    by_body = Counter((agency, month_of(moment), kind) for _pk, agency, moment, kind in rows)
    for (agency, month, kind), count in sorted(by_body.items()):
        sums = BodyMonth.objects.filter(agency=agency, month=month, document_kind=kind)
        sums.filter(system=token.system_id).update(count=F("count") - count)
    # What a certificate has left of its open months is counted anew, event by event.
    certificates = sorted({row[0] for row in rows})
    for start in range(0, len(certificates), _RECOUNTED_AT_ONCE):
        chunk = certificates[start : start + _RECOUNTED_AT_ONCE]
        UsageMonth.objects.filter(
            system=token.system_id, certificate__in=chunk, month__gte=oldest
        ).delete()
        left: dict[tuple[int, date], list[datetime]] = defaultdict(list)
        rest = UsageEvent.objects.filter(
            system=token.system_id, certificate__in=chunk, is_withdrawn=False
        ).filter(moment__gte=begin_of(oldest))
        for certificate, moment in rest.values_list("certificate", "moment"):
            left[certificate, month_of(moment)].append(moment)
        UsageMonth.objects.bulk_create(
            UsageMonth(
                certificate_id=certificate,
                month=month,
                system_id=token.system_id,
                count=len(moments),
                last_at=max(moments),
            )
            for (certificate, month), moments in left.items()
        )
    alarms.settle_withdrawn(certificates, finding=finding, now=now)
    return taken


def count_strays(*, now: datetime) -> int:
    """Count events kept apart whose serial the register knows by now, a system at a time.

    Returns how many were counted.
    """
    known = Certificate.objects.filter(serial=OuterRef("serial"))
    waiting = StrayEvent.objects.filter(Exists(known)).order_by("system", "pk")
    first = waiting.first()
    if first is None:
        return 0
    with transaction.atomic():
        system = SigningSystem.objects.select_for_update(no_key=True).get(pk=first.system_id)
        strays = list(waiting.filter(system=system)[:MOST_EVENTS])
        found: list[Event | Fault] = [
            Event(one.event_id, one.serial, one.moment, one.document_kind) for one in strays
        ]
        batch = UsageBatch(
            system=system, channel=UsageBatch.Channel.API, received_at=now, token=None
        )
        _answers, acts = _take(batch, found, now=now)
        StrayEvent.objects.filter(pk__in=[one.pk for one in strays]).delete()
        acts.append(system_act("usage.count_strays", system, accepted=batch.accepted))
        audit.record_many(acts, actor=None, now=now)
    return len(strays)


def forget_old(*, now: datetime) -> int:
    """Delete some events of months that are closed; their sums stay. Returns how many."""
    bound = begin_of(oldest_month(now))
    old = UsageEvent.objects.filter(moment__lt=bound).order_by("moment")
    keys = list(old.values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
    UsageEvent.objects.filter(pk__in=keys)._raw_delete(using=connection.alias)
    strays = StrayEvent.objects.filter(moment__lt=bound)
    return len(keys) + strays.delete()[0]


# What is wrong with the certificate by now does not undo that it was used; all else does: it says
# nothing about who signed when.
_USED_ALL_THE_SAME = frozenset(
    {"not_trusted", "expired_at_signing", "revoked_at_signing", "time_unproved", "wrong_field"}
)
_LONGEST_NAME = 250


@dataclass(frozen=True, slots=True)
class PaperSignature:
    """One signature of a paper: what it is, and what became of it.

    ``status``: accepted, known, refused, ``unproven`` (it is damaged or has no time), ``foreign``
    (its certificate is not of our register).
    """

    report: SignatureReport
    status: str
    code: str = ""
    issuer: str = ""
    valid_until: str = ""


def hand_in(
    content: bytes, system: SigningSystem, *, document_kind: str, actor: User, now: datetime
) -> list[PaperSignature]:
    """Count the signatures of a PDF; return what became of each. Raises Refused."""
    if uploads.check(content) is not uploads.PDF:
        raise refuse("upload_type_unknown", _("Tệp không phải PDF."))
    reports = documents.signatures_on(content, now=now)
    if not reports:
        raise refuse("not_signed", _("Tệp PDF này không có chữ ký số nào."))
    registered = dict(
        Certificate.objects.filter(serial__in={one.serial for one in reports}).values_list(
            "serial", "thumbprint"
        )
    )
    ours = [
        one
        for one in reports
        if set(one.problems) <= _USED_ALL_THE_SAME
        and registered.get(one.serial) == hashlib.sha256(one.certificate_der).hexdigest()
    ]
    outcomes: dict[str, tuple[str, str]] = {}
    if ours:
        offered = [
            {
                "id": one.sha256,
                "serial": one.serial,
                "moment": one.signed_at.isoformat() if one.signed_at else None,
                "kind": document_kind,
            }
            for one in ours
        ]
        receipt = receive(system, offered, channel=UsageBatch.Channel.PDF, actor=actor, now=now)
        for one, answer in zip(ours, receipt.answers, strict=True):
            outcomes[one.sha256] = (answer.status, answer.code)
    shown = []
    for one in reports:
        if outcome := outcomes.get(one.sha256):
            shown.append(PaperSignature(one, *outcome))
        elif not set(one.problems) <= _USED_ALL_THE_SAME:
            shown.append(PaperSignature(one, "unproven"))
        else:
            certificate = x509.load_der_x509_certificate(one.certificate_der)
            names = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
            issuer = str(names[0].value) if names else certificate.issuer.rfc4514_string()
            until = f"{timezone.localdate(certificate.not_valid_after_utc):%d/%m/%Y}"
            issuer = issuer[:_LONGEST_NAME]
            shown.append(PaperSignature(one, "foreign", issuer=issuer, valid_until=until))
    return shown
