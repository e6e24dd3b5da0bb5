"""Loading the demo: bodies, accounts, stock, dossiers and devices in every state. Repeatable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from devices import services as devices
from devices.models import Device
from devices.serials import NewDevice
from orgmerge.description import services as description
from orgmerge.description.services import DescribedRow
from orgmerge.description.values import BodyFacts, MergerFacts
from orgmerge.models import Merger
from orgmerge.plans import services as plans
from orgmerge.plans import worker
from orgmerge.vocabulary import MergerKind
from portal.agencies.facts import AgencyFacts
from portal.ca.authority import ceremony
from portal.ca.authority import services as authority
from portal.ca.models import Certificate
from portal.ca.register import expiry
from portal.demo import bodies as demo_bodies
from portal.demo import dossiers, office_work, people, support
from portal.demo.bodies import Bodies
from portal.demo.people import Accounts
from portal.usage.inquiries import services as inquiries
from portal.usage.models import SigningSystem, UsageBatch
from portal.usage.public_certificates import services as public
from portal.usage.public_certificates.services import PublicFacts
from portal.usage.receiving.services import receive
from portal.usage.rules import DocumentKind
from portal.usage.systems import services as systems

# Kind, how many, carrier: what the CA's store holds before the first dossier.
STOCK = (("token", 80, ""), ("sim", 4, "Viettel"), ("sim", 2, "Vinaphone"), ("sd", 2, ""))


def load(*, now: datetime, say: Callable[[str], object]) -> None:
    """Load what is missing of the demo; raises authority.NotConfigured without a simulated CA."""
    authority.open_for_signing()
    ceremony.set_up(now=now)
    say("Đơn vị và tài khoản")
    long_ago = now - timedelta(days=90)
    bodies = demo_bodies.make(now=long_ago)
    accounts = people.make_accounts(bodies, password=settings.DEMO_PASSWORD, now=long_ago)
    people.record_signers(accounts, now=long_ago)
    say("Kho thiết bị của Cục")
    for kind, count, carrier in STOCK:
        batch = f"DEMO-{kind}{'-' + carrier if carrier else ''}".upper()
        if Device.objects.filter(batch=batch).exists():
            continue
        digits = sum(ord(letter) * place for place, letter in enumerate(batch, start=1)) % 10_000
        serial = batch.replace("DEMO-", "D")
        devices.take_in(
            kind,
            [
                NewDevice(
                    f"{serial}-{number:05d}",
                    iccid=f"8984{digits:06d}{number:09d}" if kind == "sim" else "",
                )
                for number in range(1, count + 1)
            ],
            batch=batch,
            carrier=carrier,
            actor=accounts.operator,
            now=long_ago,
        )
    while devices.has_keys_to_make():
        devices.make_next_keys(now=long_ago)
    dossiers.play_all(bodies, accounts, pin=settings.DEMO_PIN, now=now, say=say)
    while expiry.open_missing(now=now):
        pass
    say("Báo cáo, nhu cầu, kiểm tra, yêu cầu của cơ quan tố tụng")
    office_work.play(accounts, pin=settings.DEMO_PIN, now=now)
    say("Sáp nhập hai xã: mô tả và phương án")
    play_merger(bodies, accounts, now=now)
    say("Lượt ký của các hệ thống")
    play_usage(bodies, accounts, now=now)
    say("Câu hỏi hỗ trợ, bài hướng dẫn")
    support.play(accounts, now=now)


DECISION = "68/NQ-HĐND (thử nghiệm)"
NEW_NAME = "ỦY BAN NHÂN DÂN XÃ MƯỜNG PẮC"


def play_merger(bodies: Bodies, accounts: Accounts, *, now: datetime) -> None:
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
            effective_on=today + timedelta(days=45),
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


SYSTEM_NAME = "Hệ thống quản lý văn bản tỉnh Lai Châu (thử nghiệm)"
_WEEKS = 43
_KINDS = (DocumentKind.LETTER, DocumentKind.LETTER, DocumentKind.REPORT, DocumentKind.RESULT)


def play_usage(bodies: Bodies, accounts: Accounts, *, now: datetime) -> None:
    """Let a system of the department report on the communes, unless it has."""
    if SigningSystem.objects.filter(name=SYSTEM_NAME).exists():
        return
    officer = accounts.officer
    system = systems.register(SYSTEM_NAME, "documents", bodies.office, actor=officer, now=now)
    held = Certificate.objects.filter(office=bodies.office).order_by("pk")
    standing = list(held.valid_at(now).defer("der", "crl_entry")[:30])
    offered = [
        {
            "id": f"demo-{week}-{one.pk}",
            "serial": one.serial,
            "moment": (now - timedelta(days=7 * week, hours=one.pk % 9 + 1)).isoformat(),
            "kind": _KINDS[(week + one.pk) % len(_KINDS)],
        }
        for number, one in enumerate(standing)
        if number % 3
        for week in range(_WEEKS)
        if one.not_before < now - timedelta(days=7 * week + 1)
    ]
    revoked = held.revoked().filter(revoked_at__lt=now - timedelta(days=2)).first()
    if revoked is not None:
        moment = (now - timedelta(days=1)).isoformat()
        told = {"id": "demo-revoked", "serial": revoked.serial, "moment": moment}
        offered.append(told | {"kind": "letter"})
    offered.append({"id": "demo-stray", "serial": "68", "moment": now.isoformat()})
    receive(system, offered, channel=UsageBatch.Channel.FILE, actor=officer, now=now)
    open_to_question = inquiries.askable(held, now=now)
    idle = list(open_to_question.values_list("uuid", flat=True)[:1])
    if idle:
        inquiries.ask(idle, actor=officer, now=now)
    facts = PublicFacts(
        holder="Kế toán UBND xã Tân Uyên",
        issuer="CA CÔNG CỘNG THỬ NGHIỆM",
        purpose="Nộp bảo hiểm xã hội",
        valid_until=date(now.year + 1, 6, 30),
    )
    public.note(facts, bodies.tan_uyen, actor=accounts.clerk, now=now)
