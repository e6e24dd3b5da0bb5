"""Describing a reorganisation: what follows from what is said, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.core.exceptions import PermissionDenied

from orgmerge.approval.services import take_step
from orgmerge.description import checks
from orgmerge.description import services as description
from orgmerge.description.values import BodyFacts, MergerFacts
from orgmerge.models import Merger, MergerBody
from orgmerge.vocabulary import Extent, MergerKind
from portal.accounts.models import User
from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, AgencyVersion
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.errors import NotEditable, StaleVersion
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db

DECISION = MergerFacts(
    title="Sắp xếp hai xã",
    kind=MergerKind.NEW_NAME,
    decision="1670/NQ-UBTVQH15",
    decided_on=date(2026, 11, 2),
    effective_on=date(2026, 12, 1),
)


def officer() -> User:
    return builders.user(Role.OFFICE_OFFICER)


def facts(name: str, **columns: object) -> BodyFacts:
    own = AgencyFacts(name=name, short_name="UBND", province="Lai Châu", place="Tân Uyên")
    agency = columns.pop("agency", None)
    parent_body = columns.pop("parent_body", None)
    return BodyFacts(
        facts=replace(own, **columns),  # type: ignore[arg-type]
        agency=agency,  # type: ignore[arg-type]
        parent_body=parent_body,  # type: ignore[arg-type]
    )


def add_body(merger: Merger, body: BodyFacts, by: User) -> MergerBody:
    merger.refresh_from_db()
    return description.add_body(merger, body, actor=by, now=NOW, version=merger.version)


def add_row(
    merger: Merger, old: Agency, new: MergerBody | None, by: User, *, extent: str = Extent.WHOLE
) -> None:
    merger.refresh_from_db()
    row = description.DescribedRow(old, new, extent)
    description.add_row(merger, row, actor=by, now=NOW, version=merger.version)


def rows_of(merger: Merger) -> list[tuple[str, str, bool]]:
    return [
        (share.old.name, share.new.name if share.new else "", share.is_implied)
        for share in merger.shares.order_by("position")
    ]


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


def test_a_description_begins_as_a_draft_of_the_officers_office() -> None:
    by = officer()

    merger = description.create_merger(DECISION, actor=by, now=NOW)

    assert merger.office == by.agency
    assert list(merger.edited_by.all()) == [by]
    assert AuditEntry.objects.get().action == "merger.create"


def test_only_an_officer_of_an_office_describes() -> None:
    for role in set(Role) - {Role.OFFICE_OFFICER}:
        with pytest.raises(PermissionDenied):
            description.create_merger(DECISION, actor=builders.user(role), now=NOW)


def test_nothing_is_in_force_before_it_is_decided() -> None:
    early = replace(DECISION, effective_on=date(2026, 11, 1))

    with pytest.raises(Refused) as refusal:
        description.create_merger(early, actor=officer(), now=NOW)

    assert codes(refusal) == ["effective_before_decided"]


def test_a_body_that_lives_on_goes_over_to_itself_and_nothing_of_the_register_changes() -> None:
    by = officer()
    merger = mergers.merger(by)
    kept = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=by.agency)

    add_body(merger, facts("ỦY BAN NHÂN DÂN PHƯỜNG TÂN UYÊN", agency=kept), by)

    assert rows_of(merger) == [(kept.name, "ỦY BAN NHÂN DÂN PHƯỜNG TÂN UYÊN", False)]
    kept.refresh_from_db()
    assert kept.name == "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"
    assert AgencyVersion.objects.filter(agency=kept).count() == 1


def test_who_stood_under_a_body_that_ends_gets_its_successor_as_superior() -> None:
    by = officer()
    merger = mergers.merger(by)
    ends = builders.agency(office=by.agency)
    school = builders.agency("TRƯỜNG TIỂU HỌC THỬ", office=by.agency, parent=ends)
    unit = builders.agency("TỔ THỬ", office=by.agency, parent=school, has_seal=False)
    new = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by)

    add_row(merger, ends, new, by)

    assert rows_of(merger) == [
        (ends.name, new.name, False),
        (school.name, school.name, True),
        (unit.name, unit.name, True),
    ]
    under = {body.name: body for body in merger.bodies.all()}
    assert under[school.name].parent_body == new
    assert under[unit.name].parent == school
    assert under[unit.name].has_seal is False


def test_who_stands_under_a_renamed_body_follows_as_well() -> None:
    by = officer()
    merger = mergers.merger(by)
    renamed = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=by.agency)
    school = builders.agency("TRƯỜNG TIỂU HỌC THỬ", office=by.agency, parent=renamed)

    add_body(merger, facts("ỦY BAN NHÂN DÂN PHƯỜNG TÂN UYÊN", agency=renamed), by)

    assert merger.shares.get(old=school).is_implied
    assert merger.bodies.get(agency=school).parent == renamed


def test_nobody_follows_a_body_that_keeps_its_name() -> None:
    by = officer()
    merger = mergers.merger(by)
    kept = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=by.agency)
    builders.agency("TRƯỜNG TIỂU HỌC THỬ", office=by.agency, parent=kept)

    add_body(merger, facts("UBND xã Tân Uyên", agency=kept), by)

    assert merger.shares.count() == 1


def test_what_stood_under_a_split_body_waits_for_a_persons_word() -> None:
    by = officer()
    merger = mergers.merger(by)
    split = builders.agency(office=by.agency)
    builders.agency("VĂN PHÒNG", office=by.agency, parent=split, has_seal=False)  # it ends with it
    school = builders.agency("TRƯỜNG TIỂU HỌC THỬ", office=by.agency, parent=split)
    first = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỘT"), by)
    second = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ HAI"), by)
    add_row(merger, split, first, by, extent=Extent.PARTLY)
    add_row(merger, split, second, by, extent=Extent.PARTLY)

    found = [one for one in checks.contradictions_of(merger) if one.code == "superior_not_said"]
    body = merger.bodies.get(agency=school)
    merger.refresh_from_db()
    description.save_body(
        merger,
        body.uuid,
        facts(school.name, agency=school, parent_body=second),
        actor=by,
        now=NOW,
        version=merger.version,
    )

    assert [one.row for one in found] == [merger.shares.get(old=school).position]
    assert not merger.shares.get(old=school).is_implied
    assert not [one for one in checks.contradictions_of(merger) if one.code == "superior_not_said"]


def test_what_followed_goes_when_what_it_followed_from_goes_and_the_rest_keeps_its_keys() -> None:
    by = officer()
    merger = mergers.merger(by)
    new = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by)
    first, second = builders.agency(office=by.agency), builders.agency(office=by.agency)
    school = builders.agency("TRƯỜNG MỘT", office=by.agency, parent=first)
    builders.agency("TRƯỜNG HAI", office=by.agency, parent=second)
    add_row(merger, first, new, by)
    add_row(merger, second, new, by)
    kept = merger.bodies.get(agency=school).pk
    merger.refresh_from_db()

    position = merger.shares.get(old=second).position
    description.remove_row(merger, position, actor=by, now=NOW, version=merger.version)

    assert [old for old, _new, _implied in rows_of(merger)] == [first.name, school.name]
    assert merger.bodies.get(agency=school).pk == kept


def test_a_row_that_follows_is_not_taken_out_by_itself() -> None:
    by = officer()
    merger = mergers.merger(by)
    ends = builders.agency(office=by.agency)
    school = builders.agency("TRƯỜNG MỘT", office=by.agency, parent=ends)
    add_row(merger, ends, add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by), by)
    merger.refresh_from_db()
    acting = {"actor": by, "now": NOW, "version": merger.version}

    with pytest.raises(Refused) as row:
        description.remove_row(merger, merger.shares.get(old=school).position, **acting)  # type: ignore[arg-type]
    with pytest.raises(Refused) as body:
        description.remove_body(merger, merger.bodies.get(agency=school).uuid, **acting)  # type: ignore[arg-type]

    assert codes(row) == codes(body) == ["row_follows"]


def test_what_a_person_says_takes_the_place_of_what_followed() -> None:
    by = officer()
    merger = mergers.merger(by)
    ends = builders.agency(office=by.agency)
    school = builders.agency("TRƯỜNG MỘT", office=by.agency, parent=ends)
    new = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by)
    add_row(merger, ends, new, by)
    joined = add_body(merger, facts("TRƯỜNG CHUNG", parent_body=new), by)

    add_row(merger, school, joined, by)

    assert rows_of(merger) == [(ends.name, new.name, False), (school.name, joined.name, False)]


def test_a_body_of_another_office_is_not_described() -> None:
    by = officer()
    merger = mergers.merger(by)
    foreign = builders.agency(office=builders.office())

    with pytest.raises(Refused) as row:
        add_row(merger, foreign, None, by)
    with pytest.raises(Refused) as body:
        add_body(merger, facts(foreign.name, agency=foreign), by)

    assert codes(row) == codes(body) == ["not_followed"]
    assert not merger.shares.exists()


def test_the_same_thing_is_said_once() -> None:
    by = officer()
    merger = mergers.merger(by)
    old = builders.agency(office=by.agency)
    new = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by)
    add_row(merger, old, new, by)
    ended = builders.agency(office=by.agency)
    add_row(merger, ended, None, by)

    for twice, where in ((old, new), (ended, None)):
        with pytest.raises(Refused) as refusal:
            add_row(merger, twice, where, by)
        assert codes(refusal) == ["row_twice"]


def test_two_described_bodies_do_not_stand_under_each_other() -> None:
    by = officer()
    merger = mergers.merger(by)
    upper = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by)
    lower = add_body(merger, facts("TRƯỜNG MỚI", parent_body=upper), by)
    merger.refresh_from_db()

    with pytest.raises(Refused) as refusal:
        description.save_body(
            merger,
            upper.uuid,
            facts(upper.name, parent_body=lower),
            actor=by,
            now=NOW,
            version=merger.version,
        )

    assert codes(refusal) == ["parent_cycle"]


def test_an_older_form_and_a_description_before_the_head_change_nothing() -> None:
    by = officer()
    merger = mergers.merger(by)

    with pytest.raises(StaleVersion):
        description.save_merger(merger, DECISION, actor=by, now=NOW, version=7)
    Merger.objects.update(state="awaiting_approval")
    with pytest.raises(NotEditable):
        description.save_merger(merger, DECISION, actor=by, now=NOW, version=1)

    merger.refresh_from_db()
    assert (merger.version, merger.title) == (1, "Sắp xếp xã Thử")


def test_many_bodies_are_implied_in_a_fixed_number_of_queries(
    django_assert_max_num_queries: pytest.FixtureRequest,
) -> None:
    by = officer()
    merger = mergers.merger(by)
    new = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by)
    ends = builders.agency(office=by.agency)
    for _ in range(30):
        builders.agency(office=by.agency, parent=ends)
    merger.refresh_from_db()

    with django_assert_max_num_queries(30):  # type: ignore[operator]
        description.add_row(
            merger, description.DescribedRow(ends, new), actor=by, now=NOW, version=merger.version
        )

    assert merger.shares.filter(is_implied=True).count() == 30


def test_contradictions_are_told_with_the_rows_at_fault_and_keep_it_from_the_head() -> None:
    by = officer()
    merger = mergers.merger(by)
    other = mergers.merger(by)
    first, second = (builders.agency(office=by.agency) for _ in range(2))
    mergers.share(other, second, None)
    one, two = mergers.body(merger, "XÃ MỘT"), mergers.body(merger, "XÃ HAI")
    mergers.share(merger, first, one)
    mergers.share(merger, first, two)
    mergers.share(merger, second, two)

    found = {(one.code, one.row) for one in checks.contradictions_of(merger)}
    with pytest.raises(Refused) as refusal:
        take_step(merger, "submit", actor=by, now=NOW, version=merger.version)

    assert {("whole_to_several", 2), ("in_another_merger", 3)} <= found
    assert {"whole_to_several", "in_another_merger", "no_plan"} <= set(codes(refusal))


def test_bodies_that_only_follow_may_share_their_names() -> None:
    by = officer()
    merger = mergers.merger(by)
    new = add_body(merger, facts("ỦY BAN NHÂN DÂN XÃ MỚI"), by)
    for _ in range(2):
        ends = builders.agency(office=by.agency)
        builders.agency("TRẠM Y TẾ", office=by.agency, parent=ends)
        add_row(merger, ends, new, by)

    assert checks.contradictions_of(merger) == []
