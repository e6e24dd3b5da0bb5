"""Opening a stock-taking, counting, closing it with minutes, and reporting what is missing.

No law asks for it by name: its form, and that a second person closes it, are the portal's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.ledger import Paper
from devices.lifecycle import Condition, Custody
from devices.losses import report_many
from devices.models import (
    CustodyMove,
    Device,
    Stocktaking,
    StocktakingLine,
    StocktakingPlace,
)
from devices.querysets import DeviceQuerySet
from devices.serials import MOST_AT_ONCE, is_serial
from portal.accounts.models import User
from portal.agencies.models import AgencyVersion
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation, refuse
from portal.core.text.names import in_proper_letters
from portal.core.text.numbers import with_dots
from portal.documents import letters
from portal.documents import services as documents
from portal.documents.letters import Letter, Party

TARGET = "stocktaking"
MOST_NAMED = 500  # missing and strange ones that the minutes name
Result = StocktakingLine.Result
STRANGE = (Result.ELSEWHERE, Result.UNKNOWN)

_AT_THE_BODY = (Custody.AT_AGENCY, Custody.BACK_AT_AGENCY)
_LIES_AT: dict[str, tuple[Custody, ...]] = {
    StocktakingPlace.BODY: _AT_THE_BODY,
    StocktakingPlace.BODY_AND_HOLDERS: (
        *_AT_THE_BODY,
        Custody.WITH_SUBSCRIBER,
        Custody.TO_BE_RETURNED,
    ),
    StocktakingPlace.OFFICE: (Custody.AT_OFFICE,),
    StocktakingPlace.CA: (Custody.STOCK, Custody.ALLOCATED, Custody.AT_CA),
}
_PLACES_OF: dict[Scope, tuple[StocktakingPlace, ...]] = {
    Scope.BODY: (StocktakingPlace.BODY, StocktakingPlace.BODY_AND_HOLDERS),
    Scope.OFFICE: (StocktakingPlace.OFFICE,),
    Scope.CA: (StocktakingPlace.CA,),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many devices are expected, found, missing; how many serials are strange."""

    expected: int
    found: int
    missing: int
    strange: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a list of serials added: ``found`` as expected, and what is odd about the others."""

    found: int
    repeated: list[str]
    odd: list[Violation]


def places_open_to(user: User) -> tuple[StocktakingPlace, ...]:
    """Return where ``user`` may count; nowhere for who only looks on."""
    return _PLACES_OF.get(user.scope, ()) if user.can(Capability.COUNT_DEVICES) else ()


def may_count(stocktaking: Stocktaking, user: User) -> bool:
    """Say whether ``user`` counts here: their own place, and still open."""
    return stocktaking.is_open and user.can(Capability.COUNT_DEVICES) and _is_at(stocktaking, user)


def has_counted(stocktaking: Stocktaking, user: User) -> bool:
    """Say whether the person opened it or counted anything: then somebody else closes it."""
    who = [stocktaking.opened_by, *stocktaking.counted_by.all()]
    return any(user.is_same_person_as(one) for one in who)


def may_close(stocktaking: Stocktaking, user: User) -> bool:
    """Say whether ``user`` is of this place and may close it, had they not counted."""
    return (
        stocktaking.is_open
        and user.can(Capability.CLOSE_STOCKTAKINGS)
        and _is_at(stocktaking, user)
    )


def expected(stocktaking: Stocktaking) -> DeviceQuerySet:
    """Return the devices the register says are there.

    What came after the beginning is expected once it was seen: its shelf may have been counted.
    """
    here = Device.objects.filter(custody__in=_LIES_AT[stocktaking.place])
    if stocktaking.place == StocktakingPlace.OFFICE:
        here = here.filter(office=stocktaking.agency_id)
    elif stocktaking.place != StocktakingPlace.CA:
        here = here.filter(agency=stocktaking.agency_id)
    came = CustodyMove.objects.filter(
        ~Q(from_custody=F("to_custody")), device=OuterRef("pk"), at__gt=stocktaking.opened_at
    )
    sound = here.exclude(condition=Condition.LOST)
    return sound.filter(~Exists(came) | Exists(_seen(stocktaking)))


def missing(stocktaking: Stocktaking) -> DeviceQuerySet:
    """Return what is expected and not yet seen, while it is open."""
    return expected(stocktaking).filter(~Exists(_seen(stocktaking)))


def lines(stocktaking: Stocktaking, *results: str) -> QuerySet[StocktakingLine]:
    """Return the lines of ``results``, of one that is open as of one that is closed."""
    found = stocktaking.lines.select_related("device__subscriber", "device__agency")
    if not stocktaking.is_open:
        return found.filter(result__in=results)
    is_expected = Q(device__in=expected(stocktaking).order_by().values("pk"))
    return found.filter(is_expected) if Result.FOUND in results else found.exclude(is_expected)


def count_all(stocktaking: Stocktaking) -> Counts:
    """Return the figures: each is the length of the list it leads to."""
    if stocktaking.is_open:
        there = expected(stocktaking).order_by().count()
        found = lines(stocktaking, Result.FOUND).order_by().count()
        strange = stocktaking.lines.count() - found
        return Counts(there, found, there - found, strange)
    rows = stocktaking.lines.order_by().values("result").annotate(rows=Count("pk"))
    by_result = {row["result"]: row["rows"] for row in rows}
    found, gone = by_result.get(Result.FOUND, 0), by_result.get(Result.MISSING, 0)
    return Counts(found + gone, found, gone, sum(by_result.get(one, 0) for one in STRANGE))


def lost_since(stocktaking: Stocktaking) -> DeviceQuerySet:
    """Return the devices missing when it was closed that are lost now: one Mẫu 09 tells of all."""
    gone = StocktakingLine.objects.filter(stocktaking=stocktaking, result=Result.MISSING)
    return Device.objects.filter(
        condition=Condition.LOST, agency=stocktaking.agency_id, pk__in=gone.values("device")
    )


@transaction.atomic
def begin(place: str, *, actor: User, now: datetime) -> Stocktaking:
    """Open a stock-taking of the actor's own place. Raises PermissionDenied or Refused."""
    refuse_look_only(actor, now=now)
    if place not in places_open_to(actor):
        raise PermissionDenied("not a place of theirs")
    standing = Stocktaking.objects.open().filter(agency=actor.agency, place=place)
    if standing.exists():
        raise refuse(
            "open_already",
            _("Nơi này đang có một đợt kiểm kê chưa chốt."),
            way_out=_("Mở đợt đó để đếm tiếp hoặc chốt."),
        )
    office = {Scope.BODY: actor.agency.office, Scope.OFFICE: actor.agency}.get(actor.scope)
    made = Stocktaking.objects.create(
        place=place, agency=actor.agency, office=office, opened_by=actor, opened_at=now
    )
    audit.record(_act("stocktaking.open", made, place=place), actor=actor, now=now)
    return made


@transaction.atomic
def count(
    stocktaking: Stocktaking, serials: Sequence[str], *, actor: User, now: datetime
) -> Counted:
    """Enter serials (as they are kept) that were read off things, and tell what each is.

    A serial seen before counts once; what reads like no serial is told and left out.
    """
    locked = _lock(stocktaking, actor=actor, now=now)
    if not may_count(locked, actor):
        raise PermissionDenied("does not count here")
    wanted = list(dict.fromkeys(serials))
    if len(wanted) > MOST_AT_ONCE:
        text = _("Mỗi lần nhiều nhất %(most)d số hiệu; chia thành nhiều lần.")
        raise refuse("too_many", text % {"most": MOST_AT_ONCE})
    unread = [one for one in wanted if not is_serial(one)]
    wanted = [one for one in wanted if is_serial(one)]
    here = set(locked.lines.filter(serial__in=wanted).values_list("serial", flat=True))
    visible = Device.objects.visible_to(actor).filter(serial__in=wanted)
    known = {one.serial: one for one in visible.select_related("agency")}
    fresh = [one for one in wanted if one not in here]
    StocktakingLine.objects.bulk_create(
        [
            StocktakingLine(
                stocktaking=locked,
                serial=one,
                device=known.get(one),
                counted_by=actor,
                counted_at=now,
            )
            for one in fresh
        ],
        batch_size=500,
    )
    locked.counted_by.add(actor)
    there = expected(locked).filter(serial__in=fresh).order_by()
    found = set(there.values_list("serial", flat=True))
    odd = [_unread(one) for one in unread]
    odd += [_strange(one, known.get(one)) for one in fresh if one not in found]
    if fresh:
        act = _act("stocktaking.count", locked, serials=fresh, strange=len(fresh) - len(found))
        audit.record(act, actor=actor, now=now)
    return Counted(len(found), sorted(here), odd)


@transaction.atomic
def uncount(stocktaking: Stocktaking, serial: str, *, actor: User, now: datetime) -> None:
    """Take out a serial that was entered by mistake."""
    locked = _lock(stocktaking, actor=actor, now=now)
    if not may_count(locked, actor):
        raise PermissionDenied("does not count here")
    removed, _by_model = locked.lines.filter(serial=serial).delete()
    if removed:
        locked.counted_by.add(actor)
        audit.record(_act("stocktaking.uncount", locked, serials=[serial]), actor=actor, now=now)


@transaction.atomic
def drop(stocktaking: Stocktaking, *, actor: User, now: datetime) -> None:
    """Give up a stock-taking that was opened by mistake; its lines stay to be read."""
    locked = _lock(stocktaking, actor=actor, now=now)
    if not may_count(locked, actor):
        raise PermissionDenied("does not count here")
    _freeze(locked, names_missing=False)
    locked.dropped_at = now
    locked.save(update_fields=["dropped_at"])
    audit.record(_act("stocktaking.drop", locked), actor=actor, now=now)


@transaction.atomic
def close(stocktaking: Stocktaking, remark: str, *, actor: User, now: datetime) -> Stocktaking:
    """Freeze what was found, and print the minutes that say it.

    Raises PermissionDenied, or Refused: the same person counted, or too much is missing to name.
    """
    locked = _lock(stocktaking, actor=actor, now=now)
    if not may_close(locked, actor):
        raise PermissionDenied("does not close here")
    if has_counted(locked, actor):
        raise refuse(
            "same_person",
            _("Anh/chị đã mở hoặc đã đếm trong đợt này nên không tự chốt được."),
            way_out=_("Nhờ người khác cùng nơi, hoặc lãnh đạo, xem và chốt."),
        )
    counts = count_all(locked)
    if counts.missing + counts.strange > MOST_NAMED:
        text = _("Còn %(count)s thiết bị thiếu hoặc lạ; biên bản nêu đích danh tối đa %(most)d.")
        named = {"count": with_dots(counts.missing + counts.strange), "most": MOST_NAMED}
        raise refuse("too_much_missing", text % named, way_out=_("Đếm tiếp trước khi chốt."))
    _freeze(locked)
    locked.closed_by, locked.closed_at, locked.remark = actor, now, remark.strip()
    original = letters.print_original(_letter(locked, counts, now=now))
    name = f"BB-kiem-ke-thiet-bi-{timezone.localdate(now):%Y%m%d}.pdf"
    locked.minutes = documents.store_letter(original, name=name, now=now)
    locked.save(update_fields=["closed_by", "closed_at", "remark", "minutes"])
    act = _act(
        "stocktaking.close",
        locked,
        expected=counts.expected,
        found=counts.found,
        missing=counts.missing,
        strange=counts.strange,
    )
    audit.record(act, actor=actor, now=now)
    return locked


@transaction.atomic
def report_missing(
    stocktaking: Stocktaking, serials: Sequence[str], *, actor: User, now: datetime
) -> int:
    """Report missing devices of a closed stock-taking as lost; return how many.

    Raises Refused where one can't be, PermissionDenied for who is of another place.
    """
    if stocktaking.closed_at is None or not _is_at(stocktaking, actor):
        raise PermissionDenied("nothing to report here")
    gone = stocktaking.lines.filter(serial__in=serials, result=Result.MISSING)
    devices = [line.device for line in gone.select_related("device") if line.device is not None]
    if not devices:
        raise refuse(
            "nothing_ticked",
            _("Chưa đánh dấu thiết bị nào."),
            way_out=_("Đánh dấu thiết bị thiếu rồi bấm lại."),
        )
    day = f"{timezone.localdate(stocktaking.closed_at):%d/%m/%Y}"
    label = _("Biên bản kiểm kê thiết bị ngày %(day)s") % {"day": day}
    paper = Paper(TARGET, stocktaking.uuid, label)
    reason = _("Kiểm kê ngày %(day)s không thấy thiết bị.") % {"day": day}
    return len(report_many(devices, paper=paper, reason=reason, actor=actor, now=now))


def _lock(stocktaking: Stocktaking, *, actor: User, now: datetime) -> Stocktaking:
    refuse_look_only(actor, now=now)
    rows = Stocktaking.objects.visible_to(actor).select_related("agency", "opened_by")
    locked = rows.select_for_update(of=("self",), no_key=True).get(pk=stocktaking.pk)
    if not locked.is_open:
        raise refuse(
            "stocktaking_is_over",
            _("Đợt kiểm kê đã chốt hoặc đã hủy."),
            way_out=_("Mở đợt kiểm kê mới."),
        )
    return locked


def _is_at(stocktaking: Stocktaking, user: User) -> bool:
    if stocktaking.place not in _PLACES_OF.get(user.scope, ()):
        return False
    return user.scope is Scope.CA or stocktaking.agency_id in user.body_ids


def _seen(stocktaking: Stocktaking) -> QuerySet[StocktakingLine]:
    return StocktakingLine.objects.filter(stocktaking=stocktaking, device=OuterRef("pk"))


def _freeze(locked: Stocktaking, *, names_missing: bool = True) -> None:
    """Write down what each line is, and a line for each device that was not seen."""
    unseen = missing(locked).order_by("serial") if names_missing else Device.objects.none()
    gone = list(unseen.values_list("pk", "serial", "custody"))
    there = list(lines(locked, Result.FOUND).order_by().values_list("pk", flat=True))
    said = Device.objects.filter(pk=OuterRef("device")).values("custody")[:1]
    known = locked.lines.filter(device__isnull=False)
    known.update(result=Result.ELSEWHERE, was_at=Subquery(said))
    locked.lines.filter(device__isnull=True).update(result=Result.UNKNOWN)
    locked.lines.filter(pk__in=there).update(result=Result.FOUND)
    StocktakingLine.objects.bulk_create(
        [
            StocktakingLine(
                stocktaking=locked,
                serial=serial,
                device_id=pk,
                result=Result.MISSING,
                was_at=custody,
            )
            for pk, serial, custody in gone
        ],
        batch_size=500,
    )


def _unread(text: str) -> Violation:
    words = _("“%(text)s” không phải số hiệu thiết bị; chưa ghi.") % {"text": text[:60]}
    return Violation("not_a_serial", words, way_out=_("Đọc lại số in trên chính thiết bị."))


def _strange(serial: str, device: Device | None) -> Violation:
    """Return what is said at once of a serial that is not expected here."""
    if device is None:
        text = _("%(serial)s không có trong số thiết bị anh/chị quản lý.")
        way_out = _("Đọc lại số in trên thiết bị; nếu đúng thì để riêng, biên bản sẽ nêu.")
        return Violation("unknown_serial", text % {"serial": serial}, way_out=way_out)
    is_lost = device.condition == Condition.LOST
    where = Condition.LOST.label if is_lost else Custody(device.custody).label
    whose = f" ({device.agency.name})" if device.agency else ""
    text = _("%(serial)s có trong sổ nhưng ở chỗ khác: %(where)s%(whose)s.")
    return Violation(
        "known_elsewhere",
        text % {"serial": serial, "where": where, "whose": whose},
        way_out=_("Mở trang thiết bị để ghi đúng nơi giữ."),
        link=reverse("devices:detail", args=[device.uuid]),
    )


def _act(action: str, stocktaking: Stocktaking, **data: object) -> audit.Act:
    return audit.Act(
        action=action,
        target_type=TARGET,
        target_uuid=stocktaking.uuid,
        agency_uuid=stocktaking.agency.uuid,
        office_uuid=stocktaking.office.uuid if stocktaking.office else None,
        data=data,
    )


_COLUMNS = (
    ("TT", "7%", ""),
    ("Số hiệu thiết bị", "27%", ""),
    ("Kết quả", "28%", ""),
    ("Sổ theo dõi ghi", "", ""),
)


def _letter(stocktaking: Stocktaking, counts: Counts, *, now: datetime) -> Letter:
    """Return the minutes; the layout is the portal's own."""
    today = timezone.localdate(now)
    version = AgencyVersion.objects.on(today).filter(agency=stocktaking.agency_id).first()
    name = in_proper_letters((version or stocktaking.agency).name)
    counters = sorted({one.full_name for one in stocktaking.counted_by.all()})
    assert stocktaking.closed_by is not None
    begun = timezone.localdate(stocktaking.opened_at)
    odd = lines(stocktaking, Result.MISSING, *STRANGE).order_by("result", "serial")
    labels = {one.value: str(one.label) for one in Result}
    places = {one.value: str(one.label) for one in Custody}
    rows = [
        [str(number), line.serial, labels[line.result], places.get(line.was_at, "–")]
        for number, line in enumerate(odd, start=1)
    ]
    who = ", ".join(counters) or stocktaking.opened_by.full_name
    result = (
        f"Kết quả: theo sổ {with_dots(counts.expected)}; thấy {with_dots(counts.found)}; "
        f"thiếu {with_dots(counts.missing)}; lạ {with_dots(counts.strange)}."
    )
    begun_and_ended = (
        f"{name} kiểm kê thiết bị lưu khóa bí mật từ ngày {begun:%d/%m/%Y} đến ngày "
        f"{today:%d/%m/%Y}."
    )
    opening = [
        begun_and_ended,
        f"Phạm vi: {stocktaking.get_place_display()}.",
        f"Người kiểm đếm: {who}. Người chốt: {stocktaking.closed_by.full_name}.",
        result,
    ]
    if stocktaking.remark:
        opening.append(f"Nhận xét: {stocktaking.remark}")
    return Letter(
        superior=version.superior if version else "",
        agency=name,
        place=version.place if version else "",
        day=today,
        kind_of_document="Biên bản",
        subject="Kiểm kê thiết bị lưu khóa bí mật",
        opening=opening,
        list_title="Thiết bị thiếu và thiết bị lạ" if rows else "",
        columns=_COLUMNS if rows else (),
        rows=rows,
        closing="Biên bản đã được những người tham gia đọc lại và thống nhất./.",
        recipients=["Lưu: VT."],
        parties=[
            Party("NGƯỜI KIỂM ĐẾM", (), counters[0] if len(counters) == 1 else ""),
            Party("NGƯỜI CHỐT KIỂM KÊ", (), stocktaking.closed_by.full_name, is_issuer=True),
        ],
        layout_note="Mẫu trình bày là thiết kế của cổng.",
    )
