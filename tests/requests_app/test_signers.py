"""A letter goes to one of the body's signers: their block, their account, their certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from portal.accounts.models import User
from portal.agencies.facts import SignerFacts
from portal.agencies.models import Signer
from portal.agencies.services import add_signer, end_signer
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.documents import services as documents
from portal.documents.verification import SignatureReport
from portal.notices.models import Notice
from requests_app.covering_letters.services import make_letter
from requests_app.covering_letters.steps import COVERING_LETTERS
from requests_app.drafts.services import save_letter
from requests_app.letter_workflow import LetterAction
from requests_app.models import Dossier, SigningMode
from requests_app.signatures import batch_signing
from requests_app.steps.engine import allowed_steps
from requests_app.submission.signing_mode import signing_mode
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]
HEAD = SignerFacts(name="Lò Văn Chủ", form="head", title="CHỦ TỊCH", valid_from=date(2026, 1, 1))
DEPUTY = replace(HEAD, name="Vàng Thị Phó", form="deputy", title="PHÓ CHỦ TỊCH", document="TB 5")


class Desk:
    """A body whose chairman and deputy each have an account and a certificate."""

    def __init__(self) -> None:
        self.people = story.able_to_sign(story.cast())
        agency = self.people.agency
        agency.versions.update(signs_for="TM. ỦY BAN NHÂN DÂN")
        person = builders.person("Vàng Thị Phó", at=agency)
        self.second: User = builders.user(Role.HEAD, agency=agency, person=person, name=person.name)
        story.give_certificate(person)
        self.head = self.record(replace(HEAD, person=self.people.head.person))
        self.deputy = self.record(replace(DEPUTY, person=person))

    def record(self, facts: SignerFacts) -> Signer:
        return add_signer(self.people.agency, facts, actor=None, now=NOW)

    def drafted(self, signer: Signer | None = None) -> Dossier:
        dossier = story.drafted(self.people)
        save_letter(
            dossier,
            letter_number=dossier.letter_number,
            letter_date=dossier.letter_date,
            contact=dossier.contact,
            note="",
            signer=signer,
            actor=self.people.clerk,
            now=NOW,
            version=dossier.version,
        )
        return dossier

    def presented(self, signer: Signer | None = None) -> Dossier:
        return story.step(self.drafted(signer), Action.REQUEST_SIGNATURE, self.people.clerk)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def text_of(dossier: Dossier) -> str:
    assert dossier.letter is not None
    pages = PdfReader(BytesIO(documents.read(dossier.letter))).pages
    return "\n".join(page.extract_text() for page in pages)


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [one.code for one in refused.value.violations]


def reports(dossier: Dossier) -> list[SignatureReport]:
    assert dossier.signed_letter is not None
    return documents.signatures_on(documents.read(dossier.signed_letter), now=NOW)


@pytest.mark.paper
def test_a_deputy_signs_for_the_chairman_with_their_own_certificate(desk: Desk) -> None:
    dossier = desk.presented(desk.deputy)
    chairman = desk.people.head

    assert (dossier.signer, dossier.signing_mode) == (desk.deputy, SigningMode.DIGITAL)
    printed = text_of(dossier)
    places = [printed.index(one) for one in ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Vàng Thị Phó")]
    assert places == sorted(places)
    assert "Lò Văn Chủ" not in printed

    clerk = Client()
    clerk.force_login(desk.people.clerk)
    page = clerk.get(reverse("requests_app:detail", args=[dossier.uuid])).content.decode()
    assert f"{desk.second.full_name} (" in page
    assert f"{chairman.full_name} (" not in page
    told = set(Notice.objects.filter(target_uuid=dossier.uuid).values_list("recipient", flat=True))
    assert desk.second.pk in told
    assert chairman.pk not in told
    assert Action.SIGN not in {step.action for step in allowed_steps(dossier, chairman)}
    assert not Dossier.objects.workable_by(chairman).exists()
    assert not batch_signing.waiting_for(chairman).exists()
    with pytest.raises(Refused) as refused:
        story.step(dossier, Action.SIGN, chairman, pin=story.PIN)
    assert codes(refused) == ["not_the_signer"]

    story.step(dossier, Action.SIGN, desk.second, pin=story.PIN)
    story.step(dossier, Action.SEAL, desk.people.clerk, pin=story.PIN)
    assert [one.problems for one in reports(dossier)] == [(), ()]


def test_nobody_chosen_leaves_it_to_the_head(desk: Desk) -> None:
    dossier = desk.presented()

    assert dossier.signer == desk.head
    assert not Dossier.objects.workable_by(desk.second).exists()
    story.step(dossier, Action.SIGN, desk.people.head, pin=story.PIN)


def test_who_drafted_does_not_sign_as_a_deputy_either(desk: Desk) -> None:
    desk.people.clerk.person = desk.second.person
    desk.people.clerk.save()

    with pytest.raises(Refused) as refused:
        desk.presented(desk.deputy)

    assert codes(refused) == ["signer_drafted"]


def test_an_authority_that_ends_or_does_not_name_the_form_signs_nothing(desk: Desk) -> None:
    order = replace(
        DEPUTY, name="Tẩn A Văn", form="by_order", title="CHÁNH VĂN PHÒNG", papers=("06",)
    )
    by_order = desk.record(order)
    with pytest.raises(Refused) as refused:
        desk.presented(by_order)  # Mẫu 01
    assert codes(refused) == ["signer_without_authority"]

    dossier = desk.presented(desk.deputy)
    end_signer(desk.deputy, on=TODAY, actor=None, now=NOW)
    with pytest.raises(Refused) as refused:
        story.step(dossier, Action.SIGN, desk.second, pin=story.PIN)
    assert codes(refused) == ["signer_without_authority"]

    end_signer(desk.head, on=TODAY, actor=None, now=NOW)
    with pytest.raises(Refused) as refused:
        desk.presented()
    assert "no_signer" in codes(refused)


@pytest.mark.paper
def test_a_signer_without_an_account_signs_in_ink(desk: Desk) -> None:
    elder = desk.record(replace(DEPUTY, name="Hoàng Văn Già"))

    mode, why = signing_mode(desk.people.agency, signer=elder, now=NOW)
    assert mode == SigningMode.INK
    assert "Hoàng Văn Già" in why
    dossier = desk.presented(elder)
    story.scan(dossier, desk.people.clerk)
    story.step(dossier, Action.SIGN, desk.people.head)  # confirms what was signed on paper
    assert dossier.state == State.AWAITING_SEAL
    assert "Hoàng Văn Già" in text_of(dossier)


def test_who_had_no_authority_that_day_is_found_in_a_signed_letter(desk: Desk) -> None:
    dossier = desk.presented(desk.deputy)
    story.step(dossier, Action.SIGN, desk.second, pin=story.PIN)
    story.step(dossier, Action.SEAL, desk.people.clerk, pin=story.PIN)

    end_signer(desk.deputy, on=desk.deputy.valid_from, actor=None, now=NOW)  # never held

    assert reports(dossier)[0].problems == ("without_authority",)


@pytest.mark.paper
def test_an_offices_covering_letter_goes_to_its_deputy(desk: Desk) -> None:
    people = desk.people
    deputy = add_signer(
        people.officer.agency,
        replace(DEPUTY, title="PHÓ GIÁM ĐỐC", person=people.office_head.person),
        actor=None,
        now=NOW,
    )
    dossier = story.sign_digitally(desk.drafted(), people)
    letter = make_letter(
        Dossier.objects.filter(pk=dossier.pk), actor=people.officer, now=NOW
    ).letter
    letter = COVERING_LETTERS.number(
        letter,
        letter_number="68/SKHCN-CĐS",
        letter_date=TODAY,
        signer=deputy,
        actor=people.officer,
        now=NOW,
        version=letter.version,
    )
    letter = COVERING_LETTERS.take_step(
        letter,
        LetterAction.REQUEST_SIGNATURE,
        actor=people.officer,
        now=NOW,
        version=letter.version,
    )

    assert letter.letter is not None
    assert letter.signer == deputy
    pages = PdfReader(BytesIO(documents.read(letter.letter))).pages
    printed = "\n".join(page.extract_text() for page in pages)
    assert "PHÓ GIÁM ĐỐC" in printed
    assert "KT. CHỦ TỊCH" in printed  # the head's office is the register's


def test_the_clerk_chooses_the_signer_beside_number_and_day(desk: Desk, client: Client) -> None:
    dossier = desk.drafted()
    client.force_login(desk.people.clerk)
    page = reverse("requests_app:letter_data", args=[dossier.uuid])
    form = client.get(page).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}

    assert sent["signer"] == ""
    client.post(page, sent | {"signer": str(desk.deputy.uuid), "do": "check"})

    dossier.refresh_from_db()
    assert dossier.signer == desk.deputy
    check = client.get(reverse("requests_app:check", args=[dossier.uuid]))
    assert check.context["signer"] == desk.deputy
    assert "Vàng Thị Phó – PHÓ CHỦ TỊCH" in check.text
