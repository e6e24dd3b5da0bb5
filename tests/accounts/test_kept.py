"""A form whose session has ended is kept through signing in, for its account alone."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from devices.pins.forms import ChangePinForm, PinForm
from portal.accounts.forms import NewPasswordForm, PasswordChangeForm, SignInForm
from portal.accounts.models import User
from portal.core.roles import Role
from portal.core.web.typed import is_secret
from requests_app.drafts.services import create_draft, import_rows
from requests_app.models import Dossier
from tests import builders
from tests.builders import NOW, PASSWORD, person_answers

pytestmark = pytest.mark.django_db
LOGIN = reverse("accounts:login")
KEPT = reverse("accounts:kept")
LATER = NOW + timedelta(hours=2)
ELSEWHERE = "https://la.example/"


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def clerk() -> User:
    office = builders.office()
    builders.routing(office=office)
    return builders.user(Role.CLERK, agency=builders.agency(office=office))


@pytest.fixture
def draft(clerk: User) -> Dossier:
    draft = create_draft("mau_01_person", actor=clerk, now=NOW)
    import_rows(draft, [person_answers(1)], actor=clerk, now=NOW, version=draft.version)
    return draft


def fields_of(page: Any) -> dict[str, str]:
    """Return the hidden fields of the page's main part as a browser sends them."""
    main = page.text.partition("<main")[2]
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', main)
    areas = re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', main, re.DOTALL)
    return {name: unescape(value) for name, value in [*inputs, *areas]}


def sign_in(browser: Client, user: User, page: Any = None) -> Any:
    """Sign in at the page shown, or at a new one."""
    typed = {"username": user.username, "password": PASSWORD}
    return browser.post(LOGIN, fields_of(page or browser.get(LOGIN)) | typed)


def opened(browser: Client, user: User, place: str) -> dict[str, str]:
    with time_machine.travel(NOW, tick=False):
        sign_in(browser, user)
        return fields_of(browser.get(place))


def editor_of(draft: Dossier) -> str:
    return reverse("requests_app:editor", args=[draft.uuid])


def cell_of(draft: Dossier) -> str:
    return f"{draft.items.get().uuid}:position"


@time_machine.travel(LATER, tick=False)
def test_what_was_typed_comes_through_signing_in_and_is_saved(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place) | {cell_of(draft): "Văn thư mới", "do": "letter"}

    asked = browser.post(place, typed, headers={"referer": f"http://testserver{place}?page=1"})
    assert asked.status_code == 403
    assert "Văn thư mới" not in asked.text
    assert fields_of(asked)["next"] == f"{place}?page=1"
    wrong = browser.post(LOGIN, fields_of(asked) | {"username": clerk.username, "password": "sai"})
    led = sign_in(browser, clerk, wrong)
    assert led["Location"] == KEPT
    shown = browser.get(KEPT)
    assert fields_of(shown)[cell_of(draft)] == "Văn thư mới"
    sent = browser.post(place, fields_of(shown))

    assert sent["Location"] == reverse("requests_app:letter_data", args=[draft.uuid])
    assert draft.items.get().answers["position"] == "Văn thư mới"
    assert browser.get(KEPT)["Location"] == "/"


@time_machine.travel(LATER, tick=False)
def test_another_account_gets_nothing_of_it(browser: Client, clerk: User, draft: Dossier) -> None:
    other = builders.user(Role.CLERK, agency=clerk.agency)
    place = editor_of(draft)
    typed = opened(browser, clerk, place) | {cell_of(draft): "Văn thư mới"}

    led = sign_in(browser, other, browser.post(place, typed))

    assert led["Location"] == "/"
    assert browser.get(KEPT)["Location"] == "/"
    stale = browser.post(place, typed)  # the first one's page, still open beside
    assert stale.status_code == 403
    assert "Văn thư mới" not in stale.text
    assert draft.items.get().answers["position"] != "Văn thư mới"


@time_machine.travel(NOW, tick=False)
def test_a_page_from_before_signing_in_again_is_sent_with_one_press(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place) | {cell_of(draft): "Văn thư mới", "do": "save"}
    browser.cookies.pop("sessionid")  # the session is over, another window signs in
    sign_in(browser, clerk)

    stale = browser.post(place, typed)
    assert stale.status_code == 403
    browser.post(place, fields_of(stale))

    assert draft.items.get().answers["position"] == "Văn thư mới"


@time_machine.travel(NOW, tick=False)
def test_another_site_can_not_have_its_form_offered(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place) | {cell_of(draft): "Kẻ lạ"}
    for token in (
        "",
        "x" * 64,
        opened(Client(enforce_csrf_checks=True), clerk, place)["csrfmiddlewaretoken"],
    ):
        answer = browser.post(place, typed | {"csrfmiddlewaretoken": token})

        assert answer.status_code == 403
        assert "Kẻ lạ" not in answer.text


@time_machine.travel(LATER, tick=False)
def test_after_signing_in_one_stays_on_our_pages(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place)
    for page in (ELSEWHERE, "http://testserver//la.example/x", "http://testserver.la.example/"):
        asked = browser.post(place, typed, headers={"referer": page})

        assert fields_of(asked)["next"] == place


@time_machine.travel(LATER, tick=False)
def test_secrets_and_files_are_not_kept_and_files_are_named(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place) | {"pin": "12345678", "old": "87654321"}
    file = SimpleUploadedFile("khoa.csr", b"x")

    asked = browser.post(place, typed | {"tep-x": file})
    sign_in(browser, clerk, asked)
    shown = browser.get(KEPT)

    assert "khoa.csr" in asked.text
    assert "khoa.csr" in shown.text
    assert not {"pin", "old", "tep-x"} & set(fields_of(shown))


@time_machine.travel(LATER, tick=False)
def test_a_password_that_must_be_changed_first_does_not_lose_it(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place) | {cell_of(draft): "Văn thư mới"}
    User.objects.update(must_change_password=True)
    sign_in(browser, clerk, browser.post(place, typed))
    change = browser.get(KEPT)["Location"]

    new = "núi cao sông dài 2026"
    choice = {"old_password": PASSWORD, "new_password": new, "repeated": new}
    led = browser.post(change, fields_of(browser.get(change)) | choice)

    assert led["Location"] == KEPT
    assert fields_of(browser.get(KEPT))[cell_of(draft)] == "Văn thư mới"


@time_machine.travel(NOW, tick=False)
def test_signing_out_leaves_nothing_to_be_kept(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place)
    browser.post(reverse("accounts:logout"), typed)

    assert browser.post(place, typed)["Location"] == f"{LOGIN}?next={place}"


@pytest.mark.parametrize(
    "form", [SignInForm, NewPasswordForm, PasswordChangeForm, PinForm, ChangePinForm]
)
def test_every_secret_of_a_form_has_a_name_that_is_known_for_one(form: type[forms.Form]) -> None:
    secrets = {
        name
        for name, field in form.base_fields.items()
        if isinstance(field.widget, forms.PasswordInput)
    }

    assert secrets
    assert {name for name in secrets if not is_secret(name)} == set()


# By script, over the page


def in_place(browser: Client, user: User, password: str = PASSWORD) -> Any:
    token = browser.get(reverse("accounts:session")).json()["token"]
    return browser.post(
        LOGIN,
        {"username": user.username, "password": password},
        headers={"accept": "application/json", "x-csrftoken": token},
    )


@time_machine.travel(NOW, tick=False)
def test_the_dialog_signs_in_as_the_page_does_and_tries_run_out_alike(
    browser: Client, clerk: User
) -> None:
    for left in (4, 3, 2, 1):
        refused = in_place(browser, clerk, "sai")
        assert refused.status_code == 400
        assert str(left) in refused.json()["errors"][0]
    in_place(browser, clerk, "sai")

    assert in_place(browser, clerk).status_code == 400
    assert browser.get(reverse("accounts:session")).json()["account"] == ""


def test_the_dialog_begins_a_session_anew_when_one_is_about_to_end(
    browser: Client, clerk: User
) -> None:
    with time_machine.travel(NOW, tick=False):
        in_place(browser, clerk)
    with time_machine.travel(NOW + timedelta(minutes=58), tick=False):
        state = in_place(browser, clerk).json()

    assert (state["account"], state["left"], state["most"]) == (str(clerk.uuid), 3600, 8 * 3600)


def test_asking_how_long_a_session_lasts_does_not_prolong_it_and_a_post_does(
    browser: Client, clerk: User
) -> None:
    state = reverse("accounts:session")
    with time_machine.travel(NOW, tick=False):
        in_place(browser, clerk)
    with time_machine.travel(NOW + timedelta(minutes=50), tick=False):
        asked = [browser.get(state).json() for _time in range(2)]
        token = asked[0]["token"]
        kept = browser.post(state, headers={"x-csrftoken": token}).json()
    with time_machine.travel(NOW + timedelta(minutes=111), tick=False):
        over = browser.post(state, headers={"x-csrftoken": token}).json()

    assert [one["left"] for one in asked] == [600, 600]
    assert kept["left"] == 3600
    assert over["account"] == ""


@time_machine.travel(LATER, tick=False)
def test_a_script_that_saves_is_told_that_the_session_is_over_or_another(
    browser: Client, clerk: User, draft: Dossier
) -> None:
    place = editor_of(draft)
    typed = opened(browser, clerk, place)
    json = {"accept": "application/json"}

    over = browser.post(place, typed, headers=json)
    sign_in(browser, clerk)
    stale = browser.post(place, typed, headers=json)

    assert (over.status_code, over.json()) == (401, {"signed_out": True})
    assert (stale.status_code, stale.json()) == (403, {"stale": True})
