"""Names longer than a certificate lets them be: printed whole, in short once, never a stop."""

from __future__ import annotations

import pytest

from portal.agencies.facts import NameForms
from portal.agencies.models import Agency
from portal.agencies.services import settle_names
from portal.ca.models import Certificate
from portal.ca.pki.names import subject_of
from portal.core.rules import Refused
from requests_app.drafts.questions import Answer, answer_questions
from requests_app.models import Dossier, DossierItem
from requests_app.submission.checks import (
    checks,
    questions_of,
    row_findings,
    violations_before_signing,
)
from tests import builders, story
from tests.builders import NOW, person_answers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]
SCHOOL = (
    "TRƯỜNG PHỔ THÔNG DÂN TỘC BÁN TRÚ TIỂU HỌC VÀ TRUNG HỌC CƠ SỞ SỐ 2 XÃ TÂN UYÊN HUYỆN TÂN UYÊN"
)


@pytest.fixture
def people() -> story.Cast:
    return story.cast()


@pytest.fixture
def school(people: story.Cast) -> Agency:
    return builders.agency(SCHOOL, parent=people.agency, office=people.agency.office)


def of_the_school(people: story.Cast) -> Dossier:
    return story.draft_of(people, "mau_01_person", [person_answers(1, org3=SCHOOL, storage="rssp")])


def codes(dossier: Dossier) -> list[str]:
    return [one.code for one in violations_before_signing(dossier, now=NOW)]


def answer(dossier: Dossier, people: story.Cast, said: Answer) -> None:
    (asked,) = questions_of(dossier, row_findings(dossier, now=NOW))
    assert asked.code == "name_over_64"
    answer_questions(
        dossier, {asked.key: said}, actor=people.clerk, now=NOW, version=dossier.version
    )
    dossier.refresh_from_db()


def levels_of(certificate: Certificate | None) -> tuple[str, ...]:
    assert certificate is not None
    return subject_of(bytes(certificate.der)).organisation_levels


def issued(dossier: Dossier, people: story.Cast) -> DossierItem:
    return story.carried_out(dossier, people).items.get()


def test_the_proposal_is_taken_by_a_person_and_the_row_keeps_the_whole_name(
    people: story.Cast, school: Agency
) -> None:
    dossier = of_the_school(people)
    assert codes(dossier) == ["question_open"]

    answer(dossier, people, Answer(takes=True))

    item = issued(dossier, people)
    assert item.answers["org3"] == SCHOOL
    assert (
        levels_of(item.result)[2]
        == "TRƯỜNG PTDTBT TIỂU HỌC VÀ THCS SỐ 2 XÃ TÂN UYÊN HUYỆN TÂN UYÊN"
    )


def test_another_short_form_is_chosen_once_for_the_letters_to_come(
    people: story.Cast, school: Agency
) -> None:
    first = of_the_school(people)
    with pytest.raises(Refused):
        answer(first, people, Answer(words="A" * 65))
    answer(first, people, Answer(words="TRƯỜNG PTDTBT SỐ 2 TÂN UYÊN"))

    later = story.draft_of(
        people, "mau_01_person", [person_answers(2, org3=SCHOOL, storage="rssp")]
    )

    assert codes(later) == []
    assert levels_of(issued(later, people).result)[2] == "TRƯỜNG PTDTBT SỐ 2 TÂN UYÊN"


def test_what_the_register_chose_stands_in_the_certificate_and_the_ca_reads_it(
    people: story.Cast, school: Agency
) -> None:
    forms = NameForms(name=SCHOOL, capital_name=SCHOOL, certificate_name="PTDTBT SỐ 2 TÂN UYÊN")
    settle_names(school.versions.get(), forms, actor=None, now=NOW)
    dossier = of_the_school(people)
    assert codes(dossier) == []
    looks = [one.message for one in checks(dossier, reader=people.operator, now=NOW)]
    assert any("PTDTBT SỐ 2 TÂN UYÊN" in message for message in looks)

    assert levels_of(issued(dossier, people).result)[2] == "PTDTBT SỐ 2 TÂN UYÊN"


def test_a_body_with_a_long_name_gets_its_own_certificate_and_renews_it(
    people: story.Cast, school: Agency
) -> None:
    answers = {
        "name": SCHOOL,
        "address": "Bản Thử",
        "tax_code": "0100233488",
        "province": "Lai Châu",
        "email": "truong@laichau.gov.vn",
        "storage": "rssp",
    }
    dossier = story.draft_of(people, "mau_02_organisation", [answers])
    answer(dossier, people, Answer(takes=True))

    certificate = issued(dossier, people).result

    assert certificate is not None
    assert len(certificate.common_name) <= 64
    assert certificate.subscriber.organisation == school
    assert certificate.subscriber.name == SCHOOL


def test_a_name_typed_otherwise_stands_in_a_certificate_as_registered(people: story.Cast) -> None:
    row = person_answers(1, org2="ủy ban nhân dân xã tân uyên", storage="rssp")
    dossier = story.draft_of(people, "mau_01_person", [row])

    item = issued(dossier, people)

    assert levels_of(item.result)[1] == builders.COMMUNE
