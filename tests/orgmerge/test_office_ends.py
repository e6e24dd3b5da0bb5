"""An office is absorbed by another: nothing lost, nothing twice, nobody where they don't belong."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.lifecycle import Custody
from devices.models import Device, Shipment
from orgmerge.description.implied_rows import imply
from orgmerge.models import Merger, MergerBody, MergerOffice, PlanLine, TransferEntry
from orgmerge.plans import services as plans
from orgmerge.plans import worker
from orgmerge.succession import effective_day, transfers
from orgmerge.succession.effective_day import take_effect
from orgmerge.succession.handover import hand_over
from orgmerge.succession.remainders import remaining_counts
from orgmerge.vocabulary import Extent, MergerKind, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.services import hand_on_bodies
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.database import bulk
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.services import open_deadline
from portal.notices.models import Notice
from requests_app.covering_letters.services import make_letter
from requests_app.covering_letters.steps import COVERING_LETTERS
from requests_app.letter_workflow import Stage
from requests_app.models import CoveringLetter, Dossier, DossierCopy, Procedure, RoutingRule
from requests_app.routing.services import copies_for, rule_for
from requests_app.workflow import Route, State
from tests import builders
from tests.orgmerge import approved
from tests.orgmerge import builders as merging
from tests.orgmerge.approved import DAY, ON_THE_DAY

pytestmark = pytest.mark.django_db
LATER = ON_THE_DAY + timedelta(hours=1)


@dataclass(slots=True)
class Two:
    """Two offices, one of which passes to the other; bodies that the first one follows."""

    merger: Merger
    old: Agency
    heir: Agency
    officer: User  # of the heir, which leads
    bodies: list[Agency]

    def effect(self) -> None:
        """The day: everything recorded and transferred."""
        take_effect(now=ON_THE_DAY)
        hand_over(now=LATER)
        self.merger.refresh_from_db()
        self.old.refresh_from_db()
        for body in self.bodies:
            body.refresh_from_db()

    def sees(self, rows: Any) -> Collection[Any]:
        """What the heir's officer sees of them."""
        return list(rows.visible_to(User.objects.get(pk=self.officer.pk)))


def two(bodies: int = 2, *, extent: str = Extent.WHOLE) -> Two:
    old, heir = builders.office("SỞ KH&CN QUẢNG NAM"), builders.office("SỞ KH&CN ĐÀ NẴNG")
    officer = builders.user(Role.OFFICE_OFFICER, agency=heir)
    merger = merging.merger(officer, kind=MergerKind.NAME_KEPT, effective_on=DAY)
    MergerOffice.objects.create(
        merger=merger, office=old, asked_by=officer, asked_at=builders.NOW,
        joined_by=officer, joined_at=builders.NOW,
    )  # fmt: skip
    stays = merging.body(merger, heir.name, agency=heir)
    if extent == Extent.WHOLE:
        merging.share(merger, old, stays)
    else:
        for name in ("TRUNG TÂM MỘT", "TRUNG TÂM HAI"):
            merging.share(merger, old, merging.body(merger, name), extent=extent)
    merging.share(merger, heir, stays)
    followed = [builders.agency(f"XÃ {number}", office=old) for number in range(bodies)]
    return Two(approved.approve(merger), old, heir, officer, followed)


def clock(kind: str, thing: Any, *, agency: Agency, office: Agency | None) -> Deadline:
    return open_deadline(
        DeadlineKind(kind), agency=agency, office=office, target_type="dossier",
        target_uuid=thing.uuid, title="x", path="", now=builders.NOW,
    )  # fmt: skip


def test_bodies_that_nobody_described_are_followed_by_the_heir_from_the_day() -> None:
    at = two(3)
    stranger = builders.agency("XÃ KHÁC", office=builders.office())

    at.effect()

    for body in at.bodies:
        before, after = body.versions.order_by("valid_from")
        assert (before.office, before.valid_until) == (at.old, DAY)
        assert (after.office, after.valid_from, after.valid_until) == (at.heir, DAY, None)
        assert (after.name, after.decision) == (before.name, at.merger.decision)
        assert body.office == at.heir
    assert stranger.versions.count() == 1
    (entry,) = AuditEntry.objects.filter(action="agency.hand_on_bodies")
    assert entry.data["bodies"] == [str(body.uuid) for body in at.bodies]
    assert at.merger.followed_at == LATER
    assert remaining_counts(at.merger, now=LATER) == {}


def test_a_change_of_a_body_for_a_day_to_come_names_the_heir_too() -> None:
    at = two(1)
    (body,) = at.bodies
    version = body.versions.get()
    spring = date(2027, 3, 1)
    AgencyVersion.objects.filter(pk=version.pk).update(valid_until=spring)
    AgencyVersion.objects.create(
        agency=body, valid_from=spring, name="XÃ MÙA XUÂN", short_name="UBND",
        province="Lai Châu", place="Tân Uyên", office=at.old,
    )  # fmt: skip

    at.effect()

    found = body.versions.order_by("valid_from").values_list("valid_from", "valid_until", "office")
    assert list(found) == [
        (version.valid_from, DAY, at.old.pk), (DAY, spring, at.heir.pk), (spring, None, at.heir.pk),
    ]  # fmt: skip
    assert (body.name, body.office) == ("XÃ 0", at.heir)


def test_what_ended_before_the_day_stays_as_it_was() -> None:
    at = two(1)
    ended = at.bodies[0]
    Agency.objects.filter(pk=ended.pk).update(dissolved_on=date(2026, 11, 1))
    ended.versions.update(valid_until=date(2026, 11, 1))

    at.effect()

    assert (ended.versions.get().office, ended.office) == (at.old, at.old)


def test_described_and_founded_bodies_get_the_heir_of_their_office() -> None:
    at = two(3)
    renamed = merging.body(at.merger, "XÃ TÊN MỚI", agency=at.bodies[0])
    merging.share(at.merger, at.bodies[0], renamed)
    founded = merging.body(at.merger, "XÃ THÀNH LẬP")
    merging.share(at.merger, at.bodies[1], founded)
    merging.share(at.merger, at.bodies[2], founded)

    at.effect()

    founded.refresh_from_db()
    assert at.bodies[0].name == "XÃ TÊN MỚI"
    assert founded.agency is not None
    for body in (at.bodies[0], founded.agency):
        assert body.office == at.heir
        assert AgencyVersion.objects.version_on(body, DAY).office == at.heir
    assert not AgencyVersion.objects.on(DAY).filter(office=at.old).exists()


def test_an_office_founded_in_the_place_of_two_follows_the_bodies_of_both() -> None:
    at = two(1)
    other = builders.agency("XÃ ĐÀ NẴNG", office=at.heir)
    at.merger.shares.all().delete()
    at.merger.bodies.all().delete()
    new = merging.body(at.merger, "SỞ KH&CN MỚI")
    merging.share(at.merger, at.old, new)
    merging.share(at.merger, at.heir, new)

    at.effect()

    new.refresh_from_db()
    other.refresh_from_db()
    assert new.agency is not None
    assert (new.agency.kind, new.agency.office) == ("office", None)
    assert (at.bodies[0].office, other.office) == (new.agency, new.agency)


def test_the_leading_office_follows_what_a_divided_one_followed() -> None:
    at = two(1, extent=Extent.PARTLY)
    dossier = builders.dossier(agency=at.bodies[0], state=State.SUBMITTED)
    owed = clock("office_check", dossier, agency=at.old, office=at.old)

    at.effect()

    dossier.refresh_from_db()
    owed.refresh_from_db()
    assert (at.bodies[0].office, dossier.office) == (at.heir, at.heir)
    assert (owed.agency, owed.office) == (at.heir, at.heir)


def test_handing_bodies_on_takes_as_many_statements_for_forty_as_for_four() -> None:
    def statements(bodies: int) -> int:
        at = two(bodies)
        with CaptureQueriesContext(connection) as done:
            hand_on_bodies(at.old, at.heir, from_day=DAY, decision="x", at_once=500, now=ON_THE_DAY)
        return len(done)

    statements(1)  # the head of the audit chain is made once
    assert statements(40) == statements(4)


def test_a_dossier_at_the_check_lies_on_the_heirs_desk_with_its_clock() -> None:
    at = two(1)
    dossier = builders.dossier(agency=at.bodies[0], state=State.SUBMITTED)
    owed = clock("office_check", dossier, agency=at.old, office=at.old)
    elsewhere = builders.dossier(
        agency=builders.agency(office=builders.office()), state="submitted"
    )

    at.effect()

    officer = User.objects.get(pk=at.officer.pk)
    assert list(Dossier.objects.workable_by(officer)) == [dossier]
    owed.refresh_from_db()
    assert (owed.agency, owed.office) == (at.heir, at.heir)
    found = Dossier.objects.get(pk=dossier.pk)
    assert (found.version, found.agency) == (dossier.version, at.bodies[0])
    assert (TransferEntry.objects.get(about="dossier").old, found.office) == (at.old, at.heir)
    assert Notice.objects.filter(recipient=officer, title__contains="1 hồ sơ").count() == 1
    elsewhere.refresh_from_db()
    assert elsewhere.office not in (at.old, at.heir)


def test_one_at_the_ca_and_one_returned_are_watched_by_the_heir() -> None:
    at = two(1)
    ca = builders.ca()
    forwarded = builders.dossier(agency=at.bodies[0], state=State.FORWARDED)
    returned = builders.dossier(agency=at.bodies[0], state=State.RETURNED)
    decided_there = builders.dossier(
        agency=at.bodies[0], state=State.SUBMITTED, route=Route.OFFICE_ONLY, addressee=at.old
    )
    at_ca = clock("ca_issue", forwarded, agency=ca, office=at.old)
    theirs = clock("correction", returned, agency=at.bodies[0], office=at.old)

    at.effect()

    at_ca.refresh_from_db()
    theirs.refresh_from_db()
    decided_there.refresh_from_db()
    assert (at_ca.agency, at_ca.office) == (ca, at.heir)
    assert (theirs.agency, theirs.office) == (at.bodies[0], at.heir)
    assert (decided_there.office, decided_there.addressee) == (at.heir, at.heir)
    assert {forwarded, returned, decided_there} == set(at.sees(Dossier.objects))


def test_what_is_closed_stays_as_printed_and_is_read_by_the_heir_alone() -> None:
    at = two(1)
    done = builders.dossier(agency=at.bodies[0], state=State.COMPLETED)
    ended = builders.certificate(
        subscriber=builders.person(at=at.bodies[0]), office=at.old, not_after=builders.NOW
    )
    copied = builders.dossier(agency=builders.agency(), state=State.COMPLETED)
    for office in (at.old, at.heir):
        DossierCopy.objects.create(dossier=copied, agency=office)
    stranger = builders.user(Role.OFFICE_OFFICER, agency=builders.office())
    before = User.objects.get(pk=at.officer.pk)
    assert list(Dossier.objects.visible_to(before)) == []

    at.effect()

    done.refresh_from_db()
    ended.refresh_from_db()
    assert (done.office, ended.office) == (at.old, at.old)
    assert at.sees(Dossier.objects) == [done]
    assert at.sees(Certificate.objects) == [ended]
    officer = User.objects.get(pk=at.officer.pk)
    assert list(Dossier.objects.visible_as_copy_to(officer)) == [copied]
    assert at.old in at.sees(Agency.objects)
    for rows in (Dossier.objects, Certificate.objects, Device.objects, Deadline.objects):
        assert list(rows.visible_to(stranger)) == []


def test_certificates_devices_and_their_clocks_name_the_heir() -> None:
    at = two(1)
    person = builders.person(at=at.bodies[0])
    certificate = builders.certificate(subscriber=person, office=at.old)
    device = builders.in_hands_of(person, certificate.key)
    owed = clock("device_return", device, agency=at.bodies[0], office=at.old)

    at.effect()

    for row in (certificate, device, owed):
        row.refresh_from_db()
        assert row.office == at.heir


def test_devices_lying_at_the_office_or_on_their_way_are_the_heirs_to_see_to() -> None:
    at = two(1)
    (body,) = at.bodies
    lying = builders.device(custody=Custody.AT_OFFICE, agency=body)
    returned = builders.device(custody=Custody.AT_CA, agency=body)
    way = builders.device(custody=Custody.ON_ITS_WAY, agency=body)
    operator = builders.user(Role.CA_OPERATOR)
    shipment = Shipment.objects.create(
        agency=at.bodies[0], office=at.old, channel="post", sent_by=operator, sent_at=builders.NOW
    )

    at.effect()

    found = {one.pk: one.office for one in Device.objects.select_related("office")}
    assert found == {lying.pk: at.heir, way.pk: at.heir, returned.pk: at.old}
    shipment.refresh_from_db()
    assert shipment.office == at.heir
    assert TransferEntry.objects.get(about="device").target_id == lying.pk


def covered(at: Two, stage: str) -> tuple[CoveringLetter, Dossier]:
    """A letter of the office that ends, over one dossier at its check."""
    theirs = builders.user(Role.OFFICE_OFFICER, agency=at.old)
    dossier = builders.dossier(agency=at.bodies[0], state=State.SUBMITTED)
    chosen = Dossier.objects.filter(pk=dossier.pk)
    letter = make_letter(chosen, actor=theirs, now=builders.NOW).letter
    CoveringLetter.objects.filter(pk=letter.pk).update(
        stage=stage, letter_number="12/SKHCN", letter_date=builders.TODAY
    )
    return letter, dossier


def test_a_letter_that_was_not_sent_is_the_heirs_to_write_in_its_own_name() -> None:
    at = two(1)
    letter, dossier = covered(at, Stage.AWAITING_SIGNATURE)

    at.effect()

    letter.refresh_from_db()
    dossier.refresh_from_db()
    assert (letter.office, letter.stage, letter.letter_number) == (at.heir, Stage.DRAFT, "")
    assert (letter.letter_date, letter.letter) == (None, None)
    assert letter.covered.get().dossier == dossier
    assert dossier.office == at.heir
    officer = User.objects.get(pk=at.officer.pk)
    COVERING_LETTERS.number(
        letter, letter_number="1/SKHCN-ĐN", letter_date=DAY, actor=officer, now=LATER,
        version=letter.version,
    )  # fmt: skip


def test_a_letter_on_its_way_goes_out_as_printed_and_its_dossiers_follow_after() -> None:
    at = two(1)
    letter, dossier = covered(at, Stage.FORWARDING)

    at.effect()

    dossier.refresh_from_db()
    assert dossier.office == at.old
    assert remaining_counts(at.merger, now=LATER) == {"office_dossiers": 1}
    assert at.merger.followed_at is None
    letter.covered.update(outcome="forwarded")
    hand_over(now=LATER + timedelta(minutes=1))
    dossier.refresh_from_db()
    letter.refresh_from_db()
    at.merger.refresh_from_db()
    assert (dossier.office, letter.office) == (at.heir, at.old)
    assert at.merger.followed_at is not None


def test_people_of_the_office_work_on_at_the_heir_under_its_head() -> None:
    at = two(0)
    builders.user(Role.OFFICE_HEAD, agency=at.heir)
    officer = builders.user(Role.OFFICE_OFFICER, agency=at.old)
    head = builders.user(Role.OFFICE_HEAD, agency=at.old)

    at.effect()

    officer.refresh_from_db()
    head.refresh_from_db()
    assert (officer.agency, officer.role, officer.is_active) == (at.heir, "office_officer", True)
    assert (head.agency, head.role, head.is_active) == (at.heir, "", False)


def rule(office: Agency | None, procedure: str, **columns: Any) -> RoutingRule:
    made = builders.routing(procedure, columns.pop("route", Route.VIA_OFFICE), office=office)
    RoutingRule.objects.filter(pk=made.pk).update(**columns)
    made.refresh_from_db()
    return made


def test_rules_that_name_the_office_end_and_administrators_are_told_which() -> None:
    at = two(1)
    administrator = builders.user(Role.ADMINISTRATOR)
    general = rule(None, Procedure.ISSUE)
    own = rule(at.old, Procedure.ISSUE, route=Route.DIRECT)
    heirs = rule(at.heir, Procedure.REVOKE, route=Route.DIRECT)
    also = rule(at.old, Procedure.REVOKE)

    at.effect()

    for one in (general, own, heirs, also):
        one.refresh_from_db()
    assert [one.valid_until for one in (own, also, general, heirs)] == [DAY, DAY, None, None]
    found = {
        procedure: rule_for(procedure, office_id=at.heir.pk, today=DAY)
        for procedure in (Procedure.ISSUE, Procedure.REVOKE)
    }
    assert found == {Procedure.ISSUE: general, Procedure.REVOKE: heirs}
    told = Notice.objects.get(recipient=administrator)
    assert at.old.name in told.title
    assert "Đã hết hiệu lực" in told.text


def test_no_dossier_is_without_a_way_when_only_the_ended_office_had_one() -> None:
    at = two(1)
    administrator = builders.user(Role.ADMINISTRATOR)
    only = rule(at.old, Procedure.RECOVER, route=Route.OFFICE_ONLY, addressee=at.old)
    third = builders.office()
    named = rule(third, Procedure.REPORT_LOSS, route=Route.NOTICE, addressee=at.old)

    at.effect()

    only.refresh_from_db()
    named.refresh_from_db()
    assert (only.valid_until, named.valid_until) == (None, None)
    found = rule_for(Procedure.RECOVER, office_id=at.heir.pk, today=DAY)
    assert (found, found.addressee) == (only, at.heir)
    theirs = rule_for(Procedure.REPORT_LOSS, office_id=third.pk, today=DAY)
    assert (theirs, theirs.addressee) == (named, at.heir)
    assert "Chưa có quy định thay thế" in Notice.objects.get(recipient=administrator).text


def test_a_rule_that_sends_copies_to_the_office_sends_them_to_the_heir() -> None:
    at = two(1)
    general = rule(None, Procedure.ISSUE)
    general.copies.add(at.old)

    at.effect()

    general.refresh_from_db()
    assert general.valid_until is None
    assert copies_for(general, at.bodies[0]) == [at.heir]


def test_a_body_that_comes_to_another_province_takes_everything_to_its_office() -> None:
    here, there = builders.office("SỞ A"), builders.office("SỞ B")
    province, other = (
        builders.agency(f"UBND TỈNH {one.name}", office=one) for one in (here, there)
    )
    commune = builders.agency("XÃ GIÁP RANH", office=here, parent=province)
    stays = builders.agency("XÃ Ở LẠI", office=here, parent=province)
    officer = builders.user(Role.OFFICE_OFFICER, agency=here)
    merger = merging.merger(officer, effective_on=DAY)
    body = merging.body(merger, commune.name, agency=commune, parent=other)
    merging.share(merger, commune, body)
    approved.approve(merger)
    person = builders.person(at=commune)
    certificate = builders.certificate(subscriber=person, office=here)
    device = builders.in_hands_of(person, certificate.key)
    lying = builders.device(agency=commune, custody=Custody.AT_OFFICE)
    dossier = builders.dossier(agency=commune, state=State.SUBMITTED)
    check = clock("office_check", dossier, agency=here, office=here)
    kept = builders.dossier(agency=stays, state=State.SUBMITTED)

    take_effect(now=ON_THE_DAY)
    hand_over(now=LATER)

    for row in (commune, certificate, device, dossier, check):
        row.refresh_from_db()
        assert row.office == there
    for row in (stays, kept, lying):
        row.refresh_from_db()
        assert row.office == here
    assert check.agency == there
    merger.refresh_from_db()
    assert merger.followed_at == LATER


def test_the_planner_has_nothing_to_do_about_a_body_whose_office_alone_changes() -> None:
    at = two(2)
    for body in at.bodies:
        builders.certificate(subscriber=builders.person(at=body), office=at.old)
    Merger.objects.filter(pk=at.merger.pk).update(state=MergerState.DRAFT)
    at.merger.refresh_from_db()
    imply(at.merger)
    asked = plans.ask_for_plan(at.merger, actor=at.officer, now=builders.NOW)
    while worker.make_waiting(now=builders.NOW):
        pass

    asked.refresh_from_db()
    assert asked.state == "ready"
    assert not MergerBody.objects.filter(agency__in=at.bodies).exists()
    assert not PlanLine.objects.filter(plan=asked, about="certificate").exists()


def test_a_killed_run_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    at = two(4)
    for body in at.bodies:
        dossier = builders.dossier(agency=body, state=State.SUBMITTED)
        clock("office_check", dossier, agency=at.old, office=at.old)
    monkeypatch.setattr(effective_day, "_BODIES_AT_ONCE", 1)
    monkeypatch.setattr(transfers, "AT_ONCE", 1)
    update, calls = bulk.update_rows, []

    def dies(*args: Any, **options: Any) -> int:
        calls.append(args)
        if len(calls) == 3:
            raise MemoryError
        return update(*args, **options)

    monkeypatch.setattr("portal.agencies.services.bodies.update_rows", dies)
    with pytest.raises(MemoryError):
        take_effect(now=ON_THE_DAY)
    assert Agency.objects.filter(office=at.heir, name__startswith="XÃ").count() == 2
    take_effect(now=ON_THE_DAY)
    assert Agency.objects.filter(office=at.heir, name__startswith="XÃ").count() == 4
    calls.clear()
    monkeypatch.setattr("requests_app.succession.offices.update_rows", dies)
    with pytest.raises(MemoryError):
        hand_over(now=LATER)
    assert Dossier.objects.filter(office=at.heir).count() == 2

    hand_over(now=LATER)

    assert Dossier.objects.filter(office=at.heir).count() == 4
    assert Deadline.objects.open().filter(agency=at.heir, office=at.heir).count() == 4
    assert AgencyVersion.objects.filter(agency__in=at.bodies).count() == 8
    entries = AuditEntry.objects.filter(action="merger.follow_office", data__about="dossier")
    assert sum(len(one.data["to"][str(at.heir.uuid)]) for one in entries) == 4
    before = AuditEntry.objects.count()
    assert take_effect(now=LATER) + hand_over(now=LATER) == 0
    assert AuditEntry.objects.count() == before
