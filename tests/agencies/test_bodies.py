"""Bodies: versions with dates, successions, what lists show."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from portal.agencies import services
from portal.agencies.models import Agency, AgencyKind, AgencyVersion, Succession
from portal.agencies.services import AgencyFacts, Share
from portal.agencies.tree import managing_agency
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
FACTS = AgencyFacts(
    name="ỦY BAN NHÂN DÂN THỊ TRẤN TÂN UYÊN",
    short_name="UBND",
    province="Lai Châu",
    place="Tân Uyên",
    email="vanthu.tanuyen@laichau.gov.vn",
)
BEGAN = date(2020, 1, 1)
MERGED = date(2025, 7, 1)


def register(facts: AgencyFacts = FACTS, *, kind: str = AgencyKind.AGENCY) -> Agency:
    return services.register_agency(facts, kind=kind, valid_from=BEGAN, actor=None, now=NOW)


def change(agency: Agency, facts: AgencyFacts, valid_from: date = MERGED) -> AgencyVersion:
    return services.change_version(agency, facts, valid_from=valid_from, actor=None, now=NOW)


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


def test_a_registered_body_has_one_version_and_one_audit_entry() -> None:
    admin = builders.user(Role.ADMINISTRATOR)

    agency = services.register_agency(FACTS, valid_from=BEGAN, actor=admin, now=NOW)

    assert agency.versions.get().facts() == FACTS
    assert agency.search_name == "uy ban nhan dan thi tran tan uyen"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_uuid, entry.actor_uuid) == (
        "agency.register",
        agency.uuid,
        admin.uuid,
    )


def test_a_change_keeps_the_history_and_shows_the_new_name() -> None:
    agency = register()
    subscriber = services.organisation_subscriber(agency)

    change(agency, replace(FACTS, name="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"))

    agency.refresh_from_db()
    subscriber.refresh_from_db()
    assert agency.name == subscriber.name == "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"
    names = AgencyVersion.objects
    assert names.name_on(agency, MERGED - timedelta(days=1)) == FACTS.name
    assert names.name_on(agency, MERGED) == agency.name
    with pytest.raises(AgencyVersion.DoesNotExist):
        names.version_on(agency, BEGAN - timedelta(days=1))
    assert AuditEntry.objects.get(action="agency.change").data["changed"] == ["name"]


@pytest.mark.parametrize(
    ("facts", "valid_from", "code"),
    [
        (replace(FACTS, name="X"), BEGAN, "version_starts_too_early"),
        (replace(FACTS, name="X"), BEGAN - timedelta(days=1), "version_starts_too_early"),
        (replace(FACTS, decision="Quyết định khác"), MERGED, "nothing_changed"),
        (replace(FACTS, name=" "), MERGED, "missing"),
        (replace(FACTS, tax_code="0100233480"), MERGED, "tax_check_digit"),
        (replace(FACTS, budget_code="12"), MERGED, "not_7_digits"),
        (replace(FACTS, email="a@gmail.com"), MERGED, "public_provider"),
        (replace(FACTS, email_domain="gmail.com"), MERGED, "public_provider"),
        (replace(FACTS, agency_code="h23"), MERGED, "not_an_agency_code"),
        (replace(FACTS, phone="123"), MERGED, "not_a_phone_number"),
        (replace(FACTS, short_name="Ubnd xã"), MERGED, "not_a_symbol"),
        (replace(FACTS, has_seal=False), MERGED, "unit_without_superior"),
    ],
)
def test_a_change_that_breaks_a_rule_leaves_the_body_as_it_was(
    facts: AgencyFacts, valid_from: date, code: str
) -> None:
    agency = register()

    with pytest.raises(Refused) as refusal:
        change(agency, facts, valid_from)

    assert codes(refusal) == [code]
    assert agency.versions.get().facts() == FACTS


def test_a_body_cannot_stand_under_itself() -> None:
    agency = register()
    below = register(replace(FACTS, name="TRẠM Y TẾ", parent=agency))

    with pytest.raises(Refused) as refusal:
        change(agency, replace(FACTS, parent=below))

    assert codes(refusal) == ["parent_cycle"]


def test_an_agency_code_belongs_to_one_body() -> None:
    register(replace(FACTS, agency_code="H23.45"))

    with pytest.raises(Refused) as refusal:
        register(replace(FACTS, name="KHÁC", agency_code="H23.45"))

    assert codes(refusal) == ["agency_code_taken"]


def test_only_an_office_answers_for_others() -> None:
    with pytest.raises(Refused) as refusal:
        register(replace(FACTS, office=register()))

    assert codes(refusal) == ["not_an_office"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_an_administrator_changes_bodies(role: Role) -> None:
    agency = register()
    actor = builders.user(role)

    with pytest.raises(PermissionDenied):
        services.register_agency(FACTS, valid_from=BEGAN, actor=actor, now=NOW)
    with pytest.raises(PermissionDenied):
        services.change_version(agency, FACTS, valid_from=MERGED, actor=actor, now=NOW)
    with pytest.raises(PermissionDenied):
        services.succeed(agency, [], decision="QĐ", effective_on=MERGED, actor=actor, now=NOW)


def test_a_version_of_tomorrow_shows_tomorrow_and_once() -> None:
    agency = register()
    tomorrow = NOW + timedelta(days=1)
    change(agency, replace(FACTS, name="TÊN MỚI"), TODAY + timedelta(days=1))
    agency.refresh_from_db()
    assert agency.name == FACTS.name
    assert services.take_effect(now=NOW) == 0

    assert services.take_effect(now=tomorrow) == 1
    assert services.take_effect(now=tomorrow) == 0

    agency.refresh_from_db()
    assert agency.name == "TÊN MỚI"
    assert AuditEntry.objects.filter(action="agency.take_effect").count() == 1


def succeed(
    agency: Agency, *shares: Share, on: date = MERGED, dissolves: bool = True, now: datetime = NOW
) -> list[Succession]:
    return services.succeed(
        agency,
        shares,
        decision="Nghị quyết 1670/NQ-UBTVQH15",
        effective_on=on,
        dissolves=dissolves,
        actor=None,
        now=now,
    )


def test_a_body_that_went_over_ceases_on_the_day() -> None:
    old, new = register(), register(replace(FACTS, name="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"))

    (made,) = succeed(old, Share(new))

    old.refresh_from_db()
    assert made.in_effect
    assert old.exists_on(MERGED - timedelta(days=1))
    assert not old.exists_on(MERGED)
    assert old.versions.get().valid_until == MERGED
    assert list(new.predecessions.all()) == [made]


def test_the_successor_sees_the_predecessor_from_the_day_on() -> None:
    old, new = register(), register(replace(FACTS, name="MỚI"))
    clerk = builders.user(Role.CLERK, agency=new)
    tomorrow = NOW + timedelta(days=1)

    succeed(old, Share(new), on=TODAY + timedelta(days=1))
    before = set(Agency.objects.visible_to(clerk))
    services.take_effect(now=tomorrow)

    assert before == {new}
    assert set(Agency.objects.visible_to(clerk)) == {new, old}


def test_a_divided_body_may_live_on() -> None:
    old = register()
    first, second = register(replace(FACTS, name="A")), register(replace(FACTS, name="B"))
    partly = Succession.Extent.PARTLY

    succeed(old, Share(first, partly), Share(second, partly), dissolves=False)

    old.refresh_from_db()
    assert old.dissolved_on is None
    assert Succession.objects.count() == 2


def test_a_succession_that_makes_no_sense_is_refused() -> None:
    old, new = register(), register(replace(FACTS, name="MỚI"))
    gone = register(replace(FACTS, name="ĐÃ HẾT"))
    succeed(gone, Share(new), on=date(2024, 1, 1))
    partly = Succession.Extent.PARTLY

    for shares, on, dissolves, code in (
        ([], MERGED, False, "no_successor"),
        ([Share(old)], MERGED, True, "successor_is_itself"),
        ([Share(gone)], MERGED, True, "successor_dissolved"),
        ([Share(new), Share(new)], MERGED, True, "whole_to_several"),
        ([Share(new, partly), Share(new, partly)], MERGED, True, "successor_twice"),
        ([Share(new)], MERGED, False, "whole_but_lives"),
        ([Share(new)], BEGAN, True, "succession_too_early"),
    ):
        with pytest.raises(Refused) as refusal:
            succeed(old, *shares, on=on, dissolves=dissolves)
        assert codes(refusal) == [code]

    old.refresh_from_db()
    assert old.dissolved_on is None
    with pytest.raises(Refused) as refusal:
        change(gone, replace(FACTS, name="SỐNG LẠI"))
    assert codes(refusal) == ["agency_dissolved"]


def test_the_body_with_a_seal_manages_the_unit_without() -> None:
    hospital = register(replace(FACTS, name="BỆNH VIỆN"))
    room = register(replace(FACTS, name="PHÒNG", parent=hospital, has_seal=False))

    assert managing_agency(room) == hospital
    assert services.organisation_subscriber(room).agency == hospital
    assert services.organisation_subscriber(hospital).agency == hospital
    assert services.organisation_subscriber(room) == services.organisation_subscriber(room)


def test_who_sees_which_bodies() -> None:
    office = register(replace(FACTS, name="SỞ"), kind=AgencyKind.OFFICE)
    commune = register(replace(FACTS, office=office))
    room = register(replace(FACTS, name="PHÒNG", parent=commune, has_seal=False))
    school = register(replace(FACTS, name="TRƯỜNG", parent=commune))
    other = register(replace(FACTS, name="XÃ KHÁC"))
    everything = {office, commune, room, school, other}
    seen = {
        (Role.CLERK, commune): {commune, room},
        (Role.HEAD, commune): {commune, room},
        (Role.OFFICE_OFFICER, office): {office, commune},
        (Role.AUDITOR, commune): {commune, room, school},
    }

    for (role, agency), expected in seen.items():
        user = builders.user(role, agency=agency)
        assert set(Agency.objects.visible_to(user)) == expected
    for role in (Role.CA_OPERATOR, Role.ADMINISTRATOR):
        user = builders.user(role, agency=other)
        assert set(Agency.objects.visible_to(user)) >= everything


def test_bodies_are_found_by_words_without_marks() -> None:
    agency = register()

    assert Agency.objects.named("tan uyen thi tran").get() == agency
    assert not Agency.objects.named("tan uyen phuong").exists()
