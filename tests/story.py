"""The way of a dossier played through the services, for tests that begin somewhere along it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfWriter

from devices.models import DeviceKind
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.ca.authority import services as authority
from portal.ca.authority.services import Order
from portal.ca.models import Certificate
from portal.ca.pki.names import SubjectName
from portal.ca.register import services as ca
from portal.ca.tokens import services as tokens
from portal.core.roles import Role
from portal.documents.letters import Letter, Original, coded
from requests_app.decision.services import decide_rows
from requests_app.drafts import attachments
from requests_app.drafts.questions import Answer, answer_questions
from requests_app.drafts.services import create_draft, import_rows, save_letter
from requests_app.execution import services as execution
from requests_app.models import Decision, Dossier, Procedure, TransferInquiry
from requests_app.steps.engine import take_step
from requests_app.submission.checks import questions_of, row_findings
from requests_app.workflow import Action, Route
from tests import builders

CONTACT = {
    "full_name": "Lò Thị Nhận",
    "identity_number": "012190000001",
    "issued_on": "01/06/2022",
    "issue_place": "CCSQLHCVTTXH",
    "position": "Văn thư",
    "phone": "0912345678",
    "email": "vanthu.tanuyen@laichau.gov.vn",
    "address": "Bản Thử, xã Tân Uyên, tỉnh Lai Châu",
}


def blank_pdf() -> bytes:
    """A real PDF of one empty page: what a scanner would give."""
    writer = PdfWriter()
    writer.add_blank_page(width=595, height=842)
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def blank_letter() -> Original:
    """A letter as it is kept, printed in no time."""
    letter = coded(Letter(agency="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", subject="thử", place="Tân Uyên"))
    return Original(blank_pdf(), letter)


@dataclass(frozen=True, slots=True)
class Cast:
    """One person for each part."""

    agency: Agency
    clerk: User
    head: User
    officer: User
    office_head: User
    operator: User
    supervisor: User


def cast(route: Route = Route.VIA_OFFICE, *, procedure: str = Procedure.ISSUE) -> Cast:
    """Make a body, its office, the CA, their people and the routing rule."""
    office = builders.office()
    agency = builders.agency(builders.COMMUNE, office=office)
    builders.routing(procedure, route)
    return Cast(
        agency=agency,
        clerk=builders.user(Role.CLERK, agency=agency),
        head=builders.user(Role.HEAD, agency=agency),
        officer=builders.user(Role.OFFICE_OFFICER, agency=office),
        office_head=builders.user(Role.OFFICE_HEAD, agency=office),
        operator=builders.user(Role.CA_OPERATOR),
        supervisor=builders.user(Role.CA_SUPERVISOR),
    )


def cast_beside(people: Cast) -> Cast:
    """Another body with its own office, before the same CA."""
    office = builders.office()
    agency = builders.agency(office=office)
    return replace(
        people,
        agency=agency,
        clerk=builders.user(Role.CLERK, agency=agency),
        head=builders.user(Role.HEAD, agency=agency),
        officer=builders.user(Role.OFFICE_OFFICER, agency=office),
        office_head=builders.user(Role.OFFICE_HEAD, agency=office),
    )


def drafted(people: Cast, *, rows: int = 1, now: datetime = builders.NOW) -> Dossier:
    """A draft of Mẫu 01 that is right and complete."""
    own = people.agency.name
    answers = [builders.person_answers(number, org2=own) for number in range(1, rows + 1)]
    return draft_of(people, "mau_01_person", answers, now=now)


def draft_of(
    people: Cast,
    kind: str,
    answers: Sequence[Mapping[str, str]],
    *,
    contact: Mapping[str, str] | None = None,
    now: datetime = builders.NOW,
) -> Dossier:
    """A draft of any form with its letter data and these rows."""
    dossier = create_draft(kind, actor=people.clerk, now=now)
    save_letter(
        dossier,
        letter_number="12/UBND-VHXH",
        letter_date=now.date(),
        contact=contact or CONTACT,
        note="",
        actor=people.clerk,
        now=now,
        version=dossier.version,
    )
    dossier.refresh_from_db()
    import_rows(
        dossier,
        answers,
        actor=people.clerk,
        now=now,
        version=dossier.version,
    )
    dossier.refresh_from_db()
    return dossier


def answer_all(dossier: Dossier, clerk: User, *, now: datetime = builders.NOW) -> set[str]:
    """Keep what stands in every row that something is asked about; return the questions' codes."""
    dossier.refresh_from_db()
    asked = questions_of(dossier, row_findings(dossier, now=now))
    said = {one.key: Answer(words="Đã đối chiếu") for one in asked}
    answer_questions(dossier, said, actor=clerk, now=now, version=dossier.version)
    dossier.refresh_from_db()
    return {one.code for one in asked}


def step(
    dossier: Dossier,
    action: Action,
    actor: User,
    *,
    reason: str = "",
    pin: str = "",
    now: datetime = builders.NOW,
) -> Dossier:
    """Take one step with the version at hand."""
    dossier.refresh_from_db()
    take_step(
        dossier, action, actor=actor, now=now, version=dossier.version, reason=reason, pin=pin
    )
    dossier.refresh_from_db()
    return dossier


def sent(people: Cast, *, rows: int = 1, now: datetime = builders.NOW) -> Dossier:
    """Signed and sealed in ink (the body has no certificate yet), and sent."""
    return send_in_ink(drafted(people, rows=rows, now=now), people, now=now)


def send_in_ink(dossier: Dossier, people: Cast, *, now: datetime = builders.NOW) -> Dossier:
    """Bring a right draft through ink signature, scan and seal to the receiving side."""
    step(dossier, Action.REQUEST_SIGNATURE, people.clerk, now=now)
    scan(dossier, people.clerk, now=now)
    step(dossier, Action.SIGN, people.head, now=now)
    return step(dossier, Action.SEAL, people.clerk, now=now)


def scan(dossier: Dossier, clerk: User, *, now: datetime = builders.NOW) -> None:
    dossier.refresh_from_db()
    attachments.attach(
        dossier,
        SimpleUploadedFile("ban-quet.pdf", blank_pdf(), content_type="application/pdf"),
        kind="signed_scan",
        actor=clerk,
        now=now,
        version=dossier.version,
    )
    dossier.refresh_from_db()


def decided(
    people: Cast, *, rows: int = 1, refuse: int = 0, now: datetime = builders.NOW
) -> Dossier:
    """Forwarded by the office and decided by the operator; the last ``refuse`` rows refused."""
    return decide(sent(people, rows=rows, now=now), people, refuse=refuse, now=now)


def decide(
    dossier: Dossier, people: Cast, *, refuse: int = 0, now: datetime = builders.NOW
) -> Dossier:
    """Forward where the route asks for it, and have every row decided by whoever decides."""
    if dossier.route == Route.VIA_OFFICE:
        step(dossier, Action.FORWARD, people.officer, now=now)
    decider = people.officer if dossier.route == Route.OFFICE_ONLY else people.operator
    items = list(dossier.items.all())
    decide_rows(
        dossier,
        {
            item.uuid: (Decision.REFUSED, "Sai tên đơn vị")
            if item.position > len(items) - refuse
            else (Decision.ACCEPTED, "")
            for item in items
        },
        actor=decider,
        now=now,
        version=dossier.version,
    )
    return step(dossier, Action.DECIDE, decider, now=now)


def confirmed(people: Cast, *, rows: int = 1, refuse: int = 0) -> Dossier:
    """Confirmed by the supervisor; the worker's turn."""
    return confirm(decided(people, rows=rows, refuse=refuse), people)


def confirm(dossier: Dossier, people: Cast, *, now: datetime = builders.NOW) -> Dossier:
    """Confirmed by the second person of whoever decides; former agencies have answered."""
    asked = TransferInquiry.objects.filter(item__dossier=dossier, answer="")
    said = TransferInquiry.Answer.MOVED
    asked.update(answer=said, answered_by=people.clerk, answered_at=now)
    second = people.office_head if dossier.route == Route.OFFICE_ONLY else people.supervisor
    return step(dossier, Action.CONFIRM, second, now=now)


def carried_out(dossier: Dossier, people: Cast, *, now: datetime = builders.NOW) -> Dossier:
    """From a right draft to its end: sent in ink, decided, confirmed, done by the worker."""
    confirm(decide(send_in_ink(dossier, people, now=now), people, now=now), people, now=now)
    execution.execute_accepted(now=now + timedelta(minutes=1))
    dossier.refresh_from_db()
    return dossier


LATER = builders.NOW + timedelta(minutes=5)

PIN = "68-thu-nghiem"


def give_certificate(
    subscriber: Subscriber,
    *,
    now: datetime = builders.NOW,
    storage: str = "token",
    days_left: int = 1000,
    renewals: int = 0,
    levels: Sequence[str] = ("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",),
) -> Certificate:
    """A real certificate in its holder's hands (on a virtual token or SIM opened by ``PIN``).

    ``days_left`` counts as the law does, from the day of ``now`` to the last day of validity;
    ``levels`` are the organisations it names above its holder.
    The CA stands and this process may sign (fixture ``ca``).
    """
    (key,) = ca.make_keys(storage, 1, now=now)
    if storage in DeviceKind.values:
        builders.in_hands_of(subscriber, key, now=now)
    tokens.set_first_pin(key, PIN, now=now)
    order = Order(
        request_key=uuid.uuid4().hex,
        serial=ca.new_serial(),
        kind=subscriber.kind,
        subject=SubjectName(
            common_name=subscriber.name,
            organisation_levels=tuple(levels),
            locality="Lai Châu",
            email="thu@laichau.gov.vn",
        ),
        public_key=bytes(key.public_key),
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=days_left),
    )
    (answer,) = authority.own().issue_many([order], now=now)
    certificate = ca.certificate_from(
        order,
        answer,
        subscriber=subscriber,
        agency=subscriber.agency,
        office=subscriber.agency.office,
        key=key,
        now=now,
    )
    certificate.renewals = renewals
    certificate.save()
    return certificate


def able_to_sign(people: Cast, *, now: datetime = builders.NOW) -> Cast:
    """Give the body and its head certificates, so that letters are signed digitally."""
    give_certificate(builders.organisation(people.agency), now=now)
    people.head.person = builders.person("Lò Văn Chủ", at=people.agency)
    people.head.save()
    give_certificate(people.head.person, now=now)
    return people


def sign_digitally(dossier: Dossier, people: Cast, *, now: datetime = builders.NOW) -> Dossier:
    """Signed by the head, sealed by the clerk with virtual tokens, and sent."""
    step(dossier, Action.REQUEST_SIGNATURE, people.clerk, now=now)
    step(dossier, Action.SIGN, people.head, pin=PIN, now=now)
    return step(dossier, Action.SEAL, people.clerk, pin=PIN, now=now)
