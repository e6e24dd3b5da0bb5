"""A world with work for every sweep: ``python -m tests.drills.world everything 12``.

Everything is dated from the moment it is made, as the sweeps of a real worker read the clock.
"""

from __future__ import annotations

import itertools
import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.files.storage import default_storage  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from devices import services as devices  # noqa: E402
from devices.models import DeviceKind  # noqa: E402
from orgmerge.models import Merger, MergerBody, Plan, PlanLine  # noqa: E402
from orgmerge.planner.codes import Why  # noqa: E402
from orgmerge.vocabulary import LineAbout, LineStage, MergerState  # noqa: E402
from portal.accounts.models import LoginFailure, User  # noqa: E402
from portal.agencies.models import (  # noqa: E402
    Affiliation,
    Agency,
    AgencyVersion,
    Subscriber,
    Succession,
)
from portal.ca.authority import services as authority  # noqa: E402
from portal.ca.models import (  # noqa: E402
    Authority,
    Certificate,
    KeyPair,
    RevocationReason,
    VirtualToken,
)
from portal.ca.register import services as ca  # noqa: E402
from portal.core.calendar.workdays import work_calendar  # noqa: E402
from portal.core.models import CalendarDay  # noqa: E402
from portal.core.roles import Role  # noqa: E402
from portal.deadlines import calendar  # noqa: E402
from portal.deadlines.models import Deadline, DeadlineKind  # noqa: E402
from portal.deadlines.services import Owed, OwedUntil, open_deadlines, open_until  # noqa: E402
from portal.notices import services as notices  # noqa: E402
from requests_app.catalogue.mau_05_revoke.prefill import rows_of  # noqa: E402
from requests_app.covering_letters.services import make_letter  # noqa: E402
from requests_app.covering_letters.steps import COVERING_LETTERS  # noqa: E402
from requests_app.letter_workflow import LetterAction  # noqa: E402
from requests_app.models import Dossier, Procedure  # noqa: E402
from requests_app.spreadsheets import parked  # noqa: E402
from requests_app.workflow import Action, State  # noqa: E402
from tests import builders, story  # noqa: E402
from tests.orgmerge import builders as merging  # noqa: E402
from tests.orgmerge import carried  # noqa: E402

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
DAYS_WITHOUT_BEAT = 5


def everything(size: int) -> None:
    """Leave about ``size`` pieces of work for each sweep."""
    now = timezone.now()
    authority.open_for_signing()
    work_today(now=now)
    people = story.cast()
    for _administrator in range(2):
        builders.user(Role.ADMINISTRATOR)
    new_bodies(size, now=now)
    to_carry_out(people, size, now=now)
    letter_to_freeze(people, now=now)
    letter_to_forward(people, min(size, 8), now=now)
    keys_to_make(people, size, now=now)
    locked_devices(people.agency, size, now=now)
    superseded(people.agency, size, now=now)
    expired(people.agency, size, now=now)
    doors_to_shut(people.agency, size, now=now)
    clocks(people.agency, size, now=now)
    revoked_and_in_no_list(people.agency, size, now=now)
    mails(size, now=now)
    leftovers(size, now=now)
    merger_to_carry_out(people, size, now=now)
    Authority.objects.filter(role=Authority.Role.OCSP).update(not_after=now + DAY)


def work_today(*, now: datetime) -> None:
    """Mail that is not urgent leaves on working days only: today is one, whatever its weekday."""
    today = timezone.localdate(now)
    worked = {"kind": CalendarDay.Kind.WORK, "name": "Làm bù"}
    CalendarDay.objects.update_or_create(date=today, defaults=worked)


def new_bodies(count: int, *, now: datetime) -> None:
    """Bodies whose new names and successions begin today."""
    today = timezone.localdate(now)
    into = builders.agency(office=builders.office())
    for number in range(count):
        body = builders.agency(office=into.office)
        was = body.versions.get()
        AgencyVersion.objects.filter(pk=was.pk).update(valid_until=today)
        was.pk, was.valid_from, was.valid_until = None, today, None
        was.name = f"ỦY BAN NHÂN DÂN XÃ MỚI {number}"
        was.save(force_insert=True)
        Succession.objects.create(
            predecessor=body, successor=into, decision="Quyết định thử", effective_on=today
        )


def to_carry_out(people: story.Cast, rows: int, *, now: datetime) -> None:
    """A confirmed Mẫu 01 with devices in stock for all, and a confirmed Mẫu 05."""
    for key in ca.make_keys("token", rows, now=now):
        builders.device(key_pair=key)
    story.confirm(story.decided(people, rows=rows, now=now), people, now=now)
    builders.routing(Procedure.REVOKE)
    held = []
    for number in range(1, rows + 1):
        holder = builders.person(f"Lò Văn {number * 'A'}", at=people.agency)
        held.append(_held(holder, now=now))
    card = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
    answers = [{**row, **card} for row in rows_of(held, cause="retired")]
    dossier = story.draft_of(people, "mau_05_revoke", answers, now=now)
    story.send_in_ink(dossier, people, now=now)
    story.confirm(story.decide(dossier, people, now=now), people, now=now)


def merger_to_carry_out(people: story.Cast, count: int, *, now: datetime) -> None:
    """A reorganisation in force whose ``count`` bodies each have a certificate to be revoked."""
    today = timezone.localdate(now)
    merger = merging.merger(people.officer, effective_on=today, list_sent_on=today)
    plan = Plan.objects.create(
        merger=merger, number=1, state=Plan.State.READY, merger_version=1, asked_at=now
    )
    Merger.objects.filter(pk=merger.pk).update(
        state=MergerState.IN_FORCE, approved_plan=plan, approved_at=now, in_force_at=now
    )
    for number in range(count):
        agency = builders.agency(office=people.agency.office)
        builders.user(Role.CLERK, agency=agency)
        body = merging.body(merger, f"UBND XÃ SẮP XẾP {number}", agency=agency)
        MergerBody.objects.filter(pk=body.pk).update(took_effect_at=now, handed_over_at=now)
        held = _held(builders.person(at=agency), now=now)
        PlanLine.objects.create(
            plan=plan,
            about=LineAbout.CERTIFICATE,
            target_id=held.pk,
            target_uuid=held.uuid,
            title=held.common_name,
            search_title=held.search_name,
            agency=agency,
            sender=body,
            action="revoke",
            form="05",
            reason=Why.NEED_ENDED,
            stage=LineStage.PEOPLE,
        )


def reorganisation(count: int) -> None:
    """Twice ``count`` communes become ``count`` today: planned, approved, the list sent; with
    people, certificates on devices, dossiers, accounts and what these have not read."""
    now = timezone.now()
    authority.open_for_signing()
    work_today(now=now)
    today = timezone.localdate(now)
    for procedure, route in carried.ROUTES.items():
        builders.routing(procedure, route)
    office = builders.office()
    superior = builders.agency("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", office=office)
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    builders.user(Role.CLERK, agency=superior)
    for role in (Role.CA_OPERATOR, Role.CA_SUPERVISOR, Role.ADMINISTRATOR):
        builders.user(role)
    merger = merging.merger(officer, effective_on=today, list_sent_on=today)
    for number in range(count):
        body = merging.body(merger, f"ỦY BAN NHÂN DÂN XÃ MỚI {number}", parent=superior)
        MergerBody.objects.filter(pk=body.pk).update(address="Bản Mới")
        for side in ("TRÊN", "DƯỚI"):
            name = f"ỦY BAN NHÂN DÂN XÃ {side} {number}"
            old = builders.agency(name, office=office, parent=superior)
            merging.share(merger, old, body)
            commune(old, now=now)
    expired(superior, count, now=now)
    leftovers(count, now=now)
    carried.planned(carried.Merging(merger, office, officer, [], [], []))


def commune(body: Agency, *, now: datetime) -> None:
    """A body with whatever passes to its successor."""
    body.versions.update(tax_code="0100233488", budget_code="1234567")
    clerk = builders.user(Role.CLERK, agency=body)
    head = builders.user(Role.HEAD, agency=body)
    notices.tell([clerk, head], cause=f"drill:{body.uuid}", title="Việc chưa đọc", now=now)
    story.give_certificate(builders.organisation(body), now=now)
    for letter in "ABC":
        person = builders.person(f"Lò Văn {letter}", at=body)
        Affiliation.objects.create(
            subscriber=person, agency=body, unit="Văn phòng", valid_from=date(2025, 7, 1)
        )
        held = carried.naming(body, story.give_certificate(person, now=now))
        owed = Owed(body, body.office, held.uuid, f"Chứng thư của {person.name}", "")
        open_deadlines(DeadlineKind.LOSS_MINUTES, [owed], target_type="certificate", now=now)
    for state in (State.DRAFT, State.SUBMITTED):
        builders.dossier(agency=body, state=state, created_by=clerk)


def letter_to_freeze(people: story.Cast, *, now: datetime) -> None:
    """A list too long to be printed while somebody waits."""
    numbers = range(50_000, 50_000 + settings.LETTER_ROWS_AT_ONCE + 1)
    answers = [builders.person_answers(number) for number in numbers]
    dossier = story.draft_of(people, "mau_01_person", answers, now=now)
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk, now=now)


def letter_to_forward(people: story.Cast, dossiers: int, *, now: datetime) -> None:
    """A sealed covering letter over dossiers that wait to be forwarded."""
    made = [
        builders.dossier(agency=people.agency, state=State.SUBMITTED, created_by=people.clerk)
        for _number in range(dossiers)
    ]
    chosen = Dossier.objects.filter(pk__in=[one.pk for one in made])
    letter = make_letter(chosen, actor=people.officer, now=now).letter
    letter = COVERING_LETTERS.number(
        letter,
        letter_number="68/SKHCN-CĐS",
        letter_date=timezone.localdate(now),
        actor=people.officer,
        now=now,
        version=letter.version,
    )
    scan = SimpleUploadedFile("quet.pdf", story.blank_pdf(), content_type="application/pdf")
    for action, actor in (
        (LetterAction.REQUEST_SIGNATURE, people.officer),
        (LetterAction.SIGN, people.office_head),
        (LetterAction.SEAL, people.officer),
    ):
        letter.refresh_from_db()
        if action == LetterAction.SIGN:
            letter = COVERING_LETTERS.attach_scan(
                letter, scan, actor=people.officer, now=now, version=letter.version
            )
        letter = COVERING_LETTERS.take_step(
            letter, action, actor=actor, now=now, version=letter.version
        )


def keys_to_make(people: story.Cast, count: int, *, now: datetime) -> None:
    serials = [f"VG{number:06d}" for number in range(count)]
    devices.take_in(DeviceKind.TOKEN, serials, batch="Lô", actor=people.operator, now=now)


def locked_devices(agency: Agency, count: int, *, now: datetime) -> None:
    """Devices whose PIN tries ran out, not yet in the ledger."""
    for _number in range(count):
        key = builders.key()
        builders.in_hands_of(builders.person(at=agency), key, now=now - DAY)
        VirtualToken.objects.create(
            key=key,
            sealed_key=b"made up",
            salt=b"made up",
            recovery_key=b"made up",
            tries_left=0,
            locked_at=now - HOUR,
        )


def superseded(agency: Agency, count: int, *, now: datetime) -> None:
    """Certificates replaced so long ago that they end by themselves."""
    for _number in range(count):
        holder, key = builders.person(at=agency), builders.key()
        old = _certificate(holder, key, now=now)
        new = _certificate(holder, key, now=now)
        Certificate.objects.filter(pk=new.pk).update(predecessor=old, issued_at=now - 8 * DAY)


def expired(agency: Agency, count: int, *, now: datetime) -> None:
    """Certificates that ran out on the days without beat, with devices in hands."""
    for number in range(count):
        ended = now - 3 * HOUR - number % DAYS_WITHOUT_BEAT * DAY
        _held(builders.person(at=agency), now=now, not_after=ended)


def doors_to_shut(agency: Agency, count: int, *, now: datetime) -> None:
    """Certificates whose door has told all it had to, with its day over."""
    owed = []
    for number in range(count):
        shut_on = timezone.localdate(now) - (1 + number % DAYS_WITHOUT_BEAT) * DAY
        one = _certificate(
            builders.person(at=agency), builders.key(), now=now, not_after=now + 20 * DAY
        )
        owed.append(
            OwedUntil(agency, agency.office, one.uuid, one.common_name, "", shut_on - DAY, shut_on)
        )
    pairs = [(DeadlineKind.RENEWAL_DOOR, one) for one in owed]
    opened = open_until(pairs, target_type="certificate", now=now - 10 * DAY)
    Deadline.objects.filter(pk__in=[one.pk for one in opened]).update(next_at=None)


def clocks(agency: Agency, count: int, *, now: datetime) -> Sequence[Deadline]:
    """Clocks whose thresholds were crossed on each of the days without beat, and before."""
    opened: list[Deadline] = []
    for back in range(1, 3 * DAYS_WITHOUT_BEAT):
        owed = [
            Owed(agency, agency.office, uuid.uuid4(), f"Thiết bị {back}-{number}", "")
            for number in range(count)
        ]
        kind = DeadlineKind.DEVICE_RETURN
        opened += open_deadlines(kind, owed, target_type="device", now=now - back * DAY)
    return opened


def revoked_and_in_no_list(agency: Agency, count: int, *, now: datetime) -> None:
    made = [_held(builders.person(at=agency), now=now) for _number in range(count)]
    reasons = dict.fromkeys((one.pk for one in made), RevocationReason.CESSATION)
    ca.revoke_many(made, reasons, actor=None, now=now - HOUR)


def mails(count: int, *, now: datetime) -> None:
    """Mails to accounts, urgent and not, and to somebody who has none."""
    people = _people(count)
    for number in range(3):
        notices.tell(people, cause=f"drill:{number}", title=f"Việc {number}", now=now - HOUR)
    notices.tell(people, cause="drill:urgent", title="Quá hạn", is_urgent=True, now=now)
    for number in range(count):
        notices.write_to(
            f"nguoi{number}@example.vn",
            name="Lò Thị Nhận",
            cause=f"drill:{number}",
            subject="Tệp chứng thư",
            text="Gửi kèm tệp.",
            attached=[notices.Attached("a.cer", "application/pkix-cert", b"made up" * 99)],
            now=now,
        )


def leftovers(count: int, *, now: datetime) -> None:
    """Sessions, failures and sheets whose time is over."""
    for number in range(count):
        Session.objects.create(
            session_key=f"over{number}", session_data="", expire_date=now - number * DAY
        )
        LoginFailure.objects.create(key=f"{number:064x}", at=now - DAY)
        token = parked.park(b"made up", dossier=uuid.uuid4(), owner=uuid.uuid4())
        sheet = default_storage.path(f"imports/{token}.sealed")
        long_ago = (now - 2 * DAY).timestamp()
        os.utime(sheet, (long_ago, long_ago))


def many_notices(count: int) -> None:
    """``count`` reminders of what has long been due, of the bodies of 100 clerks."""
    now = timezone.now()
    work_today(now=now)
    office = builders.office()
    bodies = [builders.agency(office=office) for _number in range(min(count, 100))]
    for body in bodies:
        builders.user(Role.CLERK, agency=body)
        owed = [
            Owed(body, office, uuid.uuid4(), f"Thiết bị {number}", "")
            for number in range(count // len(bodies))
        ]
        open_deadlines(DeadlineKind.DEVICE_RETURN, owed, target_type="device", now=now - 30 * DAY)
    Deadline.objects.update(next_at=now)


def clocks_to_move(count: int) -> None:
    """Clocks whose thresholds are crossed, and an administrator who keeps the calendar."""
    now = timezone.now()
    agency = builders.agency(office=builders.office())
    builders.user(Role.CLERK, agency=agency)
    builders.user(Role.ADMINISTRATOR)
    clocks(agency, count, now=now)


def edit_calendar(least: int) -> None:
    """Put days off into the table and take them out again, until it is enough."""
    admin = User.objects.get(role=Role.ADMINISTRATOR)
    today = timezone.localdate()
    for number in _until_enough(least):
        for back in range(-3, 12):
            _turn(today - back * DAY, is_off=number % 2 == 0, admin=admin)


def _turn(day: date, *, is_off: bool, admin: User) -> None:
    """Make a weekday off or worked, or a weekend the other way round."""
    standing = CalendarDay.objects.filter(date=day).first()
    if standing is not None:
        calendar.remove_day(standing, actor=admin, now=timezone.now())
    elif is_off:
        kind = CalendarDay.Kind.WORK if day.weekday() >= 5 else CalendarDay.Kind.OFF
        calendar.add_day(
            day, kind=kind, name="Thử", is_official=False, actor=admin, now=timezone.now()
        )


def open_clocks(least: int) -> None:
    """Open clocks one after the other, each in a transaction of its own, until it is enough."""
    agency = Agency.objects.filter(office__isnull=False).first()
    assert agency is not None
    for number in _until_enough(least):
        owed = Owed(agency, agency.office, uuid.uuid4(), f"Thiết bị {number}", "")
        with transaction.atomic():
            kind, now = DeadlineKind.CA_ISSUE, timezone.now()
            open_deadlines(kind, [owed], target_type="device", now=now - DAY)


def _until_enough(least: int) -> Iterator[int]:
    """Count from 0 until the file ``enough`` lies beside the data, but at least so far."""
    enough = settings.DATA_DIR / "enough"
    for number in itertools.count():
        if number >= least and enough.exists():
            return
        yield number


def wrong_days(_count: int) -> None:
    """Print how many open clocks end on another day than the table says."""
    table = work_calendar()
    open_now = Deadline.objects.open().values_list("received_on", "working_days", "due_on")
    print(sum(table.add(day, days) != due for day, days, due in open_now))  # noqa: T201


def _people(count: int) -> list[User]:
    office = builders.office()
    agency = builders.agency(office=office)
    return [builders.user(Role.CLERK, agency=agency) for _number in range(count)]


def _held(holder: Subscriber, *, now: datetime, not_after: datetime | None = None) -> Certificate:
    key = builders.key()
    builders.in_hands_of(holder, key, now=now - 10 * DAY)
    return _certificate(holder, key, now=now, not_after=not_after)


def _certificate(
    holder: Subscriber, key: KeyPair, *, now: datetime, not_after: datetime | None = None
) -> Certificate:
    made = builders.certificate(
        subscriber=holder, key_pair=key, not_after=not_after or now + 700 * DAY
    )
    begun = {"not_before": now - 400 * DAY, "issued_at": now - 400 * DAY}
    Certificate.objects.filter(pk=made.pk).update(**begun)
    made.refresh_from_db()
    return made


SCENES = {
    scene.__name__: scene
    for scene in (
        everything,
        reorganisation,
        many_notices,
        clocks_to_move,
        edit_calendar,
        open_clocks,
        wrong_days,
    )
}

if __name__ == "__main__":
    SCENES[sys.argv[1]](int(sys.argv[2]))
