"""Taking steps on pages: what is shown first, what comes after, what happens when it can't be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.ca.register import services as ca_services
from portal.ca.tokens import services as tokens
from requests_app.drafts.services import create_draft
from requests_app.models import Dossier, DossierEvent, ReturnReason, SigningMode
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.django_db

PIN = "Thu-2026"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


def page(name: str, dossier: Dossier) -> str:
    return reverse(f"requests_app:{name}", args=[dossier.uuid])


def form(dossier: Dossier, action: Action, **more: str) -> dict[str, str]:
    return {"action": action, "version": str(dossier.version), **more}


def last(dossier: Dossier) -> DossierEvent:
    event = dossier.events.last()
    assert event is not None
    return event


def key_in_hand(user: User) -> None:
    """Give ``user`` a certificate whose key opens with PIN."""
    user.person = builders.person(at=user.agency)
    user.save()
    key = ca_services.make_keys("soft", 1, now=builders.NOW)[0]
    tokens.set_first_pin(key, PIN, now=builders.NOW)
    builders.certificate(subscriber=user.person, key_pair=key)


def test_the_check_page_lists_what_is_missing_and_refuses_until_it_is_there(
    client: Client,
) -> None:
    people = story.cast()
    dossier = create_draft("mau_01_person", actor=people.clerk, now=builders.NOW)
    client.force_login(people.clerk)

    shown = client.get(page("check", dossier)).text
    for code in ("no_letter_number", "no_letter_date", "no_rows"):
        assert f'data-code="{code}"' in shown

    answer = client.post(page("check", dossier), form(dossier, Action.REQUEST_SIGNATURE))
    assert answer.status_code == 200
    assert "data-focus" in answer.text
    dossier.refresh_from_db()
    assert dossier.state == State.DRAFT


def test_a_right_draft_goes_to_the_head_and_the_page_says_what_happens_next(
    client: Client,
) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)

    answer = client.post(
        page("check", dossier), form(dossier, Action.REQUEST_SIGNATURE), follow=True
    )

    assert answer.redirect_chain == [(page("done", dossier), 302)]
    assert "Đang chờ lãnh đạo" in answer.text
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE


def test_signed_in_ink_the_head_confirms_the_scan_and_the_clerk_sends(client: Client) -> None:
    people = story.cast()
    dossier = story.step(story.drafted(people), Action.REQUEST_SIGNATURE, people.clerk)
    client.force_login(people.head)

    early = client.post(page("sign", dossier), form(dossier, Action.SIGN))
    assert 'data-code="no_signed_scan"' in early.text

    story.scan(dossier, people.clerk)
    assert 'name="pin"' not in client.get(page("sign", dossier)).text
    client.post(page("sign", dossier), form(dossier, Action.SIGN))
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SEAL

    client.force_login(people.clerk)
    client.post(page("sign", dossier), form(dossier, Action.SEAL))
    dossier.refresh_from_db()
    assert (dossier.state, dossier.received_on) == (State.SUBMITTED, builders.TODAY)


@pytest.mark.usefixtures("ca")
def test_a_wrong_pin_is_counted_said_and_never_shown_again(client: Client) -> None:
    people = story.cast()
    key_in_hand(people.head)
    dossier = story.step(story.drafted(people), Action.REQUEST_SIGNATURE, people.clerk)
    Dossier.objects.filter(pk=dossier.pk).update(signing_mode=SigningMode.DIGITAL)
    client.force_login(people.head)
    assert 'name="pin"' in client.get(page("sign", dossier)).text

    answer = client.post(page("sign", dossier), form(dossier, Action.SIGN, pin="sai-ma-pin"))

    assert answer.status_code == 200
    assert "còn cho thử 9 lần" in answer.text
    assert "sai-ma-pin" not in answer.text
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE


def test_a_stale_form_shows_what_changed_keeps_the_words_and_overwrites_nothing(
    client: Client,
) -> None:
    people = story.cast()
    dossier = story.sent(people)
    old = form(dossier, Action.RETURN, reason="Dòng 1 sai thư điện tử.")
    story.step(dossier, Action.FORWARD, people.officer)
    client.force_login(people.officer)

    answer = client.post(page("take_step", dossier), old)

    assert answer.status_code == 409
    assert "Dòng 1 sai thư điện tử." in answer.text
    assert people.officer.full_name in answer.text
    assert last(dossier).action == Action.FORWARD


def test_a_version_that_grew_is_a_conflict_too(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    client.force_login(people.officer)
    old = form(dossier, Action.FORWARD) | {"version": str(dossier.version - 1)}

    assert client.post(page("take_step", dossier), old).status_code == 409
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED


def test_a_return_without_a_reason_comes_back_open_and_with_one_goes(client: Client) -> None:
    people = story.cast()
    ReturnReason.objects.create(code="mail", text="Không phải thư công vụ.")
    dossier = story.sent(people)
    client.force_login(people.officer)

    answer = client.post(page("take_step", dossier), form(dossier, Action.RETURN))
    assert 'data-code="no_reason"' in answer.text
    assert '<details class="action" open>' in answer.text

    answer = client.post(
        page("take_step", dossier), form(dossier, Action.RETURN, reason_code="mail"), follow=True
    )
    assert answer.status_code == 200
    assert (last(dossier).reason_code, last(dossier).reason) == ("mail", "Không phải thư công vụ.")


def test_what_was_typed_is_still_there_when_the_form_comes_back(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    client.force_login(people.officer)
    too_long = "Sai tên đơn vị. " * 200

    answer = client.post(page("take_step", dossier), form(dossier, Action.RETURN, reason=too_long))

    assert too_long.strip() in answer.text
    assert "field-invalid" in answer.text


def test_a_step_that_was_never_open_is_a_conflict_and_does_nothing(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    client.force_login(people.clerk)

    answer = client.post(page("take_step", dossier), form(dossier, Action.CONFIRM))

    assert answer.status_code == 409
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED


def test_who_drafted_under_another_account_is_told_why_they_can_not_sign(client: Client) -> None:
    people = story.cast()
    person = builders.person(at=people.agency)
    for user in (people.clerk, people.head):
        user.person = person
        user.save()
    dossier = story.step(story.drafted(people), Action.REQUEST_SIGNATURE, people.clerk)
    client.force_login(people.head)

    shown = client.get(page("detail", dossier)).text
    assert "phải do người khác thực hiện" in shown
    assert page("sign", dossier) not in shown

    answer = client.post(page("take_step", dossier), form(dossier, Action.SIGN))
    assert "phải do người khác" in answer.text
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE


def test_a_dossier_that_leaves_the_desk_leads_home(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.FORWARD, people.officer)
    client.force_login(people.operator)
    data = form(dossier, Action.RETURN, reason="Thiếu xác nhận.")

    answer = client.post(page("take_step", dossier), data, follow=True)

    assert answer.redirect_chain == [("/", 302)]
    assert "Đã trả lại để hoàn thiện" in answer.text


def test_another_agencys_post_finds_nothing(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    client.force_login(story.cast().officer)

    for name in ("take_step", "review", "decide_rows", "accept_all", "attach"):
        assert client.post(page(name, dossier), form(dossier, Action.FORWARD)).status_code == 404
