"""A report from its span to the signed document: opened, counted, written, signed, issued."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.reports import services
from portal.reports.models import Report
from portal.reports.services import letter_of
from portal.reports.spans import offered
from requests_app.workflow import State
from tests import builders, story
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


class Desk:
    """An office, its two people in their browsers, and one dossier that was answered."""

    def __init__(self) -> None:
        self.office = builders.office()
        self.officer = self.client(Role.OFFICE_OFFICER)
        self.head = self.client(Role.OFFICE_HEAD)
        self.body = builders.agency(office=self.office)
        self.dossier = builders.dossier(
            agency=self.body, state=State.COMPLETED, decided_on=TODAY, ended_at=NOW
        )

    def client(self, role: Role) -> Client:
        return client_of(builders.user(role, agency=self.office))

    def opened(self) -> Report:
        year = offered(TODAY)[-1]
        data = {"offered": f"{year.since}_{year.until}"}
        page = self.officer.post(reverse("reports:list"), data)
        assert page.status_code == 302
        return Report.objects.get()

    def counted(self) -> Report:
        report = self.opened()
        assert services.count_waiting(now=timezone.now()) == 1
        report.refresh_from_db()
        return report

    def post(self, client: Client, name: str, report: Report, **data: object) -> int:
        report.refresh_from_db()
        path = reverse(f"reports:{name}", args=[report.uuid])
        return client.post(path, {"version": report.version} | data).status_code

    def ready(self) -> Report:
        report = self.counted()
        number = {"letter_number": "9/BC-SKHCN", "letter_date": f"{TODAY:%d/%m/%Y}"}
        assert self.post(self.officer, "number", report, **number) == 302
        assert self.post(self.officer, "step", report, action="request_signature") == 302
        report.refresh_from_db()
        return report


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.get(reverse("agencies:suggest"))
    return client


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.both
def test_a_report_is_counted_in_the_background_and_its_numbers_lead_to_their_lists(
    desk: Desk,
) -> None:
    report = desk.opened()
    path = reverse("reports:report", args=[report.uuid])
    assert b"dang-tinh" in desk.officer.get(path).content
    assert desk.officer.get(reverse("reports:pdf", args=[report.uuid])).status_code == 404

    assert services.count_waiting(now=timezone.now()) == 1
    assert services.count_waiting(now=timezone.now()) == 0

    page = desk.officer.get(path)
    sections = {one.subject.code: one for one in page.context["sections"]}
    sent = sections["ho-so"].lines[0].number
    assert sent.count == 1
    listed = desk.officer.get(sent.url)
    assert listed.context["count"] == 1
    assert str(desk.dossier.uuid) in listed.content.decode()
    report.refresh_from_db()
    assert report.figures["paces"][0]["count"] == 1


@pytest.mark.both
def test_it_is_signed_by_the_head_on_paper_and_issued_frozen_with_what_changed_since(
    desk: Desk,
) -> None:
    report = desk.ready()
    frozen = report.letter
    assert frozen is not None
    assert desk.post(desk.head, "step", report, action="sign") == 200  # there is no scan yet
    scan = SimpleUploadedFile("quet.pdf", story.blank_pdf(), content_type="application/pdf")
    assert desk.post(desk.officer, "scan", report, file=scan) == 302
    assert desk.post(desk.officer, "step", report, action="sign") == 409  # four eyes
    waiting = desk.head.get("/")
    assert reverse("reports:report", args=[report.uuid]) in waiting.content.decode()
    assert desk.post(desk.head, "step", report, action="sign") == 302
    assert desk.post(desk.officer, "step", report, action="seal") == 302
    report.refresh_from_db()
    assert (report.stage, report.letter) == ("issued", frozen)
    assert desk.post(desk.officer, "words", report, remarks="x", plans="") == 409

    builders.dossier(agency=desk.body, state=State.FORWARDED)
    assert desk.post(desk.officer, "compare", report) == 302
    services.count_waiting(now=timezone.now() + timedelta(minutes=1))

    report.refresh_from_db()
    assert {"subject": "ho-so", "measure": "sent", "then": 1, "now": 2} in report.compared
    assert report.figures["subjects"]["ho-so"]["total"]["sent"] == 1
    acts = AuditEntry.objects.filter(target_uuid=report.uuid).order_by("pk")
    assert [act.action.partition(".")[2] for act in acts] == [
        "open", "count", "number", "request_signature", "attach_scan", "sign", "seal", "compare",
    ]  # fmt: skip


def test_what_is_said_stands_in_the_document_and_a_head_sends_it_back_with_a_reason(
    desk: Desk,
) -> None:
    report = desk.counted()
    assert desk.post(desk.officer, "words", report, remarks="Đã tập huấn.", plans="Cần 12.") == 302
    report.refresh_from_db()
    assert letter_of(report, now=NOW).remarks == ["Đã tập huấn."]
    pdf = desk.officer.get(reverse("reports:pdf", args=[report.uuid]))
    assert pdf.content.startswith(b"%PDF")
    assert desk.post(desk.officer, "step", report, action="request_signature") == 200  # no number

    number = {"letter_number": "9/BC-SKHCN", "letter_date": f"{TODAY:%d/%m/%Y}"}
    desk.post(desk.officer, "number", report, **number)
    desk.post(desk.officer, "step", report, action="request_signature")
    back = {"action": "send_back_to_draft", "reason": "Thiếu nhu cầu SIM PKI."}
    assert desk.post(desk.head, "step", report, **back) == 302
    report.refresh_from_db()
    assert (report.stage, report.letter) == ("draft", None)
    assert (
        "Thiếu nhu cầu SIM PKI."
        in desk.officer.get(reverse("reports:report", args=[report.uuid])).content.decode()
    )
    assert desk.post(desk.officer, "recount", report) == 302
    assert desk.post(desk.officer, "step", report, action="cancel") == 302


def test_the_three_files_say_the_same(desk: Desk) -> None:
    report = desk.counted()

    def taken(form: str) -> bytes:
        answer = desk.officer.get(reverse("reports:export", args=[report.uuid, form]))
        assert answer.status_code == 200
        return answer.content

    numbers = json.loads(taken("json"))["numbers"]
    lines = taken("csv").decode().splitlines()
    assert len(lines) == len(numbers) + 1
    assert next(one for one in numbers if one["code"] == "sent")["number"] == 1
    assert taken("xlsx").startswith(b"PK")
    assert desk.officer.get(reverse("reports:export", args=[report.uuid, "exe"])).status_code == 404
    assert AuditEntry.objects.filter(action="register.export").count() == 3


def test_a_span_that_is_wrong_comes_back_with_what_was_typed(desk: Desk) -> None:
    def tried(**data: str) -> str:
        page = desk.officer.post(reverse("reports:list"), {"offered": "other"} | data)
        assert page.status_code == 200
        assert page.context["form"].errors
        return page.content.decode()

    assert "31/12/2999" in tried(since="1/1/2026", until="31/12/2999")
    tried(since="2/2/2026", until="1/1/2026")
    tried(since="2/2/2026")
    tried(since="x", until="y")
    assert not Report.objects.exists()


def test_who_sees_it(desk: Desk) -> None:
    report = desk.ready()
    path = reverse("reports:report", args=[report.uuid])
    clerk = client_of(builders.user(Role.CLERK, agency=desk.body))
    operator = client_of(builders.user(Role.CA_OPERATOR, agency=builders.ca()))
    stranger = client_of(builders.user(Role.OFFICE_OFFICER, agency=builders.office()))
    administrator = client_of(builders.user(Role.ADMINISTRATOR, agency=desk.office))
    for client in (clerk, operator, stranger, administrator):
        assert client.get(path).status_code == 404
    assert administrator.get(reverse("reports:list")).status_code == 404

    Report.objects.update(stage="issued")

    assert clerk.get(path).status_code == 404
    page = operator.get(path)
    assert page.status_code == 200
    assert not any(line.number.url for one in page.context["sections"] for line in one.lines)
    assert desk.post(operator, "compare", report) == 404


def test_what_cannot_be_counted_says_so_and_can_be_asked_for_again(desk: Desk) -> None:
    report = desk.opened()
    User.objects.filter(pk=report.made_by_id).update(agency=builders.office())

    services.count_waiting(now=timezone.now())

    report.refresh_from_db()
    assert report.problem
    assert not report.waits


def test_a_colleague_s_rights_do_when_its_writer_has_left(desk: Desk) -> None:
    report = desk.opened()
    desk.client(Role.OFFICE_OFFICER)
    User.objects.filter(pk=report.made_by_id).update(agency=builders.office())

    services.count_waiting(now=timezone.now())

    report.refresh_from_db()
    assert not report.problem
    assert report.figures["subjects"]["ho-so"]["total"]["sent"] == 1


@pytest.mark.parametrize("name", ["ho-so", "dang-cho", "het-han"])
def test_a_chart_is_a_picture_that_runs_and_loads_nothing(desk: Desk, name: str) -> None:
    builders.certificate(subscriber=builders.person(at=desk.body))

    picture = desk.officer.get(reverse("reports:chart", args=[name]))

    assert picture["Content-Type"] == "image/svg+xml"
    assert b"<script" not in picture.content
    assert b"http" not in picture.content.replace(b"http://www.w3.org/", b"").replace(
        b"http://pygal.org", b""
    ).replace(b"http://github.com/Kozea/pygal", b"")
    table = desk.officer.get(reverse("reports:charts")).content.decode()
    assert reverse("reports:chart", args=[name]) in table
