"""Two provinces become one: what lay with the office that ends is finished by its heir."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from devices import services as devices
from devices.lifecycle import Custody
from devices.models import Device
from orgmerge.models import MergerOffice
from orgmerge.partners import services as partners
from orgmerge.vocabulary import LineAction, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.audit.verification import verify
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from requests_app.covering_letters import forward_queue
from requests_app.covering_letters.services import make_letter
from requests_app.covering_letters.steps import COVERING_LETTERS
from requests_app.execution import services as execution
from requests_app.models import CoveringLetter, Dossier
from requests_app.workflow import Action as Step
from requests_app.workflow import State
from tests import builders, story
from tests.flows import merging, paperwork
from tests.flows.merging import Province, Town
from tests.flows.paperwork import Hands
from tests.flows.visitor import Visitor
from tests.requests_app import revocations

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

QUANG_NAM, DA_NANG = "TỈNH QUẢNG NAM", "THÀNH PHỐ ĐÀ NẴNG"
LIST_SENT: dict[str, Any] = {"number": "15/SKHCN-CNTT", "sent_on": "20/11/2026"}


@dataclass(slots=True)
class Side:
    """A province: its committee, its office with two people, two communes."""

    committee: Agency
    office: Agency
    officer: User
    head: User
    towns: tuple[Town, Town]


@dataclass(slots=True)
class UnderWay:
    """What was under way in the province that ends, on the day before."""

    at_check: Dossier
    at_the_ca: Dossier
    covered: Dossier
    letter: CoveringLetter
    device: Device


def test_what_lay_with_the_office_that_ends_is_finished_by_its_heir(
    clock: time_machine.Traveller,
) -> None:
    ends, stays = _side(QUANG_NAM), _side(DA_NANG)
    at = _province(clock, stays)
    stranger = builders.user(Role.OFFICE_OFFICER, agency=builders.office("SỞ NƠI KHÁC"))
    work = _under_way(ends, at)
    _described(at, ends, stays)
    _planned_and_approved(at, ends)

    clock.move_to(merging.IN_FORCE)
    merging.sweep()

    _everybody_is_where_they_belong(at, ends, stays)
    _nobody_else_sees(work, stranger)
    _the_heir_finishes(work, at, ends)
    _nothing_is_done_twice(at)


def _side(name: str) -> Side:
    office = builders.office(f"SỞ KHOA HỌC VÀ CÔNG NGHỆ {name}")
    committee = builders.agency(f"ỦY BAN NHÂN DÂN {name}", office=office)
    return Side(
        committee,
        office,
        builders.user(Role.OFFICE_OFFICER, agency=office),
        builders.user(Role.OFFICE_HEAD, agency=office),
        (_town(f"XÃ MỘT {name}", committee), _town(f"XÃ HAI {name}", committee)),
    )


def _town(name: str, committee: Agency) -> Town:
    agency = builders.agency(f"ỦY BAN NHÂN DÂN {name}", office=committee.office, parent=committee)
    clerk = builders.user(Role.CLERK, agency=agency)
    head = builders.user(Role.HEAD, agency=agency)
    person = builders.person(f"Nguyễn Văn {name.title()}", at=agency)
    levels = (committee.name, agency.name)
    held = story.give_certificate(person, now=merging.DECIDED, days_left=900, levels=levels)
    return Town(agency, clerk, head, held, {person.name: held})


def _province(clock: time_machine.Traveller, stays: Side) -> Province:
    """The side that leads, and the CA."""
    for procedure, route in merging._ROUTES.items():
        builders.routing(procedure, route)
    return Province(
        clock=clock,
        office=stays.office,
        superior=stays.committee,
        officer=stays.officer,
        office_head=stays.head,
        operator=builders.user(Role.CA_OPERATOR),
        supervisor=builders.user(Role.CA_SUPERVISOR),
        stranger=stays.towns[0].clerk,
        towns=stays.towns,
    )


def _cast(at: Province, side: Side, town: Town) -> story.Cast:
    return story.Cast(
        agency=town.agency,
        clerk=town.clerk,
        head=town.head,
        officer=side.officer,
        office_head=side.head,
        operator=at.operator,
        supervisor=at.supervisor,
    )


def _under_way(side: Side, at: Province) -> UnderWay:
    """A dossier at the office's check, one at the CA, one under a letter that waits to be signed,
    a device on its way."""
    first, second = side.towns
    at_check = _sent(at, side, first, "Lò Văn Xét")
    at_the_ca = _sent(at, side, first, "Lò Văn Chuyển")
    covered = _sent(at, side, second, "Lò Văn Công")
    now = timezone.now()
    story.step(at_the_ca, Step.FORWARD, side.officer, now=now)
    letter = _letter(side, covered)
    device = builders.device(agency=first.agency, custody=Custody.ALLOCATED)
    builders.certificate(
        subscriber=builders.person("Lò Văn Đường", at=first.agency),
        key_pair=device.key,
        office=side.office,
    )
    devices.send([device], channel="post", actor=at.operator, now=now)
    device.refresh_from_db()
    return UnderWay(at_check, at_the_ca, covered, letter, device)


def _sent(at: Province, side: Side, town: Town, name: str) -> Dossier:
    """A letter of Mẫu 05 about one person, sent to the office."""
    now = timezone.now()
    people = _cast(at, side, town)
    levels = (side.committee.name, town.agency.name)
    person = builders.person(name, at=town.agency)
    held = story.give_certificate(person, now=now, days_left=900, levels=levels)
    draft = story.draft_of(people, "mau_05_revoke", [revocations.row(held)], now=now)
    return story.send_in_ink(draft, people, now=now)


def _letter(side: Side, dossier: Dossier) -> CoveringLetter:
    now = timezone.now()
    chosen = Dossier.objects.filter(pk=dossier.pk)
    letter = make_letter(chosen, actor=side.officer, now=now).letter
    COVERING_LETTERS.number(
        letter, letter_number="68/SKHCN-QN", letter_date=timezone.localdate(now),
        actor=side.officer, now=now, version=letter.version,
    )  # fmt: skip
    letter.refresh_from_db()
    return COVERING_LETTERS.take_step(
        letter, "request_signature", actor=side.officer, now=now, version=letter.version
    )


def _described(at: Province, ends: Side, stays: Side) -> None:
    """The leading officer describes the office, the officer who joined the committee."""
    officer = Visitor(at.officer).open("/sap-nhap/moi/").press("Tiếp theo", kind="name_kept")
    officer.press("Lưu và mô tả các đơn vị", **merging.DECISION)
    merger = at.merger
    asked = partners.ask_office(
        merger, ends.office, actor=at.officer, now=timezone.now(), version=merger.version
    )
    partners.join(asked, actor=ends.officer, now=timezone.now())
    _describe_into(officer, at, stays.office, [ends.office, stays.office])
    _describe_into(Visitor(ends.officer), at, stays.committee, [ends.committee, stays.committee])
    implied = {share.old for share in at.merger.shares.filter(is_implied=True)}
    assert implied == {town.agency for town in ends.towns}


def _describe_into(officer: Visitor, at: Province, kept: Agency, olds: Sequence[Agency]) -> None:
    officer.open(at.page).follow("Thêm đơn vị sau sắp xếp")
    officer.press("Lấy thông tin hiện có", agency=kept.name).press("Thêm đơn vị")
    for old in olds:
        officer.press("Thêm", old=old.name)
    said = at.merger.shares.filter(new__agency=kept)
    assert {share.old for share in said} == set(olds), officer.words()


def _planned_and_approved(at: Province, ends: Side) -> None:
    """Planned; nothing is approved before the head of the other office agrees; the list is sent."""
    officer = merging.planned(at, Visitor(at.officer))
    officer.open(at.page).press("Trình lãnh đạo phê duyệt")
    assert at.merger.state == MergerState.AWAITING_APPROVAL, officer.words()
    head = Visitor(at.office_head).open(at.page)
    head.press("Phê duyệt phương án")
    assert at.merger.state == MergerState.AWAITING_APPROVAL, head.words()
    seat = MergerOffice.objects.get(merger=at.merger)
    number = at.merger.plans.order_by("-number")[0].number
    partners.agree(seat, actor=ends.head, now=timezone.now(), plan_number=number)
    head.open(at.page).press("Phê duyệt phương án")
    assert at.merger.state == MergerState.APPROVED, head.words()
    at.clock.shift(timedelta(minutes=5))
    merging.sweep()
    officer.open(f"{at.page}hieu-luc/").press("Ghi nhận đã gửi Cục", **LIST_SENT)
    assert at.merger.list_sent_on is not None, officer.words()
    person = ends.towns[0].organisation  # the person's certificate of the commune
    assert at.line(person).action == LineAction.CHANGE  # the superior is another


def _everybody_is_where_they_belong(at: Province, ends: Side, stays: Side) -> None:
    assert at.merger.state == MergerState.IN_FORCE
    assert at.merger.followed_at is not None
    for town in (*ends.towns, *stays.towns):
        town.agency.refresh_from_db()
        assert (town.agency.office, town.agency.parent) == (stays.office, stays.committee)
    ends.officer.refresh_from_db()
    assert (ends.officer.agency, ends.officer.role) == (stays.office, Role.OFFICE_OFFICER)
    with pytest.raises(AssertionError, match="could not sign in"):
        Visitor(ends.head, builders.PASSWORD)
    for office in (ends.office, ends.committee):
        office.refresh_from_db()
        assert office.dissolved_on == merging.EFFECTIVE
        assert not User.objects.filter(agency=office, is_active=True).exists()


def _nobody_else_sees(work: UnderWay, stranger: User) -> None:
    visitor = Visitor(stranger)
    pages = [
        *(f"/ho-so/{one.uuid}/" for one in (work.at_check, work.at_the_ca, work.covered)),
        f"/ho-so/cong-van-chuyen/{work.letter.uuid}/",
        f"/thiet-bi/{work.device.uuid}/",
    ]
    assert [visitor.open(page).status for page in pages] == [merging.NOT_FOUND] * len(pages)


def _the_heir_finishes(work: UnderWay, at: Province, ends: Side) -> None:
    first = ends.towns[0]
    hands = Hands(first.clerk, first.head, at.officer, at.operator, at.supervisor)
    officer = Visitor(at.officer).open("/ho-so/")
    assert work.at_check.letter_number in officer.html
    checks = Deadline.objects.open().filter(kind=DeadlineKind.OFFICE_CHECK)
    assert set(checks.values_list("agency", "office")) == {(at.office.pk, at.office.pk)}
    assert Notice.objects.filter(recipient=at.officer, title__contains="Tiếp nhận").exists()
    paperwork.decide(work.at_check, hands)
    _decide_at_the_ca(work.at_the_ca, hands)
    _send_the_letter(work, at)
    _decide_at_the_ca(work.covered, hands)
    execution.execute_accepted(now=timezone.now())
    for dossier in (work.at_check, work.at_the_ca, work.covered):
        assert officer.open(f"/ho-so/{dossier.uuid}/").status == 200
        dossier.refresh_from_db()
        assert (dossier.state, dossier.office) == (State.COMPLETED, at.office)
    clerk = Visitor(first.clerk).open("/thiet-bi/nhan/").follow("Đối chiếu, nhận")
    clerk.press("Xác nhận", seen=[work.device.serial])
    work.device.refresh_from_db()
    assert (work.device.custody, work.device.office) == (Custody.AT_AGENCY, at.office)
    assert officer.open(f"/thiet-bi/{work.device.uuid}/").status == 200


def _decide_at_the_ca(dossier: Dossier, hands: Hands) -> None:
    operator = Visitor(hands.operator).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    operator.press("Chấp nhận mọi dòng")
    operator.press("Trình phê duyệt")
    supervisor = Visitor(hands.supervisor).open(f"/ho-so/{dossier.uuid}/phe-duyet/")
    supervisor.press("Phê duyệt")
    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED, supervisor.words()


def _send_the_letter(work: UnderWay, at: Province) -> None:
    """The heir numbers the letter anew; its own head signs by hand; it goes to the CA."""
    page = f"/ho-so/cong-van-chuyen/{work.letter.uuid}/"
    officer = Visitor(at.officer).open(page)
    today = f"{timezone.localdate():%d/%m/%Y}"
    officer.press("Lưu số và ngày", letter_number="7/SKHCN-ĐN", letter_date=today)
    officer.press("Trình lãnh đạo Sở ký")
    scan = SimpleUploadedFile("quet.pdf", story.blank_pdf(), content_type="application/pdf")
    officer.open(page).press("Tải lên bản quét", files={"file": scan})
    head = Visitor(at.office_head).open(page)
    head.press("Xác nhận đã ký tay")
    officer.open(page).press("Chuyển Cục")
    forward_queue.forward_waiting(now=timezone.now())
    work.covered.refresh_from_db()
    assert work.covered.state == State.FORWARDED, officer.words()


def _nothing_is_done_twice(at: Province) -> None:
    merging.sweep()
    before = _counts()
    merging.sweep()
    assert _counts() == before
    assert verify().flaw is None


def _counts() -> tuple[int, int, int]:
    return Dossier.objects.count(), AuditEntry.objects.count(), Notice.objects.count()
