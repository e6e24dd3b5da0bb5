"""What is done with deliveries: handed in, decided, brought in, taken out, compared."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.ca.models import Certificate, Keeper, RenewalsSource
from portal.ca.querysets import EXPIRING_WITHIN_DAYS
from portal.core.background.leases import Lease, LeaseLost
from portal.core.database.bulk import collector_paused, update_rows
from portal.core.roles import Capability, roles_that_can
from portal.core.rules import refuse
from portal.core.text.numbers import with_dots
from portal.documents import services as documents
from portal.estate import contents
from portal.estate.acts import delivery_act
from portal.estate.columns import COLUMNS
from portal.estate.import_run import carry_piece, undo_piece
from portal.estate.models import DeliveredFile, DeliveredRow, Delivery, Doubt, Remedy, Verdict
from portal.estate.verdicts import RENEWALS_OF, Judge
from portal.notices import services as notices

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=3)
PIECE = 300  # rows of a transaction that brings in
JUDGED_AT_ONCE = 1000
_READ_AT_ONCE = 2000
_JUDGED = ("uuid", "delivery_id", "file_id", "about", "said", "der", "serial", "number", "proof")
MOST_FILES = 20
MOST_BYTES = 100 * 1024 * 1024  # of a delivery
State = Delivery.State


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file as it was handed in."""

    name: str
    content: bytes


@transaction.atomic
def hand_in(
    files: Sequence[HandedIn],
    *,
    title: str,
    purpose: str = Delivery.Purpose.BRING_IN,
    most_files: int = MOST_FILES,
    most_bytes: int = MOST_BYTES,
    actor: User,
    now: datetime,
) -> Delivery:
    """Keep the files and let the background read them; raises Refused, PermissionDenied."""
    _permit(actor)
    if not files:
        raise refuse("no_file", _("Hãy chọn ít nhất một tệp."))
    if len(files) > most_files:
        raise refuse(
            "too_many_files",
            _("Mỗi đợt nhiều nhất %d tệp.") % most_files,
            way_out=_("Nén các chứng thư vào một tệp .zip, hoặc chia thành nhiều đợt."),
        )
    if sum(len(one.content) for one in files) > most_bytes:
        raise refuse(
            "too_large",
            _("Các tệp của một đợt nhiều nhất %d MB.") % (most_bytes // 1024 // 1024),
            way_out=_("Chia thành nhiều đợt, hoặc dùng lệnh bring_estate trên máy chủ."),
        )
    for one in files:
        if not one.name.lower().endswith(contents.SUFFIXES):
            raise refuse(
                "unknown_file",
                _("Tệp “%(name)s” không phải danh sách hay chứng thư.") % {"name": one.name[:80]},
                way_out=_("Nhận: %s.") % ", ".join(contents.SUFFIXES),
            )
    delivery = Delivery.objects.create(
        office=actor.agency, title=title, purpose=purpose, made_by=actor, made_at=now
    )
    for one in files:
        document = documents.store(
            one.content, name=one.name[-200:], media_type="application/octet-stream", now=now
        )
        DeliveredFile.objects.create(delivery=delivery, document=document)
    act = delivery_act(
        "estate.hand_in", delivery, purpose=purpose, files=[one.name[:200] for one in files]
    )
    audit.record(act, actor=actor, now=now)
    return delivery


@transaction.atomic
def set_columns(
    file: DeliveredFile, columns: Mapping[str, str], *, actor: User, now: datetime
) -> None:
    """Say what the columns of a list mean, for this list and the office's next; judge it anew."""
    delivery = lock(file.delivery, actor, State.TRIAL)
    fields = [one for one in columns.values() if one]
    if len(fields) != len(set(fields)):
        twice = next(one for one in fields if fields.count(one) > 1)
        raise refuse(
            "column_twice",
            _("Hai cột cùng được ghi là “%s”; mỗi nội dung chỉ lấy từ một cột.")
            % COLUMNS[twice].label,
        )
    kept = {number: one for number, one in columns.items() if one}
    contents.keep_meanings(file, kept, office=delivery.office_id)
    _send_on(delivery, State.JUDGING)
    audit.record(
        delivery_act("estate.columns", delivery, file=file.document.name, columns=kept),
        actor=actor,
        now=now,
    )


@transaction.atomic
def decide(
    delivery: Delivery,
    choices: Mapping[str, tuple[str, Agency | None]],
    *,
    actor: User,
    now: datetime,
) -> int:
    """Decide doubts (uuid → choice and, of a body's name, the body); return how many.

    "take": as is proposed, or the body that is named; "leave": these rows stay out. What waits for
    no more doubt is judged anew.
    """
    delivery = lock(delivery, actor, State.TRIAL, State.DONE)
    decided = []
    for doubt in delivery.doubts.filter(uuid__in=list(choices)).select_for_update(no_key=True):
        choice, agency = choices[str(doubt.uuid)]
        if choice not in ("take", "leave", "apart"):
            continue
        if doubt.kind == Doubt.Kind.BODY and choice == "take":
            agency = agency or doubt.proposed
            if agency is None:
                raise refuse(
                    "no_body_named",
                    _("“%s”: hãy chọn đơn vị, hoặc chọn không nhận các dòng này.") % doubt.about,
                )
            if delivery.office_id not in (agency.office_id, agency.pk):
                raise refuse("body_of_another_office", _("Đơn vị này do Sở khác theo dõi."))
        doubt.choice, doubt.agency = choice, agency
        doubt.decided_by, doubt.decided_at = actor, now
        doubt.save()
        decided.append(doubt)
        if doubt.kind == Doubt.Kind.RENEWALS and choice in RENEWALS_OF:
            _answer_renewals(delivery, RENEWALS_OF[choice])
    if decided:
        _send_on(delivery, State.JUDGING)
        act = delivery_act(
            "estate.decide",
            delivery,
            doubts=[f"{one.key} → {one.choice} {one.agency or ''}".strip() for one in decided],
        )
        audit.record(act, actor=actor, now=now)
    return len(decided)


def _answer_renewals(delivery: Delivery, renewals: int) -> None:
    """Write the answer also at what came in before it was given, and was not renewed since."""
    came = delivery.rows.filter(made_certificate=True).values("certificate")
    unknown = Certificate.objects.filter(pk__in=came, renewals_source=RenewalsSource.UNKNOWN)
    unknown.filter(successors__isnull=True).update(
        renewals=renewals, renewals_source=RenewalsSource.PERSON
    )


@transaction.atomic
def start(delivery: Delivery, *, actor: User, now: datetime) -> None:
    """Let the background bring in what was judged good; what is in doubt stays behind."""
    delivery = lock(delivery, actor, State.TRIAL, State.DONE)
    if not to_carry(delivery).exists():
        raise refuse("nothing_to_carry", _("Không có dòng nào mới hoặc thay đổi để đưa vào."))
    delivery.carried_by, delivery.carried_at = actor, now
    _send_on(delivery, State.CARRYING)
    audit.record(
        delivery_act("estate.start", delivery, counts=delivery.counts), actor=actor, now=now
    )


@transaction.atomic
def undo(delivery: Delivery, *, actor: User, now: datetime) -> None:
    """Let the background take out what this delivery brought in and nothing was built on."""
    delivery = lock(delivery, actor, State.DONE)
    delivery.carried_by = actor
    _send_on(delivery, State.UNDOING)


@transaction.atomic
def drop(delivery: Delivery, *, actor: User, now: datetime) -> None:
    """Drop a delivery of which nothing was brought in, with its rows."""
    delivery = lock(delivery, actor, State.TRIAL, State.UNDONE)
    if delivery.rows.filter(carried_at__isnull=False).exists():
        raise refuse("carried_already", _("Đợt này đã đưa dữ liệu vào; hãy gỡ ra trước."))
    audit.record(delivery_act("estate.drop", delivery, title=delivery.title), actor=actor, now=now)
    delivery.delete()


def to_carry(delivery: Delivery) -> QuerySet[DeliveredRow]:
    """Return the rows that would be brought in now; of a comparison those that were chosen."""
    rows = delivery.rows.filter(verdict__in=[Verdict.NEW, Verdict.CHANGED], carried_at__isnull=True)
    if delivery.purpose == Delivery.Purpose.COMPARE:
        rows = rows.filter(remedy=Remedy.TAKE)
    return rows


def _permit(actor: User) -> None:
    if not actor.can(Capability.BRING_IN_ESTATE):
        raise PermissionDenied("brings nothing in")


def lock(delivery: Delivery, actor: User, *states: str) -> Delivery:
    """Return the delivery, its row locked; raises Refused when it stands at none of ``states``."""
    _permit(actor)
    found = Delivery.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    delivery = found.select_related("office").get(pk=delivery.pk)
    if delivery.state not in states:
        raise refuse(
            "not_now",
            _("Đợt này đang ở bước “%s”.") % delivery.get_state_display(),
            way_out=_("Tải lại trang để xem tình trạng mới."),
        )
    return delivery


def hold(*deliveries: Delivery) -> None:
    """Lock deliveries before their rows, and before what they bring in (decision 24)."""
    pks = [one.pk for one in deliveries]
    list(Delivery.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))


def _send_on(delivery: Delivery, state: str) -> None:
    delivery.state, delivery.done, delivery.problem = state, 0, ""
    delivery.save()


def work(*, now: datetime) -> int:
    """Go on with one delivery; return how many were brought a step further (0 or 1).

    Safe to run twice and twice at once. After a kill the lease runs out: what was half read is read
    anew, what was written of a piece stands or does not, and the rest follows.
    """
    lease = Delivery.objects.in_work().order_by("pk").claim_next(now=now, lease=LEASE)
    if lease is None:
        return 0
    delivery = Delivery.objects.select_related("office", "carried_by").get(pk=lease.pk)
    step = {
        State.READING: _read,
        State.JUDGING: _judge,
        State.CARRYING: _carry,
        State.UNDOING: _undo,
    }[State(delivery.state)]
    try:
        with collector_paused():
            step(delivery, lease)
    except LeaseLost:
        logger.warning("another worker took over delivery %s", delivery.pk)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease runs out, the next sweep tries again
    except Exception as error:
        logger.exception("could not go on with delivery %s", delivery.pk)
        problem = _("Lỗi hệ thống (%(name)s); báo quản trị hệ thống kèm thời điểm này.") % {
            "name": type(error).__name__
        }
        stays = State.DONE if delivery.state in (State.CARRYING, State.UNDOING) else State.TRIAL
        lease.end(state=stays, problem=problem[:300])
    return 1


def _read(delivery: Delivery, lease: Lease) -> None:
    contents.read_files(delivery, lease)
    lease.end(state=State.JUDGING, done=0)


def _judge(delivery: Delivery, lease: Lease) -> None:
    """Judge every row that was not brought in, and count what is in doubt."""
    rows = delivery.rows.filter(carried_at__isnull=True)
    rows.filter(verdict=Verdict.ONLY_HERE, remedy="").delete()
    judge = Judge(delivery, now=lease.now)
    # What each row speaks of comes first: a file's certificate is told of by the row of a list.
    for file in delivery.files.filter(is_named=False, is_read=True):
        for piece in _pieces(rows.filter(file=file, der__isnull=True), JUDGED_AT_ONCE):
            for row in piece:
                contents.name_row(row, judge.said(row), judge.about(row))
            update_rows(piece, ["serial", "title", "about"])
            lease.extend()
        file.is_named = True
        file.save(update_fields=["is_named"])
    _add_revoked(delivery, judge, lease)
    counted: Counter[str] = Counter()
    waiting = DeliveredRow.objects.filter(delivery=delivery.pk, carried_at__isnull=True)
    judged = waiting.exclude(verdict=Verdict.ONLY_HERE).only(*_JUDGED)
    for piece in _pieces(judged, JUDGED_AT_ONCE):
        for one in judge.judge(piece):
            row = one.row
            row.verdict, row.findings = one.verdict, [list(each) for each in one.findings]
            row.doubts = [f"{kind}:{about}" for kind, about in one.doubts]
            row.certificate = one.certificate
            counted[row.verdict] += 1
        with transaction.atomic():
            hold(delivery)
            update_rows(piece, ["verdict", "findings", "doubts", "certificate", "proof"])
            # The first findings are shown while the others are looked for.
            lease.extend(done=counted.total(), counts=delivery.counts | counted)
    if delivery.purpose == Delivery.Purpose.COMPARE:
        _add_only_here(delivery, lease)
    _keep_doubts(delivery, judge)
    state = State.DONE if delivery.rows.filter(carried_at__isnull=False).exists() else State.TRIAL
    counts = _counts(delivery) | _made(delivery.counts)
    lease.end(state=state, done=counted.total(), counts=counts, problem="")


def _made(counts: Mapping[str, int]) -> Counter[str]:
    """Return how many of each thing a delivery has made so far."""
    return Counter({name: number for name, number in counts.items() if name.startswith("made_")})


def _pieces(rows: QuerySet[DeliveredRow], most: int) -> Iterable[list[DeliveredRow]]:
    last = 0
    while piece := list(rows.filter(pk__gt=last).order_by("pk")[:most]):
        last = piece[-1].pk
        yield piece


def _add_revoked(delivery: Delivery, judge: Judge, lease: Lease) -> None:
    """Add a row for each certificate of the register that a delivered CRL names, unless a row
    speaks of it already."""
    numbers = {serial for _issuer, serial in judge.revocations}
    named = DeliveredRow.objects.filter(delivery=delivery, serial=OuterRef("serial"))
    standing = Certificate.objects.filter(
        office=delivery.office_id, keeper=Keeper.OUTSIDE, revoked_at__isnull=True
    ).exclude(Exists(named))
    told = standing.order_by("pk").values_list("pk", "serial", "issuer_name", "common_name")
    rows = (
        DeliveredRow(
            delivery=delivery, number=number, serial=serial, title=name,
            about=DeliveredRow.About.REVOKED,
        )
        for number, (_pk, serial, issuer, name) in enumerate(_in_pages(told), start=1)
        if (issuer, serial) in judge.revocations
    )  # fmt: skip
    if numbers:
        contents.write(rows, lease)


def _add_only_here(delivery: Delivery, lease: Lease) -> None:
    """List the office's usable certificates of which the delivered lists say nothing."""
    named = DeliveredRow.objects.filter(delivery=delivery, serial=OuterRef("serial"))
    missing = (
        Certificate.objects.filter(office=delivery.office_id)
        .usable_at(lease.now)
        .exclude(Exists(named))
        .order_by("pk")
        .values_list("pk", "serial", "common_name", "agency__name")
    )
    rows = (
        DeliveredRow(
            delivery=delivery,
            number=number,
            serial=serial,
            title=name,
            verdict=Verdict.ONLY_HERE,
            findings=[["serial", "not_in_list", agency]],
            certificate_id=pk,
        )
        for number, (pk, serial, name, agency) in enumerate(_in_pages(missing), start=1)
    )
    contents.write(rows, lease)


def _in_pages(rows: QuerySet[Any, tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield rows in the order of their keys, which stand first, while others are written."""
    last = 0
    while page := list(rows.filter(pk__gt=last)[:_READ_AT_ONCE]):
        last = page[-1][0]
        yield from page


@transaction.atomic
def _keep_doubts(delivery: Delivery, judge: Judge) -> None:
    """Keep one doubt a kind and name, with how many rows wait; decided ones stay as they are."""
    hold(delivery)
    known = {(one.kind, one.about): one for one in delivery.doubts.select_for_update(no_key=True)}
    has_carried = delivery.rows.filter(carried_at__isnull=False).exists()
    for key, count in judge.doubts.items():
        proposed, why = judge.proposals[key]
        if (doubt := known.pop(key, None)) is None:
            doubt = Doubt(delivery=delivery, kind=key[0], about=key[1])
        doubt.rows, doubt.proposed, doubt.why = count, proposed, why
        doubt.save()
    for doubt in known.values():
        if not doubt.choice and not (doubt.kind == Doubt.Kind.RENEWALS and has_carried):
            doubt.delete()


def _counts(delivery: Delivery) -> dict[str, int]:
    found = delivery.rows.order_by().values_list("verdict").annotate(Count("pk"))
    carried = delivery.rows.filter(carried_at__isnull=False).count()
    return {**dict(found), "carried": carried, "rows": delivery.rows.count()}


def _carry(delivery: Delivery, lease: Lease) -> None:
    done, made = delivery.done, _made(delivery.counts)

    def carry(rows: QuerySet[DeliveredRow]) -> None:
        nonlocal done
        judge = Judge(delivery, now=lease.now, writes=True)
        for piece in _pieces(rows, PIECE):
            with transaction.atomic():
                hold(delivery)
                for name, number in carry_piece(judge, piece, now=lease.now).items():
                    made[f"made_{name}"] += number
                done += len(piece)
                # Last: what fails before it leaves the lease as it is.
                lease.extend(done=done, counts=delivery.counts | made)

    bodies = to_carry(delivery).filter(about=DeliveredRow.About.BODY)
    before, waiting = -1, bodies.count()
    while before != waiting:  # what is above comes in before what is below
        carry(bodies)
        before, waiting = waiting, bodies.count()
    carry(to_carry(delivery).exclude(about=DeliveredRow.About.BODY))
    with transaction.atomic():
        lease.end(state=State.DONE, done=done, counts=_counts(delivery) | made)
        _tell(delivery, now=lease.now)


def _undo(delivery: Delivery, lease: Lease) -> None:
    gone: Counter[str] = Counter()
    rows = delivery.rows.filter(carried_at__isnull=False)
    for piece in _pieces(rows, PIECE):
        with transaction.atomic():
            hold(delivery)
            gone += undo_piece(delivery, piece, now=lease.now)
            lease.extend(done=delivery.done + len(piece))
    counts = {f"gone_{name}": number for name, number in gone.items()}
    state = State.DONE if gone["kept"] else State.UNDONE
    lease.end(state=state, done=0, counts=_counts(delivery) | counts)


def _tell(delivery: Delivery, *, now: datetime) -> None:
    """Tell each body once of what came in, and how much of it soon ends or has ended: no reminder
    a certificate."""
    soon = now + timedelta(days=EXPIRING_WITHIN_DAYS)
    certificates = Certificate.objects.filter(
        pk__in=delivery.rows.filter(made_certificate=True).values("certificate")
    )
    came: Counter[int] = Counter(certificates.values_list("agency", flat=True))
    ending = Counter(
        certificates.filter(not_after__lte=soon, revoked_at__isnull=True).values_list(
            "agency", flat=True
        )
    )
    clerks = User.objects.filter(
        agency__in=list(came), role__in=roles_that_can(Capability.DRAFT), is_active=True
    )
    tellings = []
    for clerk in clerks:
        words = _("%(count)s chứng thư có từ trước đã được đưa vào hệ thống.") % {
            "count": with_dots(came[clerk.agency_id])
        }
        if ending[clerk.agency_id]:
            words += " " + _(
                "%(count)s chứng thư còn dưới %(days)d ngày hoặc đã hết hạn: xem và lập hồ sơ."
            ) % {"count": with_dots(ending[clerk.agency_id]), "days": EXPIRING_WITHIN_DAYS}
        tellings.append(
            notices.Telling(
                recipient_id=clerk.pk,
                cause=f"delivery:{delivery.uuid}",
                title=_("Đã đưa chứng thư hiện có vào hệ thống"),
                text=words,
                path=f"{reverse('ca:list')}?state=expiring",
                target_type="delivery",
                target_uuid=delivery.uuid,
            )
        )
    notices.tell_many(tellings, now=now)


def handed_in(uploads: Iterable[UploadedFile[bytes]]) -> list[HandedIn]:
    """Return uploaded files as they are handed in."""
    return [HandedIn(one.name or "", one.read()) for one in uploads]
