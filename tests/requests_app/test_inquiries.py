"""A person who comes from another body: the new place is the sender's, the old one is asked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.core.rules import Refused
from portal.core.web.waiting import waiting_for
from portal.notices.models import Notice
from requests_app.inquiries import services as inquiries
from requests_app.models import Dossier, Procedure, TransferInquiry
from requests_app.rules.transfers import former_agency_has_spoken, new_workplace_is_the_senders
from requests_app.submission.checks import second_looks, violations_before_signing
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW
from tests.requests_app.test_renew_change import LEVELS, change

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]
DUE = date(2026, 11, 26)  # 3 working days after Friday 20/11/2026, 24/11 is a holiday


@pytest.fixture
def people() -> story.Cast:
    return story.cast(procedure=Procedure.RENEW_CHANGE)


@pytest.fixture
def before(people: story.Cast) -> story.Cast:
    return story.cast_beside(people)


@pytest.fixture
def sent(people: story.Cast, before: story.Cast) -> Dossier:
    old = story.give_certificate(builders.person("Lò Thị Bình", at=before.agency))
    draft = story.draft_of(people, "mau_04_renew_change", [change(old, **LEVELS)])
    return story.send_in_ink(draft, people)


def confirm(dossier: Dossier, people: story.Cast, *, days: int = 0) -> Dossier:
    dossier = story.decide(dossier, people) if dossier.state == State.SUBMITTED else dossier
    later = NOW + timedelta(days=days)
    return story.step(dossier, Action.CONFIRM, people.supervisor, now=later)


def refused(dossier: Dossier, people: story.Cast, *, days: int = 0) -> list[str]:
    with pytest.raises(Refused) as error:
        confirm(dossier, people, days=days)
    return [one.code for one in error.value.violations]


def test_the_former_agency_is_asked_when_the_letter_leaves(
    sent: Dossier, before: story.Cast
) -> None:
    asked = TransferInquiry.objects.get()

    assert (asked.agency, asked.due_on, asked.answer) == (before.agency, DUE, "")
    assert Notice.objects.filter(
        recipient=before.clerk, path=reverse("requests_app:inquiries")
    ).exists()
    (waiting,) = waiting_for(before.clerk)
    client = Client()
    client.force_login(before.clerk)
    assert [one.uuid for one in client.get(waiting.path).context["page"]] == [asked.uuid]
    inquiries.answer(asked, TransferInquiry.Answer.MOVED, actor=before.clerk, now=NOW)
    assert waiting_for(before.clerk) == []


def test_the_row_waits_for_the_answer_and_goes_on_when_it_is_silent(
    sent: Dossier, people: story.Cast
) -> None:
    assert refused(sent, people) == ["former_agency_asked"]
    assert refused(sent, people, days=6) == ["former_agency_asked"]  # the last day

    assert confirm(sent, people, days=7).state == State.ACCEPTED
    for reader in (people.officer, people.operator):
        looks = second_looks(sent, reader=reader, now=NOW)
        assert any("chưa trả lời" in one.message for one in looks)


def test_what_the_former_agency_says_decides(
    sent: Dossier, people: story.Cast, before: story.Cast
) -> None:
    asked = TransferInquiry.objects.get()
    with pytest.raises(Refused):
        inquiries.answer(asked, "stays", actor=before.clerk, now=NOW)
    with pytest.raises(TransferInquiry.DoesNotExist):
        inquiries.answer(asked, "moved", actor=people.clerk, now=NOW)

    inquiries.answer(asked, "stays", reason="Chưa có quyết định", actor=before.clerk, now=NOW)

    assert refused(sent, people, days=30) == ["former_agency_denies"]
    assert AuditEntry.objects.filter(action="dossier.answer_inquiry").count() == 1


def test_an_answer_is_given_on_the_page_and_once(
    sent: Dossier, people: story.Cast, before: story.Cast
) -> None:
    client, address = Client(), reverse("requests_app:inquiries")
    client.force_login(before.clerk)
    form = {"inquiry": str(TransferInquiry.objects.get().uuid), "answer": "moved"}
    assert "Lò Thị Bình" in client.get(address).text

    assert client.post(address, form).status_code == 302
    assert 'data-code="answered_already"' in client.post(address, form).text

    client.force_login(people.clerk)
    assert "Lò Thị Bình" not in client.get(address).text
    assert client.post(address, form).status_code == 404
    assert confirm(sent, people).state == State.ACCEPTED


def test_a_successor_answers_for_a_body_that_ended(people: story.Cast, before: story.Cast) -> None:
    heir = builders.agency(office=before.officer.agency)
    old = story.give_certificate(builders.person("Lò Thị Bình", at=before.agency))
    builders.succession(before.agency, heir)
    before.agency.dissolved_on = builders.TODAY
    before.agency.save()
    draft = story.draft_of(people, "mau_04_renew_change", [change(old, **LEVELS)])

    story.send_in_ink(draft, people)

    assert TransferInquiry.objects.get().agency == heir


def test_the_new_place_of_work_is_the_senders_own(people: story.Cast, before: story.Cast) -> None:
    old = story.give_certificate(builders.person("Lò Thị Bình", at=before.agency))
    row = change(old, new_org1=LEVELS["new_org1"], new_org2="SỞ Y TẾ TỈNH LAI CHÂU")
    draft = story.draft_of(people, "mau_04_renew_change", [row])

    codes = [one.code for one in violations_before_signing(draft, now=NOW)]

    assert "workplace_not_own" in codes
    assert new_workplace_is_the_senders(True, 1, "Lò Thị Bình") is None


@pytest.mark.parametrize(
    ("answer", "days", "code"),
    [
        ("", 0, "former_agency_asked"),
        ("", 1, None),
        ("moved", 0, None),
        ("stays", 9, "former_agency_denies"),
    ],
)
def test_the_term_ends_with_its_last_day(answer: str, days: int, code: str | None) -> None:
    today = DUE + timedelta(days=days)

    found = former_agency_has_spoken(answer, DUE, today, row=1, name="Lò Thị Bình")

    assert (found.code if found else None) == code
