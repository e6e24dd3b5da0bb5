"""The receiving desk: what it shows, what it keeps, whom it turns away."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from requests_app.models import Dossier
from requests_app.workflow import Action, Route
from tests import story
from tests.requests_app import returns

pytestmark = pytest.mark.django_db


def address(dossier: Dossier, route: str = "minutes") -> str:
    return reverse(f"requests_app:{route}", args=[dossier.uuid])


def signed_in(client: Client, people: story.Cast, dossier: Dossier) -> Client:
    client.force_login(returns.receiver(people, dossier))
    return client


def test_a_missing_reason_is_said_beside_its_row_and_what_was_typed_stays(client: Client) -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people, 2))
    first, second = dossier.items.all()
    typed = {
        "version": dossier.version,
        f"{first.uuid}-decision": "accepted",
        f"{first.uuid}-serial_seen": first.answers["device_serial"],
        f"{first.uuid}-reason": "Nắp nứt",
        f"{second.uuid}-decision": "refused",
    }

    answer = signed_in(client, people, dossier).post(address(dossier, "confirm_devices"), typed)

    assert answer.status_code == 200
    assert "Dòng 2:" in answer.text
    assert f'href="#id_{second.uuid}-reason"' in answer.text
    assert 'value="Nắp nứt"' in answer.text
    assert not dossier.items.exclude(decision="").exists()


def test_two_tabs_do_no_harm(client: Client) -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))
    seen = dossier.version
    returns.look_at_all(dossier, people)
    item = dossier.items.get()
    typed = {"version": seen, f"{item.uuid}-decision": "refused", f"{item.uuid}-reason": "Không có"}

    answer = signed_in(client, people, dossier).post(address(dossier, "confirm_devices"), typed)

    assert answer.status_code == 409
    assert "Không có" in answer.text
    item.refresh_from_db()
    assert item.decision == "accepted"


def test_numbers_that_are_in_no_row_come_back_to_be_mended(client: Client) -> None:
    people = returns.cast()
    (device,) = returns.at_agency(people)
    dossier = returns.sent(people, [device])
    scanned = {"version": dossier.version, "serials": f"{device.serial}\n<b>LA-1</b>; la-2"}

    answer = signed_in(client, people, dossier).post(address(dossier, "tick_devices"), scanned)

    assert "2 số hiệu không có trong biên bản này" in answer.text
    assert "&lt;B&gt;LA-1&lt;/B&gt;\nLA-2\n</textarea>" in answer.text
    assert dossier.items.get().decision == "accepted"


def test_accepting_unseen_is_a_conflict_not_an_error(client: Client) -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))

    answer = signed_in(client, people, dossier).post(
        address(dossier, "accept_all"), {"version": dossier.version}
    )

    assert answer.status_code == 409
    assert dossier.items.get().decision == ""


@pytest.mark.parametrize("typed", [{}, {"version": "x"}, {"version": "1", "serials": "\x00"}])
def test_odd_input_is_no_error_of_the_portal(client: Client, typed: dict[str, str]) -> None:
    people = returns.cast()
    dossier = returns.sent(people, returns.at_agency(people))
    signed_in(client, people, dossier)

    for route in ("minutes", "tick_devices", "confirm_devices"):
        assert client.post(address(dossier, route), typed).status_code < 500


def test_the_desk_is_closed_once_all_is_confirmed(client: Client) -> None:
    people = returns.cast(Route.OFFICE_MINUTES)
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people)), people)
    story.step(dossier, Action.TAKE_ALL, people.officer)

    answer = signed_in(client, people, dossier).get(address(dossier))

    assert answer.headers["Location"] == reverse("requests_app:detail", args=[dossier.uuid])


def test_a_long_list_costs_no_more_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people = returns.cast()
    short = returns.sent(people, returns.at_agency(people, 1))
    long = returns.sent(people, returns.at_agency(people, 12))
    signed_in(client, people, short)
    with django_assert_max_num_queries(60) as captured:
        client.get(address(short))

    with django_assert_max_num_queries(len(captured)):
        answer = client.get(address(long))

    assert answer.text.count("data-serial=") == 12


def test_the_pin_is_asked_only_of_who_can_sign(client: Client) -> None:
    people = returns.cast()
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people)), people)

    page = signed_in(client, people, dossier).get(address(dossier)).text

    assert 'name="pin"' not in page
    assert "chưa có chứng thư cá nhân để ký số" in page
    assert "Xác nhận đã nhận đủ thiết bị" in page
