"""The way of a demo dossier, played through the portal's own services at given moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from devices import services as devices
from devices.lifecycle import Custody
from devices.models import Device
from portal.accounts.models import User
from portal.documents import services as documents
from requests_app.catalogue.mau_07_handover.prefill import rows_to_tell
from requests_app.decision.services import decide_rows
from requests_app.drafts import attachments
from requests_app.drafts.services import create_draft, import_rows, save_letter
from requests_app.execution import services as execution
from requests_app.models import Decision, Dossier, OfficialPaper, SigningMode
from requests_app.official_papers.steps import OFFICIAL_PAPERS
from requests_app.paper_workflow import PaperAction, PaperStage
from requests_app.steps.engine import take_step
from requests_app.workflow import Action, Route, State

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who does each part; ``pin`` opens every virtual token of the demo."""

    clerk: User
    head: User
    officer: User
    operator: User
    supervisor: User
    pin: str


def draft(
    kind: str,
    rows: Sequence[Mapping[str, str]],
    *,
    number: str,
    hands: Hands,
    now: datetime,
    contact: Mapping[str, str] | None = None,
    variant: str = "",
) -> Dossier:
    """Draft a dossier with its rows and letter data."""
    dossier = create_draft(kind, actor=hands.clerk, now=now, variant=variant)
    save_letter(
        dossier,
        letter_number=number,
        letter_date=timezone.localdate(now) if number else None,
        contact=contact or contact_of(hands.clerk),
        note="",
        actor=hands.clerk,
        now=now,
        version=dossier.version,
    )
    dossier.refresh_from_db()
    import_rows(dossier, rows, actor=hands.clerk, now=now, version=dossier.version)
    dossier.refresh_from_db()
    return dossier


def contact_of(clerk: User) -> dict[str, str]:
    """Return section 1 of the forms for a clerk: every form takes what it knows of this."""
    person = clerk.person
    assert person is not None
    affiliation = person.affiliations.latest("valid_from")
    return {
        "full_name": person.name,
        "identity_number": person.identity_number,
        "issued_on": "01/06/2022",
        "issue_place": "CCSQLHCVTTXH",
        "position": clerk.position,
        "phone": affiliation.phone,
        "email": clerk.email,
        "address": f"{clerk.agency.name}, tỉnh Lai Châu",
        "workplace": clerk.agency.name,
    }


def step(
    dossier: Dossier, action: Action, actor: User, *, now: datetime, reason: str = "", pin: str = ""
) -> None:
    """Take one step with the version at hand."""
    dossier.refresh_from_db()
    take_step(
        dossier, action, actor=actor, now=now, version=dossier.version, reason=reason, pin=pin
    )


def sign(dossier: Dossier, hands: Hands, *, now: datetime, until: str = State.SUBMITTED) -> None:
    """Bring a draft to the signature, the seal or the office."""
    step(dossier, Action.REQUEST_SIGNATURE, hands.clerk, now=now)
    if until == State.AWAITING_SIGNATURE:
        return
    if dossier.signing_mode == SigningMode.INK:
        # The letter itself is the "scan" of the signed paper: it is a demo.
        dossier.refresh_from_db()
        assert dossier.letter is not None
        scan = SimpleUploadedFile("ban-quet.pdf", documents.read(dossier.letter))
        attachments.attach(
            dossier,
            scan,
            kind="signed_scan",
            actor=hands.clerk,
            now=now,
            version=dossier.version,
        )
    step(dossier, Action.SIGN, hands.head, now=now + _HOUR, pin=hands.pin)
    if until == State.AWAITING_SEAL:
        return
    step(dossier, Action.SEAL, hands.clerk, now=now + 2 * _HOUR, pin=hands.pin)


def decide(dossier: Dossier, hands: Hands, *, now: datetime, refuse: int = 0) -> None:
    """Forward and decide a sent dossier; the last ``refuse`` rows are refused."""
    dossier.refresh_from_db()
    if dossier.route == Route.VIA_OFFICE and dossier.state == State.SUBMITTED:
        step(dossier, Action.FORWARD, hands.officer, now=now)
    dossier.refresh_from_db()
    reason = "Thư điện tử không khớp danh sách thư công vụ của tỉnh."
    decide_rows(
        dossier,
        {
            item.uuid: (Decision.REFUSED, reason)
            if item.position > dossier.row_count - refuse
            else (Decision.ACCEPTED, "")
            for item in dossier.items.all()
        },
        actor=hands.operator,
        now=now,
        version=dossier.version,
    )
    step(dossier, Action.DECIDE, hands.operator, now=now + _HOUR)


def issue(dossier: Dossier, hands: Hands, *, now: datetime) -> None:
    """Confirm a decided dossier and carry it out."""
    step(dossier, Action.CONFIRM, hands.supervisor, now=now)
    execution.execute(dossier.pk, now=now + timedelta(minutes=2))
    dossier.refresh_from_db()
    send_papers(dossier, hands, now=now + _HOUR)


def send_papers(dossier: Dossier, hands: Hands, *, now: datetime) -> None:
    """Number, sign and issue what the CA writes about a dossier; the print stands for its scan."""
    act: dict[str, Any] = {"actor": hands.operator, "now": now}
    for drafted in dossier.official_papers.filter(stage=PaperStage.DRAFT):
        paper = OFFICIAL_PAPERS.number(
            drafted,
            letter_number=f"{100 + drafted.pk}/CTSBMTT-CTS",
            letter_date=timezone.localdate(now),
            version=drafted.version,
            **act,
        )
        waiting = _paper_step(paper, PaperAction.REQUEST_SIGNATURE, hands.operator, now=now)
        assert waiting.letter is not None
        scan = SimpleUploadedFile("ban-quet.pdf", documents.read(waiting.letter))
        scanned = OFFICIAL_PAPERS.attach_scan(waiting, scan, version=waiting.version, **act)
        signed = _paper_step(scanned, PaperAction.SIGN, hands.supervisor, now=now)
        _paper_step(signed, PaperAction.SEAL, hands.operator, now=now)


def _paper_step(
    paper: OfficialPaper, action: PaperAction, actor: User, *, now: datetime
) -> OfficialPaper:
    return OFFICIAL_PAPERS.take_step(paper, action, actor=actor, now=now, version=paper.version)


def whole(dossier: Dossier, hands: Hands, *, now: datetime, refuse: int = 0) -> None:
    """Bring a draft to its end within two days."""
    sign(dossier, hands, now=now)
    decide(dossier, hands, now=now + 4 * _HOUR, refuse=refuse)
    issue(dossier, hands, now=now + timedelta(days=1))


def ship(dossier: Dossier, hands: Hands, *, now: datetime, receive: bool = True) -> list[Device]:
    """Send the devices of a completed dossier to the agency, which receives them."""
    allocated = list(
        Device.objects.filter(items__dossier=dossier, custody=Custody.ALLOCATED).order_by("pk")
    )
    shipment = devices.send(allocated, channel="post", actor=hands.operator, now=now)
    if receive:
        devices.receive(
            shipment,
            serials=[device.serial for device in allocated],
            actor=hands.clerk,
            now=now + timedelta(days=1),
        )
    return list(Device.objects.filter(pk__in=[device.pk for device in allocated]).order_by("pk"))


def hand_over(found: Sequence[Device], hands: Hands, *, now: datetime) -> None:
    """Hand devices to their subscribers, who set the demo PIN."""
    for device in found:
        devices.hand_over(
            device, pin=hands.pin, serial_seen=device.serial, actor=hands.clerk, now=now
        )


def tell_of_hand_overs(hands: Hands, number: str, *, now: datetime) -> None:
    """Send Mẫu 07 for every hand-over the CA has not been told of; the CA acknowledges."""
    rows = [row.answers for row in rows_to_tell(hands.clerk.agency)]
    dossier = draft("mau_07_handover", rows, number=number, hands=hands, now=now)
    sign(dossier, hands, now=now)
    step(dossier, Action.ACKNOWLEDGE, hands.operator, now=now + timedelta(days=1))
