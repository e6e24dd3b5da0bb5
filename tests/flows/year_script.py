"""What people do in the year: each dossier a story whose acts have their days.

Acts happen on their day whether sweeps run or not. What a sweep must come before (the sending of
a device that the worker sets aside) is put further off than the longest outage, so that each act
has the same day in each playing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from django.utils import timezone

from devices import services as devices
from devices.lifecycle import Move
from devices.models import Device, Shipment
from portal.ca.models import Certificate
from portal.ca.register import installation
from requests_app.catalogue.mau_07_handover.prefill import rows_to_tell
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.models import Decision, Dossier
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.ca import requests
from tests.flows.population import (
    CONTACTS,
    GIVE_BACK,
    LOSS,
    RECOVER,
    RENEW_CHANGE,
    REVOKE,
    TOLD,
    row_about,
)
from tests.flows.year import BEFORE, FIRST, LONGEST_OUTAGE, World

PERSON, BODY, SYSTEM = "mau_01_person", "mau_02_organisation", "mau_03_system"
HANDOVER = "mau_07_handover"
AFTER_THE_WORKER = LONGEST_OUTAGE + 2  # days
_BY_THE_OFFICE = (Route.VIA_OFFICE, Route.OFFICE_ONLY)
Act = Callable[[datetime], object]
Rows = Callable[[datetime], Sequence[Mapping[str, str]]]


@dataclass(slots=True)
class Story:
    """One dossier, or a thing that happens and the dossier about it."""

    name: str
    people: story.Cast
    begins: date
    acts: deque[tuple[date, Act]] = field(default_factory=deque)
    dossiers: list[Dossier] = field(default_factory=list)
    day: date = FIRST

    def __post_init__(self) -> None:
        self.day = self.begins

    def then(self, act: Act, *, days: int = 0) -> None:
        """Let ``act`` happen ``days`` after the last one."""
        self.day += timedelta(days=days)
        self.acts.append((self.day, act))

    def go_on(self, today: date, *, minutes: int) -> None:
        """Do what is due; what can't be done raises: a script does nothing unlawful."""
        now = timezone.make_aware(datetime.combine(today, time(9))) + timedelta(minutes=minutes)
        while self.acts and self.acts[0][0] <= today:
            self.acts.popleft()[1](now)

    @property
    def dossier(self) -> Dossier:
        self.dossiers[-1].refresh_from_db()
        return self.dossiers[-1]

    # What people do with the latest dossier.

    def draft(self, kind: str, rows: Rows) -> Act:
        def act(now: datetime) -> None:
            contact = CONTACTS.get(kind)
            if kind == LOSS:
                contact = {**CONTACTS[LOSS], "made_on": f"{now:%d/%m/%Y}"}
            made = story.draft_of(self.people, kind, rows(now), contact=contact, now=now)
            self.dossiers.append(made)

        return act

    def send(self, now: datetime) -> None:
        story.send_in_ink(self.dossier, self.people, now=now)

    def give_back(self, now: datetime) -> None:
        dossier = self.dossier
        is_office = dossier.state == State.SUBMITTED and dossier.route in _BY_THE_OFFICE
        actor = self.people.officer if is_office else self.people.operator
        story.step(dossier, Action.RETURN, actor, reason="Thiếu chữ ký", now=now)

    def withdraw(self, now: datetime) -> None:
        story.step(self.dossier, Action.WITHDRAW, self.people.clerk, reason="Nhầm", now=now)

    def judge(self, now: datetime) -> None:
        """Whoever it waits for takes the next step."""
        dossier, people = self.dossier, self.people
        is_office = dossier.route == Route.OFFICE_ONLY
        decider = people.officer if is_office else people.operator
        if dossier.route == Route.NOTICE:
            story.step(dossier, Action.ACKNOWLEDGE, decider, now=now)
        elif dossier.state == State.DECIDED:
            story.confirm(dossier, people, now=now)
        elif dossier.route == Route.VIA_OFFICE and dossier.state == State.SUBMITTED:
            story.step(dossier, Action.FORWARD, people.officer, now=now)
        else:
            self._decide(dossier, now)
            is_minutes = dossier.route == Route.MINUTES
            story.step(dossier, Action.TAKE_ALL if is_minutes else Action.DECIDE, decider, now=now)

    def _decide(self, dossier: Dossier, now: datetime) -> None:
        said = {
            item.uuid: RowDecision(Decision.ACCEPTED, "", item.answers.get("device_serial", ""))
            for item in dossier.items.all()
        }
        is_office = dossier.route == Route.OFFICE_ONLY
        actor = self.people.officer if is_office else self.people.operator
        decide_rows(dossier, said, actor=actor, now=now, version=dossier.version)


class Script:
    """All stories of a year, the same for the same seed."""

    def __init__(self, world: World, dossiers: int, random: Random, *, days: int) -> None:
        self._world, self._random, self._days = world, random, days
        ends = Certificate.objects.filter(
            successors=None, key__storage="token", not_after__gt=BEFORE
        )
        found = ends.select_related("key", "subscriber").defer("der", "crl_entry")
        self._free = list(found.order_by("not_after", "pk"))
        self._without = iter(world.bodies)  # a certificate of their own
        self.stories = [self._story(number) for number in range(dossiers)]

    def act(self, today: date) -> None:
        """Let everybody do what is due."""
        for number, one in enumerate(self.stories):
            one.go_on(today, minutes=number)

    def _story(self, number: int) -> Story:
        random = self._random
        begins = FIRST + timedelta(days=random.randrange(self._days - 10))
        kind = random.choices(
            ("issue", "renew", "revoke", "recover", "lose", "expire"), (26, 22, 12, 12, 10, 18)
        )[0]
        if kind == "issue":
            one = Story(f"{number} {kind}", random.choice(self._world.bodies), begins)
            self._issue(one, number)
            return one
        if kind == "expire":
            certificate = self._take(begins, left=0)
            begins = max(FIRST, timezone.localdate(certificate.not_after))
            begins += timedelta(days=random.randint(1, 20))
        else:
            certificate = self._take(begins, left=130)
        one = Story(f"{number} {kind}", self._people_of(certificate), begins)
        if kind == "expire":
            come_back(one, certificate, random, days=0)
        else:
            of_kind = {"renew": renew, "revoke": revoke, "recover": recover, "lose": lose}
            of_kind[kind](one, certificate, random)
        return one

    def _issue(self, one: Story, number: int) -> None:
        sort = self._random.choice(["person", "person", "person", "body", "system"])
        body = next(self._without, None) if sort == "body" else None
        if body is not None:
            one.people = body
            issue(one, [_body_answers(one, number)], BODY, self._random)
        elif sort != "system":
            count = self._random.randint(1, 3)
            own = one.people.agency.name
            rows = [builders.person_answers(3 * number + n + 1, org2=own) for n in range(count)]
            issue(one, rows, PERSON, self._random)
        else:
            key, name = requests.ec_key(), f"HỆ THỐNG SỐ {number}"
            row = builders.system_answers(
                one.people.agency.name,
                name=name,
                domain=f"he-thong-{number}.laichau.gov.vn",
                csr=requests.pem(key, name=name),
            )
            issue(one, [row], SYSTEM, self._random)

    def _take(self, day: date, *, left: int) -> Certificate:
        """Take the certificate that ends first with so many days left on ``day``."""
        for one in self._free:
            if timezone.localdate(one.not_after) >= day + timedelta(days=left):
                self._free.remove(one)
                return one
        raise LookupError(day)

    def _people_of(self, certificate: Certificate) -> story.Cast:
        of_agency = {one.agency.pk: one for one in self._world.bodies}
        return of_agency[certificate.agency_id]


def _body_answers(one: Story, number: int) -> dict[str, str]:
    return {
        "name": one.people.agency.name,
        "address": "Bản Thử, xã Tân Uyên",
        "tax_code": "0100233488",
        "budget_code": "1234567",
        "province": "Lai Châu",
        "email": f"co-quan-{number}@laichau.gov.vn",
        "storage": "token",
    }


def go_its_way(one: Story, random: Random, *, steps: int) -> bool:
    """Send the draft and let it be judged in ``steps``; say whether it comes to its end.

    In time or late, after a return, or never: withdrawn, returned for good, not answered.
    """
    one.then(one.send)
    fate = random.choices(
        ("in time", "late", "returned", "never again", "withdrawn", "no answer"),
        (45, 20, 15, 7, 5, 8),
    )[0]
    if fate in ("returned", "never again"):
        one.then(one.give_back, days=random.randint(1, 4))
    if fate == "withdrawn":
        one.then(one.withdraw, days=random.randint(0, 4))
    if fate == "returned":
        one.then(one.send, days=random.choice([2, 10, 30, 50]))
    if fate not in ("in time", "late", "returned"):
        return False
    longest = 14 if fate == "late" else 1
    for _step in range(steps):
        one.then(one.judge, days=random.randint(0, longest))
    return True


@dataclass(frozen=True, slots=True)
class Parcel:
    """The devices of a dossier of new issues, from the CA to those who asked."""

    story: Story
    dossier: Callable[[], Dossier]
    holder: str  # "": each person their own

    def devices(self) -> list[Device]:
        return list(Device.objects.filter(items__dossier=self.dossier()).order_by("pk"))

    def send(self, now: datetime) -> None:
        operator = self.story.people.operator
        devices.send(self.devices(), channel="post", actor=operator, now=now)

    def receive(self, now: datetime) -> None:
        theirs = self.devices()
        shipment = Shipment.objects.get(items__device=theirs[0])
        serials = [device.serial for device in theirs]
        devices.receive(shipment, serials=serials, actor=self.story.people.clerk, now=now)

    def hand_over(self, now: datetime) -> None:
        for device in self.devices():
            devices.hand_over(
                device,
                pin=story.PIN,
                serial_seen=device.serial,
                holder=self.holder,
                actor=self.story.people.clerk,
                now=now,
            )

    def to_tell(self, _now: datetime) -> Sequence[Mapping[str, str]]:
        only = [device.pk for device in self.devices()]
        return [row.answers for row in rows_to_tell(self.story.people.agency, only=only)]


def issue(one: Story, rows: Sequence[Mapping[str, str]], kind: str, random: Random) -> None:
    """New certificates; their devices travel, are handed over, and the CA is told, or not."""
    one.then(one.draft(kind, lambda _now: rows))
    if not go_its_way(one, random, steps=3) or kind == SYSTEM:  # its key stays where it is
        return
    parcel = Parcel(one, lambda: one.dossiers[0], "" if kind == PERSON else "Lò Thị Nhận")
    one.then(parcel.send, days=AFTER_THE_WORKER)
    one.then(parcel.receive, days=random.randint(2, 5))
    one.then(parcel.hand_over, days=random.randint(0, 9))
    if random.random() < 0.75:
        one.then(one.draft(HANDOVER, parcel.to_tell), days=random.choice([0, 1, 1, 2, 9]))
        one.then(one.send)
        one.then(one.judge, days=random.randint(0, 3))


def renew(one: Story, certificate: Certificate, random: Random) -> None:
    """A renewal or a change; the clerk confirms the new certificate, or a sweep ends the old."""
    wants = "change" if certificate.renewals else random.choice(["renew", "change", "both"])
    number = certificate.pk
    one.then(one.draft(RENEW_CHANGE, lambda now: [_row(RENEW_CHANGE, certificate, now, wants)]))
    if not go_its_way(one, random, steps=3) or random.random() < 0.5:
        return

    def confirm(now: datetime) -> None:
        new = Certificate.objects.get(predecessor=number)
        installation.confirm_installed(new, actor=one.people.clerk, now=now)

    one.then(confirm, days=AFTER_THE_WORKER)


def revoke(one: Story, certificate: Certificate, random: Random) -> None:
    """A revocation, and the device given back before it, soon after, late, or not at all."""
    one.then(one.draft(REVOKE, lambda now: [_row(REVOKE, certificate, now)]))
    if go_its_way(one, random, steps=2):
        come_back(one, certificate, random, days=random.choice([0, 2, 4, 12, 25]))


def recover(one: Story, certificate: Certificate, random: Random) -> None:
    """A device locks and is unlocked by the office."""

    def lock(now: datetime) -> None:
        _report(one, certificate, Move.LOCK, now)

    one.then(lock)
    one.then(one.draft(RECOVER, lambda now: [_row(RECOVER, certificate, now)]))
    go_its_way(one, random, steps=2)


def lose(one: Story, certificate: Certificate, random: Random) -> None:
    """A device is lost; its minutes come at once, late, or never; or it is found again."""

    def report(now: datetime) -> None:
        _report(one, certificate, Move.REPORT_LOST, now)

    def find(now: datetime) -> None:
        _report(one, certificate, Move.FIND, now)

    one.then(report)
    ends = random.choice(["told", "told", "late", "found", "never"])
    if ends == "found":
        one.then(find, days=random.randint(0, 12))
    if ends in ("told", "late"):
        days = random.randint(0, 1) if ends == "told" else random.randint(3, 20)
        one.then(one.draft(LOSS, lambda now: [_loss(certificate, now)]), days=days)
        one.then(one.send)
        one.then(one.judge, days=random.randint(0, 5))


def come_back(one: Story, certificate: Certificate, random: Random, *, days: int) -> None:
    """The device of a certificate that ends is taken back, or lost, and its minutes are sent."""
    if random.random() < 0.15:
        return  # nobody gives it back
    one.day += timedelta(days=days)
    if random.random() < 0.15:
        # Lost before it was recalled it would never have been owed.
        one.day += timedelta(days=AFTER_THE_WORKER)
        lose(one, certificate, random)
        return

    def take_back(now: datetime) -> None:
        device = _device(certificate)
        clerk = one.people.clerk
        devices.take_back([device], serials_seen=[device.serial], actor=clerk, now=now)

    one.then(take_back)
    one.then(
        one.draft(GIVE_BACK, lambda now: [_row(GIVE_BACK, certificate, now)]),
        days=random.randint(0, 2),
    )
    one.then(one.send)
    one.then(one.judge, days=random.randint(0, 3))


def _row(
    kind: str, certificate: Certificate, now: datetime, wants: str = "renew"
) -> dict[str, str]:
    certificate.refresh_from_db()
    return row_about(kind, certificate, wants=wants, number=certificate.pk, now=now)


def _loss(certificate: Certificate, now: datetime) -> dict[str, str]:
    return _row(LOSS, certificate, now) | TOLD | {"lost_on": f"{now:%d/%m/%Y}"}


def _device(certificate: Certificate) -> Device:
    return Device.objects.get(key=certificate.key_id)


def _report(one: Story, certificate: Certificate, move: Move, now: datetime) -> None:
    clerk, reason = one.people.clerk, "Người giữ báo"
    devices.make_move(_device(certificate), move, actor=clerk, now=now, reason=reason)
