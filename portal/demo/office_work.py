"""What a department and the CA do beside dossiers: a report of the year so far, rounds of demand
and of inspection with one body's answers, what the police ask for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.demand import services as demand
from portal.demand.models import DemandRound
from portal.demand.rows import ROWS
from portal.demo.people import Accounts
from portal.documents.letters import Letter, print_original
from portal.inspection.assessments import services as assessments
from portal.inspection.findings import services as findings
from portal.inspection.models import InspectionRound
from portal.inspection.rounds import services as inspection
from portal.reports import services as reports
from portal.reports.models import Report
from portal.reports.spans import offered
from requests_app.models import ProceedingsRequest
from requests_app.proceedings import services as proceedings


def play(accounts: Accounts, *, pin: str, now: datetime) -> None:
    """Do what is missing; the worker counts the report. ``pin`` opens the bodies' keys."""
    today = timezone.localdate(now)
    if not Report.objects.exists():
        reports.open_report(offered(today)[-1], actor=accounts.officer, now=now)
    if not DemandRound.objects.exists():
        facts = demand.RoundFacts(
            title=f"Nhu cầu chứng thư năm {today.year + 1}",
            basis="Điều 34 Nghị định 68/2024/NĐ-CP",
            first_year=today.year + 1,
            last_year=today.year + 1,
            row_codes=[row.code for row in ROWS],
            due_on=today + timedelta(days=30),
        )
        _answer(
            demand.open_round(facts, actor=accounts.officer, now=now), accounts, pin=pin, now=now
        )
    if not InspectionRound.objects.exists():
        inspection.take_standard(actor=accounts.officer, now=now)
        plan = inspection.RoundFacts(
            title=f"Kiểm tra việc quản lý, sử dụng chữ ký số năm {today.year}",
            basis="Công văn 86/BCY-CTSBMTT",
            year=today.year,
            due_on=today + timedelta(days=20),
        )
        bodies = inspection.may_be_inspected(accounts.officer.agency_id, today=today)
        opened = inspection.open_round(plan, list(bodies), actor=accounts.officer, now=now)
        _assess(opened, accounts, now=now)
    if not ProceedingsRequest.objects.exists():
        _ask_for_revocation(accounts, now=now)


def _answer(of: DemandRound, accounts: Accounts, *, pin: str, now: datetime) -> None:
    """One commune says what it needs, signed by its head."""
    clerk = accounts.clerk
    made = demand.start_proposal(of, actor=clerk, now=now)
    made = demand.take_proposed(made, actor=clerk, now=now, version=made.version)
    made = demand.PROPOSALS.number(
        made,
        letter_number="61/UBND-VHXH",
        letter_date=timezone.localdate(now),
        actor=clerk,
        now=now,
        version=made.version,
    )
    for action, actor in (("request_signature", clerk), ("sign", accounts.head), ("seal", clerk)):
        made = demand.PROPOSALS.take_step(
            made, action, actor=actor, now=now, version=made.version, pin=pin
        )


def _assess(of: InspectionRound, accounts: Accounts, *, now: datetime) -> None:
    """One commune assesses itself; the office concludes, and finds one thing to be mended."""
    items = list(of.items.all())
    answers = {
        item.pk: assessments.Answered(
            "partly" if number == 2 else "met",  # noqa: PLR2004 (one of them)
            12 if item.number_label else None,
            "Có văn bản, sổ theo dõi tại đơn vị.",
        )
        for number, item in enumerate(items)
    }
    one = of.assessments.get(agency=accounts.clerk.agency)
    one = assessments.write(one, answers, version=one.version, actor=accounts.clerk, now=now)
    for action, actor, text in (
        ("request", accounts.clerk, ""),
        ("send", accounts.head, ""),
        ("conclude", accounts.officer, "Thực hiện tốt; còn một nội dung phải bổ sung."),
    ):
        one = assessments.take_step(
            one, action, text=text, version=one.version, actor=actor, now=now
        )
    facts = findings.FindingFacts(
        title="Đối chiếu sổ theo dõi với thiết bị thực tế",
        text="Đối chiếu từng thiết bị, ghi biên bản và báo cáo kết quả.",
        due_on=timezone.localdate(now) + timedelta(days=25),
        item=items[2],
    )
    findings.make(one, facts, actor=accounts.officer, now=now)


def _ask_for_revocation(accounts: Accounts, *, now: datetime) -> None:
    """The police ask the CA to revoke a certificate; it waits for the second person."""
    theirs = Certificate.objects.filter(agency=accounts.clerk_muong_khoa.agency)
    people = theirs.filter(kind=SubscriberKind.PERSON).valid_at(now)
    one = people.order_by("-issued_at", "-pk").first()
    if one is None:
        return
    asker, today = "Công an tỉnh Lai Châu (thử nghiệm)", timezone.localdate(now)
    letter = Letter(
        agency=asker.upper(),
        subject="đề nghị thu hồi chứng thư chữ ký số",
        place="Lai Châu",
        number="68/CV-PC02",
        day=today,
        opening=[f"{asker} đề nghị thu hồi chứng thư số hiệu {one.serial} của {one.common_name}."],
    )
    facts = proceedings.ProceedingsFacts(
        asker_kind="police",
        asker=asker,
        letter_number=letter.number,
        letter_date=today,
        received_on=today,
        basis="Điều 17 Nghị định 68/2024/NĐ-CP",
        named=one.common_name,
    )
    scan = SimpleUploadedFile("de-nghi.pdf", print_original(letter).pdf, "application/pdf")
    proceedings.record(facts, [one.serial], scan, actor=accounts.operator, now=now)
