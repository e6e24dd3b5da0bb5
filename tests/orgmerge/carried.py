"""Two communes with everything they have become one, and the plan of it is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from orgmerge.filing.services import carry_out
from orgmerge.models import Merger, MergerBody, Plan, PlanLine
from orgmerge.plans import services as plans
from orgmerge.plans import worker
from orgmerge.succession.effective_day import take_effect
from orgmerge.succession.handover import hand_over
from orgmerge.vocabulary import MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import Certificate
from portal.ca.register.installation import confirm_installed
from portal.core.roles import Role
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.drafts.services import save_letter, save_rows
from requests_app.execution import services as execution
from requests_app.models import Decision, Dossier, Procedure
from requests_app.workflow import Action, Route
from tests import builders, story
from tests.orgmerge import builders as merging

DAY = date(2026, 12, 1)
START = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)  # Tuesday, 9 in the morning
NAMES = ("ỦY BAN NHÂN DÂN XÃ ĐẦU", "ỦY BAN NHÂN DÂN XÃ HAI")
NEW_NAME = "ỦY BAN NHÂN DÂN XÃ MỚI"
CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
ROUTES = {
    Procedure.ISSUE: Route.DIRECT,
    Procedure.RENEW_CHANGE: Route.DIRECT,
    Procedure.REVOKE: Route.DIRECT,
    Procedure.RECOVER: Route.OFFICE_ONLY,
    Procedure.RETURN_DEVICE: Route.MINUTES,
    Procedure.REPORT_LOSS: Route.NOTICE,
}


@dataclass(slots=True)
class Merging:
    """One reorganisation and everybody in it. ``now`` goes on by a minute with each run."""

    merger: Merger
    office: Agency
    officer: User
    olds: Sequence[Agency]
    organisations: Sequence[Certificate]
    people: list[Certificate]
    now: datetime = START
    clerk: User = field(init=False)
    head: User = field(init=False)

    @property
    def body(self) -> MergerBody:
        return self.merger.bodies.select_related("agency").get()

    @property
    def agency(self) -> Agency:
        found = self.body.agency
        assert found is not None
        return found

    def lines(self, **where: object) -> list[PlanLine]:
        """The lines of the approved plan that match, in order."""
        self.merger.refresh_from_db()
        found = PlanLine.objects.filter(plan=self.merger.approved_plan_id, **where)
        return list(found.select_related("item__dossier", "dossier").order_by("stage", "pk"))

    def line(self, **where: object) -> PlanLine:
        (found,) = self.lines(**where)
        return found

    def of(self, thing: Certificate | Subscriber) -> PlanLine:
        """The line about a thing."""
        return self.line(target_uuid=thing.uuid)

    def drive(self) -> int:
        """Run the sweep once, a minute later."""
        self.now += timedelta(minutes=1)
        return carry_out(now=self.now)

    def cast(self) -> story.Cast:
        """Those who bring the new body's letters to their end."""
        return story.Cast(
            agency=self.agency,
            clerk=self.clerk,
            head=self.head,
            officer=self.officer,
            office_head=User.objects.filter(agency=self.office, role=Role.OFFICE_HEAD)[0],
            operator=_user(Role.CA_OPERATOR),
            supervisor=_user(Role.CA_SUPERVISOR),
        )


def _user(role: Role) -> User:
    return User.objects.filter(role=role).first() or builders.user(role)


def described(people: int = 1, *, days_left: int = 1000, effective_on: date = DAY) -> Merging:
    """Two communes with an organisation certificate each and ``people`` each with one."""
    office = builders.office()
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    for procedure, route in ROUTES.items():
        builders.routing(procedure, route)
    merger = merging.merger(officer, effective_on=effective_on)
    superior = builders.agency("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", office=office)
    body = merging.body(merger, NEW_NAME, parent=superior)
    MergerBody.objects.filter(pk=body.pk).update(address="Bản Mới")
    olds, organisations, held = [], [], []
    for name in NAMES:
        old = builders.agency(name, office=office, parent=superior)
        old.versions.update(tax_code="0100233488", budget_code="1234567")
        olds.append(old)
        merging.share(merger, old, body)
        organisations.append(story.give_certificate(builders.organisation(old)))
        for number in range(people):
            person = builders.person(f"Lò Văn {'ABCDEFGH'[number]}", at=old)
            held.append(naming(old, story.give_certificate(person, days_left=days_left)))
    return Merging(merger, office, officer, olds, organisations, held)


def naming(body: Agency, certificate: Certificate) -> Certificate:
    """Let a person's certificate name the body the person works at, as the real ones do."""
    name = f"OU={body.name}, CN={certificate.common_name}"
    certificate.subject = f"C=VN, L=Lai Châu, O=ỦY BAN NHÂN DÂN TỈNH LAI CHÂU, {name}"
    certificate.save(update_fields=["subject"])
    return certificate


def planned(at: Merging) -> Merging:
    """Planned with the first proposal for whatever is to be chosen, and approved."""
    plan = _plan(at)
    for choice in plan.choices:
        if choice["proposed"] and not choice["is_made"]:
            at.merger.refresh_from_db()
            plans.choose(
                at.merger,
                MergerBody.objects.get(pk=choice["target"]),
                Certificate.objects.get(pk=choice["proposed"]),
                actor=at.officer,
                now=builders.NOW,
                version=at.merger.version,
            )
    plan = _plan(at)
    assert plan.counts["open"] == 0
    head = builders.user(Role.OFFICE_HEAD, agency=at.office)
    Merger.objects.filter(pk=at.merger.pk).update(
        state=MergerState.APPROVED,
        approved_plan=plan,
        approved_by=head,
        approved_at=builders.NOW,
    )
    at.merger.refresh_from_db()
    return at


def _plan(at: Merging) -> Plan:
    plan = plans.ask_for_plan(at.merger, actor=at.officer, now=builders.NOW)
    while worker.make_waiting(now=builders.NOW):
        pass
    plan.refresh_from_db()
    return plan


def in_force(at: Merging, *, is_list_sent: bool = True) -> Merging:
    """The effective day: registered, everything transferred, with a clerk and a head."""
    take_effect(now=at.now)
    hand_over(now=at.now)
    assert at.body.problem == "", at.body.problem
    at.merger.refresh_from_db()
    at.clerk = builders.user(Role.CLERK, agency=at.agency)
    at.head = builders.user(Role.HEAD, agency=at.agency)
    if is_list_sent:
        Merger.objects.filter(pk=at.merger.pk).update(list_sent_on=effective_day(at))
        at.merger.refresh_from_db()
    return at


def effective_day(at: Merging) -> date:
    return at.merger.effective_on


def merged(people: int = 1, *, days_left: int = 1000) -> Merging:
    """Everything up to the day, nothing of the plan carried out yet."""
    return in_force(planned(described(people, days_left=days_left)))


def finished(dossier: Dossier, at: Merging, *, refuse: int = 0) -> Dossier:
    """Bring a petition of the new body from draft to its end, in ink."""
    people, now = at.cast(), at.now
    complete(dossier, people, now=at.now)
    story.send_in_ink(dossier, people, now=now)
    story.confirm(story.decide(dossier, people, refuse=refuse, now=now), people, now=now)
    at.now = now + timedelta(minutes=2)
    execution.execute_accepted(now=now + timedelta(minutes=1))
    dossier.refresh_from_db()
    return dossier


def complete(dossier: Dossier, people: story.Cast, *, now: datetime) -> None:
    """Fill in what only people know: number and section 1 of the letter, the cards of persons."""
    number(dossier, people, now=now)
    fill_in_cards(dossier, people, now=now)


def number(dossier: Dossier, people: story.Cast, *, now: datetime) -> None:
    dossier.refresh_from_db()
    save_letter(
        dossier,
        letter_number="12/UBND-VHXH",
        letter_date=timezone.localdate(now),
        contact=dict(dossier.contact) | story.CONTACT | {"workplace": people.agency.name},
        note=dossier.note,
        actor=people.clerk,
        now=now,
        version=dossier.version,
    )


def fill_in_cards(dossier: Dossier, people: story.Cast, *, now: datetime) -> None:
    dossier.refresh_from_db()
    cards = {
        item.uuid: CARD
        for item in dossier.items.all()
        if item.answers.get("identity_number") and not item.answers.get("issued_on")
    }
    if cards:
        save_rows(dossier, cards, actor=people.clerk, now=now, version=dossier.version)
        dossier.refresh_from_db()


def install(at: Merging, certificate: Certificate) -> None:
    """The clerk says that a new certificate is on its device."""
    confirm_installed(certificate, actor=at.clerk, now=at.now)


def given_back(dossier: Dossier, at: Merging) -> None:
    """Bring minutes of devices given back to their end: the CA has them all."""
    people = at.cast()
    complete(dossier, people, now=at.now)
    story.send_in_ink(dossier, people, now=at.now)
    said = {
        item.uuid: RowDecision(Decision.ACCEPTED, "", item.answers["device_serial"])
        for item in dossier.items.all()
    }
    dossier.refresh_from_db()
    decide_rows(dossier, said, actor=people.operator, now=at.now, version=dossier.version)
    story.step(dossier, Action.TAKE_ALL, people.operator, now=at.now)
