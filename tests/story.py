"""The way of a dossier played through the services, for tests that begin somewhere along it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfWriter

from devices.lifecycle import Custody
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.ca import authority, tokens
from portal.ca import services as ca
from portal.ca.authority import Order
from portal.ca.models import Certificate
from portal.ca.names import SubjectName
from portal.core.roles import Role
from requests_app import services
from requests_app.models import Decision, Dossier, Procedure
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
    agency = builders.agency(office=office)
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
    dossier = services.create_draft("mau_01_person", actor=people.clerk, now=now)
    services.save_letter(
        dossier,
        letter_number="12/UBND-VHXH",
        letter_date=now.date(),
        contact=CONTACT,
        note="",
        actor=people.clerk,
        now=now,
        version=dossier.version,
    )
    dossier.refresh_from_db()
    services.import_rows(
        dossier,
        [builders.person_answers(number) for number in range(1, rows + 1)],
        actor=people.clerk,
        now=now,
        version=dossier.version,
    )
    dossier.refresh_from_db()
    return dossier


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
    services.take_step(
        dossier, action, actor=actor, now=now, version=dossier.version, reason=reason, pin=pin
    )
    dossier.refresh_from_db()
    return dossier


def sent(people: Cast, *, rows: int = 1, now: datetime = builders.NOW) -> Dossier:
    """Signed and sealed in ink (the body has no certificate yet), and sent."""
    dossier = drafted(people, rows=rows, now=now)
    step(dossier, Action.REQUEST_SIGNATURE, people.clerk, now=now)
    scan(dossier, people.clerk, now=now)
    step(dossier, Action.SIGN, people.head, now=now)
    return step(dossier, Action.SEAL, people.clerk, now=now)


def scan(dossier: Dossier, clerk: User, *, now: datetime = builders.NOW) -> None:
    dossier.refresh_from_db()
    services.attach(
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
    dossier = sent(people, rows=rows, now=now)
    if dossier.route == Route.VIA_OFFICE:
        step(dossier, Action.FORWARD, people.officer, now=now)
    items = list(dossier.items.all())
    services.decide_rows(
        dossier,
        {
            item.uuid: (Decision.REFUSED, "Sai tên đơn vị")
            if item.position > rows - refuse
            else (Decision.ACCEPTED, "")
            for item in items
        },
        actor=people.operator,
        now=now,
        version=dossier.version,
    )
    return step(dossier, Action.DECIDE, people.operator, now=now)


def confirmed(people: Cast, *, rows: int = 1, refuse: int = 0) -> Dossier:
    """Confirmed by the supervisor; the worker's turn."""
    dossier = decided(people, rows=rows, refuse=refuse)
    return step(dossier, Action.CONFIRM, people.supervisor)


LATER = builders.NOW + timedelta(minutes=5)

PIN = "68-thu-nghiem"


def give_certificate(subscriber: Subscriber, *, now: datetime = builders.NOW) -> Certificate:
    """A real certificate on a virtual token in its holder's hands, opened by ``PIN``.

    The CA stands and this process may sign (fixture ``ca``).
    """
    (key,) = ca.make_keys("token", 1, now=now)
    builders.device(
        custody=Custody.WITH_SUBSCRIBER,
        agency=subscriber.agency,
        subscriber=subscriber,
        key_pair=key,
    )
    tokens.set_first_pin(key, PIN, now=now)
    order = Order(
        request_key=uuid.uuid4().hex,
        serial=ca.new_serial(),
        kind=subscriber.kind,
        subject=SubjectName(
            common_name=subscriber.name,
            organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",),
            locality="Lai Châu",
            email="thu@laichau.gov.vn",
        ),
        public_key=bytes(key.public_key),
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=1000),
    )
    (answer,) = authority.current().issue_many([order], now=now)
    certificate = ca.certificate_from(
        order,
        answer,
        subscriber=subscriber,
        agency=subscriber.agency,
        office=subscriber.agency.office,
        key=key,
        now=now,
    )
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
