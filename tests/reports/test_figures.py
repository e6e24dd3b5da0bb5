"""Every number of a report equals a count made another way, and its list is as long."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.lifecycle import Move
from devices.models import CustodyMove
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
from requests_app.workflow import Action, State
from tests import builders
from tests.amounts import IS_LONG, amount
from tests.builders import NOW, TODAY
from tests.deadlines.test_list import deadline
from tests.usage import builders as usage

pytestmark = [pytest.mark.django_db, pytest.mark.both]
CALENDAR = WorkCalendar()
DAYS = 700  # before today, over which things happened


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
        self.people = [
            self.officer,
            builders.user(Role.CLERK, agency=self.bodies[0]),
            builders.user(Role.CA_OPERATOR, agency=builders.ca()),
        ]
        others = [builders.agency(office=builders.office())]
        for body in [*self.bodies, *others]:
            holder = builders.person(at=body)
            for _number in range(8):
                self._certificates(holder)
            for _number in range(6):
                self._dossier(body)
                self._clock(body)
            self._moves(body)
            self._use(body)
        asked = [(body.office, body) for body in [*self.bodies, *others] if body.office]
        asked += [(builders.ca(), office) for office in {office for office, _body in asked}]
        self._demand(asked)

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
            made.kind = self.dice.choice(["person", "organisation", "system"])
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
            item.storage = self.dice.choice(["token", "sim"])
            item.save()
        for _number in range(self.dice.randrange(3)):
            dossier.events.create(
                action=self.dice.choice([Action.RETURN, Action.SEAL]), target=State.RETURNED,
                round=1, at=self.moment(after=sent),
            )  # fmt: skip

    def _clock(self, body: Agency) -> None:
        due = TODAY - timedelta(days=self.dice.randrange(DAYS))
        made = deadline(body, due)
        ends = timezone.make_aware(datetime.combine(due, datetime.min.time()))
        column = self.dice.choice(["done_at", "done_at", "cancelled_at", "lapsed_at", "claimed"])
        setattr(made, column, ends + timedelta(hours=self.dice.randrange(-72, 96)))
        made.kind = self.dice.choice(["ca_issue", "device_return"])
        made.counts = self.dice.choice(["working", "working", "calendar", "fixed"])
        made.save()

    def _moves(self, body: Agency) -> None:
        for kind in ("token", "sim"):
            device = builders.device(kind=kind)
            CustodyMove.objects.bulk_create(
                CustodyMove(
                    device=device, move=self.dice.choice(Move.values), agency=body, at=at,
                    happened_on=timezone.localdate(at), document_label="x",
                )
                for at in [self.moment() for _number in range(12)]
            )  # fmt: skip

    def _use(self, body: Agency) -> None:
        """Months in which a body's certificates signed, and what they must not have signed."""
        system = SigningSystem.objects.create(
            name=str(body.pk), kind=self.dice.choice(["documents", "one_stop"]), agency=body,
            office=body.office, registered_by=self.officer, registered_at=NOW,
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

    def _demand(self, asked: list[tuple[Agency, Agency]]) -> None:
        """Rounds over overlapping years; who is asked answers once or again, corrected."""
        for asks, body in asked:
            for first_year in (2025, 2026):
                of, _made = DemandRound.objects.get_or_create(
                    opened_by_body=asks, first_year=first_year,
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


Judge = Callable[[Any, Span], bool]


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
    ends = (one.done_at, one.cancelled_at, one.lapsed_at)
    return one.received_on <= span.until and not any(_over(end, span) for end in ends)


def _certificate(code: str) -> Judge:
    """Judge what certificates are counted by, told apart by the code of the measure."""
    name, _, rest = code.partition("_")
    return {
        "valid": _valid,
        "ending": lambda c, s: (
            _valid(c, s) and timezone.localdate(c.not_after) <= s.until + timedelta(days=int(rest))
        ),
        "issued": lambda c, s: (
            c.predecessor is None and _on(c.issued_at, s) and (not rest or _is_planned(c, s))
        ),
        "renewed": lambda c, s: (
            c.predecessor is not None and c.renewals > c.predecessor.renewals
            and _on(c.issued_at, s)
        ),
        "changed": lambda c, s: (
            c.predecessor is not None and c.renewals == c.predecessor.renewals
            and _on(c.issued_at, s)
        ),
        "revoked": lambda c, s: (
            _on(c.revoked_at, s)
            and (c.revocation_reason == rest if rest else c.revocation_reason != "superseded")
        ),
        "superseded": lambda c, s: (
            _on(c.revoked_at, s) and c.revocation_reason == "superseded"
        ),
        "expired": lambda c, s: (
            _on(c.not_after, s) and (c.revoked_at is None or c.revoked_at >= c.not_after)
        ),
    }[name]  # fmt: skip


def _is_planned(one: Certificate, span: Span) -> bool:
    """Whether its body had sent, by the end of the span, what it needs in the span's year."""
    return any(
        of.round.first_year <= span.until.year <= of.round.last_year and _over(of.sent_at, span)
        for of in DemandProposal.objects.filter(agency=one.agency_id).select_related("round")
    )


def _answered(one: Dossier, span: Span) -> bool:
    return one.decided_on is not None and span.since <= one.decided_on <= span.until


def _ended_as(*states: State) -> Judge:
    return lambda d, s: _on(d.ended_at, s) and d.state in states


def _decided(decision: str, outcome: str = "") -> Judge:
    return lambda i, s: (
        i.decision == decision and _answered(i.dossier, s) and outcome in ("", i.outcome)
    )


def _in_time(one: Deadline, span: Span, *, is_so: bool) -> bool:
    return (
        one.done_at is not None and _on(one.done_at, span)
        and (timezone.localdate(one.done_at) <= one.due_on) is is_so
    )  # fmt: skip


def _late(one: Deadline, span: Span) -> bool:
    return _open(one, span) and one.due_on <= span.until


def _moved(move: str) -> Judge:
    return lambda m, s: m.move == move and s.since <= m.happened_on <= s.until


def _used(one: Certificate, span: Span) -> bool:
    return any(m.count and span.since <= m.month <= span.until for m in one.usage_months.all())


def _idle(days: int) -> Judge:
    """Valid and old enough when it was over, of a body that is told of, silent since the bound."""

    def judge(one: Certificate, span: Span) -> bool:
        bound = span.end - timedelta(days=days)
        since = timezone.localdate(bound).replace(day=1)
        if not _valid(one, span) or one.not_before > bound:
            return False
        told = [m.month for m in BodyMonth.objects.filter(agency=one.agency_id) if m.count]
        signed = [
            m for m in one.usage_months.all()
            if m.count and m.last_at > bound and since <= m.month <= span.until
        ]  # fmt: skip
        return any(month <= since for month in told) and not signed

    return judge


def _raised(offence: str = "") -> Judge:
    return lambda a, s: _on(a.raised_at, s) and offence in ("", a.offence)


def _asked(ahead: int) -> Judge:
    """Of the last proposal sent by then, in the last round by then that asks for the year."""

    def judge(cell: DemandCell, span: Span) -> bool:
        mine, of = cell.proposal, cell.proposal.round
        if cell.year != span.until.year + ahead or not _over(mine.sent_at, span):
            return False
        theirs = [
            one.number for one in of.proposals.filter(agency=mine.agency_id)
            if _over(one.sent_at, span)
        ]  # fmt: skip
        rounds = [
            one.opened_at for one in DemandRound.objects.filter(opened_by_body=of.opened_by_body_id)
            if _over(one.opened_at, span) and one.first_year <= cell.year <= one.last_year
        ]  # fmt: skip
        return mine.number == max(theirs) and of.opened_at == max(rounds)

    return judge


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows as they lie in the database, and what a person would ask of each.

    ``sees`` says whether it is one of a body's, an office's, or the CA's; ``keys`` by what it is
    told apart; ``amount`` what it adds to a sum.
    """

    rows: Callable[[], Iterable[Any]]
    sees: Callable[[Any, Agency], bool]
    keys: dict[str, Callable[[Any], object]]
    judges: dict[str, Judge]
    amount: dict[str, str] = field(default_factory=dict)


def _about(body: Agency, viewer: Agency) -> bool:
    return viewer.kind == "ca" or viewer.pk in (body.pk, body.office_id)


def _sees_dossier(dossier: Dossier, viewer: Agency) -> bool:
    return _about(dossier.agency, viewer) and (viewer.kind != "ca" or bool(dossier.is_at_ca))


def _sees_demand(cell: DemandCell, viewer: Agency) -> bool:
    if viewer.kind in ("ca", "office"):
        return cell.proposal.round.opened_by_body_id == viewer.pk
    return cell.proposal.agency_id == viewer.pk


def _of(path: str) -> dict[str, Callable[[Any], object]]:
    body = attrgetter(path)
    return {"body": lambda r: body(r).uuid, "office": lambda r: body(r).office.uuid}


_idle_days, _ends = (90, 180, 365), (30, 60, 90)
KEPT: dict[str, Kept] = {
    "chung-thu": Kept(
        lambda: Certificate.objects.select_related("predecessor", "key", "agency__office"),
        lambda c, viewer: _about(c.agency, viewer),
        _of("agency") | {"kind": lambda c: c.kind, "storage": lambda c: c.key.storage},
        {
            code: _certificate(code)
            for code in (
                "valid", *(f"ending_{days}" for days in _ends), "issued", "issued_planned",
                "renewed", "changed", "revoked", "superseded", "expired",
                *(f"revoked_{one.value}" for one in RevocationReason if one.value != "superseded"),
            )
        },
    ),
    "thiet-bi": Kept(
        lambda: CustodyMove.objects.filter(agency__isnull=False).select_related(
            "device", "agency__office"
        ),
        lambda m, viewer: _about(m.agency, viewer),
        _of("agency") | {"device": lambda m: m.device.kind},
        {
            move: _moved(move)
            for move in (
                "hand_over", "lock", "unlock", "report_damaged", "report_lost", "find", "recall",
                "take_back", "return_to_ca",
            )
        },
    ),
    "ho-so": Kept(
        lambda: Dossier.objects.select_related("agency__office").prefetch_related("events"),
        _sees_dossier,
        _of("agency") | {"form": lambda d: d.kind},
        {
            "sent": lambda d, s: _on(d.sent_at, s),
            "answered": _answered,
            "returned": lambda d, s: any(e.action == "return" and _on(e.at, s)
                                         for e in d.events.all()),
            "completed": _ended_as(State.COMPLETED, State.PARTLY_COMPLETED),
            "partly": _ended_as(State.PARTLY_COMPLETED),
            "rejected": _ended_as(State.REJECTED),
            "withdrawn": _ended_as(State.WITHDRAWN),
            "waiting": lambda d, s: _over(d.sent_at, s) and not _over(d.ended_at, s),
        },
    ),
    "truong-hop": Kept(
        lambda: DossierItem.objects.select_related("dossier__agency__office"),
        lambda i, viewer: _sees_dossier(i.dossier, viewer),
        _of("dossier.agency")
        | {"form": lambda i: i.dossier.kind, "storage": lambda i: i.storage},
        {
            "asked": lambda i, s: _on(i.dossier.sent_at, s),
            "accepted": _decided("accepted"),
            "refused": _decided("refused"),
            "done": _decided("accepted", "done"),
            "failed": _decided("accepted", "failed"),
        },
    ),
    "thoi-han": Kept(
        lambda: Deadline.objects.exclude(counts="fixed").select_related("agency__office"),
        lambda d, viewer: _about(d.agency, viewer)
        and (viewer.kind != "ca" or d.kind == "device_return"),
        _of("agency") | {"work": lambda d: d.kind},
        {
            "done": lambda d, s: _on(d.done_at, s),
            "in_time": lambda d, s: _in_time(d, s, is_so=True),
            "late": lambda d, s: _in_time(d, s, is_so=False),
            "open": _open,
            "overdue": _late,
            "to_return": lambda d, s: _open(d, s) and d.kind == "device_return",
            "to_return_overdue": lambda d, s: _late(d, s) and d.kind == "device_return",
            "given_back": lambda d, s: _on(d.done_at, s) and d.kind == "device_return",
        },
    ),
    "su-dung": Kept(
        lambda: Certificate.objects.select_related("agency__office").prefetch_related(
            "usage_months"
        ),
        lambda c, viewer: _about(c.agency, viewer),
        _of("agency") | {"kind": lambda c: c.kind},
        {"used": _used, **{f"idle_{days}": _idle(days) for days in _idle_days}},
    ),
    "luot-ky": Kept(
        lambda: BodyMonth.objects.select_related("agency__office", "system"),
        lambda m, viewer: _about(m.agency, viewer),
        _of("agency")
        | {"system": lambda m: m.system.kind, "document": lambda m: m.document_kind},
        {"signed": lambda m, s: m.count > 0 and s.since <= m.month <= s.until},
        {"signed": "count"},
    ),
    "canh-bao": Kept(
        lambda: UsageAlarm.objects.select_related("certificate__agency__office"),
        lambda a, viewer: _about(a.certificate.agency, viewer),
        _of("certificate.agency") | {"offence": lambda a: a.offence},
        {
            "raised": _raised(),
            "after_revocation": _raised("after_revocation"),
            "after_loss": _raised("after_loss"),
            "outside_validity": _raised("outside_validity"),
            "closed": lambda a, s: _on(a.closed_at, s),
            "open": lambda a, s: _over(a.raised_at, s) and not _over(a.closed_at, s),
        },
    ),
    "nhu-cau": Kept(
        lambda: DemandCell.objects.select_related("proposal__round", "proposal__agency"),
        _sees_demand,
        {
            "body": lambda c: c.proposal.agency.uuid,
            "office": lambda c: c.proposal.agency.uuid,
            "row": lambda c: c.row,
        },
        {
            "asked": _asked(0), "agreed": _asked(0), "asked_next": _asked(1),
            "agreed_next": _asked(1),
            "corrected": lambda c, s: c.asked != c.agreed and _asked(1)(c, s),
        },
        {"asked": "asked", "agreed": "agreed", "asked_next": "asked", "agreed_next": "agreed"},
    ),
}  # fmt: skip


def _added(kept: Kept, measure: str, rows: Iterable[Any]) -> list[int]:
    column = kept.amount.get(measure)
    return [getattr(row, column) if column else 1 for row in rows]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(amount("REPORT_WORLDS", short=1, long=6)))
def test_every_number_is_what_a_person_would_count_and_its_list_sums_to_it(seed: int) -> None:
    world = World(seed)
    assert KEPT.keys() == subjects().keys()
    # A short run asks the office of last year and of some days; a long one all, of all spans.
    spans = world.spans() if IS_LONG else world.spans()[2::2]
    for user in world.people if IS_LONG else world.people[:1]:
        found = {
            code: [row for row in kept.rows() if kept.sees(row, user.agency)]
            for code, kept in KEPT.items()
        }
        for span in spans:
            figures = figures_of(user, span, calendar=CALENDAR)
            for code in KEPT:
                _is_counted(code, figures["subjects"][code], found[code], user, span)
            _is_paced(figures["paces"], found["ho-so"], span)
            _is_drawn(figures["series"], found["ho-so"], found["chung-thu"], span)


def _is_counted(
    code: str, counted: dict[str, Any], rows: list[Any], user: User, span: Span
) -> None:
    """Every number of a subject: of the span, of the one before, apart by each dimension."""
    subject, kept, said = subjects()[code], KEPT[code], f"{code} {span} {user.role}"
    assert kept.judges.keys() == {one.code for one in subject.measures}
    for measure, is_so in kept.judges.items():
        wanted = [row for row in rows if is_so(row, span)]
        assert counted["total"][measure] == sum(_added(kept, measure, wanted)), (said, measure)
        before = [row for row in rows if is_so(row, span.before)]
        assert counted["before"][measure] == sum(_added(kept, measure, before)), (said, measure)
        listed = narrowed(subject, user, span, subject.measure(measure))
        assert {row.pk for row in listed} == {row.pk for row in wanted}, (said, measure)
        column = subject.measure(measure).amount
        amounts = sum(listed.values_list(column, flat=True)) if column else listed.count()
        assert amounts == counted["total"][measure], (said, measure)
        for dimension in subject.dimensions_for(user):
            apart: Counter[str] = Counter()
            for row, number in zip(wanted, _added(kept, measure, wanted), strict=True):
                apart[str(kept.keys[dimension.code](row))] += number
            told = {
                key: numbers.get(measure, 0)
                for key, _words, numbers in counted["by"][dimension.code]
            }
            shown = {key: number for key, number in told.items() if number}
            assert shown == dict(+apart), (said, measure, dimension.code)


def _is_paced(paces: list[dict[str, Any]], dossiers: list[Dossier], span: Span) -> None:
    """Working days are counted off one by one; half and nine tenths are found by their place."""
    procedures = {"mau_01_person": "issue", "mau_05_revoke": "revoke"}
    taken: dict[str, list[int]] = {}
    for one in dossiers:
        if _answered(one, span):
            assert one.decided_on is not None
            assert one.received_on is not None
            days = range((one.decided_on - one.received_on).days)
            worked = [one.received_on + timedelta(days=n + 1) for n in days]
            taken.setdefault(procedures[one.kind], []).append(sum(d.weekday() < 5 for d in worked))
    wanted = {
        procedure: (
            len(days),
            sorted(days)[math.ceil(len(days) * 0.5) - 1],
            sorted(days)[math.ceil(len(days) * 0.9) - 1],
        )
        for procedure, days in taken.items()
    }
    assert {p["procedure"]: (p["count"], p["half"], p["most"]) for p in paces} == wanted


def _is_drawn(
    series: dict[str, Any], dossiers: list[Dossier], certificates: list[Certificate], span: Span
) -> None:
    """What pictures show adds up to the numbers, and each bar is what its days or month bring."""
    came, answered = series["ho-so"]["lines"].values()
    assert sum(came) == sum(_on(one.sent_at, span) for one in dossiers)
    assert sum(answered) == sum(_answered(one, span) for one in dossiers)
    is_by_month = len(series["ho-so"]["labels"][0]) == len("mm/yyyy")
    for label, sent in zip(series["ho-so"]["labels"], came, strict=True):
        days = [timezone.localdate(one.sent_at) for one in dossiers if _on(one.sent_at, span)]
        if is_by_month:
            there = [day for day in days if f"{day:%m/%Y}" == label]
        else:
            there = [d for d in days if f"{d - timedelta(days=d.weekday()):%d/%m/%Y}" == label]
        assert sent == len(there), label
    (ends,) = series["chung-thu"]["lines"].values()
    months = Counter(
        f"{timezone.localdate(one.not_after):%m/%Y}" for one in certificates if _valid(one, span)
    )
    assert len(ends) == 24
    assert dict(zip(series["chung-thu"]["labels"], ends, strict=True)) == {
        label: months[label] for label in series["chung-thu"]["labels"]
    }


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
