"""Notices and answers of an office and the CA: drafted, numbered, signed, delivered, dated."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import Settings

from devices.models import Device
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from requests_app.errors import Barred
from requests_app.execution import services as execution
from requests_app.models import DeliveredPaper, Dossier, OfficialPaper, SigningMode
from requests_app.official_papers.steps import OFFICIAL_PAPERS, sign_all, to_sign
from requests_app.paper_workflow import PaperAction, PaperStage
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW, TODAY
from tests.requests_app import revocations

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]
ISSUED = NOW + timedelta(days=3)


@pytest.fixture(autouse=True)
def signed(settings: Settings) -> None:
    settings.SIGNED_PAPERS = True


def numbered(paper: OfficialPaper, people: story.Cast, number: str = "15/CTS") -> OfficialPaper:
    return OFFICIAL_PAPERS.number(
        paper,
        letter_number=number,
        letter_date=TODAY,
        actor=builders.user(Role.CA_OPERATOR),  # the records desk; not who decided
        now=NOW,
        version=paper.version,
    )


def take(
    paper: OfficialPaper, action: PaperAction, people: story.Cast, *, pin: str = ""
) -> OfficialPaper:
    by = people.supervisor if action == PaperAction.SIGN else people.operator
    return OFFICIAL_PAPERS.take_step(
        paper, action, actor=by, now=ISSUED, version=paper.version, pin=pin
    )


def able(people: story.Cast) -> story.Cast:
    """The CA's supervisor signs digitally, and the CA has a certificate of its own."""
    cas = people.supervisor.agency
    story.give_certificate(builders.organisation(cas))
    people.supervisor.person = builders.person("Đặng Văn Ký", at=cas)
    people.supervisor.save()
    story.give_certificate(people.supervisor.person)
    return people


@pytest.mark.paper
def test_a_refusal_is_drafted_numbered_signed_and_delivered(client: Client) -> None:
    people = able(story.cast())
    dossier = refused(people)
    paper = OfficialPaper.objects.get()

    assert (paper.kind, paper.stage, paper.dossier) == ("refusal", PaperStage.DRAFT, dossier)
    assert paper.made_by == people.operator
    assert not dossier.delivered_papers.exists()  # nothing goes out unsigned
    assert not OfficialPaper.objects.visible_to(people.clerk).exists()

    paper = take(numbered(paper, people), PaperAction.REQUEST_SIGNATURE, people)
    assert paper.signing_mode == SigningMode.DIGITAL
    paper = take(paper, PaperAction.SIGN, people, pin=story.PIN)
    paper = take(paper, PaperAction.SEAL, people, pin=story.PIN)

    delivered = dossier.delivered_papers.get()
    assert (delivered.kind, delivered.delivered_at) == (DeliveredPaper.Kind.REFUSAL, ISSUED)
    pdf = documents.read(delivered.document)
    printed = "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert "Số: 15/CTS" in printed
    assert [one.problems for one in documents.signatures_on(pdf, now=ISSUED)] == [(), ()]
    client.force_login(people.clerk)
    assert client.get(reverse("requests_app:official_paper", args=[paper.uuid])).status_code == 200


def refused(people: story.Cast) -> Dossier:
    dossier = story.decided(people, rows=2, refuse=2)
    return story.step(dossier, Action.REJECT, people.supervisor)


def test_who_decided_does_not_sign_and_the_desk_never_signs() -> None:
    people = able(story.cast())
    refused(people)
    paper = take(
        numbered(OfficialPaper.objects.get(), people), PaperAction.REQUEST_SIGNATURE, people
    )
    people.supervisor.person, people.operator.person = None, people.supervisor.person
    people.operator.save()
    paper.edited_by.add(people.supervisor)

    with pytest.raises(Barred):
        take(paper, PaperAction.SIGN, people, pin=story.PIN)


def test_the_return_of_devices_begins_with_the_signed_notice() -> None:
    people = revocations.cast()
    dossier = revocations.confirmed(people, revocations.held(people))
    execution.execute_accepted(now=revocations.SOON)
    dossier.refresh_from_db()
    paper = OfficialPaper.objects.get()
    owed = Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN)

    assert dossier.state == State.COMPLETED  # nothing waits for the paper
    assert paper.kind == DeliveredPaper.Kind.REVOCATION_NOTICE
    assert not owed.exists()

    paper = take(numbered(paper, people), PaperAction.REQUEST_SIGNATURE, people)
    assert paper.signing_mode == SigningMode.INK
    paper = OFFICIAL_PAPERS.attach_scan(
        paper,
        SimpleUploadedFile("ban-quet.pdf", story.blank_pdf()),
        actor=people.operator,
        now=ISSUED,
        version=paper.version,
    )
    paper = take(take(paper, PaperAction.SIGN, people), PaperAction.SEAL, people)

    assert {one.received_on for one in owed} == {ISSUED.date()}  # day 0, Điều 20
    assert dossier.delivered_papers.get().document == paper.scan
    assert Device.objects.exists()


def test_a_days_papers_are_signed_with_one_pin(client: Client) -> None:
    people = able(story.cast())
    for number in (1, 2):
        dossier = refused(people)
        paper = dossier.official_papers.get()
        take(numbered(paper, people, f"0{number}/CTS"), PaperAction.REQUEST_SIGNATURE, people)

    assert len(to_sign(people.supervisor)) == 2
    assert to_sign(people.operator) == []
    chosen = [(one.uuid, one.version) for one in to_sign(people.supervisor)]
    results, refusal = sign_all(chosen, actor=people.supervisor, pin="sai-roi", now=ISSUED)
    assert (results, refusal is not None) == ([], True)

    client.force_login(people.supervisor)
    page = reverse("requests_app:sign_papers")
    assert client.post(page, {"pin": story.PIN, "paper": "x:1"}).context["form"].errors
    ticked = [f"{uuid}:{version}" for uuid, version in chosen]
    found = client.post(page, {"pin": story.PIN, "paper": ticked})
    assert [problem for _paper, problem in found.context["results"]] == ["", ""]
    assert to_sign(people.supervisor) == []


def test_the_register_shows_what_goes_out_what_came_and_what_waits(client: Client) -> None:
    people = able(story.cast())
    refused(people)
    paper = OfficialPaper.objects.get()
    register = reverse("requests_app:official_papers")

    client.force_login(people.operator)
    assert paper.title in client.get(register).text
    assert paper.title in client.get(register, {"cho": "toi"}).text
    form = client.get(reverse("requests_app:official_paper", args=[paper.uuid]))
    assert form.context["is_draft"]
    assert client.get(reverse("requests_app:paper_pdf", args=[paper.uuid])).status_code == 200
    client.force_login(people.clerk)
    assert client.get(reverse("requests_app:official_paper", args=[paper.uuid])).status_code == 404
    assert paper.title not in client.get(register, {"huong": "den"}).text
