"""The effective day: bodies are registered, transferred, renamed, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from orgmerge.models import Merger
from orgmerge.succession import bodies, effective_day
from orgmerge.succession.effective_day import problems_of, take_effect, try_again
from orgmerge.vocabulary import Extent, MergerKind, MergerState
from portal.agencies import services as agencies
from portal.agencies.models import Agency, AgencyVersion, Succession
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.notices.models import Notice
from tests import builders
from tests.orgmerge import approved
from tests.orgmerge import builders as merging
from tests.orgmerge.approved import DAY, ON_THE_DAY

pytestmark = pytest.mark.django_db


def test_nothing_happens_before_the_day() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")

    assert take_effect(now=ON_THE_DAY - timedelta(days=1)) == 0

    at.merger.refresh_from_db()
    assert at.merger.state == MergerState.APPROVED


def test_two_communes_become_a_new_one() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")

    assert take_effect(now=ON_THE_DAY) == 3

    at.merger.refresh_from_db()
    body = at.merger.bodies.get()
    assert (at.merger.state, at.merger.in_force_at) == (MergerState.IN_FORCE, ON_THE_DAY)
    assert body.agency is not None
    assert body.is_founded
    version = body.agency.versions.get()
    assert (version.valid_from, version.name, version.office) == (DAY, "UBND XÃ MỚI", at.office)
    for old in at.olds:
        old.refresh_from_db()
        assert old.dissolved_on == DAY
        assert [one.successor for one in old.successions.all()] == [body.agency]


def test_who_it_was_done_on_the_word_of_is_on_record() -> None:
    at = approved.scene("XÃ MỘT")

    take_effect(now=ON_THE_DAY)

    entry = AuditEntry.objects.get(action="agency.register")
    assert entry.actor_uuid is None
    assert entry.data["merger"] == str(at.merger.uuid)
    assert entry.data["decision"] == at.merger.decision
    assert entry.data["described_by"] == str(at.officer.uuid)
    assert entry.data["approved_by"] == str(at.merger.approved_by.uuid)  # type: ignore[union-attr]
    assert at.merger.steps.filter(action="take_effect", actor=None).count() == 1


def test_run_again_it_does_nothing_more() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")
    take_effect(now=ON_THE_DAY)
    before = AuditEntry.objects.count()

    assert take_effect(now=ON_THE_DAY + timedelta(days=1)) == 0

    assert AuditEntry.objects.count() == before
    assert Agency.objects.filter(name="UBND XÃ MỚI").count() == 1
    assert Notice.objects.filter(recipient=at.officer).count() == 1


def test_a_killed_run_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    approved.scene("XÃ MỘT", "XÃ HAI", "XÃ BA", into=("XÃ X", "XÃ Y"), extent=Extent.PARTLY)
    monkeypatch.setattr(effective_day, "AT_ONCE", 1)
    succeed = bodies.succeed
    calls = []

    def dies(*args: object, **kwargs: object) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise MemoryError
        succeed(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(effective_day, "succeed", dies)
    with pytest.raises(MemoryError):
        take_effect(now=ON_THE_DAY)
    assert Succession.objects.count() == 2

    take_effect(now=ON_THE_DAY)

    assert Succession.objects.count() == 6
    assert Agency.objects.filter(name__in=["XÃ X", "XÃ Y"]).count() == 2
    assert not Agency.objects.filter(name="XÃ MỘT", dissolved_on=None).exists()


def test_a_body_that_goes_on_keeps_what_nobody_described() -> None:
    office = builders.office()
    merger = merging.merger(
        builders.user(Role.OFFICE_OFFICER, agency=office), kind=MergerKind.NAME_KEPT
    )
    stays, goes = (builders.agency(name, office=office) for name in ("XÃ Ở LẠI", "XÃ ĐI"))
    stays.versions.update(budget_code="1059021", address="Bản Cũ")
    body = merging.body(merger, "PHƯỜNG Ở LẠI", agency=stays)
    merging.share(merger, stays, body)
    merging.share(merger, goes, body)
    approved.approve(merger)

    take_effect(now=ON_THE_DAY)

    stays.refresh_from_db()
    version = AgencyVersion.objects.version_on(stays, DAY)
    assert (stays.name, stays.dissolved_on) == ("PHƯỜNG Ở LẠI", None)
    assert (version.budget_code, version.address, version.valid_from) == (
        "1059021", "Bản Cũ", DAY,
    )  # fmt: skip
    assert set(Agency.objects.visible_to(builders.user(Role.CLERK, agency=stays))) == {stays, goes}


def test_a_part_goes_and_the_rest_lives_on() -> None:
    office = builders.office()
    merger = merging.merger(builders.user(Role.OFFICE_OFFICER, agency=office))
    divided = builders.agency("XÃ CHIA", office=office)
    rest = merging.body(merger, "XÃ CÒN LẠI", agency=divided)
    part = merging.body(merger, "XÃ TÁCH")
    merging.share(merger, divided, rest, extent=Extent.PARTLY)
    merging.share(merger, divided, part, extent=Extent.PARTLY)
    approved.approve(merger)

    take_effect(now=ON_THE_DAY)

    divided.refresh_from_db()
    assert (divided.name, divided.dissolved_on) == ("XÃ CÒN LẠI", None)
    assert [one.extent for one in divided.successions.all()] == [Extent.PARTLY]
    assert problems_of(merger) == []


def test_a_dissolved_body_has_no_successor() -> None:
    office = builders.office()
    merger = merging.merger(
        builders.user(Role.OFFICE_OFFICER, agency=office), kind=MergerKind.DISSOLUTION
    )
    old = builders.agency(office=office)
    merging.share(merger, old, None)
    approved.approve(merger)

    take_effect(now=ON_THE_DAY)

    old.refresh_from_db()
    assert old.dissolved_on == DAY
    assert not old.successions.exists()


def test_superiors_are_registered_before_what_stands_under_them() -> None:
    at = approved.scene("XÃ MỘT", into=("TRƯỜNG", "UBND XÃ MỚI"), extent=Extent.PARTLY)
    school, commune = at.bodies
    school.parent_body = commune
    school.save()

    take_effect(now=ON_THE_DAY)

    school.refresh_from_db()
    commune.refresh_from_db()
    assert school.agency is not None
    assert school.agency.parent == commune.agency


def test_the_code_of_an_absorbed_body_goes_on() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")
    at.olds[0].versions.update(agency_code="H12.3.4")
    at.merger.bodies.update(agency_code="H12.3.4")

    take_effect(now=ON_THE_DAY)

    assert problems_of(at.merger) == []


def test_what_fails_stands_on_its_body_and_can_be_tried_again() -> None:
    at = approved.scene("XÃ MỘT", into=("XÃ X", "XÃ Y"), extent=Extent.PARTLY)
    in_the_way = builders.agency(office=at.office)
    in_the_way.versions.update(agency_code="H12.3.4")
    at.merger.bodies.filter(name="XÃ Y").update(agency_code="H12.3.4")

    take_effect(now=ON_THE_DAY)

    at.merger.refresh_from_db()
    ((whose, why),) = problems_of(at.merger)
    assert whose == "XÃ Y"
    assert "H12.3.4" in why
    assert not Succession.objects.exists()  # a body passes to all or to none
    assert Notice.objects.filter(recipient=at.officer, cause__contains="problems").exists()

    in_the_way.versions.update(agency_code="")
    assert try_again(at.merger, actor=at.officer, now=ON_THE_DAY, version=at.merger.version) == 1
    take_effect(now=ON_THE_DAY)

    assert problems_of(at.merger) == []
    assert Succession.objects.count() == 2


def test_a_body_changed_later_than_planned_is_a_problem_not_a_crash() -> None:
    office = builders.office()
    merger = merging.merger(
        builders.user(Role.OFFICE_OFFICER, agency=office), kind=MergerKind.RENAME
    )
    old = builders.agency(office=office)
    merging.share(merger, old, merging.body(merger, "XÃ TÊN MỚI", agency=old))
    approved.approve(merger)
    facts = old.versions.get().facts()
    agencies.change_version(
        old, replace(facts, address="Nơi khác"), valid_from=date(2026, 12, 24), actor=None,
        now=builders.NOW,
    )  # fmt: skip

    take_effect(now=ON_THE_DAY)

    assert [whose for whose, _why in problems_of(merger)] == ["XÃ TÊN MỚI"]
    merger.refresh_from_db()
    assert merger.state == MergerState.IN_FORCE  # its succession stood


def test_an_old_body_that_ended_meanwhile_is_a_problem_until_the_same_is_recorded() -> None:
    at = approved.scene("XÃ MỘT")
    other = builders.agency(office=at.office)
    agencies.succeed(
        at.olds[0], [agencies.Share(other)], decision="QĐ", effective_on=DAY, actor=None,
        now=builders.NOW,
    )  # fmt: skip

    take_effect(now=ON_THE_DAY)

    assert [whose for whose, _why in problems_of(at.merger)] == ["XÃ MỘT"]


def test_another_officer_cannot_let_it_be_tried_again() -> None:
    at = approved.scene("XÃ MỘT")
    stranger = builders.user(Role.OFFICE_OFFICER)

    with pytest.raises(Merger.DoesNotExist):
        try_again(at.merger, actor=stranger, now=ON_THE_DAY, version=at.merger.version)
