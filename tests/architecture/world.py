"""Two provinces with everything a route can name, and one person for each role in the first."""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.template.backends.django import Template
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone
from django.utils.safestring import mark_safe

from devices.lifecycle import Custody
from devices.models import Device, Shipment, ShipmentItem, Stocktaking, StocktakingPlace
from orgmerge.models import Merger, MergerOffice
from orgmerge.vocabulary import MergerState
from portal.accounts import sessions
from portal.accounts.models import AccountChange, RoleGrant, User
from portal.agencies.models import Agency, AgencyKind, Subscriber
from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.ca.models import Certificate
from portal.ca.register import services
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.demand.models import DemandProposal, DemandRound
from portal.documents import services as documents
from portal.documents.models import Document
from portal.estate.models import Delivery
from portal.inspection.models import (
    Assessment,
    ChecklistItem,
    ConductProposal,
    Evidence,
    InspectionFinding,
    InspectionRound,
    InspectionVisit,
)
from portal.notices.mail_text import new_mail
from portal.notices.models import MOST_TRIES, Mail, Notice
from portal.reports.models import Report
from portal.support.models import Article, ArticlePicture, EntryFile, Question
from portal.support.workflow import Category, Desk
from portal.usage.models import IdleInquiry, PublicCertificate, SigningSystem, UsageAlarm
from requests_app.letter_workflow import Stage
from requests_app.models import (
    ArchivePackage,
    Attachment,
    CoveringLetter,
    DeliveredPaper,
    Dossier,
    DossierEvent,
    LetterMail,
    LetterPreview,
    OfficialPaper,
    Procedure,
    ProceedingsNotice,
    ProceedingsRequest,
    RecoveryMandate,
    RoutingProposal,
    RoutingRule,
)
from requests_app.paper_workflow import PaperStage
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.builders import NOW
from tests.orgmerge import builders as mergers
from tests.usage import builders as usage

DAY_OFF = date(2026, 9, 2)


@dataclass(frozen=True, slots=True)
class Side:
    """One province: a body, its office, and one of each thing that is theirs."""

    agency: Agency
    office: Agency
    people: Mapping[Role, User]
    dossier: Dossier  # forwarded to the CA: everybody on its way sees it
    draft: Dossier
    attachment: Attachment
    event_document: Document
    paper: DeliveredPaper
    certificate: Certificate
    subscriber: Subscriber
    device: Device
    shipment: Shipment
    notice: Notice
    grant: RoleGrant
    change: AccountChange
    mail: Mail
    official_paper: OfficialPaper  # the CA's, issued
    covering_letter: CoveringLetter  # sent: the office and the CA see it
    report: Report  # of the office, issued
    demand_round: DemandRound  # of the office
    delivery: Delivery  # the office's, brought in
    demand_proposal: DemandProposal  # of the body, sent
    assessment: Assessment  # of the body, sent to the office
    merger: Merger  # a draft: its office alone sees it
    question: Question  # of the body, with a file, handed over to the CA
    mandate: RecoveryMandate
    proceedings: ProceedingsNotice  # to the body; the request itself is the CA's
    asked: MergerOffice  # the office's, in a reorganisation of a third one: not answered
    system: SigningSystem  # the body's
    alarm: UsageAlarm  # open, of its certificate
    inquiry: IdleInquiry
    public: PublicCertificate


@dataclass(frozen=True, slots=True)
class World:
    """What is one's own and what is another's, and a signed-in client for each who asks."""

    own: Side
    other: Side
    clients: Mapping[Role | None, Client] = field(default_factory=dict)


def build() -> World:
    """Make both provinces; the people of the first are those who ask."""
    authority.open_for_signing()
    ceremony.set_up(now=timezone.now())
    services.publish_crl(now=timezone.now())
    keystore.close()
    for procedure in Procedure:
        builders.routing(procedure, Route.VIA_OFFICE)
    CalendarDay.objects.update_or_create(
        date=DAY_OFF, defaults={"kind": CalendarDay.Kind.OFF, "name": "Quốc khánh"}
    )
    own, other = _side(), _side()
    RoutingProposal.objects.create(
        office=own.office,
        starts_on=date(2027, 1, 1),
        proposed_by=own.people[Role.ADMINISTRATOR],
        proposed_at=NOW,
    )
    clients: dict[Role | None, Client] = {None: Client()}
    for role, user in own.people.items():
        clients[role] = Client()
        clients[role].force_login(user)
        session = clients[role].session  # seen an hour ahead, or each request would write it
        sessions.touch(session, now=timezone.now() + timedelta(hours=1))
        session.save()
    return World(own, other, clients)


@contextmanager
def leaving_no_trace(client: Client) -> Iterator[None]:
    """Undo what is done within, and give ``client`` its session back."""
    cookies = copy.copy(client.cookies)  # an answer replaces, it changes none
    mark, waiting = transaction.savepoint(), len(connection.run_on_commit)
    try:
        yield
    finally:
        transaction.savepoint_rollback(mark)
        transaction.savepoint_commit(mark)  # else the next would lie in it, and so on
        del connection.run_on_commit[waiting:]  # goes through them all each time
        client.cookies = cookies


@contextmanager
def no_pages() -> Iterator[None]:
    """Views answer as ever, with a page that is empty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "render", lambda *_of, **_it: mark_safe(""))
        yield


def _side() -> Side:
    province = builders.agency(kind=AgencyKind.PROVINCE)
    office = builders.office()
    agency = builders.agency(office=office, parent=province)
    homes = {
        Role.CLERK: agency,
        Role.HEAD: agency,
        Role.IT_OFFICER: agency,
        Role.OFFICE_OFFICER: office,
        Role.OFFICE_HEAD: office,
        Role.SUPPORT_TEAM: office,
        Role.CA_OPERATOR: None,
        Role.CA_SUPERVISOR: None,
        Role.AUDITOR: province,
        Role.ADMINISTRATOR: province,
    }
    people = {role: builders.user(role, agency=home) for role, home in homes.items()}
    administrator = people[Role.ADMINISTRATOR]
    administrator.person = builders.person(at=province)  # roles are given by persons
    administrator.save()
    paper = _paper("van-ban.pdf")
    clerk = people[Role.CLERK]
    dossier = builders.dossier(
        agency=agency,
        state=State.FORWARDED,
        created_by=clerk,
        letter=paper,
        signed_letter=paper,
        contact=story.CONTACT,
    )
    ArchivePackage.objects.create(
        dossier=dossier,
        path=default_storage.save("archive/goi.zip", ContentFile(b"PK")),
        size=2,
        sha256=hashlib.sha256(b"PK").hexdigest(),
        made_at=NOW,
    )
    mail = new_mail("cts@bcy.gov.vn", subject="Văn bản", now=NOW)
    mail.save()
    LetterMail.objects.create(dossier=dossier, mail=mail, token=f"{dossier.pk:032}")
    event_document = _paper("tra-loi.pdf")
    DossierEvent.objects.create(
        dossier=dossier,
        action=Action.FORWARD,
        source=State.SUBMITTED,
        target=State.FORWARDED,
        round=1,
        actor=people[Role.OFFICE_OFFICER],
        document=event_document,
        at=NOW,
    )
    attachment = Attachment.objects.create(
        dossier=dossier,
        kind=Attachment.Kind.OTHER,
        document=_paper("kem-theo.pdf"),
        added_by=clerk,
        added_at=NOW,
    )
    LetterPreview.objects.create(
        asked_by=clerk,
        dossier=dossier,
        version=1,
        rows_total=1,
        path=_paper("ban-in.pdf").path,
        asked_at=NOW,
        made_at=NOW,
    )
    agency.signers.create(form="head", name="Lò Văn Chủ", title="CHỦ TỊCH", valid_from=NOW.date())
    subscriber = builders.person(at=agency)
    device = builders.device(custody=Custody.AT_AGENCY, agency=agency, subscriber=subscriber)
    Stocktaking.objects.create(
        place=StocktakingPlace.BODY,
        agency=agency,
        office=office,
        opened_by=clerk,
        opened_at=NOW,
        minutes=_paper("bien-ban.pdf"),
    )
    asked = _demand_round(office, by=people[Role.OFFICE_OFFICER])
    certificate = builders.certificate(subscriber=subscriber)
    system = usage.system(agency=agency, by=people[Role.OFFICE_OFFICER])
    return Side(
        agency=agency,
        office=office,
        people=people,
        dossier=dossier,
        draft=builders.dossier(agency=agency, created_by=clerk),
        attachment=attachment,
        event_document=event_document,
        paper=DeliveredPaper.objects.create(
            dossier=dossier,
            kind=DeliveredPaper.Kind.REVOCATION_NOTICE,
            document=_paper("thong-bao.pdf"),
            delivered_at=NOW,
        ),
        certificate=certificate,
        subscriber=subscriber,
        device=device,
        shipment=_shipment(agency, subscriber, sent_by=people[Role.CA_OPERATOR]),
        notice=Notice.objects.create(recipient=clerk, cause="x", title="Đã chuyển", at=NOW),
        grant=RoleGrant.objects.create(
            user=clerk,
            role=Role.HEAD,
            agency=agency,
            proposed_by=administrator,
            proposed_at=NOW,
        ),
        change=AccountChange.objects.create(
            kind=AccountChange.Kind.ADDRESS,
            user=people[Role.HEAD],
            address="moi@laichau.gov.vn",
            address_before=people[Role.HEAD].email,
            proposed_by=administrator,
            proposed_at=NOW,
        ),
        mail=Mail.objects.create(
            recipient=clerk,
            address=clerk.email,
            message_id=f"<{uuid.uuid4()}@test>",
            subject="Đã chuyển",
            created_at=NOW - timedelta(days=3),
            attempts=MOST_TRIES,
        ),
        official_paper=OfficialPaper.objects.create(
            agency=people[Role.CA_OPERATOR].agency,
            dossier=dossier,
            kind=DeliveredPaper.Kind.REVOCATION_NOTICE,
            stage=PaperStage.ISSUED,
            letter=paper,
            name="thong-bao.pdf",
            **_made(people[Role.CA_OPERATOR]),
        ),
        covering_letter=CoveringLetter.objects.create(
            office=office,
            stage=Stage.SENT,
            letter_number="68/SKHCN",
            letter_date=NOW.date(),
            made_by=people[Role.OFFICE_OFFICER],
            made_at=NOW,
            updated_at=NOW,
        ),
        report=Report.objects.create(
            agency=office,
            stage=PaperStage.ISSUED,
            since=date(2026, 1, 1),
            until=date(2026, 3, 31),
            waits="",
            counted_at=NOW,
            figures={"subjects": {}, "paces": []},
            letter=paper,
            **_made(people[Role.OFFICE_OFFICER]),
        ),
        demand_round=asked,
        delivery=_delivery(people[Role.OFFICE_OFFICER], paper),
        demand_proposal=DemandProposal.objects.create(
            round=asked,
            agency=agency,
            number=1,
            stage=PaperStage.ISSUED,
            letter=paper,
            **_made(clerk),
        ),
        assessment=_assessment(agency, officer=people[Role.OFFICE_OFFICER]),
        merger=_merger(agency, officer=people[Role.OFFICE_OFFICER]),
        question=_question(clerk, office),
        mandate=RecoveryMandate.objects.create(
            agency=agency,
            office=office,
            basis="12/UBND",
            valid_from=NOW.date(),
            valid_until=NOW.date() + timedelta(days=365),
            granted_by=people[Role.HEAD],
            granted_at=NOW,
        ),
        proceedings=_proceedings(certificate, by=people[Role.CA_OPERATOR]),
        asked=_asked(office),
        system=system,
        alarm=usage.alarm(certificate, system),
        inquiry=usage.inquiry(certificate, by=people[Role.OFFICE_OFFICER]),
        public=usage.public_certificate(agency, by=clerk),
    )


def _made(by: User) -> dict[str, Any]:
    return {"made_by": by, "made_at": NOW, "updated_at": NOW}


def _delivery(officer: User, paper: Document) -> Delivery:
    made = Delivery.objects.create(
        office=officer.agency,
        title="Hiện trạng",
        state=Delivery.State.DONE,
        made_by=officer,
        made_at=NOW,
    )
    made.files.create(document=paper, header=["Họ tên"], columns={"0": "name"}, is_read=True)
    return made


def _demand_round(office: Agency, *, by: User) -> DemandRound:
    return DemandRound.objects.create(
        opened_by_body=office,
        title="Nhu cầu",
        first_year=2027,
        last_year=2027,
        row_codes=["organisation"],
        due_on=NOW.date(),
        opened_by=by,
        opened_at=NOW,
    )


def _assessment(agency: Agency, *, officer: User) -> Assessment:
    """A body in a round, sent, with evidence; minutes issued, a finding, a proposal."""
    office = officer.agency
    line = ChecklistItem.objects.create(
        office=office, position=1, title="Phân công", points=10, updated_at=NOW
    )
    of = InspectionRound.objects.create(
        office=office,
        title="Kiểm tra",
        search_text="kiem tra",
        year=2026,
        due_on=NOW.date(),
        opened_by=officer,
        opened_at=NOW,
    )
    item = of.items.create(source=line, source_version=1, position=1, title="x", points=10)
    made = Assessment.objects.create(round=of, agency=agency, stage="sent", updated_at=NOW)
    answer = made.answers.create(item=item, verdict="met")
    Evidence.objects.create(
        answer=answer, document=_paper("minh-chung.pdf"), added_by=officer, added_at=NOW
    )
    InspectionVisit.objects.create(
        office=office,
        assessment=made,
        stage=PaperStage.ISSUED,
        planned_on=NOW.date(),
        members="Lý Văn Kiểm",
        letter=_paper("bien-ban.pdf"),
        **_made(officer),
    )
    InspectionFinding.objects.create(
        office=office,
        agency=agency,
        assessment=made,
        title="Nộp lại",
        search_text="nop lai",
        due_on=NOW.date(),
        opened_at=NOW,
    )
    ConductProposal.objects.create(
        office=office,
        agency=agency,
        kind="reward",
        about="Văn thư",
        reason="x",
        proposed_by=officer,
        proposed_at=NOW,
    )
    return made


def _merger(agency: Agency, *, officer: User) -> Merger:
    """A body that passes to a new one, and the sheet that says more of it."""
    merger = mergers.merger(officer)
    body = mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI")
    mergers.share(merger, agency, body)
    mergers.body_list(merger, agency)
    mergers.review(merger, agency)
    mergers.plan(merger, body).annexes.create(
        is_draft=True, lines_total=1, document=_paper("phu-luc.pdf"), asked_by=officer, asked_at=NOW
    )
    # Of a body that no page takes out: while bodies are described there is no record yet.
    other = mergers.body(mergers.merger(officer, state=MergerState.WITHDRAWN), "XÃ ĐÃ NHẬN")
    merger.handovers.create(old=agency, body=other, made_at=builders.NOW)
    return merger


def _question(asker: User, office: Agency) -> Question:
    question = Question.objects.create(
        category=Category.OTHER,
        subject="Hỏi",
        text="Hỏi",
        asked_by=asker,
        agency=asker.agency,
        office=office,
        asked_at=NOW,
        desk=Desk.CA,
        reached_ca_at=NOW,
        waiting_since=NOW,
        due_at=NOW,
    )
    entry = question.entries.create(kind="ask", by=asker, at=NOW)
    entry.files.create(document=_paper("man-hinh.pdf"))
    article = Article.objects.create(owner=office, slug="bai-cua-so")
    article.published = article.versions.create(
        number=1, category=Category.OTHER, title="Bài", written_by=asker, written_at=NOW
    )
    article.save()
    article.pictures.create(number=1, document=_paper("hinh.pdf"), added_by=asker, added_at=NOW)
    return question


def _proceedings(certificate: Certificate, *, by: User) -> ProceedingsNotice:
    """What waits for a second person at the CA, and a notice as if it had been decided."""
    request = ProceedingsRequest.objects.create(
        agency=by.agency,
        asker_kind=ProceedingsRequest.Asker.COURT,
        asker="Tòa án",
        asker_key=f"tòa án {certificate.pk}",
        letter_number="1/TA",
        letter_date=NOW.date(),
        received_on=NOW.date(),
        basis="Quyết định",
        named=certificate.common_name,
        scan=_paper("yeu-cau.pdf"),
        answer=_paper("tra-loi-toa.pdf"),
        entered_by=by,
        entered_at=NOW,
    )
    request.items.create(position=1, serial=certificate.serial, certificate=certificate)
    return request.notices.create(
        agency=certificate.agency,
        office=certificate.office,
        document=_paper("thong-bao-thu-hoi.pdf"),
        delivered_at=NOW,
    )


def _asked(office: Agency) -> MergerOffice:
    """A question to ``office``: whether it joins a reorganisation of another."""
    leader = builders.user(Role.OFFICE_OFFICER)
    return mergers.merger(leader).joint_offices.create(office=office, asked_by=leader, asked_at=NOW)


def _paper(name: str) -> Document:
    # The trailing comment keeps two papers of one test apart: equal bytes would be one file.
    content = story.blank_pdf() + f"\n% {uuid.uuid4()}\n".encode()
    return documents.store(content, name=name, media_type="application/pdf", now=NOW)


def _shipment(agency: Agency, subscriber: Subscriber, *, sent_by: User) -> Shipment:
    device = builders.device(custody=Custody.ON_ITS_WAY, agency=agency, subscriber=subscriber)
    shipment = Shipment.objects.create(
        agency=agency, office=agency.office, channel="hand", sent_by=sent_by, sent_at=NOW
    )
    ShipmentItem.objects.create(shipment=shipment, device=device)
    return shipment


_OF_A_DRAFT = {
    "requests_app:attach",
    "requests_app:check",
    "requests_app:editor",
    "requests_app:export_rows",
    "requests_app:import",
    "requests_app:import_rejects",
    "requests_app:import_report",
    "requests_app:letter_data",
}
_OF_A_GRANT = {"accounts:confirm_role", "accounts:decline_role", "accounts:withdraw_role"}
_OF_A_CHANGE = {"accounts:confirm_change", "accounts:decline_change", "accounts:withdraw_change"}
_OF_A_PROPOSAL = {
    "requests_app:confirm_rules",
    "requests_app:decline_rules",
    "requests_app:withdraw_rules",
}
_OF_AN_OFFICIAL_PAPER = {
    "requests_app:number_paper",
    "requests_app:official_paper",
    "requests_app:paper_pdf",
    "requests_app:paper_scan",
    "requests_app:paper_step",
}
_OF_A_COVERING_LETTER = {
    "requests_app:covering_letter",
    "requests_app:covering_pdf",
    "requests_app:covering_preview",
    "requests_app:covering_progress",
    "requests_app:covering_scan",
    "requests_app:covering_step",
    "requests_app:number_covering",
    "requests_app:uncover",
}
_OF_A_REPORT = {
    f"reports:{name}"
    for name in (
        "report", "words", "recount", "compare", "number", "scan", "step", "pdf", "export",
    )
}  # fmt: skip
_OF_A_DEMAND_ROUND = {
    f"demand:{name}" for name in ("round", "start", "move_due", "close", "export")
}
_OF_A_DEMAND_PROPOSAL = {
    f"demand:{name}"
    for name in ("proposal", "write", "take_proposed", "correct", "number", "scan", "step", "pdf")
}
_OF_AN_INSPECTION = {f"inspection:{name}" for name in ("round", "add_body", "close")}
_OF_A_VISIT = {
    f"inspection:{name}" for name in ("visit", "write_visit", "number", "scan", "visit_step", "pdf")
}
_OF_A_FINDING = {"inspection:finding", "inspection:finding_step"}
_OF_A_REPLY = {
    "orgmerge:reply",
    "orgmerge:reply_import",
    "orgmerge:reply_report",
    "orgmerge:reply_sheet",
    "orgmerge:send_reply",
}
_OF_AN_ASKED_OFFICE = {
    "orgmerge:invitation",
    "orgmerge:answer_invitation",
    "orgmerge:part",
    "orgmerge:plan_word",
}
_OF_AN_ALARM = {"usage:alarm", "usage:close_alarm", "usage:explain_alarm"}
_OF_A_PUBLIC_CERTIFICATE = {"usage:end_public", "usage:public_one", "usage:replace_public"}
_OF_A_SUBSCRIBER = {"agencies:subscriber", "agencies:reveal"}
_OF_A_SHIPMENT = {"devices:shipment", "devices:receive"}
_OF_A_STOCKTAKING = {
    "devices:stocktaking",
    "devices:stocktaking_minutes",
    "devices:stocktaking_step",
}


def kwargs_of(route: str, names: list[str], side: Side) -> dict[str, object]:
    """Return what the path of ``route`` takes, out of what belongs to ``side``."""
    known: dict[str, Callable[[], object]] = {
        "uuid": lambda: (_inspected if route.startswith("inspection:") else _thing_of)(route, side),
        "code": lambda: "mau_01_person" if route == "api:kind" else _thing_of(route, side),
        "row": lambda: side.dossier.items.get().uuid,
        "row_uuid": lambda: side.dossier.items.get().uuid,
        "attachment_uuid": lambda: side.attachment.uuid,
        "document_uuid": lambda: side.event_document.uuid,
        "paper_uuid": lambda: side.paper.uuid,
        "token": lambda: uuid.UUID(int=0),  # no sheet is parked
        "day": lambda: DAY_OFF,
        "kind": lambda: "bodies" if route.startswith("orgmerge:") else "mau_01_person",
        "name": lambda: "ho-so" if route.startswith("reports:") else "chung-thu",
        "subject": lambda: "ho-so",
        "measure": lambda: "sent",
        "check": lambda: "hai-chung-thu",
        "form": lambda: "json",
        "slug": lambda: "bai-cua-so" if route.startswith("support:") else "van-thu",
        "file": lambda: side.delivery.files.get().uuid,
        "file_uuid": lambda: EntryFile.objects.get(entry__question=side.question).uuid,
        "body_code": lambda: side.merger.bodies.get().uuid,
        "record_code": lambda: side.merger.handovers.get().uuid,
        "list_code": lambda: side.merger.lists.get().uuid,
        "number": lambda: 1,
        "encoded": lambda: "AAAA",
        "ca": lambda: "issuing",
        "signed_by": lambda: "root",
        "annex": lambda: side.merger.plans.get().annexes.get().uuid,
        "about": lambda: "don-vi",
        "thing": lambda: side.merger.bodies.get().uuid,
    }
    return {name: known[name]() for name in names}


def _thing_of(route: str, side: Side) -> uuid.UUID:
    """Return the UUID of what a route is about."""
    if route in _OF_A_DRAFT:
        return side.draft.uuid
    if route in _OF_A_GRANT:
        return side.grant.uuid
    if route in _OF_A_SUBSCRIBER:
        return side.subscriber.uuid
    if route in _OF_A_SHIPMENT:
        return side.shipment.uuid
    if route.startswith("api:certificate"):
        return side.certificate.uuid
    special = {
        **dict.fromkeys(_OF_A_REPORT, side.report.uuid),
        **dict.fromkeys(_OF_A_DEMAND_ROUND, side.demand_round.uuid),
        **dict.fromkeys(_OF_A_DEMAND_PROPOSAL, side.demand_proposal.uuid),
        "agencies:end_signer": side.agency.signers.get().uuid,
        "api:device": side.device.uuid,
        "devices:send": side.agency.uuid,
        "devices:office_return": side.office.uuid,
        **dict.fromkeys(_OF_A_STOCKTAKING, Stocktaking.objects.get(agency=side.agency).uuid),
        "requests_app:start_from_certificate": side.certificate.uuid,
        "requests_app:start_from_device": side.device.uuid,
        "requests_app:end_rule": RoutingRule.objects.order_by("pk").values_list("uuid", flat=True)[
            0
        ],
        "notices:send_again": side.mail.uuid,
        "requests_app:withdraw_mandate": side.mandate.uuid,
        "proceedings:notice": side.proceedings.uuid,
        "support:picture": ArticlePicture.objects.get(article__owner=side.office).uuid,
        "usage:body": side.agency.uuid,
        "usage:certificate": side.certificate.uuid,
        **dict.fromkeys(_OF_A_CHANGE, side.change.uuid),
        **dict.fromkeys(_OF_AN_ALARM, side.alarm.uuid),
        **dict.fromkeys(_OF_A_PUBLIC_CERTIFICATE, side.public.uuid),
        **dict.fromkeys(_OF_AN_OFFICIAL_PAPER, side.official_paper.uuid),
        **dict.fromkeys(_OF_A_COVERING_LETTER, side.covering_letter.uuid),
        **dict.fromkeys(_OF_A_REPLY, side.merger.rounds.get().replies.get().uuid),
        **dict.fromkeys(_OF_AN_ASKED_OFFICE, side.asked.uuid),
        **dict.fromkeys(_OF_A_PROPOSAL, RoutingProposal.objects.get().uuid),
    }
    by_app = {
        "accounts": side.people[Role.CLERK].uuid,
        "agencies": side.agency.uuid,
        "ca": side.certificate.uuid,
        "devices": side.device.uuid,
        "estate": side.delivery.uuid,
        "notices": side.notice.uuid,
        "orgmerge": side.merger.uuid,
        "proceedings": side.proceedings.request.uuid,
        "support": side.question.uuid,
        "usage": side.system.uuid,
    }
    app = route.partition(":")[0]
    return special.get(route) or by_app.get(app) or side.dossier.uuid


def _inspected(route: str, side: Side) -> uuid.UUID:
    found: Any = side.assessment
    if route in _OF_AN_INSPECTION:
        found = side.assessment.round
    elif route in _OF_A_VISIT:
        found = side.assessment.visits.get()
    elif route in _OF_A_FINDING:
        found = side.assessment.findings.get()
    elif route in {"inspection:item", "inspection:retire"}:
        found = ChecklistItem.objects.get(office=side.office)
    elif route == "inspection:decide":
        found = ConductProposal.objects.get(agency=side.agency)
    elif route == "inspection:evidence":
        found = Evidence.objects.get(answer__assessment=side.assessment)
    uuid_of: uuid.UUID = found.uuid
    return uuid_of


def routes(patterns: list[URLPattern | URLResolver], space: str = "") -> dict[str, list[str]]:
    """Return the name of every route with the names of what its path takes."""
    found: dict[str, list[str]] = {}
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            found |= routes(pattern.url_patterns, inner)
        else:
            assert pattern.name, f"a route without a name: {pattern}"
            found[f"{space}{pattern.name}"] = list(pattern.pattern.converters)
    return found
