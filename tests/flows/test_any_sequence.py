"""Any sequence of lawful and unlawful acts on two bodies' certificates and devices.

Played through the services and the sweeps of the worker. ``ANY_SEQUENCE_EXAMPLES`` asks for more
than the suite has time for.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import transaction
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pytest_django import Settings

from devices import services as devices
from devices.lifecycle import Move
from devices.models import Device
from devices.services import pins
from portal.accounts.models import User
from portal.ca import authority, ceremony, installation, keystore, responder, tokens
from portal.ca import services as ca
from portal.ca.models import Certificate
from portal.core.rules import Refused
from requests_app import execution, services
from requests_app.models import Decision, Dossier
from requests_app.services import RowDecision
from requests_app.workflow import Action, IllegalStep, Route, State
from tests import story
from tests.builders import NOW
from tests.flows.judgement import broken_promises, objections
from tests.flows.population import (
    GIVE_BACK,
    KINDS,
    RECOVER,
    WANTS,
    Population,
    drafted,
    row_about,
    settled,
)

EXAMPLES = int(os.environ.get("ANY_SEQUENCE_EXAMPLES", "6"))
STEPS = int(os.environ.get("ANY_SEQUENCE_STEPS", "25"))
# How a service says no. Anything else is a fault.
NO = (
    Refused,
    IllegalStep,
    services.Barred,
    services.NotEditable,
    services.StaleVersion,
    ObjectDoesNotExist,
    PermissionDenied,
    tokens.Locked,
    tokens.NoPinYet,
    tokens.WrongPin,
)
ANY = st.integers(0, 200)
_BY_THE_OFFICE = (Route.VIA_OFFICE, Route.OFFICE_ONLY)


class AnySequence(RuleBasedStateMachine):
    """One life of the population; the database is as it was when it is over."""

    population: ClassVar[Population]
    happened: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.dossiers: list[int] = []
        self.life = transaction.atomic()
        # Durable blocks allow the transaction around a test, and this is one.
        self.life._from_testcase = True  # type: ignore[attr-defined]
        self.life.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.life.__exit__(None, None, None)
        responder._Loaded.responder = None

    # Forms

    @rule(
        kind=st.sampled_from(KINDS),
        which=ANY,
        wants=st.sampled_from(WANTS),
        steps=st.sampled_from([8, 8, 4, 3, 1, 0]),
        is_own=st.sampled_from([True, True, True, False]),
    )
    def ask(self, kind: str, which: int, wants: str, steps: int, is_own: bool) -> None:
        """What a form is for happens; it is drafted and goes so many steps on its way."""
        if kind == RECOVER:
            self.forget_the_pin(which)
        if kind == GIVE_BACK:
            self.hand_back(which, is_back=False)
        dossier = self._draft(kind, which, wants, is_own=is_own != (wants == "move"))
        for _step in range(steps if dossier else 0):
            self._go_on(dossier)

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
            lambda: services.save_rows(
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
        move=st.sampled_from([Move.REPORT_LOST, Move.FIND, Move.REPORT_DAMAGED, Move.LOCK]),
    )
    def tell_trouble(self, which: int, move: Move) -> None:
        """The clerk reports what happened to a device."""
        device = self._device(which)
        if device.agency_id is None:
            return
        clerk = self.population.people_of(device.agency_id).clerk
        self._try(
            f"tell {move}",
            lambda: devices.make_move(device, move, actor=clerk, now=self.now, reason="x"),
        )

    @rule(which=ANY, is_back=st.booleans())
    def hand_back(self, which: int, is_back: bool) -> None:
        """A subscriber gives a device to the agency, or gets it again."""
        device = self._device(which)
        if device.agency_id is None:
            return
        clerk = self.population.people_of(device.agency_id).clerk
        seen = [device.serial]
        if is_back:
            self._try(
                "give again",
                lambda: devices.give_again(
                    device, serials_seen=seen, reason="x", actor=clerk, now=self.now
                ),
            )
        else:
            self._try(
                "take back",
                lambda: devices.take_back([device], serials_seen=seen, actor=clerk, now=self.now),
            )

    @rule(which=ANY)
    def forget_the_pin(self, which: int) -> None:
        """A holder types wrong PINs until no try is left."""
        key = self._device(which).key
        if key is None:
            return
        for _try in range(3):
            self._try("sign", lambda: tokens.unlock(key, "khong-phai-68", now=self.now))
        devices.lock_exhausted(now=self.now)

    @rule(which=ANY)
    def choose_a_new_pin(self, which: int) -> None:
        """The subscriber sets the PIN of a device that was recovered."""
        waiting = Device.objects.exclude(agency=None).exclude(key__token__transport_pin="")
        if not waiting.exists():
            return
        device = _nth(waiting, which)
        clerk = self.population.people_of(device.agency_id).clerk
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

    @rule(days=st.sampled_from([0, 1, 6, 7, 8, 8, 29, 60, 300]))
    def pass_days(self, days: int) -> None:
        """Days go by and the sweeps do their work."""
        self.now += timedelta(days=days, minutes=1)
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

    def _draft(self, kind: str, which: int, wants: str, *, is_own: bool) -> Dossier | None:
        certificate = self._certificate(which)
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

    def _go_on(self, dossier: Dossier) -> None:
        dossier.refresh_from_db()
        people = self.population.people_of(dossier.agency_id)
        self.now += timedelta(minutes=1)
        match dossier.state:
            case State.DRAFT | State.RETURNED:
                self._put_before_the_head(dossier, people)
            case State.AWAITING_SIGNATURE:
                self._try(f"sign {dossier.kind}", lambda: self._scan_and_sign(dossier, people))
            case State.AWAITING_SEAL:
                self._leave(dossier, people)
            case State.SUBMITTED | State.FORWARDED | State.DECIDED:
                self._try(f"judge {dossier.kind}", lambda: self._judge(dossier, people))
            case State.ACCEPTED | State.EXECUTING:
                execution.execute_accepted(now=self.now)
                dossier.refresh_from_db()
                self.happened[f"{dossier.kind} {dossier.state}"] += 1
            case State.EXECUTION_FAILED:
                decider = people.officer if dossier.route == Route.OFFICE_ONLY else people.operator
                self._try("retry", lambda: self._step(dossier, Action.RETRY, decider))

    def _put_before_the_head(self, dossier: Dossier, people: story.Cast) -> None:
        why_not = objections(dossier, now=self.now)
        done = self._try(
            f"present {dossier.kind}",
            lambda: self._step(dossier, Action.REQUEST_SIGNATURE, people.clerk),
        )
        assert done == (not why_not), why_not

    def _scan_and_sign(self, dossier: Dossier, people: story.Cast) -> None:
        story.scan(dossier, people.clerk, now=self.now)
        self._step(dossier, Action.SIGN, people.head)

    def _leave(self, dossier: Dossier, people: story.Cast) -> None:
        why_not = objections(dossier, now=self.now)
        done = self._try(
            f"send {dossier.kind}", lambda: self._step(dossier, Action.SEAL, people.clerk)
        )
        assert done == (not why_not), why_not

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
        return services.decide_rows(
            dossier, said, actor=actor, now=self.now, version=dossier.version
        )

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

    def _dossier(self, which: int) -> Dossier:
        return Dossier.objects.get(pk=self.dossiers[which % len(self.dossiers)])

    def _certificate(self, which: int) -> Certificate:
        return _nth(Certificate.objects.select_related("key", "subscriber"), which)

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


def _nth(found: Any, which: int) -> Any:
    rows = list(found.order_by("pk"))
    return rows[which % len(rows)]


@pytest.fixture
def ca_then(db: None) -> Iterator[None]:
    """The simulated CA stands since the day the sequences begin."""
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    yield
    keystore.close()


@pytest.mark.usefixtures("ca_then")
def test_no_sequence_of_acts_breaks_a_promise(settings: Settings) -> None:
    settings.PIN_TRIES = 3
    AnySequence.population = settled()

    run_state_machine_as_test(
        AnySequence,
        settings=how(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None),
    )
