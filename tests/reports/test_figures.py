"""Every number of a report equals a count made another way, and its list is as long."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate, RevocationReason
from portal.core.calendar.workdays import WorkCalendar
from portal.core.roles import Role
from portal.deadlines.models import Deadline
from portal.demand.models import DemandCell, DemandProposal, DemandRound
from portal.reports.figures import figures_of, narrowed, quantile
from portal.reports.spans import Span, offered
from portal.reports.subjects import subjects
from portal.usage.models import BodyMonth, SigningSystem, UsageAlarm, UsageMonth
from portal.usage.rules import DocumentKind, Offence
from requests_app.models import Decision, Dossier, DossierItem, Outcome
from requests_app.paper_workflow import PaperStage
from requests_app.workflow import State
from tests import builders
from tests.amounts import amount
from tests.builders import NOW, TODAY
from tests.deadlines.test_list import deadline
from tests.usage import builders as usage

pytestmark = [pytest.mark.django_db, pytest.mark.both]
CALENDAR = WorkCalendar()
DAYS = 700  # before today, over which things happened
WORLDS = amount("FIGURES_WORLDS", short=1, long=3)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


class World:
    """Two years of an office with three bodies, and of another office that nobody here sees."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 (no secret)
        self.officer = builders.user(Role.OFFICE_OFFICER)
        self.bodies = [builders.agency(office=self.officer.agency) for _ in range(3)]
        others = [builders.agency(office=builders.office())]
        for body in [*self.bodies, *others]:
            holder = builders.person(at=body)
            for _number in range(8):
                self._certificates(holder)
            for _number in range(6):
                self._dossier(body)
                self._clock(body)
            self._use(body)
        self._demand([*self.bodies, *others])

    def moment(self, *, after: datetime | None = None) -> datetime:
        first = after or NOW - timedelta(days=DAYS)
        return first + timedelta(minutes=self.dice.randrange(1, 60 * 24 * DAYS // 2))

    def _certificates(self, holder: object) -> None:
        """One that is issued and perhaps renewed or changed, each perhaps revoked."""
        before: Certificate | None = None
        for _link in range(self.dice.randrange(1, 4)):
            made = builders.certificate(
                subscriber=holder,  # type: ignore[arg-type]
                key_pair=before.key if before else builders.key(self.dice.choice(["token", "sim"])),
            )
            made.issued_at = made.not_before = self.moment(
                after=before.issued_at if before else None
            )
            made.not_after = made.issued_at + timedelta(days=self.dice.choice([30, 200, 500, 900]))
            made.predecessor = before
            if before is not None:
                made.renewals = before.renewals or self.dice.randrange(2)
            if self.dice.random() < 0.4:
                made.revoked_at = self.moment(after=made.issued_at)
                made.revocation_reason = self.dice.choice(list(RevocationReason)).value
                made.crl_entry = b"made up"
            made.save()
            before = made

    def _dossier(self, body: Agency) -> None:
        sent = self.moment()
        ended = self.dice.choice([None, sent + timedelta(days=self.dice.randrange(20))])
        states = [State.COMPLETED, State.PARTLY_COMPLETED, State.REJECTED, State.WITHDRAWN]
        dossier = builders.dossier(
            agency=body,
            rows=self.dice.randrange(1, 4),
            kind=self.dice.choice(["mau_01_person", "mau_05_revoke"]),
            state=self.dice.choice(states) if ended else State.FORWARDED,
            sent_at=sent,
            received_on=timezone.localdate(sent),
            decided_on=timezone.localdate(ended) if ended else None,
            ended_at=ended,
        )
        for item in dossier.items.all():
            item.decision = self.dice.choice(list(Decision)).value if ended else ""
            if item.decision == Decision.ACCEPTED:
                item.outcome = self.dice.choice([Outcome.DONE, Outcome.FAILED]).value
            item.save()

    def _clock(self, body: Agency) -> None:
        due = TODAY - timedelta(days=self.dice.randrange(DAYS))
        made = deadline(body, due)
        ends = timezone.make_aware(datetime.combine(due, datetime.min.time()))
        if self.dice.random() < 0.7:
            made.done_at = ends + timedelta(hours=self.dice.randrange(-72, 96))
        made.kind = self.dice.choice(["ca_issue", "device_return"])
        made.save()

    def _use(self, body: Agency) -> None:
        """Months in which a body's certificates signed, and what they must not have signed."""
        system = SigningSystem.objects.create(
            name=str(body.pk), kind="documents", agency=body, office=body.office,
            registered_by=self.officer, registered_at=NOW,
        )  # fmt: skip
        months = [date(year, month, 1) for year in (2025, 2026) for month in range(1, 12)]
        for month in self.dice.sample(months, 8):
            for kind in self.dice.sample(list(DocumentKind), 2):
                BodyMonth.objects.create(
                    agency=body, system=system, month=month, document_kind=kind,
                    count=self.dice.randrange(4),
                )  # fmt: skip
            for one in Certificate.objects.filter(agency=body).order_by("pk")[:6]:
                if self.dice.random() < 0.5:
                    day = month.replace(day=self.dice.randrange(1, 28))
                    UsageMonth.objects.create(
                        certificate=one, system=system, month=month, count=self.dice.randrange(3),
                        last_at=timezone.make_aware(datetime.combine(day, datetime.min.time())),
                    )  # fmt: skip
        for one in Certificate.objects.filter(agency=body).order_by("pk")[:4]:
            made = usage.alarm(one, system)
            made.offence = self.dice.choice(list(Offence)).value
            made.raised_at = self.moment()
            if self.dice.random() < 0.5:
                made.closed_at = self.moment(after=made.raised_at)
            made.save()

    def _demand(self, bodies: list[Agency]) -> None:
        """Rounds of both offices over overlapping years; bodies answer once or again, corrected."""
        for body in bodies:
            assert body.office is not None
            for first_year in (2025, 2026):
                of, _made = DemandRound.objects.get_or_create(
                    opened_by_body=body.office, first_year=first_year,
                    defaults={
                        "title": "Nhu cầu", "last_year": first_year + 1, "due_on": TODAY,
                        "row_codes": ["organisation", "person_token"],
                        "opened_by": self.officer, "opened_at": self.moment(),
                    },
                )  # fmt: skip
                sent = self.moment(after=of.opened_at)
                for number in range(1, self.dice.randrange(1, 4)):
                    self._proposal(of, body, number, sent + timedelta(days=40 * number))

    def _proposal(self, of: DemandRound, body: Agency, number: int, sent: datetime) -> None:
        earlier = DemandProposal.objects.filter(round=of, agency=body)
        earlier.update(is_replaced=True)
        made = DemandProposal.objects.create(
            round=of, agency=body, number=number, stage=PaperStage.ISSUED, sent_at=sent,
            made_by=self.officer, made_at=sent, updated_at=sent,
        )  # fmt: skip
        for row in of.row_codes:
            for year in range(of.first_year, of.last_year + 1):
                asked, agreed = self.dice.randrange(9), self.dice.randrange(9)
                made.sent_cells.create(row=row, year=year, asked=asked, agreed=agreed)

    def spans(self) -> list[Span]:
        first = TODAY - timedelta(days=self.dice.randrange(60, DAYS))
        return [*offered(TODAY), Span(first, first + timedelta(days=self.dice.randrange(60)))]


def _on(moment: datetime | None, span: Span) -> bool:
    return moment is not None and span.since <= timezone.localdate(moment) <= span.until


def _over(moment: datetime | None, span: Span) -> bool:
    """Whether it had happened when the span was over."""
    return moment is not None and timezone.localdate(moment) <= span.until


def _valid(one: Certificate, span: Span) -> bool:
    return (
        _over(one.issued_at, span) and not _over(one.not_after, span)
        and not _over(one.revoked_at, span)
    )  # fmt: skip


def _open(one: Deadline, span: Span) -> bool:
    return one.received_on <= span.until and not _over(one.done_at, span)


Judge = Callable[[object, Span], bool]
CERTIFICATES: dict[str, Callable[[Certificate, Span], bool]] = {
    "valid": _valid,
    "ending_30": lambda c, s: (
        _valid(c, s) and timezone.localdate(c.not_after) <= s.until + timedelta(days=30)
    ),
    "issued": lambda c, s: c.predecessor is None and _on(c.issued_at, s),
    "renewed": lambda c, s: (
        c.predecessor is not None and c.renewals > c.predecessor.renewals and _on(c.issued_at, s)
    ),
    "changed": lambda c, s: (
        c.predecessor is not None and c.renewals == c.predecessor.renewals and _on(c.issued_at, s)
    ),
    "revoked": lambda c, s: _on(c.revoked_at, s) and c.revocation_reason != "superseded",
    "revoked_cessation": lambda c, s: _on(c.revoked_at, s) and c.revocation_reason == "cessation",
    "superseded": lambda c, s: _on(c.revoked_at, s) and c.revocation_reason == "superseded",
    "expired": lambda c, s: (
        _on(c.not_after, s) and (c.revoked_at is None or c.revoked_at >= c.not_after)
    ),
}
DOSSIERS: dict[str, Callable[[Dossier, Span], bool]] = {
    "sent": lambda d, s: _on(d.sent_at, s),
    "answered": lambda d, s: d.decided_on is not None and s.since <= d.decided_on <= s.until,
    "completed": lambda d, s: (
        _on(d.ended_at, s) and d.state in (State.COMPLETED, State.PARTLY_COMPLETED)
    ),
    "rejected": lambda d, s: _on(d.ended_at, s) and d.state == State.REJECTED,
    "waiting": lambda d, s: _over(d.sent_at, s) and not _over(d.ended_at, s),
}
ROWS: dict[str, Callable[[DossierItem, Span], bool]] = {
    "asked": lambda i, s: _on(i.dossier.sent_at, s),
    "refused": lambda i, s: i.decision == "refused" and DOSSIERS["answered"](i.dossier, s),
    "done": lambda i, s: i.outcome == "done" and DOSSIERS["answered"](i.dossier, s),
}
CLOCKS: dict[str, Callable[[Deadline, Span], bool]] = {
    "done": lambda d, s: _on(d.done_at, s),
    "in_time": lambda d, s: (
        d.done_at is not None and _on(d.done_at, s) and timezone.localdate(d.done_at) <= d.due_on
    ),
    "late": lambda d, s: (
        d.done_at is not None and _on(d.done_at, s) and timezone.localdate(d.done_at) > d.due_on
    ),
    "open": _open,
    "overdue": lambda d, s: _open(d, s) and d.due_on <= s.until,
    "to_return": lambda d, s: _open(d, s) and d.kind == "device_return",
}


def _months(rows: object, span: Span) -> bool:
    return any(one.count and span.since <= one.month <= span.until for one in rows)  # type: ignore[attr-defined]


def _idle(one: Certificate, span: Span, days: int) -> bool:
    """Valid and old enough when it was over, of a body that is told of, silent since the bound."""
    bound = span.end - timedelta(days=days)
    since = timezone.localdate(bound).replace(day=1)
    told = [m for m in BodyMonth.objects.all() if m.agency_id == one.agency_id and m.count]
    signed = [
        m for m in one.usage_months.all()
        if m.count and m.last_at > bound and since <= m.month <= span.until
    ]  # fmt: skip
    is_told_of = any(month.month <= since for month in told)
    return _valid(one, span) and one.not_before <= bound and is_told_of and not signed


USE: dict[str, Callable[[Certificate, Span], bool]] = {
    "used": lambda c, s: _months(c.usage_months.all(), s),
    "idle_90": lambda c, s: _idle(c, s, 90),
    "idle_365": lambda c, s: _idle(c, s, 365),
}
ALARMS: dict[str, Callable[[UsageAlarm, Span], bool]] = {
    "raised": lambda a, s: _on(a.raised_at, s),
    "after_loss": lambda a, s: _on(a.raised_at, s) and a.offence == "after_loss",
    "closed": lambda a, s: _on(a.closed_at, s),
    "open": lambda a, s: _over(a.raised_at, s) and not _over(a.closed_at, s),
}


def _asked(cell: DemandCell, span: Span, ahead: int) -> bool:
    """Of the last proposal sent by then, in the last round by then that asks for the year."""
    mine, of = cell.proposal, cell.proposal.round
    by_then = [one for one in of.proposals.all() if _over(one.sent_at, span)]
    theirs = [one for one in by_then if one.agency_id == mine.agency_id]
    rounds = [
        one for one in DemandRound.objects.all()
        if one.opened_by_body_id == of.opened_by_body_id and _over(one.opened_at, span)
        and one.first_year <= cell.year <= one.last_year
    ]  # fmt: skip
    return (
        cell.year == span.until.year + ahead
        and mine in theirs
        and mine.number == max(one.number for one in theirs)
        and of.opened_at == max(one.opened_at for one in rounds)
    )


@pytest.mark.long
@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_sum_is_what_a_person_would_add_up_and_its_list_sums_to_it(seed: int) -> None:
    world = World(seed)
    office = world.officer.agency
    months = [*BodyMonth.objects.filter(agency__office=office)]
    cells = [*DemandCell.objects.filter(proposal__agency__office=office)]
    for span in world.spans():
        figures = figures_of(world.officer, span, calendar=CALENDAR)["subjects"]
        wanted: dict[tuple[str, str], list[tuple[str, int]]] = {
            ("luot-ky", "signed"): [
                (str(one.agency.uuid), one.count)
                for one in months if one.count and span.since <= one.month <= span.until
            ],
            **{
                ("nhu-cau", f"{column}{ending}"): [
                    (str(one.proposal.agency.uuid), getattr(one, column))
                    for one in cells if _asked(one, span, ahead)
                ]
                for column in ("asked", "agreed") for ahead, ending in enumerate(("", "_next"))
            },
        }  # fmt: skip
        for (code, measure), rows in wanted.items():
            said = f"{code} {measure} {span} seed {seed}"
            subject, counted = subjects()[code], figures[code]
            assert counted["total"][measure] == sum(number for _body, number in rows), said
            found = subject.measure(measure)
            listed = narrowed(subject, world.officer, span, found)
            amounts = sorted(listed.values_list(found.amount, flat=True))
            assert amounts == sorted(number for _body, number in rows), said
            by_body: Counter[str] = Counter()
            for body, number in rows:
                by_body[body] += number
            told = {key: numbers.get(measure, 0) for key, _words, numbers in counted["by"]["body"]}
            assert {key: n for key, n in told.items() if n} == dict(+by_body), said


@pytest.mark.long
@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_number_is_what_a_person_would_count_and_its_list_is_as_long(seed: int) -> None:
    world = World(seed)
    office = world.officer.agency
    things: dict[str, tuple[list[object], dict[str, Judge]]] = {
        "chung-thu": (
            [*Certificate.objects.filter(office=office).select_related("predecessor", "key")],
            CERTIFICATES,  # type: ignore[dict-item]
        ),
        "ho-so": ([*Dossier.objects.filter(office=office)], DOSSIERS),  # type: ignore[dict-item]
        "truong-hop": (
            [*DossierItem.objects.filter(dossier__office=office).select_related("dossier__agency")],
            ROWS,  # type: ignore[dict-item]
        ),
        "su-dung": ([*Certificate.objects.filter(office=office)], USE),  # type: ignore[dict-item]
        "canh-bao": (
            [*UsageAlarm.objects.filter(certificate__office=office)],
            ALARMS,  # type: ignore[dict-item]
        ),
        "thoi-han": ([*Deadline.objects.filter(office=office)], CLOCKS),  # type: ignore[dict-item]
    }
    for span in world.spans():
        figures = figures_of(world.officer, span, calendar=CALENDAR)["subjects"]
        for code, (rows, judges) in things.items():
            subject, counted = subjects()[code], figures[code]
            for measure, is_so in judges.items():
                wanted = [row for row in rows if is_so(row, span)]
                said = f"{code} {measure} {span} seed {seed}"
                assert counted["total"][measure] == len(wanted), said
                before = [row for row in rows if is_so(row, span.before)]
                assert counted["before"][measure] == len(before), said
                listed = narrowed(subject, world.officer, span, subject.measure(measure))
                assert {row.pk for row in listed} == {row.pk for row in wanted}, said  # type: ignore[attr-defined]
                by_body = Counter(_body_of(row) for row in wanted)
                told = {
                    key: numbers.get(measure, 0) for key, _words, numbers in counted["by"]["body"]
                }
                assert {key: n for key, n in told.items() if n} == dict(by_body), said


def _body_of(row: object) -> str:
    if isinstance(row, UsageAlarm):
        row = row.certificate
    body = row.dossier.agency if isinstance(row, DossierItem) else row.agency  # type: ignore[attr-defined]
    return str(body.uuid)


def test_counting_takes_two_queries_a_subject_however_much_there_is() -> None:
    world = World(7)
    span = offered(TODAY)[-1]

    with CaptureQueriesContext(connection) as queries:
        figures_of(world.officer, span, calendar=CALENDAR)

    # And the paces, the pictures, and the bodies of the account.
    assert len(queries) == 2 * len(subjects()) + 5


@pytest.mark.parametrize(
    ("since", "until", "words", "before"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), "năm 2026", (date(2025, 1, 1), date(2025, 12, 31))),
        (date(2026, 4, 1), date(2026, 6, 30), "quý II/2026", (date(2026, 1, 1), date(2026, 3, 31))),
        (
            date(2028, 3, 1),
            date(2028, 3, 31),
            "tháng 3/2028",
            (date(2028, 2, 1), date(2028, 2, 29)),
        ),
        (
            date(2026, 3, 5),
            date(2026, 3, 7),
            "từ 05/03/2026 đến 07/03/2026",
            (date(2026, 3, 2), date(2026, 3, 4)),
        ),
    ],
)
def test_a_span_knows_its_words_and_the_one_before(
    since: date, until: date, words: str, before: tuple[date, date]
) -> None:
    span = Span(since, until)

    assert span.words == words
    assert span.before == Span(*before)


def test_half_and_nine_tenths_of_counted_values() -> None:
    assert quantile({}, 50) is None
    assert quantile({3: 1}, 90) == 3
    assert quantile({1: 5, 2: 4, 9: 1}, 50) == 1
    assert quantile({1: 5, 2: 4, 9: 1}, 90) == 2
    assert quantile({1: 5, 2: 4, 9: 1}, 91) == 9


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.get(reverse("agencies:suggest"))
    return client


def test_a_list_is_asked_for_by_an_address_and_what_makes_no_sense_is_not_found() -> None:
    world = World(3)
    client = _client(world.officer)
    path = reverse("reports:rows", args=["ho-so", "sent"])
    asked = f"since={TODAY - timedelta(days=DAYS):%d/%m/%Y}&until={TODAY:%d/%m/%Y}"
    body = world.bodies[0]

    page = client.get(f"{path}?{asked}&body={body.uuid}")

    wanted = Dossier.objects.filter(agency=body, sent_at__isnull=False).count()
    assert page.context["count"] == wanted > 0
    assert client.get(f"{path}?{asked}&export=xlsx").status_code == 200
    wrongs = ("", "since=1/1/2026", f"{asked}&body=x", f"{asked}&form=x")
    for wrong in (*wrongs, "since=2/2/2026&until=1/1/2026"):
        assert client.get(f"{path}?{wrong}").status_code == 404
    for name in (["ho-so", "không"], ["x", "sent"]):
        assert client.get(f"/bao-cao/so-lieu/{name[0]}/{name[1]}/?{asked}").status_code == 404
