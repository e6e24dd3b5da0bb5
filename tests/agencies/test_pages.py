"""Pages of bodies and subscribers: who sees what, how many queries, what forms answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core.paginator import Page
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from portal.agencies import services
from portal.agencies.models import Agency, AgencyKind, Subscriber
from portal.agencies.services import PersonFacts, Share
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from tests import builders, words
from tests.builders import NOW
from tests.pages import flat

pytestmark = pytest.mark.django_db


def sign_in(role: Role, *, agency: Agency | None = None) -> tuple[Client, User]:
    user = builders.user(role, agency=agency)
    client = Client()
    client.force_login(user)
    client.get(reverse("agencies:suggest"))  # the first request of a session writes to it
    return client, user


def names(page: Page[Any]) -> list[str]:
    return [one.name for one in page]


def test_the_list_shows_what_the_user_may_see_and_filters_it() -> None:
    office = builders.office()
    commune = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=office)
    gone = builders.agency("ỦY BAN NHÂN DÂN THỊ TRẤN TÂN UYÊN", office=office)
    services.succeed(
        gone,
        [Share(commune)],
        decision="NQ",
        effective_on=date(2026, 1, 1),
        actor=None,
        now=NOW,
    )
    builders.agency("XÃ CỦA TỈNH KHÁC")
    client, _ = sign_in(Role.OFFICE_OFFICER, agency=office)

    def found(**asked: str) -> list[str]:
        return names(client.get(reverse("agencies:list"), asked).context["page"])

    assert found() == [office.name, commune.name]
    assert found(q="tan uyen") == [commune.name]
    assert found(q="tan uyen", existing="no") == [gone.name]
    assert found(q="uyen", existing="") == [gone.name, commune.name]
    assert found(has_seal="False") == []
    assert found(province="Lai Châu", q="xã") == [commune.name]
    assert found(province="Không có tỉnh này") == []


def test_htmx_gets_the_table_alone() -> None:
    client, _ = sign_in(Role.CA_OPERATOR)

    for route in ("agencies:list", "agencies:subscribers"):
        whole = client.get(reverse(route))
        part = client.get(reverse(route), headers={"HX-Request": "true"})

        assert b"<html" in whole.content
        assert b"<html" not in part.content
        assert "HX-Request" in part["Vary"]


def test_children_are_found_from_their_parent() -> None:
    parent = builders.agency()
    child = builders.agency("TRƯỜNG", parent=parent)
    client, _ = sign_in(Role.CA_OPERATOR)

    page = client.get(reverse("agencies:list"), {"parent": str(parent.uuid)}).context["page"]
    detail = client.get(reverse("agencies:detail", args=[parent.uuid]))

    assert names(page) == [child.name]
    assert detail.context["child_count"] == 1


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_costs_the_same_for_one_row_and_for_twenty(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    office = builders.office()
    for n in range(count):
        agency = builders.agency(office=office, parent=office)
        services.match_or_create_people(
            [PersonFacts(number=f"0120849{n:05d}", name="Người Thử", position="Văn thư")],
            agency=agency,
            now=NOW,
        )
    client, _ = sign_in(Role.CA_OPERATOR)
    frame = 5  # session, user, agency of the user, unread notices, whom to ask

    with django_assert_num_queries(frame + 4):  # provinces, offices, count, rows
        client.get(reverse("agencies:list"))
    with django_assert_num_queries(frame + 4):  # count, rows, affiliations, bodies
        client.get(reverse("agencies:subscribers"))


def test_a_body_page_tells_its_story(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    office = builders.office()
    old = builders.agency("THỊ TRẤN TÂN UYÊN", office=office)
    new = builders.agency("XÃ TÂN UYÊN", office=office)
    services.succeed(
        old, [Share(new)], decision="NQ 1", effective_on=date(2026, 1, 1), actor=None, now=NOW
    )
    facts = new.versions.get().facts()
    services.change_version(
        new,
        replace(facts, address="Bản Mới", decision="QĐ 5/QĐ-UBND"),
        valid_from=date(2026, 2, 1),
        actor=None,
        now=NOW,
    )
    client, _ = sign_in(Role.CLERK, agency=new)

    with django_assert_max_num_queries(16):
        response = client.get(reverse("agencies:detail", args=[new.uuid]))

    html = flat(response)
    assert "Kế thừa từ" in html
    assert reverse("agencies:detail", args=[old.uuid]) in html
    assert reverse("agencies:detail", args=[office.uuid]) not in html  # named, not opened
    assert "<del>Bản Thử</del> → <ins>Bản Mới</ins>" in html
    assert reverse("agencies:change", args=[new.uuid]) not in html


@pytest.mark.parametrize("role", Role)
def test_the_body_of_somebody_else_is_not_found(role: Role) -> None:
    mine = builders.agency()
    other = builders.agency()
    client, _ = sign_in(role, agency=mine)

    sees_all = role in {Role.CA_OPERATOR, Role.CA_SUPERVISOR, Role.ADMINISTRATOR}
    expected = 200 if sees_all else 404
    assert client.get(reverse("agencies:detail", args=[other.uuid])).status_code == expected
    may_edit = role == Role.ADMINISTRATOR
    change = client.get(reverse("agencies:change", args=[mine.uuid]))
    assert change.status_code == (200 if may_edit else 403)
    assert client.get(reverse("agencies:register")).status_code == (200 if may_edit else 403)


TYPED = {
    "name": "ỦY BAN NHÂN DÂN XÃ  MƯỜNG KHOA",
    "short_name": "UBND",
    "province": "Lai Châu",
    "place": "Mường Khoa",
    "has_seal": "on",
    "head_title": "CHỦ TỊCH",
    "decision": "Nghị quyết 1670/NQ-UBTVQH15",
    "valid_from": "01/07/2025",
    "kind": AgencyKind.AGENCY,
}


def test_an_administrator_registers_a_body() -> None:
    client, admin = sign_in(Role.ADMINISTRATOR)
    parent = builders.agency("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", kind=AgencyKind.PROVINCE)

    response = client.post(
        reverse("agencies:register"),
        TYPED | {"parent": "Ủy ban nhân dân tỉnh Lai Châu (Lai Châu)", "email": "a@thpt.edu.vn"},
        follow=True,
    )

    made = Agency.objects.get(name="ỦY BAN NHÂN DÂN XÃ MƯỜNG KHOA")
    assert made.parent == parent
    assert made.versions.get().valid_from == date(2025, 7, 1)
    assert AuditEntry.objects.get().actor_uuid == admin.uuid
    assert "không thuộc gov.vn" in response.content.decode()  # a warning, said after saving


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        ({"name": ""}, "name", "required"),
        ({"province": "Hà Giang"}, "province", "unknown_province"),
        ({"province": "Lai Chao"}, "province", "unknown_province"),
        ({"tax_code": "0100233480"}, "tax_code", "tax_check_digit"),
        ({"email": "a@gmail.com"}, "email", "public_provider"),
        ({"parent": "không có"}, "parent", "no_such_body"),
        ({"parent": "trùng tên"}, "parent", "several_bodies"),
        ({"valid_from": "07/25/2025"}, "valid_from", "no_such_day"),
    ],
)
def test_a_form_with_an_error_keeps_what_was_typed(
    typed: dict[str, str], field: str, code: str
) -> None:
    for _ in range(2):
        builders.agency("TRÙNG TÊN")
    client, _admin = sign_in(Role.ADMINISTRATOR)

    response = client.post(reverse("agencies:register"), TYPED | typed)

    assert response.status_code == 200
    assert response.context["form"].errors.as_data()[field][0].code == code
    assert "Mường Khoa" in response.content.decode()
    assert not Agency.objects.filter(name__contains="MƯỜNG KHOA").exists()


def change_form(agency: Agency, client: Client) -> dict[str, Any]:
    form = client.get(reverse("agencies:change", args=[agency.uuid])).context["form"]
    filled = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in filled.items() if value not in (None, False)}


def test_a_change_is_a_new_version_and_the_second_of_two_is_told() -> None:
    agency = builders.agency()
    client, _ = sign_in(Role.ADMINISTRATOR)
    typed = change_form(agency, client) | {"decision": "QĐ 9", "head_title": "CHỦ TỊCH"}
    url = reverse("agencies:change", args=[agency.uuid])

    first = client.post(url, typed | {"name": "TÊN MỚI", "valid_from": "01/02/2026"})
    second = client.post(url, typed | {"address": "Khác", "valid_from": "01/03/2026"})

    assert first.status_code == 302
    assert second.status_code == 200
    assert [one.code for one in second.context["violations"]] == ["changed_meanwhile"]
    agency.refresh_from_db()
    assert agency.name == "TÊN MỚI"
    assert agency.versions.count() == 2


def test_a_field_naming_a_body_is_offered_suggestions() -> None:
    builders.agency("BỆNH VIỆN ĐA KHOA TÂN UYÊN")
    client, _ = sign_in(Role.ADMINISTRATOR)

    response = client.get(reverse("agencies:suggest"), {"parent": "da khoa"})

    assert "BỆNH VIỆN ĐA KHOA TÂN UYÊN (Lai Châu)" in response.content.decode()
    assert "option" not in client.get(reverse("agencies:suggest")).content.decode()


def test_subscribers_are_listed_with_masked_numbers() -> None:
    agency = builders.agency()
    services.match_or_create_people(
        [PersonFacts(number="012084900101", name="Lê Thu Bình", position="Văn thư")],
        agency=agency,
        now=NOW,
    )
    services.organisation_subscriber(agency)
    client, _ = sign_in(Role.CLERK, agency=agency)

    def found(**asked: str) -> list[str]:
        return names(client.get(reverse("agencies:subscribers"), asked).context["page"])

    html = client.get(reverse("agencies:subscribers")).content.decode()
    assert "0120•••••101" in html
    assert "012084900101" not in html
    assert found(kind="person") == ["Lê Thu Bình"]
    words.fill()
    assert found(q="binh") == ["Lê Thu Bình"]
    assert len(found(agency=str(agency.uuid), agency_name="xa thu")) == 2
    assert found(agency=str(builders.agency().uuid)) == []


def test_a_whole_number_is_shown_on_demand_and_recorded() -> None:
    agency = builders.agency()
    person = builders.person(at=agency, number="012084900101")
    client, clerk = sign_in(Role.CLERK, agency=agency)
    page = reverse("agencies:subscriber", args=[person.uuid])
    reveal = reverse("agencies:reveal", args=[person.uuid])

    before = client.get(page).content.decode()
    shown = client.post(reveal)

    assert "012084900101" not in before
    assert reveal in before
    assert "012084900101" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert AuditEntry.objects.get().actor_uuid == clerk.uuid


def test_who_needs_no_whole_number_has_no_button() -> None:
    agency = builders.agency()
    person = builders.person(at=agency)
    organisation = services.organisation_subscriber(agency)
    head, _ = sign_in(Role.HEAD, agency=agency)
    clerk, _ = sign_in(Role.CLERK, agency=agency)
    stranger, _ = sign_in(Role.CLERK)
    reveal = reverse("agencies:reveal", args=[person.uuid])

    assert (
        reveal not in head.get(reverse("agencies:subscriber", args=[person.uuid])).content.decode()
    )
    assert head.post(reveal).status_code == 403
    assert stranger.post(reveal).status_code == 404
    assert clerk.get(reveal).status_code == 405
    assert clerk.post(reverse("agencies:reveal", args=[organisation.uuid])).status_code == 404
    assert not AuditEntry.objects.exists()


def test_an_agency_does_not_learn_where_else_a_person_works() -> None:
    mine, elsewhere = builders.agency("CƠ QUAN A"), builders.agency("CƠ QUAN B")
    facts = PersonFacts(number="012084900101", name="Lê Thu Bình", position="Văn thư")
    services.match_or_create_people([facts], agency=mine, now=NOW)
    services.match_or_create_people(
        [replace(facts, position="Giám đốc")], agency=elsewhere, now=NOW
    )
    person = Subscriber.objects.get()
    client, _ = sign_in(Role.CLERK, agency=mine)

    for url in (
        reverse("agencies:subscribers"),
        reverse("agencies:subscriber", args=[person.uuid]),
    ):
        html = client.get(url).content.decode()
        assert "Văn thư" in html
        assert "Giám đốc" not in html
        assert "CƠ QUAN B" not in html
    probe = client.get(reverse("agencies:subscribers"), {"agency_name": "co quan b"})
    assert names(probe.context["page"]) == []


def test_the_administrator_sees_no_subscribers() -> None:
    agency = builders.agency()
    person = builders.person(at=agency)
    client, _ = sign_in(Role.ADMINISTRATOR)

    assert names(client.get(reverse("agencies:subscribers")).context["page"]) == []
    page = client.get(reverse("agencies:subscriber", args=[person.uuid]))
    assert page.status_code == 404
    assert Subscriber.objects.exists()
