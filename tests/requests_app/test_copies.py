"""Who only follows a dossier reads it masked and without papers; nobody reads a correction."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from portal.accounts.models import User
from portal.core.roles import Role
from requests_app import kinds
from requests_app.dossier_pages.visibility import last_sent_letter
from requests_app.drafts.services import save_letter, save_rows
from requests_app.kinds.base import Kind
from requests_app.models import Attachment, Dossier, DossierCopy, DossierItem, RoutingRule
from requests_app.submission import letters
from requests_app.workflow import Action, Route, State, routes_of
from tests import builders, story
from tests.story import Cast

pytestmark = pytest.mark.django_db

NUMBER = "012190000077"


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _follower(dossier: Dossier) -> User:
    body = builders.agency("PHÒNG VĂN HÓA – XÃ HỘI XÃ THỬ", has_seal=False)
    DossierCopy.objects.create(dossier=dossier, agency=body)
    return builders.user(Role.CLERK, agency=body)


def _sent(kind: Kind) -> Dossier:
    """A dossier of any form, sent, whose every personal field holds the same number."""
    dossier = builders.dossier(
        kind=kind.code,
        state=State.SUBMITTED,
        route=min(routes_of(kind.procedure)),
        contact={one.name: NUMBER for one in kind.contact_fields if one.is_personal},
    )
    item = dossier.items.get()
    item.answers = {one.name: NUMBER for one in kind.fields if one.is_personal}
    item.save()
    return dossier


@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=list(kinds.KINDS))
def test_who_follows_sees_no_number_no_paper_and_no_button_of_any_form(kind: Kind) -> None:
    dossier = _sent(kind)
    clerk = dossier.created_by
    document = letters.freeze(dossier, story.blank_letter(), now=builders.NOW)
    dossier.save()
    attachment = Attachment.objects.create(
        dossier=dossier,
        kind=Attachment.Kind.OTHER,
        document=document,
        added_by=clerk,
        added_at=builders.NOW,
    )
    client = _signed_in(_follower(dossier))

    page = client.get(reverse("requests_app:detail", args=[dossier.uuid]))

    assert page.status_code == 200
    assert "để theo dõi" in page.text
    assert NUMBER not in page.text
    assert document.name not in page.text
    assert 'name="action"' not in page.text
    item = dossier.items.get()
    for name, more in (
        ("letter", []),
        ("preview", []),
        ("row", [item.uuid]),
        ("attachment", [attachment.uuid]),
        ("review", []),
        ("export_rows", []),
    ):
        address = reverse(f"requests_app:{name}", args=[dossier.uuid, *more])
        assert client.get(address).status_code == 404, name
    step = {"action": "withdraw", "version": dossier.version, "reason": "thử"}
    taken = client.post(reverse("requests_app:take_step", args=[dossier.uuid]), step)
    assert taken.status_code == 404


def _returned(people: Cast) -> Dossier:
    """Sent, returned by the office, and half corrected by the clerk."""
    dossier = story.sent(people)
    story.step(dossier, Action.RETURN, people.officer, reason="Sai tên")
    item = dossier.items.get()
    save_rows(
        dossier,
        {item.uuid: {**item.answers, "full_name": "Lò Văn Chưa Gửi"}},
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )
    dossier.refresh_from_db()
    return dossier


def _new_letter(dossier: Dossier, people: Cast) -> Dossier:
    return story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)


def _again(dossier: Dossier, people: Cast) -> Dossier:
    story.scan(dossier, people.clerk)
    story.step(dossier, Action.SIGN, people.head)
    return story.step(dossier, Action.SEAL, people.clerk)


def test_office_and_followers_see_no_row_of_a_dossier_that_is_being_corrected() -> None:
    people = story.cast()
    dossier = _returned(people)
    user = _follower(dossier)
    RoutingRule.objects.get().copies.add(user.agency)
    office, follower = _signed_in(people.officer), _signed_in(user)
    own = _signed_in(people.clerk)
    address = reverse("requests_app:detail", args=[dossier.uuid])
    row = reverse("requests_app:row", args=[dossier.uuid, dossier.items.get().uuid])

    for _step in ("returned", "before the head"):
        for client in (office, follower):
            page = client.get(address).text
            assert "Lò Văn Chưa Gửi" not in page
            assert story.CONTACT["email"] not in page
            assert "Đơn vị đang hoàn thiện hồ sơ" in page
            assert "Sai tên" in page
        assert office.get(row).status_code == 404
        assert "Lò Văn Chưa Gửi" in own.get(address).text
        if dossier.state == State.RETURNED:
            dossier = _new_letter(dossier, people)

    dossier = _again(dossier, people)
    assert "Lò Văn Chưa Gửi" in office.get(address).text
    assert office.get(row).status_code == 200


def test_the_office_keeps_the_letter_that_was_last_sent_while_the_next_is_signed() -> None:
    people = story.cast()
    dossier = _returned(people)
    sent = last_sent_letter(dossier)
    assert sent is not None
    dossier = _new_letter(dossier, people)
    assert dossier.letter is not None
    office = _signed_in(people.officer)

    opened = office.get(reverse("requests_app:letter", args=[dossier.uuid]))
    unsent = office.get(
        reverse("requests_app:event_document", args=[dossier.uuid, dossier.letter.uuid])
    )

    assert sent.name in opened.headers["Content-Disposition"]
    assert last_sent_letter(dossier) == sent
    assert unsent.status_code == 404


def test_what_was_corrected_and_then_withdrawn_was_never_sent() -> None:
    people = story.cast()
    dossier = _returned(people)
    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Không còn nhu cầu")

    page = _signed_in(people.officer).get(reverse("requests_app:detail", args=[dossier.uuid])).text

    assert "Lò Văn Chưa Gửi" not in page


def test_what_was_withdrawn_as_it_was_sent_stays_readable() -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Không còn nhu cầu")

    page = _signed_in(people.officer).get(reverse("requests_app:detail", args=[dossier.uuid])).text

    assert DossierItem.objects.get(dossier=dossier).title in page


def test_the_api_shows_no_correction_either() -> None:
    people = story.cast()
    dossier = _returned(people)
    office = APIClient()
    office.force_authenticate(people.officer)

    whole: dict[str, Any] = office.get(reverse("api:dossier", args=[dossier.uuid])).json()
    rows: dict[str, Any] = office.get(reverse("api:rows", args=[dossier.uuid])).json()

    assert whole["rows"] == []
    assert whole["contact"] == {}
    assert whole["events"][-1]["action"] == Action.RETURN
    assert rows["results"] == []


def test_nobody_else_finds_a_dossier_by_what_its_correction_holds() -> None:
    people = story.cast()
    dossier = _returned(people)
    save_letter(
        dossier,
        letter_number="99/UBND-VX",
        letter_date=dossier.letter_date,
        contact=dossier.contact,
        note="",
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )
    link = reverse("requests_app:detail", args=[dossier.uuid])
    lists = [reverse("requests_app:list"), reverse("registers:register", args=["van-ban-di"])]

    for address in lists:
        for text in ("Chưa Gửi", "99/UBND"):
            assert link not in _signed_in(people.officer).get(address, {"q": text}).text
            assert link in _signed_in(people.clerk).get(address, {"q": text}).text
    numbered = {"letter_number": "99/UBND-VX"}
    office = APIClient()
    office.force_authenticate(people.officer)
    assert office.get(reverse("api:dossiers"), numbered).json()["results"] == []


def test_lists_and_registers_tell_others_neither_number_nor_count_of_a_correction() -> None:
    people = story.cast()
    dossier = _returned(people)
    user = _follower(dossier)
    lists = {
        reverse("requests_app:list"): people.officer,
        reverse("registers:register", args=["van-ban-di"]): people.officer,
        reverse("requests_app:copies"): user,
        reverse("requests_app:detail", args=[dossier.uuid]): user,
    }

    for address, reader in lists.items():
        shown = _signed_in(reader).get(address).text
        assert reverse("requests_app:detail", args=[dossier.uuid]) in shown or reader == user
        assert dossier.letter_number not in shown, address
        assert "cho 1 cá nhân" not in shown, address
    own = _signed_in(people.clerk).get(reverse("requests_app:list")).text
    assert dossier.letter_number in own
    office = APIClient()
    office.force_authenticate(people.officer)
    (told,) = office.get(reverse("api:dossiers")).json()["results"]
    assert (told["letter_number"], told["letter_date"], told["row_count"]) == ("", None, 0)


def test_an_unsent_draft_is_nobody_elses_even_with_a_copy() -> None:
    dossier = builders.dossier(route=Route.DIRECT)
    client = _signed_in(_follower(dossier))

    assert client.get(reverse("requests_app:detail", args=[dossier.uuid])).status_code == 404
