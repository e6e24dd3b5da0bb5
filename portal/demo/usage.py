"""Ten months of signing in the demo: a document system, one idle certificate in three, an alarm."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from portal.ca.models import Certificate
from portal.demo.bodies import Bodies
from portal.demo.people import Accounts
from portal.usage.inquiries import services as inquiries
from portal.usage.models import SigningSystem, UsageBatch
from portal.usage.public_certificates import services as public
from portal.usage.public_certificates.services import PublicFacts
from portal.usage.receiving.services import receive
from portal.usage.rules import DocumentKind
from portal.usage.systems import services as systems

NAME = "Hệ thống quản lý văn bản tỉnh Lai Châu (thử nghiệm)"
_WEEKS = 43
_KINDS = (DocumentKind.LETTER, DocumentKind.LETTER, DocumentKind.REPORT, DocumentKind.RESULT)


def play(bodies: Bodies, accounts: Accounts, *, now: datetime) -> None:
    """Let a system of the department report on the communes, unless it has."""
    if SigningSystem.objects.filter(name=NAME).exists():
        return
    officer = accounts.officer
    system = systems.register(NAME, "documents", bodies.office, actor=officer, now=now)
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
