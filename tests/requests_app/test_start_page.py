"""The start page: plain questions that lead to the right form, with its rows filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from devices.lifecycle import Condition, Custody, Move
from devices.models import Device
from portal.accounts.models import User
from portal.agencies.services.words import keep_words_of_subscribers
from portal.ca.models import Certificate
from portal.core.roles import Role
from requests_app import kinds
from requests_app.models import Dossier, Procedure
from requests_app.start_page.occasions import OCCASIONS, About, Pick, find_occasion
from requests_app.start_page.views import questions as choosing
from requests_app.workflow import Route, State
from tests import builders
from tests.builders import NOW
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.django_db
START = reverse("requests_app:start")
WAY = reverse("requests_app:start_way")
MOST_QUERIES = 13
EVERY_WAY = [
    (about.value, occasion.code, number)
    for about, occasions in OCCASIONS.items()
    for occasion in occasions
    for number in range(1, len(occasion.ways) + 1)
]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clerk() -> User:
    office = builders.office()
    for procedure in Procedure:
        builders.routing(procedure, Route.VIA_OFFICE)
    return builders.user(Role.CLERK, agency=builders.agency(office=office))


@pytest.fixture
def page(clerk: User) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


def url(about: str, event: str, number: int = 1) -> str:
    return f"{WAY}?about={about}&event={event}&way={number}"


def held(clerk: User, name: str, *, days_left: int = 400, renewals: int = 0) -> Certificate:
    """The certificate of a person of the clerk's body, on a token in their hands."""
    person, key = builders.person(name, at=clerk.agency), builders.key()
    builders.in_hands_of(person, key)
    keep_words_of_subscribers([person.pk])
    ends = NOW + timedelta(days=days_left)
    return builders.certificate(subscriber=person, key_pair=key, not_after=ends, renewals=renewals)


def listed(page: Client, address: str, **data: object) -> list[str]:
    """Return the names a page lets one tick, in its order."""
    answer = page.post(address, {"do": "search", **data}) if data else page.get(address)
    assert answer.status_code == 200
    found = answer.context["choices"]
    return [one.name for one in [*found.ticked, *found.shown]]


def test_each_form_is_at_the_end_of_some_way() -> None:
    reached = {
        way.kind_code for occasions in OCCASIONS.values() for one in occasions for way in one.ways
    }

    assert reached == set(kinds.KINDS)


@pytest.mark.parametrize("about", About)
def test_the_answers_to_a_question_differ(about: About) -> None:
    codes = [occasion.code for occasion in OCCASIONS[about]]

    assert len(codes) == len(set(codes))
    assert all(occasion.ways or occasion.note for occasion in OCCASIONS[about])


@pytest.mark.parametrize(("about", "event", "number"), EVERY_WAY)
def test_each_way_says_what_happens_and_how_long_the_law_gives(
    page: Client, about: str, event: str, number: int
) -> None:
    occasion = find_occasion(about, event)
    assert occasion is not None

    answer = page.get(url(about, event, number))

    way = occasion.ways[number - 1]
    for words in (occasion.label, way.happens, way.limit, *way.ready):
        assert escape(str(words)) in answer.text
    assert f"Mẫu số {kinds.get(way.kind_code).number}" in answer.text


def test_a_clerk_without_script_comes_from_the_questions_to_a_filled_draft(clerk: User) -> None:
    certificate = held(clerk, "Lò Thị Mai")
    visitor = Visitor(clerk)

    visitor.open("/").follow("Lập hồ sơ mới").press("Tiếp theo", about="person")
    visitor.press("Tiếp theo", event="expiring")
    visitor.press("Lập hồ sơ Mẫu 04", pick=[str(certificate.uuid)])

    draft = Dossier.objects.get()
    assert visitor.path == reverse("requests_app:editor", args=[draft.uuid])
    assert draft.items.get().answers["certificate_serial"] == certificate.serial
    assert draft.items.get().answers["renews"] == "x"


def test_a_question_without_an_answer_is_asked_again(page: Client) -> None:
    first = page.get(reverse("requests_app:start_happened"), follow=True)
    second = page.get(WAY, {"about": "person"}, follow=True)

    assert first.redirect_chain[-1][0].startswith(START)
    assert second.redirect_chain[-1][0].startswith(reverse("requests_app:start_happened"))
    for answer in (first, second):
        assert "Hãy chọn một câu trả lời" in answer.text


@pytest.mark.parametrize(
    "query", ["about=moon", "about=person&event=moon", "about=person&event=", "event=first"]
)
def test_odd_answers_lead_back_to_a_question(page: Client, query: str) -> None:
    answer = page.get(f"{WAY}?{query}", follow=True)

    assert answer.status_code == 200
    assert "Hãy chọn một câu trả lời" in answer.text


@pytest.mark.parametrize("number", ["", "0", "-1", "99", "một", "9" * 40])
def test_a_way_that_is_none_is_the_first(page: Client, number: str) -> None:
    answer = page.get(WAY, {"about": "person", "event": "expiring", "way": number})

    assert answer.context["way"].kind_code == "mau_04_renew_change"


def test_only_what_can_be_renewed_stands_in_the_list_and_the_rest_leads_to_a_new_issue(
    clerk: User, page: Client
) -> None:
    held(clerk, "Còn Lâu", days_left=400)
    held(clerk, "Vừa Đủ", days_left=30)
    held(clerk, "Quá Muộn", days_left=29)
    held(clerk, "Đã Gia Hạn", days_left=200, renewals=1)
    held(clerk, "Đã Hết", days_left=-1)
    held(clerk, "Dài Hơn Gia Hạn", days_left=1500)

    assert listed(page, url("person", "expiring", 1)) == ["Vừa Đủ", "Còn Lâu"]
    assert listed(page, url("person", "expiring", 2)) == ["Đã Hết", "Quá Muộn"]
    assert listed(page, url("person", "changed", 1)) == [
        "Vừa Đủ", "Đã Gia Hạn", "Còn Lâu", "Dài Hơn Gia Hạn",
    ]  # fmt: skip


def test_the_list_of_what_soon_expires_leads_to_one_dossier_for_all_of_it(
    clerk: User, page: Client
) -> None:
    for name in ("Vừa Đủ", "Còn Lâu"):
        held(clerk, name, days_left=40)
    registered = reverse("ca:list")
    way = escape(f"{WAY}?about=person&event=expiring")

    assert way in page.get(registered, {"state": "expiring"}).text
    assert way not in page.get(registered).text
    page.force_login(builders.user(Role.HEAD, agency=clerk.agency))
    assert way not in page.get(registered, {"state": "expiring"}).text


def test_who_soon_expires_stands_on_one_page_each_with_what_can_be_asked(
    clerk: User, page: Client
) -> None:
    held(clerk, "Vừa Đủ", days_left=30)
    held(clerk, "Quá Muộn", days_left=29)

    answer = page.get(url("person", "expiring", 2))

    parts = answer.context["parts"]
    assert [[one.name for one in part.choices.shown] for part in parts] == [
        ["Vừa Đủ"], ["Quá Muộn"],
    ]  # fmt: skip
    assert "Gia hạn chậm nhất ngày 20/11/2026" in answer.text
    assert "chỉ còn cấp mới" in answer.text


def test_every_device_held_can_be_said_to_be_locked_and_is_recorded_so(
    clerk: User, page: Client
) -> None:
    ok, other, locked = (held(clerk, name).key.device for name in ("Lò Một", "Lò Hai", "Lò Ba"))
    Device.objects.filter(pk=locked.pk).update(condition=Condition.LOCKED)
    address = url("device", "locked")
    assert listed(page, address) == ["Lò Ba", "Lò Một", "Lò Hai"]

    page.post(address, {"do": "open", "all": "1", "pick": [str(ok.uuid), str(locked.uuid)]})

    rows = Dossier.objects.get().items.order_by("position")
    assert {row.device for row in rows} == {ok, locked}
    for device, condition in ((ok, Condition.LOCKED), (other, Condition.OK)):
        device.refresh_from_db()
        assert device.condition == condition
    assert ok.moves.filter(move=Move.LOCK, actor=clerk).count() == 1
    assert not locked.moves.filter(move=Move.LOCK).exists()


def test_nobody_chooses_from_the_list_of_another_body(clerk: User, page: Client) -> None:
    other = builders.user(Role.CLERK)
    theirs = held(other, "Người Khác")
    address = url("person", "expiring")

    assert listed(page, address) == []
    answer = page.post(address, {"do": "open", "pick": [str(theirs.uuid)]})

    assert 'data-code="nothing_chosen"' in answer.text
    assert not Dossier.objects.exists()


def test_what_stands_in_an_open_dossier_is_not_chosen_for_a_second_one(
    clerk: User, page: Client
) -> None:
    for name in ("Lò Thị Mai", "Lò Thị Hoa"):
        held(clerk, name, days_left=60)
    page.post(url("person", "expiring"), {"do": "open", "all": "1", "q": "mai"})
    asked = Dossier.objects.get()
    assert len(listed(page, url("person", "expiring"))) == 2  # a draft asks for nothing yet

    Dossier.objects.filter(pk=asked.pk).update(state=State.SUBMITTED)

    assert listed(page, url("person", "expiring")) == ["Lò Thị Hoa"]
    assert len(listed(page, url("person", "left"))) == 2  # revoking is another matter
    assert len(listed(page, url("device", "lost"))) == 2


def test_a_search_keeps_what_is_ticked(clerk: User, page: Client) -> None:
    ticked, other = held(clerk, "Lò Thị Mai"), held(clerk, "Vàng Văn Páo")
    held(clerk, "Lò Thị Hoa")

    answer = page.post(
        url("person", "expiring"), {"do": "search", "q": "pao", "pick": [str(ticked.uuid)]}
    )

    found = answer.context["choices"]
    assert [one.name for one in found.ticked] == ["Lò Thị Mai"]
    assert [one.uuid for one in found.shown] == [other.uuid]
    assert re.search(rf'value="{ticked.uuid}" checked', answer.text)


def test_all_that_fit_and_soon_end_are_taken_at_once(clerk: User, page: Client) -> None:
    for name in ("Lò Thị Mai", "Lò Thị Hoa", "Vàng Văn Páo"):
        held(clerk, name, days_left=60)
    held(clerk, "Lò Thị Bưởi", days_left=61)  # renewed only once, so not yet

    page.post(url("person", "expiring"), {"do": "open", "all": "1", "q": "lò"})

    draft = Dossier.objects.get()
    assert sorted(draft.items.values_list("title", flat=True)) == ["Lò Thị Hoa", "Lò Thị Mai"]


def test_a_long_list_shows_its_first_hundred_and_says_so(
    clerk: User, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "MOST_SHOWN", 2)
    for name in ("Một", "Hai", "Ba"):
        held(clerk, name)

    answer = page.get(url("person", "left"))

    assert len(answer.context["choices"].shown) == 2
    assert "Tất cả 3 dòng" in answer.text
    assert "Đang hiện 2 dòng đầu" in answer.text


def test_nothing_ticked_opens_nothing_and_a_blank_draft_is_asked_for_by_name(
    clerk: User, page: Client
) -> None:
    held(clerk, "Lò Thị Mai")
    address = url("person", "left")

    refused = page.post(address, {"do": "open"})
    assert 'data-code="nothing_chosen"' in refused.text
    page.post(address, {"do": "blank"})

    draft = Dossier.objects.get()
    assert (draft.kind, draft.row_count) == ("mau_05_revoke", 0)


@pytest.mark.parametrize("pick", ["x", "", "0" * 32])
def test_an_odd_tick_is_none(page: Client, pick: str) -> None:
    answer = page.post(url("person", "expiring"), {"do": "open", "pick": [pick]})

    assert answer.status_code == 200
    assert not Dossier.objects.exists()


def test_the_cause_that_the_occasion_tells_stands_in_every_row(clerk: User, page: Client) -> None:
    for name in ("Lò Thị Mai", "Vàng Văn Páo"):
        held(clerk, name)

    page.post(url("person", "exposed"), {"do": "open", "all": "1"})

    draft = Dossier.objects.get()
    assert {item.answers["cause"] for item in draft.items.all()} == {"key_exposed"}


def test_a_damaged_device_is_explained_as_revocation_return_and_new_issue(
    clerk: User, page: Client
) -> None:
    device = held(clerk, "Lò Thị Mai").key.device
    Device.objects.filter(pk=device.pk).update(condition=Condition.DAMAGED)

    answer = page.get(url("device", "damaged"))
    page.post(url("device", "damaged"), {"do": "open", "pick": [str(device.uuid)]})

    codes = [way.kind_code for _number, way in answer.context["ways"]]
    assert codes == [
        "mau_05_revoke", "mau_08_return", "mau_01_person", "mau_02_organisation",
    ]  # fmt: skip
    row = Dossier.objects.get().items.get()
    assert (row.answers["cause"], row.device) == ("device_damaged", device)


@pytest.mark.parametrize(
    ("event", "columns", "form"),
    [
        ("locked", {"condition": Condition.LOCKED}, "mau_06_recover"),
        ("lost", {"condition": Condition.LOST}, "mau_09_loss"),
        ("ended", {"custody": Custody.BACK_AT_AGENCY}, "mau_08_return"),
        ("handed_over", {}, "mau_07_handover"),
    ],
)
def test_what_happened_to_a_device_leads_to_its_form(
    clerk: User, page: Client, event: str, columns: dict[str, str], form: str
) -> None:
    device = held(clerk, "Lò Thị Mai").key.device
    if columns:
        Device.objects.filter(pk=device.pk).update(**columns)

    assert listed(page, url("device", event)) == ["Lò Thị Mai"]
    page.post(url("device", event), {"do": "open", "pick": [str(device.uuid)]})

    draft = Dossier.objects.get()
    assert draft.kind == form
    assert [item.answers["device_serial"] for item in draft.items.all()] == [device.serial]


def test_a_list_of_devices_is_searched_by_serial_and_by_name(clerk: User, page: Client) -> None:
    first = held(clerk, "Lò Thị Mai").key.device
    held(clerk, "Vàng Văn Páo")
    address = url("device", "lost")

    assert listed(page, address, q=first.serial.lower()) == ["Lò Thị Mai"]
    assert listed(page, address, q="páo") == ["Vàng Văn Páo"]
    assert listed(page, address, q="  ") == ["Lò Thị Mai", "Vàng Văn Páo"]


def test_a_person_who_moved_here_gets_a_draft_with_one_row_and_what_to_type(page: Client) -> None:
    answer = page.post(url("person", "moved_here"), {"do": "open"}, follow=True)

    draft = Dossier.objects.get()
    row = draft.items.get()
    assert (draft.kind, row.answers["changes"]) == ("mau_04_renew_change", "x")
    assert "thư điện tử đã đăng ký" in answer.text


def test_a_person_who_moved_away_needs_nothing_from_here(page: Client) -> None:
    answer = page.get(url("person", "moved_away"))

    assert "Không thu hồi" in answer.text
    assert page.post(url("person", "moved_away"), {"do": "open"}).status_code == 200
    assert not Dossier.objects.exists()


def test_a_body_that_may_not_send_is_told_at_the_last_question(clerk: User, page: Client) -> None:
    clerk.agency.has_seal = False
    clerk.agency.save()

    answer = page.post(url("person", "first"), {"do": "open"})

    assert 'data-code="sender_has_no_seal"' in answer.text


@pytest.mark.parametrize("pick", [pick for pick in Pick if pick])
def test_a_list_to_choose_from_costs_the_same_few_queries(
    clerk: User, page: Client, pick: Pick
) -> None:
    about, event, number = next(
        (about, occasion.code, number)
        for about, occasions in OCCASIONS.items()
        for occasion in occasions
        for number, way in enumerate(occasion.ways, start=1)
        if way.pick is pick
    )
    days_left = 10 if pick in (Pick.TO_ISSUE_ANEW, Pick.TOO_LATE_TO_RENEW) else 400
    waiting: dict[Pick, dict[str, str]] = {
        Pick.LOCKED: {"condition": Condition.LOCKED},
        Pick.TO_GIVE_BACK: {"custody": Custody.BACK_AT_AGENCY},
    }
    page.get(url(about, event, number))
    counts = []

    for more in (1, 3):
        for _ in range(more):
            device = held(clerk, "Lò Thị Mai", days_left=days_left).key.device
            if pick in waiting:
                Device.objects.filter(pk=device.pk).update(**waiting[pick])
        with CaptureQueriesContext(connection) as queries:
            assert listed(page, url(about, event, number))
        counts.append(len(queries))

    assert counts[0] == counts[1] <= MOST_QUERIES


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CLERK])
def test_only_clerks_are_asked(client: Client, role: Role) -> None:
    client.force_login(builders.user(role))

    for address in (START, reverse("requests_app:start_happened"), WAY):
        assert client.get(address).status_code == 404
