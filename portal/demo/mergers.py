"""A reorganisation of the demo: two communes to become one, described and planned, not decided."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from orgmerge.description import services as description
from orgmerge.description.services import DescribedRow
from orgmerge.description.values import BodyFacts, MergerFacts
from orgmerge.models import Merger
from orgmerge.plans import services as plans
from orgmerge.plans import worker
from orgmerge.vocabulary import MergerKind
from portal.agencies.facts import AgencyFacts
from portal.demo.bodies import Bodies
from portal.demo.people import Accounts

DECISION = "68/NQ-HĐND (thử nghiệm)"
NEW_NAME = "ỦY BAN NHÂN DÂN XÃ MƯỜNG PẮC"
_IN = timedelta(days=45)


def play(bodies: Bodies, accounts: Accounts, *, now: datetime) -> None:
    """Describe the reorganisation and have its plan made, unless it was played."""
    if Merger.objects.filter(decision=DECISION).exists():
        return
    officer, today = accounts.officer, timezone.localdate(now)
    merger = description.create_merger(
        MergerFacts(
            title="Sáp nhập xã Mường Khoa và xã Pắc Ta",
            kind=MergerKind.NEW_NAME,
            decision=DECISION,
            decided_on=today - timedelta(days=5),
            effective_on=today + _IN,
            contact_name=officer.full_name,
            contact_position=officer.position,
            contact_phone="0912000068",
            contact_email="sapnhap@laichau.gov.vn",
            note="Đơn vị, số nghị quyết là giả định.",
        ),
        actor=officer,
        now=now,
    )
    new = BodyFacts(
        facts=AgencyFacts(
            name=NEW_NAME,
            short_name="UBND",
            province="Lai Châu",
            place="Mường Pắc",
            parent=bodies.province,
            office=bodies.office,
            address="Bản Phiêng Khon, xã Mường Pắc, tỉnh Lai Châu",
            email="ubnd.muongpac@laichau.gov.vn",
            email_domain="laichau.gov.vn",
            signs_for="TM. ỦY BAN NHÂN DÂN",
        )
    )
    body = description.add_body(merger, new, actor=officer, now=now, version=_version(merger))
    for old in (bodies.muong_khoa, bodies.pac_ta):
        description.add_row(
            merger, DescribedRow(old, body), actor=officer, now=now, version=_version(merger)
        )
    plans.ask_for_plan(merger, actor=officer, now=now)
    worker.make_waiting(now=now)


def _version(merger: Merger) -> int:
    merger.refresh_from_db(fields=["version"])
    return merger.version
