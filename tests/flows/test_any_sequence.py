"""Any sequence of lawful and unlawful acts on two bodies' certificates and devices.

Played through the services and the sweeps of the worker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import ClassVar, TypeVar

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, Q, QuerySet
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pytest_django import Settings

from devices import services as devices
from devices.lifecycle import Move
from devices.models import Device
from devices.pins import services as pins
from portal.accounts.models import User
from portal.ca.authority import ceremony, keystore, responder
from portal.ca.authority import services as authority
from portal.ca.models import Certificate, KeyPair
from portal.ca.register import installation
from portal.ca.register import services as ca
from portal.ca.tokens import services as tokens
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.drafts.services import save_rows
from requests_app.errors import Barred, NotEditable, StaleVersion
from requests_app.execution import services as execution
from requests_app.models import Decision, Dossier
from requests_app.workflow import Action, Route, State
from tests import story
from tests.amounts import amount
from tests.builders import NOW
from tests.databases import taken_back
from tests.flows.judgement import broken_promises, objections
from tests.flows.population import (
    GIVE_BACK,
    LOSS,
    RECOVER,
    RENEW_CHANGE,
    REVOKE,
    WANTS,
    Population,
    drafted,
    row_about,
    settled,
)

OF_THE_SUITE = 3  # always the same; more than these are chance's
EXAMPLES = amount("ANY_SEQUENCE_EXAMPLES", short=OF_THE_SUITE, long=100)
STEPS = amount("ANY_SEQUENCE_STEPS", short=25, long=25)
# How a service says no. Anything else is a fault.
NO = (
    Refused,
    IllegalStep,
    Barred,
    NotEditable,
    StaleVersion,
    ObjectDoesNotExist,
    PermissionDenied,
    tokens.Locked,
    tokens.NoPinYet,
    tokens.WrongPin,
)
ANY = st.integers(0, 7)  # few, so that they meet
M = TypeVar("M", bound=Model)
FAR = st.sampled_from([8, 8, 8, 8, 4, 3, 1])
MOSTLY = st.sampled_from([True, True, True, False])
TRIES, WRONG = 2, "khong-phai-68"
_BY_THE_OFFICE = (Route.VIA_OFFICE, Route.OFFICE_ONLY)


class AnySequence(RuleBasedStateMachine):
    """One life of the population; the database is as it was when it is over."""

    population: ClassVar[Population]
    happened: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.dossiers: list[int] = []
        self.life = taken_back()
        self.life.__enter__()

    def teardown(self) -> None:
        self.life.__exit__(None, None, None)
        responder._Loaded.responders = ()

    # Forms

    @rule(which=ANY, wants=st.sampled_from(WANTS), steps=FAR, is_likely=MOSTLY)
    def renew_or_change(self, which: int, wants: str, steps: int, is_likely: bool) -> None:
        self._ask(RENEW_CHANGE, which, wants=wants, steps=steps, is_likely=is_likely)

    @rule(which=ANY, steps=FAR, is_likely=MOSTLY)
    def revoke(self, which: int, steps: int, is_likely: bool) -> None:
        self._ask(REVOKE, which, steps=steps, is_likely=is_likely)

    @rule(which=ANY, steps=FAR, is_likely=MOSTLY)
    def recover(self, which: int, steps: int, is_likely: bool) -> None:
        self._ask(RECOVER, which, steps=steps, is_likely=is_likely)

    @rule(which=ANY, steps=FAR, is_likely=MOSTLY)
    def give_back(self, which: int, steps: int, is_likely: bool) -> None:
        self._ask(GIVE_BACK, which, steps=steps, is_likely=is_likely)

    @rule(which=ANY, steps=FAR, is_likely=MOSTLY)
    def tell_a_loss(self, which: int, steps: int, is_likely: bool) -> None:
        self._ask(LOSS, which, steps=steps, is_likely=is_likely)

    def _ask(
        self, kind: str, which: int, *, steps: int, is_likely: bool, wants: str = "renew"
    ) -> None:
        """What a form is for happens; it is drafted and goes so many steps on its way."""
        certificate = self._likely(kind, which) if is_likely else self._certificate(which)
        key = certificate.key
        if kind == RECOVER and Device.objects.filter(key=key).exists():
            self._type_wrong_pins(key)
        if kind == GIVE_BACK and (device := Device.objects.filter(key=key).first()):
            self._take_back(device)
        is_own = wants != "move" and (is_likely or which % 3 > 0)
        dossier = self._draft(kind, certificate, wants, is_own=is_own)
        for _step in range(steps if dossier else 0):
            if dossier is None or not self._go_on(dossier):
                break

    def _likely(self, kind: str, which: int) -> Certificate:
        """Return a certificate that ``kind`` can be about, if there is one."""
        found = Certificate.objects.select_related("key", "subscriber").filter(successors=None)
        held = Q(
            key__device__custody="with_subscriber", key__device__condition__in=("ok", "locked")
        )
        if kind in (RENEW_CHANGE, REVOKE):
            begun = found.valid_at(self.now + timedelta(days=30)).filter(
                held | Q(key__device__isnull=True)
            )
        elif kind == GIVE_BACK:
            places = ("with_subscriber", "to_be_returned", "back_at_agency")
            begun = found.filter(key__device__custody__in=places)
        else:
            begun = found.valid_at(self.now).filter(held)
        return _nth(begun, which) if begun.exists() else self._certificate(which)

    @rule(which=ANY)
    def go_on(self, which: int) -> None:
        """Whoever a dossier waits for takes the next step."""
        if self.dossiers:
            self._go_on(self._dossier(which))

    @rule(which=ANY, is_withdrawn=st.booleans())
    def call_back(self, which: int, is_withdrawn: bool) -> None:
        """A dossier is withdrawn, or returned to be mended."""
        if not self.dossiers:
            return
        dossier = self._dossier(which)
        people = self.population.people_of(dossier.agency_id)
        if is_withdrawn:
            self._try(
                "withdraw", lambda: self._step(dossier, Action.WITHDRAW, people.clerk, reason="x")
            )
            return
        is_at_office = dossier.state == State.SUBMITTED and dossier.route in _BY_THE_OFFICE
        actor = people.officer if is_at_office else people.operator
        self._try("return", lambda: self._step(dossier, Action.RETURN, actor, reason="x"))

    @rule(which=ANY, action=st.sampled_from(Action), who=ANY)
    def force(self, which: int, action: Action, who: int) -> None:
        """Somebody takes a step out of turn, as the API would let them try."""
        if not self.dossiers:
            return
        dossier, actor = self._dossier(which), self._anybody(who)
        before = dossier.state
        done = self._try("force", lambda: self._step(dossier, action, actor, reason="x"))
        dossier.refresh_from_db()
        assert done or dossier.state == before

    @rule(which=ANY, who=ANY, other=ANY)
    def meddle(self, which: int, who: int, other: int) -> None:
        """Somebody writes another certificate into the rows, decides them, and lets it run."""
        if not self.dossiers:
            return
        dossier, actor = self._dossier(which), self._anybody(who)
        answers = {"certificate_serial": self._certificate(other).serial}
        items = list(dossier.items.all())
        self._try(
            "rewrite",
            lambda: save_rows(
                dossier,
                {item.uuid: answers for item in items},
                actor=actor,
                now=self.now,
                version=dossier.version,
            ),
        )
        dossier.refresh_from_db()
        self._try("decide out of turn", lambda: self._decide(dossier, actor))
        assert dossier.state in (State.ACCEPTED, State.EXECUTING) or not execution.execute(
            dossier.pk, now=self.now
        )

    # Devices

    @rule(which=ANY, move=st.sampled_from([*Move]), who=ANY)
    def make_any_move(self, which: int, move: Move, who: int) -> None:
        """Somebody reports something of a device."""
        device, actor = self._device(which), self._anybody(who)
        self._try(
            f"move {move}",
            lambda: devices.make_move(device, move, actor=actor, now=self.now, reason="x"),
        )

    @rule(
        which=ANY,
        move=st.sampled_from(
            [Move.REPORT_LOST, Move.FIND, Move.FIND, Move.LOCK, Move.REPORT_DAMAGED]
        ),
    )
    def tell_trouble(self, which: int, move: Move) -> None:
        """The clerk reports what happened to a device."""
        lost = Device.objects.exclude(agency=None).filter(condition="lost")
        device = _nth(lost, which) if move == Move.FIND and lost else self._device(which)
        clerk = self._clerk_of(device)
        self._try(
            f"tell {move}",
            lambda: devices.make_move(device, move, actor=clerk, now=self.now, reason="x"),
        )

    @rule(which=ANY)
    def come_back(self, which: int) -> None:
        """A subscriber gives a device to the agency."""
        self._take_back(self._device(which))

    @rule(which=ANY)
    def get_again(self, which: int) -> None:
        """A subscriber gets a device again that came back early."""
        back = Device.objects.filter(custody="back_at_agency")
        device = _nth(back, which) if back else self._device(which)
        self._try(
            "give again",
            lambda: devices.give_again(
                device,
                serials_seen=[device.serial],
                reason="x",
                actor=self._clerk_of(device),
                now=self.now,
            ),
        )

    @rule(which=ANY)
    def forget_the_pin(self, which: int) -> None:
        """A holder types wrong PINs until no try is left."""
        if key := self._device(which).key:
            self._type_wrong_pins(key)

    @rule(which=ANY)
    def choose_a_new_pin(self, which: int) -> None:
        """The subscriber sets the PIN of a device that was recovered."""
        waiting = Device.objects.exclude(agency=None).exclude(key__token__transport_pin="")
        if not waiting.exists():
            return
        device = _nth(waiting, which)
        clerk = self._clerk_of(device)
        self._try(
            "new PIN",
            lambda: pins.set_new_pin(
                device, pin=story.PIN, serial_seen=device.serial, actor=clerk, now=self.now
            ),
        )

    @rule(which=ANY)
    def confirm_installation(self, which: int) -> None:
        """A clerk says that a certificate is on its device."""
        waiting = Certificate.objects.to_install(self.now).order_by("pk")
        certificate = waiting[which % len(waiting)] if waiting else self._certificate(which)
        clerk = self.population.people_of(certificate.agency_id).clerk
        self._try(
            "install",
            lambda: installation.confirm_installed(certificate, actor=clerk, now=self.now),
        )

    # Time

    @rule(days=st.sampled_from([0, 1, 6, 7, 8, 8, 29, 30, 60]))
    def pass_days(self, days: int) -> None:
        """Days go by and the sweeps do their work."""
        self.now += timedelta(days=days, minutes=1)
        self._sweep()

    @rule()
    def pass_to_the_next_end(self) -> None:
        """The next certificate runs out."""
        running = Certificate.objects.valid_at(self.now).order_by("not_after")
        if (ends := running.values_list("not_after", flat=True).first()) is not None:
            self.now = ends
        self._sweep()

    @invariant()
    def everything_holds(self) -> None:
        self.now += timedelta(minutes=1)
        self._sweep_clocks()
        assert broken_promises(now=self.now) == []

    # How it is done

    def _sweep(self) -> None:
        execution.execute_accepted(now=self.now)
        devices.lock_exhausted(now=self.now)
        installation.revoke_superseded(now=self.now)
        self._sweep_clocks()

    def _sweep_clocks(self) -> None:
        """What runs every few minutes: the list of the revoked, the devices of the expired."""
        ceremony.renew_responder(now=self.now)
        ca.publish_crl(now=self.now)
        while devices.recall_expired(now=self.now):
            pass

    def _draft(
        self, kind: str, certificate: Certificate, wants: str, *, is_own: bool
    ) -> Dossier | None:
        people = self.population.people_of(certificate.agency_id)
        if not is_own:
            people = self.population.beside(people)
        try:
            row = row_about(kind, certificate, wants=wants, number=len(self.dossiers), now=self.now)
        except LookupError:
            return None
        dossier = drafted(people, kind, [row], now=self.now)
        self.dossiers.append(dossier.pk)
        return dossier

    def _go_on(self, dossier: Dossier) -> bool:
        """Take the next step; say whether there was one and it was taken."""
        dossier.refresh_from_db()
        people = self.population.people_of(dossier.agency_id)
        self.now += timedelta(minutes=1)
        match dossier.state:
            case State.DRAFT | State.RETURNED:
                return self._put_before_the_head(dossier, people)
            case State.AWAITING_SIGNATURE:
                return self._try(
                    f"sign {dossier.kind}", lambda: self._scan_and_sign(dossier, people)
                )
            case State.AWAITING_SEAL:
                return self._leave(dossier, people)
            case State.SUBMITTED | State.FORWARDED | State.DECIDED:
                return self._try(f"judge {dossier.kind}", lambda: self._judge(dossier, people))
            case State.ACCEPTED | State.EXECUTING:
                execution.execute_accepted(now=self.now)
                dossier.refresh_from_db()
                self.happened[f"{dossier.kind} {dossier.state}"] += 1
            case State.EXECUTION_FAILED:
                decider = people.officer if dossier.route == Route.OFFICE_ONLY else people.operator
                return self._try("retry", lambda: self._step(dossier, Action.RETRY, decider))
        return False

    def _put_before_the_head(self, dossier: Dossier, people: story.Cast) -> bool:
        why_not = objections(dossier, now=self.now)
        done = self._try(
            f"present {dossier.kind}",
            lambda: self._step(dossier, Action.REQUEST_SIGNATURE, people.clerk),
        )
        assert done == (not why_not), why_not
        return done

    def _scan_and_sign(self, dossier: Dossier, people: story.Cast) -> None:
        story.scan(dossier, people.clerk, now=self.now)
        self._step(dossier, Action.SIGN, people.head)

    def _leave(self, dossier: Dossier, people: story.Cast) -> bool:
        why_not = objections(dossier, now=self.now)
        done = self._try(
            f"send {dossier.kind}", lambda: self._step(dossier, Action.SEAL, people.clerk)
        )
        assert done == (not why_not), why_not
        return done

    def _judge(self, dossier: Dossier, people: story.Cast) -> None:
        is_office = dossier.route == Route.OFFICE_ONLY
        decider, second = (
            (people.officer, people.office_head)
            if is_office
            else (people.operator, people.supervisor)
        )
        if dossier.route == Route.NOTICE:
            self._step(dossier, Action.ACKNOWLEDGE, decider)
        elif dossier.state == State.DECIDED:
            self._step(dossier, Action.CONFIRM, second)
        elif dossier.route == Route.VIA_OFFICE and dossier.state == State.SUBMITTED:
            self._step(dossier, Action.FORWARD, people.officer)
        else:
            self._decide(dossier, decider)
            is_minutes = dossier.route == Route.MINUTES
            self._step(dossier, Action.TAKE_ALL if is_minutes else Action.DECIDE, decider)

    def _decide(self, dossier: Dossier, actor: User) -> object:
        said = {
            item.uuid: RowDecision(Decision.ACCEPTED, "", item.answers.get("device_serial", ""))
            for item in dossier.items.all()
        }
        return decide_rows(dossier, said, actor=actor, now=self.now, version=dossier.version)

    def _step(self, dossier: Dossier, action: Action, actor: User, *, reason: str = "") -> object:
        return story.step(dossier, action, actor, reason=reason, now=self.now)

    def _try(self, what: str, act: Callable[[], object]) -> bool:
        """Do it; say whether it was done."""
        try:
            act()
        except NO:
            self.happened[f"{what}: no"] += 1
            return False
        self.happened[what] += 1
        return True

    def _type_wrong_pins(self, key: KeyPair) -> None:
        for _one in range(TRIES):
            self._try("open with a wrong PIN", lambda: tokens.unlock(key, WRONG, now=self.now))
        devices.lock_exhausted(now=self.now)

    def _take_back(self, device: Device) -> None:
        seen, clerk = [device.serial], self._clerk_of(device)
        self._try(
            "take back",
            lambda: devices.take_back([device], serials_seen=seen, actor=clerk, now=self.now),
        )

    def _clerk_of(self, device: Device) -> User:
        """Return the clerk of the body that has the device; of the stock, anybody's."""
        return self.population.people_of(device.agency_id or 0).clerk

    def _dossier(self, which: int) -> Dossier:
        return Dossier.objects.get(pk=self.dossiers[which % len(self.dossiers)])

    def _certificate(self, which: int) -> Certificate:
        found: Certificate = _nth(Certificate.objects.select_related("key", "subscriber"), which)
        return found

    def _device(self, which: int) -> Device:
        """Return the device a certificate of that number is in, or one of the stock."""
        key = self._certificate(which).key_id
        found = Device.objects.select_related("key", "agency")
        return found.filter(key=key).first() or _nth(found, which)

    def _anybody(self, who: int) -> User:
        here, there = self.population.here, self.population.there
        people = (
            here.clerk,
            here.head,
            there.clerk,
            there.head,
            here.officer,
            here.office_head,
            here.operator,
            here.supervisor,
        )
        return people[who % len(people)]


def _nth(found: QuerySet[M], which: int) -> M:
    rows = list(found.order_by("pk"))
    return rows[which % len(rows)]


@pytest.fixture
def ca_then(db: None) -> Iterator[None]:
    """The simulated CA stands since the day the sequences begin."""
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    yield
    keystore.close()


@pytest.mark.long
@pytest.mark.usefixtures("ca_then")
def test_no_sequence_of_acts_breaks_a_promise(settings: Settings) -> None:
    settings.PIN_TRIES = TRIES
    AnySequence.population = settled()

    run_state_machine_as_test(
        AnySequence,
        settings=how(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=EXAMPLES == OF_THE_SUITE,
        ),
    )
