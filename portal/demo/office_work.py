"""What a department does beside dossiers: a report of the year so far, rounds of demand and of
inspection."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from portal.demand import services as demand
from portal.demand.models import DemandRound
from portal.demand.rows import ROWS
from portal.demo.people import Accounts
from portal.inspection.models import InspectionRound
from portal.inspection.rounds import services as inspection
from portal.reports import services as reports
from portal.reports.models import Report
from portal.reports.spans import offered


def play(accounts: Accounts, *, now: datetime) -> None:
    """Do what is missing; the worker counts the report."""
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
        demand.open_round(facts, actor=accounts.officer, now=now)
    if not InspectionRound.objects.exists():
        inspection.take_standard(actor=accounts.officer, now=now)
        plan = inspection.RoundFacts(
            title=f"Kiểm tra việc quản lý, sử dụng chữ ký số năm {today.year}",
            basis="Công văn 86/BCY-CTSBMTT",
            year=today.year,
            due_on=today + timedelta(days=20),
        )
        bodies = inspection.may_be_inspected(accounts.officer.agency_id, today=today)
        inspection.open_round(plan, list(bodies), actor=accounts.officer, now=now)
