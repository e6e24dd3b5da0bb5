"""The pages on which a reorganisation is described, as an officer goes through them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from orgmerge.models import Merger
from orgmerge.vocabulary import MergerState
from portal.accounts.models import User
from portal.core.roles import Role
from tests import builders
from tests.orgmerge import builders as mergers
from tests.orgmerge.planned import signed_in
from tests.pages import flat

pytestmark = pytest.mark.django_db

DECISION = {
    "title": "Sắp xếp xã Tân Uyên và xã Phúc Khoa",
    "kind": "new_name",
    "decision": "1670/NQ-UBTVQH15",
    "decided_on": "02/11/2026",
    "effective_on": "01/12/2026",
}
BODY = {
    "name": "ỦY BAN NHÂN DÂN XÃ TÂN PHÚC",
    "short_name": "UBND",
    "province": "Lai Châu",
    "place": "Tân Phúc",
    "head_title": "CHỦ TỊCH",
    "has_seal": "on",
}


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return flat(response)


def page_of(merger: Merger, route: str = "orgmerge:detail", *more: object) -> str:
    return reverse(route, args=[merger.uuid, *more])


def test_an_officer_describes_two_communes_that_become_one(officer: User) -> None:
    first = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=officer.agency)
    second = builders.agency("ỦY BAN NHÂN DÂN XÃ PHÚC KHOA", office=officer.agency)
    client = signed_in(officer)

    question = text_of(client, reverse("orgmerge:start"))
    form = text_of(client, reverse("orgmerge:start") + "?kind=new_name")
    client.post(reverse("orgmerge:start") + "?kind=new_name", DECISION)
    merger = Merger.objects.get()
    added = client.post(page_of(merger, "orgmerge:add_body"), BODY | {"version": merger.version})
    body = merger.bodies.get()
    for old in (first, second):
        merger.refresh_from_db()
        client.post(
            page_of(merger, "orgmerge:add_row", body.uuid),
            {"old": old.name, "extent": "whole", "version": merger.version},
        )
    shown = text_of(client, page_of(merger))

    assert 'name="kind"' in question
    assert 'value="new_name" selected' in form
    assert added.headers["Location"] == page_of(merger, "orgmerge:add_row", body.uuid)
    assert [share.old for share in merger.shares.all()] == [first, second]
    assert shown.count("Sáp nhập, mang tên mới") >= 3
    assert "275/BCY-CTSBMTT mục 1.1" in shown


def test_bad_input_comes_back_as_it_was_typed(officer: User) -> None:
    merger = mergers.merger(officer)
    client = signed_in(officer)

    decision = client.post(
        reverse("orgmerge:start") + "?kind=split", DECISION | {"decided_on": "31/02/2026"}
    )
    body = client.post(
        page_of(merger, "orgmerge:add_body"),
        BODY | {"short_name": "ubnd xã", "tax_code": "12", "version": 1},
    )
    row = client.post(
        page_of(merger, "orgmerge:add_ended"),
        {"old": "Xã không có", "extent": "whole", "version": 1},
    )

    assert [answer.status_code for answer in (decision, body, row)] == [200, 200, 200]
    assert 'value="31/02/2026"' in decision.content.decode()
    assert set(body.context["form"].errors) == {"short_name", "tax_code"}
    assert 'value="ubnd xã"' in body.content.decode()
    assert row.context["form"].has_error("old", "no_such_body")
    assert not merger.shares.exists()
    assert Merger.objects.count() == 1


def test_a_body_that_lives_on_brings_what_is_registered_of_it(officer: User) -> None:
    merger = mergers.merger(officer)
    builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=officer.agency, tax_code="6200000001")
    client = signed_in(officer)

    found = text_of(client, page_of(merger, "orgmerge:add_body") + "?agency=UBND+xã+Tân+Uyên")
    named = client.get(
        page_of(merger, "orgmerge:add_body"), {"agency": "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"}
    ).content.decode()

    assert "Không tìm thấy đơn vị này" in found
    assert 'value="6200000001"' in named
    assert 'value="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN (Lai Châu)"' in named


def test_names_are_shown_as_of_their_days(officer: User) -> None:
    merger = mergers.merger(officer)
    kept = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=officer.agency)
    body = mergers.body(merger, "ỦY BAN NHÂN DÂN PHƯỜNG TÂN UYÊN", agency=kept)
    mergers.share(merger, kept, body)

    shown = signed_in(officer).get(page_of(merger))

    (row,) = shown.context["page"].object_list
    assert (row.old_name, row.new.name) == (kept.name, body.name)
    assert row.kind == "rename"
    assert row.article == "Điều 15 khoản 2 Nghị định 68/2024/NĐ-CP"


def test_a_form_of_an_older_version_shows_the_conflict_and_what_was_typed(officer: User) -> None:
    merger = mergers.merger(officer)
    client = signed_in(officer)

    answer = client.post(page_of(merger, "orgmerge:edit"), DECISION | {"version": 9})
    step = client.post(
        page_of(merger, "orgmerge:take_step"),
        {"action": "withdraw", "version": 9, "reason": "Hoãn đến năm sau"},
    )

    assert (answer.status_code, step.status_code) == (409, 409)
    assert "Hoãn đến năm sau" in step.content.decode()
    merger.refresh_from_db()
    assert merger.title == "Sắp xếp xã Thử"


def test_what_keeps_a_draft_from_being_submitted_is_said_and_refused(officer: User) -> None:
    merger = mergers.merger(officer)
    client = signed_in(officer)

    shown = client.get(page_of(merger))
    refused = client.post(
        page_of(merger, "orgmerge:take_step"), {"action": "submit", "version": merger.version}
    )

    assert "Chưa có dòng nào" in shown.context["next"]
    assert 'data-code="nothing_described"' in refused.content.decode()
    merger.refresh_from_db()
    assert merger.state == MergerState.DRAFT


def test_who_described_is_told_why_another_approves(officer: User) -> None:
    merger = mergers.merger(officer, state=MergerState.AWAITING_APPROVAL)
    head = builders.user(Role.OFFICE_HEAD, agency=officer.agency)
    merger.edited_by.add(head)

    shown = signed_in(head).get(page_of(merger))

    assert shown.context["is_barred"]
    assert [card.step.action for card in shown.context["cards"]] == ["send_back", "withdraw"]


def test_withdrawing_asks_for_the_reason_and_ends_the_editing(officer: User) -> None:
    merger = mergers.merger(officer)
    client = signed_in(officer)

    silent = client.post(
        page_of(merger, "orgmerge:take_step"), {"action": "withdraw", "version": 1}
    )
    said = client.post(
        page_of(merger, "orgmerge:take_step"),
        {"action": "withdraw", "version": 1, "reason": "Nghị quyết bị hoãn"},
        follow=True,
    )

    assert 'data-code="no_reason"' in silent.content.decode()
    assert "Nghị quyết bị hoãn" in said.content.decode()
    assert client.get(page_of(merger, "orgmerge:edit")).status_code == 302


def test_a_row_is_changed_and_taken_out(officer: User) -> None:
    merger = mergers.merger(officer)
    body = mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI")
    mergers.share(merger, builders.agency(office=officer.agency), body)
    client = signed_in(officer)

    client.post(page_of(merger, "orgmerge:edit_row", 1), {"extent": "partly", "version": 1})
    extents = list(merger.shares.values_list("extent", flat=True))
    client.post(page_of(merger, "orgmerge:edit_row", 1), {"do": "remove", "version": 2})
    client.post(page_of(merger, "orgmerge:remove_body", body.uuid), {"version": 3})

    assert extents == ["partly"]
    assert not merger.shares.exists()
    assert not merger.bodies.exists()


@pytest.mark.parametrize("role", [Role.OFFICE_OFFICER, Role.CLERK, Role.CA_OPERATOR])
def test_a_draft_is_nobody_elses(officer: User, role: Role) -> None:
    merger = mergers.merger(officer)

    client = signed_in(builders.user(role))

    assert client.get(page_of(merger)).status_code == 404
    assert merger.title not in text_of(client, reverse("orgmerge:list"))


def test_a_body_sees_what_is_approved_of_it_and_the_ca_as_well(officer: User) -> None:
    merger = mergers.merger(officer, state=MergerState.APPROVED)
    agency = builders.agency(office=officer.agency)
    mergers.share(merger, agency, mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI"))

    for user in (builders.user(Role.CLERK, agency=agency), builders.user(Role.CA_OPERATOR)):
        client = signed_in(user)
        assert merger.title in text_of(client, reverse("orgmerge:list"))
        assert agency.name in text_of(client, page_of(merger))


@pytest.mark.both
@pytest.mark.parametrize("words", ["xã mường pắc", "XÃ MUONG PAC", "mường"])
def test_a_new_name_is_found_in_any_capitals_and_without_marks(officer: User, words: str) -> None:
    merger = mergers.merger(officer)
    old = builders.agency("ỦY BAN NHÂN DÂN XÃ PẮC TA", office=officer.agency)
    mergers.share(merger, old, mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ MƯỜNG PẮC"))
    client = signed_in(officer)

    listed = text_of(client, f"{reverse('orgmerge:list')}?q={words}")
    rows = text_of(client, f"{page_of(merger)}?q={words}")

    assert merger.title in listed
    assert "XÃ PẮC TA" in rows


@pytest.mark.both
def test_the_list_is_narrowed_by_words_of_a_body_and_by_state(officer: User) -> None:
    first = mergers.merger(officer, state=MergerState.WITHDRAWN)
    agency = builders.agency("ỦY BAN NHÂN DÂN XÃ KHOEN ON", office=officer.agency)
    mergers.share(first, agency, None)
    second = mergers.merger(officer)
    client = signed_in(officer)

    def found(query: str) -> list[object]:
        page = client.get(reverse("orgmerge:list") + query).context["page"]
        return sorted(merger.pk for merger in page)

    assert found("?q=khoen on") == [first.pk]
    assert found("?state=draft") == [second.pk]
    assert found("?state=nonsense") == []
    assert found("") == [first.pk, second.pk]


def test_the_fragment_alone_answers_htmx(officer: User) -> None:
    merger = mergers.merger(officer)
    client = signed_in(officer)

    for url in (reverse("orgmerge:list"), page_of(merger)):
        part = client.get(url, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert 'id="ket-qua"' in part


def test_a_name_is_suggested_from_the_offices_own_bodies(officer: User) -> None:
    builders.agency("ỦY BAN NHÂN DÂN XÃ KHOEN ON", office=officer.agency)
    builders.agency("ỦY BAN NHÂN DÂN XÃ KHOEN LẠ", office=builders.office())

    merger = mergers.merger(officer)

    asked = reverse("orgmerge:suggest", args=[merger.uuid]) + "?old=khoen"
    options = text_of(signed_in(officer), asked)

    assert "KHOEN ON (Lai Châu)" in options
    assert "LẠ" not in options


@pytest.mark.parametrize("rows", [1, 40])
def test_the_page_asks_as_much_for_one_row_as_for_forty(
    officer: User, rows: int, django_assert_max_num_queries: Callable[..., object]
) -> None:
    merger = mergers.merger(officer)
    for number in range(rows):
        old = builders.agency(office=officer.agency, parent=builders.agency())
        body = mergers.body(merger, f"XÃ {number}", parent=builders.agency())
        mergers.share(merger, old, body)
    client = signed_in(officer)

    with django_assert_max_num_queries(41):  # type: ignore[attr-defined]
        client.get(page_of(merger))
    with django_assert_max_num_queries(10):  # type: ignore[attr-defined]
        client.get(reverse("orgmerge:list"))
