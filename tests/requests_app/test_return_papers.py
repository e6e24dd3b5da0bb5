"""The papers of Mẫu 08: the minutes both sides sign, the receipt of the receiving side."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from portal.ca.models import Certificate
from portal.ca.tokens import services as tokens
from portal.core.rules import Refused
from portal.core.text.names import in_proper_letters
from portal.documents import services as documents
from portal.documents.models import Document
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.models import DeliveredPaper, Dossier
from requests_app.submission.letter_content import letter_of
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.builders import NOW
from tests.requests_app import returns

pytestmark = pytest.mark.django_db
needs_pdfsig = pytest.mark.skipif(not shutil.which("pdfsig"), reason="no poppler at hand")


def words(document: Document) -> str:
    pages = PdfReader(BytesIO(documents.read(document))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def receipt_of(dossier: Dossier) -> DeliveredPaper:
    return dossier.delivered_papers.get(kind=DeliveredPaper.Kind.RECEIPT)


def test_minutes_are_a_named_document_of_two_parties() -> None:
    people = returns.cast(Route.OFFICE_MINUTES)
    dossier = returns.drafted(people, returns.at_agency(people, 2))
    dossier.contact = dossier.contact | {"receiver_name": "Hoàng Thị Sen"}

    letter = letter_of(dossier, list(dossier.items.all()))

    assert letter.kind_of_document == "BIÊN BẢN"
    assert letter.addressees == []
    assert [party.label for party in letter.parties] == ["ĐẠI DIỆN BÊN GIAO", "ĐẠI DIỆN BÊN NHẬN"]
    giver, receiver = letter.parties
    assert giver.is_issuer
    assert giver.name == people.head.full_name
    assert receiver.name == "Hoàng Thị Sen"
    assert letter.recipients[0] == f"{in_proper_letters(dossier.addressee.name)};"
    assert "Trân trọng" not in letter.closing
    assert letter.footnote == ""
    assert "tự thiết kế" in letter.layout_note
    assert [row[6] for row in letter.rows] == ["Hết hạn sử dụng"] * 2


@pytest.mark.paper
def test_the_receipt_names_what_differs_who_confirmed_and_when() -> None:
    people = returns.cast(Route.OFFICE_MINUTES)
    dossier = returns.sent(people, returns.at_agency(people, 3))
    first, _second, third = dossier.items.all()
    returns.look_at_all(dossier, people, missing=1)
    decide_rows(
        dossier,
        {first.uuid: RowDecision("accepted", "Nắp nứt")},
        actor=people.officer,
        now=NOW,
        version=dossier.version,
    )

    story.step(dossier, Action.TAKE_SOME, people.officer)

    text = words(receipt_of(dossier).document)
    assert "đã nhận 2 trên 3 thiết bị" in text
    assert f"{first.answers['device_serial']} {first.title} Đã nhận Nắp nứt" in text
    assert f"{third.answers['device_serial']} {third.title} Không nhận Không có trong túi" in text
    assert people.officer.full_name in text
    assert "Chuyên viên Sở KH&CN" in text
    assert "lúc 09:00 ngày 20/11/2026" in text
    assert "không kèm chữ ký số" in text
    assert dossier.addressee.name.upper().replace("\n", " ") in text


@pytest.mark.paper
def test_a_receipt_without_differences_says_so() -> None:
    people = returns.cast()
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people)), people)

    story.step(dossier, Action.TAKE_ALL, people.operator)

    paper = receipt_of(dossier)
    assert "không có khác biệt" in words(paper.document)
    assert paper.delivered_at == NOW
    assert dossier.events.get(action=Action.TAKE_ALL).document == paper.document


def able_to_sign(people: story.Cast) -> Certificate:
    """Give the operator a personal certificate on a token."""
    people.operator.person = builders.person("Vàng Thị Nhận", at=builders.ca())
    people.operator.save()
    return story.give_certificate(people.operator.person)


@pytest.mark.paper
@needs_pdfsig
@pytest.mark.usefixtures("ca")
def test_the_receiver_signs_the_receipt_with_a_pin(tmp_path: Path) -> None:
    people = returns.cast()
    certificate = able_to_sign(people)
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people)), people)

    story.step(dossier, Action.TAKE_ALL, people.operator, pin=story.PIN)

    document = receipt_of(dossier).document
    assert document.original is not None
    signature = document.original.signatures.get()
    assert (signature.signed_by, signature.certificate) == (people.operator, certificate)
    path = tmp_path / "receipt.pdf"
    path.write_bytes(documents.read(document))
    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert said.count("Signature is Valid") == 1
    assert "Total document signed" in said
    assert "không kèm chữ ký số" not in words(document)


@pytest.mark.usefixtures("ca")
def test_a_wrong_pin_confirms_nothing() -> None:
    people = returns.cast()
    able_to_sign(people)
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people)), people)

    with pytest.raises(tokens.WrongPin):
        story.step(dossier, Action.TAKE_ALL, people.operator, pin="sai-ma-pin")

    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED
    assert not dossier.delivered_papers.exists()


def test_a_pin_without_a_certificate_is_refused_with_a_way_out() -> None:
    people = returns.cast()
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people)), people)

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.TAKE_ALL, people.operator, pin=story.PIN)

    (violation,) = refusal.value.violations
    assert violation.code == "no_certificate_to_sign"
    assert violation.way_out


@pytest.mark.paper
@needs_pdfsig
@pytest.mark.usefixtures("ca")
def test_both_signatures_of_the_agency_stand_in_the_minutes(tmp_path: Path) -> None:
    people = story.able_to_sign(returns.cast())
    dossier = story.sign_digitally(returns.drafted(people, returns.at_agency(people, 2)), people)
    assert dossier.signed_letter is not None
    path = tmp_path / "minutes.pdf"
    path.write_bytes(documents.read(dossier.signed_letter))

    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=True
    ).stdout

    assert said.count("Signature is Valid") == 2
    assert "Total document signed" in said
    assert "BIÊN BẢN" in words(dossier.signed_letter)


def test_the_file_of_minutes_is_called_minutes() -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))

    assert dossier.letter is not None
    assert dossier.letter.name == "BB-mau-08-12-UBND-VHXH.pdf"
