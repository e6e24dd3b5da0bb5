"""A round of inspection through its pages: asked, assessed, judged, visited, followed, compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from portal.inspection.comparison.views import scores_of, years_of
from portal.inspection.known import STANDARD, facts_of
from portal.inspection.models import (
    Assessment,
    AssessmentAnswer,
    ChecklistItem,
    ConductProposal,
    Evidence,
    InspectionFinding,
    InspectionRound,
    InspectionVisit,
    RoundItem,
)
from portal.inspection.scoring import Verdict
from portal.inspection.visits.services import letter_of, remind_of_visits
from portal.inspection.workflow import AssessmentStage, FindingState
from portal.notices.models import Notice
from portal.notices.reminders import remind_all
from requests_app.paper_workflow import PaperStage
from tests import builders, story
from tests.builders import NOW, TODAY
from tests.usage import builders as usage

pytestmark = pytest.mark.django_db
DUE = TODAY + timedelta(days=10)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.get(reverse("agencies:suggest"))
    return client


def scan() -> SimpleUploadedFile:
    return SimpleUploadedFile("quet.pdf", story.blank_pdf(), content_type="application/pdf")


class Province:
    """An office with two bodies, each with a clerk and a head, all in their browsers."""

    def __init__(self) -> None:
        self.office = builders.office()
        self.officer_user = builders.user(Role.OFFICE_OFFICER, agency=self.office)
        self.officer = client_of(self.officer_user)
        self.chief = client_of(builders.user(Role.OFFICE_HEAD, agency=self.office))
        self.bodies = [builders.agency(office=self.office) for _ in range(2)]
        self.clerks = {one: self.person(Role.CLERK, one) for one in self.bodies}
        self.heads = {one: self.person(Role.HEAD, one) for one in self.bodies}

    @staticmethod
    def person(role: Role, at: Agency) -> Client:
        return client_of(builders.user(role, agency=at))

    def items(self) -> list[ChecklistItem]:
        """A short checklist: 10, 20 and 30 points, the second with a number."""
        lines: list[dict[str, Any]] = [
            {"title": "Phân công", "points": 10, "evidence": "Văn bản phân công"},
            {"title": "Đối chiếu thiết bị", "points": 20, "number_label": "Số thiết bị"},
            {"title": "Nộp lại thiết bị", "points": 30, "fact": "returns"},
        ]
        for line in lines:
            assert self.officer.post(reverse("inspection:checklist"), line).status_code == 302
        return list(ChecklistItem.objects.filter(office=self.office))

    def opened(self, **changes: Any) -> InspectionRound:
        if not ChecklistItem.objects.filter(office=self.office).exists():
            self.items()
        data = {
            "title": "Kiểm tra chữ ký số",
            "basis": "Kế hoạch số 12/KH-SKHCN",
            "year": TODAY.year,
            "due_on": f"{DUE:%d/%m/%Y}",
            "everyone": "on",
        } | changes
        assert self.officer.post(reverse("inspection:open"), data).status_code == 302
        return InspectionRound.objects.latest("pk")

    def answered(self, of: InspectionRound, at: Agency, *verdicts: str) -> Assessment:
        """The assessment of a body, written by its clerk."""
        found = Assessment.objects.get(round=of, agency=at)
        assert write(self.clerks[at], found, answers(of, *verdicts)).status_code == 302
        return found

    def sent(self, of: InspectionRound, at: Agency, *verdicts: str) -> Assessment:
        """The same, on its way to the office by the head."""
        found = self.answered(of, at, *verdicts)
        assert step(self.clerks[at], found, "request") == 302
        assert step(self.heads[at], found, "send") == 302
        found.refresh_from_db()
        return found

    def found(self, at: Assessment, **changes: Any) -> InspectionFinding:
        data = {"title": "Nộp lại thiết bị còn giữ", "due_on": f"{DUE:%d/%m/%Y}"} | changes
        path = reverse("inspection:make_finding", args=[at.uuid])
        assert self.officer.post(path, data).status_code == 302
        return InspectionFinding.objects.latest("pk")


def answers(of: InspectionRound, *verdicts: str) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for item, verdict in zip(of.items.all(), verdicts, strict=True):
        typed |= {f"verdict_{item.pk}": verdict, f"remark_{item.pk}": "Có văn bản."}
        if item.number_label:
            typed[f"number_{item.pk}"] = 7
    return typed


def write(client: Client, found: Assessment, typed: dict[str, Any]) -> Any:
    found.refresh_from_db()
    path = reverse("inspection:write", args=[found.uuid])
    return client.post(path, {"version": found.version} | typed)


def step(client: Client, found: Assessment, action: str, text: str = "") -> int:
    found.refresh_from_db()
    path = reverse("inspection:assessment_step", args=[found.uuid])
    data = {"action": action, "version": found.version, "text": text}
    return client.post(path, data).status_code


def follow(client: Client, found: InspectionFinding, action: str, **typed: Any) -> Any:
    found.refresh_from_db()
    path = reverse("inspection:finding_step", args=[found.uuid])
    return client.post(path, {"action": action, "version": found.version} | typed)


def codes(page: Any) -> set[str]:
    return {one.code for one in page.context["violations"]}


@pytest.fixture
def province() -> Province:
    return Province()


@pytest.mark.both
def test_a_round_goes_from_checklist_to_conclusion(province: Province) -> None:
    of = province.opened()
    one, other = province.bodies
    clerk, head = province.clerks[one], province.heads[one]
    found = Assessment.objects.get(round=of, agency=one)
    assert Notice.objects.filter(target_uuid=found.uuid).count() == 1
    assert of.title in clerk.get("/").content.decode()
    clock = Deadline.objects.open().get(target_uuid=found.uuid)
    assert (clock.kind, clock.due_on, clock.agency) == (DeadlineKind.SELF_ASSESSMENT, DUE, one)

    item = of.items.all()[0]
    typed = answers(of, "met", "partly", "not_applicable")
    assert write(clerk, found, typed | {f"file_{item.pk}": scan()}).status_code == 302
    evidence = Evidence.objects.get()
    paper = reverse("inspection:evidence", args=[evidence.uuid])
    assert clerk.get(paper).status_code == 200
    assert province.officer.get(paper).status_code == 404  # not sent yet
    assert step(clerk, found, "request") == 302
    assert of.title in head.get("/").content.decode()
    assert step(head, found, "send_back") == 200  # without a reason
    assert step(head, found, "send_back", "Ghi rõ số thiết bị") == 302
    assert step(clerk, found, "request") == 302
    assert step(head, found, "send") == 302
    found.refresh_from_db()
    assert (found.stage, found.known["returns"]) == (AssessmentStage.SENT, 0)
    assert not Deadline.objects.open().filter(target_uuid=found.uuid).exists()
    assert province.officer.get(paper).status_code == 200

    round_path = reverse("inspection:round", args=[of.uuid])
    assert f"{round_path}?stage=sent" in province.officer.get("/").content.decode()
    page = province.officer.get(f"{round_path}?stage=sent")
    (row,) = page.context["rows"]
    assert (row.own_words, row.agreed_words) == ("66,7", "66,7")  # (10 + 10) of 30
    review = {"version": found.version, f"verdict_{item.pk}": "unmet"}
    path = reverse("inspection:review", args=[found.uuid])
    assert province.officer.post(path, review).status_code == 302
    assert step(province.officer, found, "return", "Thiếu biên bản đối chiếu") == 302
    assert Deadline.objects.open().get(target_uuid=found.uuid).due_on == DUE
    assert "Thiếu biên bản đối chiếu" in clerk.get(paper_page(found)).content.decode()
    assert step(clerk, found, "request") == 302
    assert step(head, found, "send") == 302
    assert step(province.officer, found, "conclude", "Cần khắc phục") == 302

    found.refresh_from_db()
    assert (found.stage, found.score) == (AssessmentStage.CONCLUDED, Decimal("33.3"))
    seen = clerk.get(paper_page(found)).content.decode()
    assert "Cần khắc phục" in seen
    assert "33,3" in seen
    book = load_workbook(BytesIO(province.officer.get(f"{round_path}?export=xlsx").content))
    rows = {row[0]: row[4] for row in book.active.iter_rows(min_row=2, values_only=True)}  # type: ignore[union-attr]
    assert rows == {one.name: "33,3", other.name: "–"}
    acts = AuditEntry.objects.filter(target_uuid=found.uuid).order_by("pk")
    assert [act.action for act in acts][-3:] == [
        "assessment.request", "assessment.send", "assessment.conclude",
    ]  # fmt: skip


def paper_page(found: Assessment) -> str:
    return reverse("inspection:assessment", args=[found.uuid])


def test_a_round_keeps_the_checklist_it_was_opened_with(province: Province) -> None:
    of = province.opened()
    item = ChecklistItem.objects.filter(office=province.office)[0]
    path = reverse("inspection:item", args=[item.uuid])
    changed = {"title": "Khác", "points": 50, "version": 1}

    assert province.officer.post(path, changed).status_code == 302
    assert province.officer.post(path, changed).status_code == 200  # somebody was quicker
    second = ChecklistItem.objects.filter(office=province.office)[1]
    retired = province.officer.post(reverse("inspection:retire", args=[second.uuid]))

    assert retired.status_code == 302
    assert [one.points for one in of.items.all()] == [10, 20, 30]
    assert of.items.all()[0].source_version == 1
    later = province.opened(title="Đợt sau")
    assert next((one.title, one.points) for one in later.items.all()) == ("Khác", 50)
    assert later.items.count() == 2


def test_the_portals_checklist_fills_an_empty_one_alone(province: Province) -> None:
    for _time in range(2):
        province.officer.post(reverse("inspection:take_standard"))

    assert ChecklistItem.objects.filter(office=province.office).count() == len(STANDARD)


def test_what_is_missing_keeps_an_assessment_at_its_body(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    clerk = province.clerks[body]
    first, second, third = of.items.all()
    found = Assessment.objects.get(round=of, agency=body)
    typed = {f"verdict_{first.pk}": "not_applicable", f"verdict_{second.pk}": "met"}
    assert write(clerk, found, typed).status_code == 302
    found.refresh_from_db()

    path = reverse("inspection:assessment_step", args=[found.uuid])
    page = clerk.post(path, {"action": "request", "version": found.version})

    assert codes(page) == {"no_reason_given", "no_number", "no_verdict"}
    assert [one.row for one in page.context["violations"]] == [1, 2, 3]
    assert third.title in page.content.decode()


def test_who_wrote_it_does_not_send_it(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    found = province.answered(of, body, "met", "met", "met")
    assert step(province.clerks[body], found, "request") == 302
    writer = found.edited_by.get()
    both = builders.user(Role.HEAD, agency=body)
    both.person = writer.person = builders.person(at=body)
    both.save()
    writer.save()

    assert step(client_of(both), found, "send") == 403

    found.refresh_from_db()
    assert found.stage == AssessmentStage.AWAITING_HEAD
    cards = client_of(both).get(paper_page(found)).context["cards"]
    assert [card.step.action for card in cards] == ["send_back"]


@pytest.mark.parametrize("typed", ["chữ", "-1", "1000000000", "1.5"])
def test_a_number_that_is_none_comes_back_as_typed(province: Province, typed: str) -> None:
    of, body = province.opened(), province.bodies[0]
    item = of.items.all()[1]
    found = Assessment.objects.get(round=of, agency=body)

    page = write(province.clerks[body], found, {f"number_{item.pk}": typed})

    assert page.status_code == 200
    assert page.context["form"].errors
    assert f'value="{typed}"' in page.content.decode()
    assert not AssessmentAnswer.objects.exists()


@pytest.mark.parametrize("name", ["qua-lon.pdf", "chuong-trinh.exe"])
def test_a_file_that_is_refused_leaves_everything_as_it_was(province: Province, name: str) -> None:
    of, body = province.opened(), province.bodies[0]
    item = of.items.all()[0]
    found = Assessment.objects.get(round=of, agency=body)
    content = story.blank_pdf() if name.endswith(".pdf") else b"MZ" + bytes(99)
    typed = answers(of, "met", "met", "met")
    typed[f"file_{item.pk}"] = SimpleUploadedFile(name, content)

    with override_settings(MAX_UPLOAD_BYTES=len(content) - 1 if name.endswith(".pdf") else 1000):
        page = write(province.clerks[body], found, typed)

    assert codes(page) == {"upload_too_large" if name.endswith(".pdf") else "upload_type_unknown"}
    assert page.context["form"][f"verdict_{item.pk}"].value() == "met"
    assert not AssessmentAnswer.objects.exists()


def test_evidence_is_dropped_by_its_own_body_alone(province: Province) -> None:
    of = province.opened()
    one, other = province.bodies
    item = of.items.all()[0]
    mine, theirs = (Assessment.objects.get(round=of, agency=body) for body in (one, other))
    for body, found in ((one, mine), (other, theirs)):
        typed = {f"verdict_{item.pk}": "met", f"file_{item.pk}": scan()}
        assert write(province.clerks[body], found, typed).status_code == 302
    first, second = Evidence.objects.order_by("pk")

    refused = write(province.clerks[one], mine, {"drop": [second.pk]})
    assert refused.status_code == 200
    assert write(province.clerks[one], mine, {"drop": [first.pk]}).status_code == 302

    assert list(Evidence.objects.all()) == [second]
    page = reverse("inspection:evidence", args=[second.uuid])
    assert province.clerks[one].get(page).status_code == 404


def test_a_round_that_is_over_takes_nothing_more(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    clerk = province.clerks[body]
    found = province.answered(of, body, "met", "met", "met")
    late = builders.agency(office=province.office)
    assert province.officer.post(reverse("inspection:close", args=[of.uuid])).status_code == 302

    page = write(clerk, found, answers(of, "unmet", "met", "met"))

    assert codes(page) == {"round_is_over"}
    assert step(clerk, found, "request") == 200
    add = reverse("inspection:add_body", args=[of.uuid])
    province.officer.post(add, {"body": late.uuid})
    assert not Assessment.objects.filter(agency=late).exists()
    assert not Deadline.objects.open().filter(kind=DeadlineKind.SELF_ASSESSMENT).exists()
    assert of.title not in clerk.get("/").content.decode()


def test_a_round_asks_whom_its_office_answers_for(province: Province) -> None:
    stranger = builders.agency(office=builders.office())
    one, other = province.bodies
    province.items()
    base = {"title": "x", "year": TODAY.year, "due_on": f"{DUE:%d/%m/%Y}"}

    foreign = province.officer.post(reverse("inspection:open"), base | {"bodies": [stranger.uuid]})
    nobody = province.officer.post(reverse("inspection:open"), base)
    past = base | {"everyone": "on", "due_on": "01/01/2020", "year": "hai nghìn"}
    wrong = province.officer.post(reverse("inspection:open"), past)
    of = province.opened(everyone="", bodies=[one.uuid])

    assert set(foreign.context["form"].errors) == {"bodies", "everyone"}
    assert set(nobody.context["form"].errors) == {"everyone"}
    assert set(wrong.context["form"].errors) == {"due_on", "year"}
    assert [found.agency for found in of.assessments.all()] == [one]
    add = reverse("inspection:add_body", args=[of.uuid])
    for body in (other, stranger, one):
        assert province.officer.post(add, {"body": body.uuid}).status_code == 302
    assert {found.agency for found in of.assessments.all()} == {one, other}


@pytest.mark.both
def test_a_finding_is_followed_until_the_office_says_it_is_done(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    clerk, officer = province.clerks[body], province.officer
    found = province.found(Assessment.objects.get(round=of, agency=body))
    clocks = Deadline.objects.open().filter(target_uuid=found.uuid)
    assert clocks.get().agency == body
    assert f"{reverse('inspection:findings')}?state=open" in clerk.get("/").content.decode()

    assert codes(follow(clerk, found, "answer")) == {"no_text"}
    answer = {"text": "Đã nộp hai thiết bị.", "attached": [scan()]}
    assert follow(clerk, found, "answer", **answer).status_code == 302
    assert not clocks.exists()
    assert follow(clerk, found, "close").status_code == 409  # the office's
    assert codes(follow(officer, found, "reopen", text="Còn một")) == {"no_day"}
    past = {"text": "Còn một", "due_on": f"{TODAY - timedelta(days=1):%d/%m/%Y}"}
    assert codes(follow(officer, found, "reopen", **past)) == {"day_is_past"}
    again = {"text": "Còn một thiết bị", "due_on": f"{TODAY + timedelta(days=20):%d/%m/%Y}"}
    assert follow(officer, found, "reopen", **again).status_code == 302
    assert clocks.get().due_on == TODAY + timedelta(days=20)
    stale = {"action": "answer", "version": 1, "text": "Chậm tay"}
    page = clerk.post(reverse("inspection:finding_step", args=[found.uuid]), stale)
    assert codes(page) == {"finding_has_changed"}
    assert follow(clerk, found, "answer", text="Đã nộp nốt.").status_code == 302
    assert follow(officer, found, "close").status_code == 302

    found.refresh_from_db()
    assert found.state == FindingState.CLOSED
    assert [one.kind for one in found.entries.all()] == [
        "make", "answer", "reopen", "answer", "close",
    ]  # fmt: skip
    assert not clocks.exists()
    paper = reverse("inspection:evidence", args=[Evidence.objects.get().uuid])
    assert officer.get(paper).status_code == 200
    neighbour = province.clerks[province.bodies[1]]
    assert neighbour.get(paper).status_code == 404
    assert neighbour.get(reverse("inspection:finding", args=[found.uuid])).status_code == 404


def test_what_is_late_is_told_to_the_body_and_the_office(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    found = province.found(Assessment.objects.get(round=of, agency=body))
    Notice.objects.all().delete()

    later = NOW + timedelta(days=30)
    with time_machine.travel(later, tick=False):
        remind_all(now=later)
        officer = client_of(province.officer_user)
        late = officer.get(f"{reverse('inspection:findings')}?state=late")

    told = Notice.objects.filter(target_uuid=found.uuid)
    assert {one.recipient.role for one in told} >= {Role.CLERK, Role.OFFICE_OFFICER}
    assert not told.filter(recipient__role=Role.CA_OPERATOR).exists()
    assert [one for one, _is_late in late.context["rows"]] == [found]


@pytest.mark.both
def test_a_visit_is_planned_held_and_its_minutes_issued(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    assessment = province.sent(of, body, "met", "met", "unmet")
    officer, clerk = province.officer, province.clerks[body]
    day = TODAY + timedelta(days=2)
    path = reverse("inspection:plan_visit", args=[assessment.uuid])
    plan = {"planned_on": f"{day:%d/%m/%Y}", "members": "Lý Văn Kiểm\nVàng Thị Tra"}
    assert officer.post(path, plan | {"planned_on": "01/01/2020"}).status_code == 200
    assert officer.post(path, plan).status_code == 302
    visit = InspectionVisit.objects.get()
    assert f"{day:%d/%m/%Y}" in clerk.get(paper_page(assessment)).content.decode()
    for name in ("visit", "pdf"):  # not before it is issued
        assert clerk.get(reverse(f"inspection:{name}", args=[visit.uuid])).status_code == 404
    told = [remind_of_visits(now=NOW) for _time in range(2)]
    assert told[0] == told[1]
    soon = Notice.objects.filter(cause__contains=":soon:")
    assert soon.count() == told[0] == 3  # clerk, head, officer: once each

    assert paper(officer, "visit_step", visit, action="request_signature") == 200
    minutes = plan | {
        "held_on": f"{TODAY:%d/%m/%Y}",
        "met_with": "Phó Chủ tịch",
        "found": "Sổ đầy đủ.\nCòn giữ một thiết bị.",
    }
    ahead = minutes | {"held_on": f"{day:%d/%m/%Y}"}
    assert paper(officer, "write_visit", visit, **ahead) == 200
    assert paper(officer, "write_visit", visit, **minutes) == 302
    found = province.found(assessment, visit=visit.pk, item=of.items.all()[2].pk)
    visit.refresh_from_db()
    letter = letter_of(visit, now=NOW)
    assert [row[2] for row in letter.rows] == ["Đạt", "Đạt", "Không đạt"]
    assert [row[3] for row in letter.rows] == ["Đạt", "Đạt", "Không đạt"]  # it judged nothing else
    assert found.title in letter.opening[-1]
    assert "Lý Văn Kiểm; Vàng Thị Tra" in letter.opening[1]
    number = {"letter_number": "5/BB-SKHCN", "letter_date": f"{TODAY:%d/%m/%Y}"}
    assert paper(officer, "number", visit, **number) == 302
    assert paper(officer, "visit_step", visit, action="request_signature") == 302
    assert paper(officer, "scan", visit, file=scan()) == 302
    assert visit.title in province.chief.get("/").content.decode()
    assert paper(province.chief, "visit_step", visit, action="sign") == 302
    assert paper(officer, "visit_step", visit, action="seal") == 302

    visit.refresh_from_db()
    assert visit.stage == PaperStage.ISSUED
    assert clerk.get(reverse("inspection:pdf", args=[visit.uuid])).content.startswith(b"%PDF")
    assert Notice.objects.filter(cause__endswith=":issued").count() == 2
    assert remind_of_visits(now=NOW) == 0


def paper(client: Client, name: str, visit: InspectionVisit, **typed: Any) -> int:
    visit.refresh_from_db()
    path = reverse(f"inspection:{name}", args=[visit.uuid])
    return client.post(path, {"version": visit.version} | typed).status_code


@pytest.mark.both
def test_another_person_notes_what_was_decided(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    path = reverse("inspection:proposals")
    typed = {
        "kind": "reward",
        "agency": body.uuid,
        "about": "Văn thư xã",
        "reason": "Nộp lại thiết bị đúng hạn",
        "round": of.uuid,
    }
    assert province.chief.post(path, typed).status_code == 403
    assert province.officer.post(path, typed | {"agency": province.office.uuid}).status_code == 200
    assert province.officer.post(path, typed).status_code == 302
    made = ConductProposal.objects.get()
    decide = reverse("inspection:decide", args=[made.uuid])
    verdict = {"decision": "accepted", "basis": "Quyết định số 15/QĐ-UBND"}

    assert province.officer.post(decide, verdict).status_code == 403
    assert "chờ kết luận" in province.chief.get("/").content.decode()
    assert province.chief.post(decide, verdict).status_code == 302
    province.chief.post(decide, verdict | {"decision": "declined"})

    made.refresh_from_db()
    assert (made.decision, made.decision_basis) == ("accepted", "Quyết định số 15/QĐ-UBND")
    assert province.clerks[body].get(path).status_code == 404
    with pytest.raises(IntegrityError), transaction.atomic():
        ConductProposal.objects.filter(pk=made.pk).update(decided_by=made.proposed_by)
    entry = AuditEntry.objects.get(action="conduct.propose")
    assert "Văn thư xã" not in str(entry.data)


def test_the_portal_says_what_it_knows_of_a_body(province: Province) -> None:
    body, other = province.bodies
    holder = builders.person(at=body)
    certificate = builders.certificate(subscriber=holder)
    system = usage.system(agency=body, by=province.officer_user)
    usage.alarm(certificate, system)
    usage.inquiry(certificate, by=province.officer_user)
    usage.public_certificate(body, by=province.officer_user)
    holder.affiliations.create(agency=body, valid_from=TODAY)
    certificate.subscriber.affiliations.create(agency=body, valid_from=TODAY, unit="Hai việc")

    facts = facts_of([body.pk, other.pk], year=TODAY.year, now=NOW)

    assert {code: n for code, n in facts[body.pk].items() if n} == {
        "alarms": 1, "unanswered": 1, "no_email": 1, "public": 1,
    }  # fmt: skip
    assert not any(facts[other.pk].values())
    assert not facts_of([body.pk], year=TODAY.year - 1, now=NOW)[body.pk]["alarms"]


def test_years_stand_beside_one_another_and_the_last_conclusion_counts(province: Province) -> None:
    one, other = province.bodies
    scores = [(2024, "40", one), (2025, "95", one), (2025, "60", other), (2025, "75", one)]
    for days, (year, score, body) in enumerate(scores):
        concluded(province.office, body, year, score, days=days)
    user = province.officer_user

    years = years_of(scores_of(user))

    assert [(year.year, year.count, year.average) for year in years] == [
        (2024, 1, "40"), (2025, 2, "67,5"),
    ]  # fmt: skip
    page = province.officer.get(reverse("inspection:compare"))
    rows = {row.agency: row.scores for row in page.context["rows"]}
    assert rows == {one: ["40", "75"], other: ["–", "60"]}
    chart = province.officer.get(reverse("inspection:chart"))
    assert chart["Content-Type"] == "image/svg+xml"
    assert b"<script" not in chart.content
    own = province.clerks[other].get(reverse("inspection:compare"))
    assert [row.agency for row in own.context["rows"]] == [other]
    book = province.officer.get(reverse("inspection:compare") + "?export=xlsx")
    assert book.content.startswith(b"PK")


def concluded(office: Agency, body: Agency, year: int, score: str, *, days: int) -> Assessment:
    officer = User.objects.filter(agency=office)[0]
    of = InspectionRound.objects.create(
        office=office,
        title=f"Đợt {year}",
        search_text=f"dot {year}",
        year=year,
        due_on=TODAY,
        opened_by=officer,
        opened_at=NOW,
    )
    return Assessment.objects.create(
        round=of,
        agency=body,
        stage=AssessmentStage.CONCLUDED,
        score=Decimal(score),
        concluded_by=officer,
        concluded_at=NOW + timedelta(days=days),
        updated_at=NOW,
    )


def test_rounds_and_findings_are_found_by_their_titles(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    found = province.found(Assessment.objects.get(round=of, agency=body))
    clerk, stranger = province.clerks[body], client_of(builders.user(Role.CLERK))

    for client, is_there in ((clerk, True), (stranger, False)):
        for typed, thing in (("kiem tra chu ky", of), ("nop lai thiet bi con", found)):
            page = client.get(reverse("search:results"), {"q": typed}, follow=True)
            assert (str(thing.uuid) in page.content.decode()) == is_there


def test_a_page_of_a_round_costs_the_same_for_more_bodies(province: Province) -> None:
    of, counts = province.opened(), []
    item = RoundItem.objects.filter(round=of)[0]
    path = reverse("inspection:round", args=[of.uuid])
    for _time in range(2):
        for _number in range(3):
            body = builders.agency(office=province.office)
            one = Assessment.objects.create(round=of, agency=body, stage="sent", updated_at=NOW)
            AssessmentAnswer.objects.create(assessment=one, item=item, verdict=Verdict.MET)
        with CaptureQueriesContext(connection) as queries:
            province.officer.get(path)
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 16


def test_who_sees_what_of_a_draft(province: Province) -> None:
    of = province.opened()
    one, other = province.bodies
    found = province.answered(of, one, "met", "met", "met")
    stranger = client_of(builders.user(Role.OFFICE_OFFICER, agency=builders.office()))

    page = province.officer.get(paper_page(found))

    assert page.status_code == 200
    assert not page.context["lines"]  # where it stands, not what is being written
    for client in (stranger, province.clerks[other]):
        assert client.get(paper_page(found)).status_code == 404
    assert write(province.heads[one], found, answers(of, "met", "met", "met")).status_code == 403
    assert stranger.get(reverse("inspection:round", args=[of.uuid])).status_code == 404
