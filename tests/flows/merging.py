"""Two communes of Lai Châu with everything they have, to be merged through the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from orgmerge.models import Merger, MergerBody, Plan, PlanLine
from orgmerge.vocabulary import LineAbout, MergerState, ReviewAnswer
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import Certificate
from portal.core.roles import Role
from requests_app.models import Procedure
from requests_app.workflow import Route
from tests import builders, story
from tests.flows.visitor import Visitor

# In the morning in Hà Nội; a day of the story each.
DECIDED = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday
ANSWERED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
IN_FORCE = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)  # Tuesday
EFFECTIVE = date(2026, 12, 1)

PROVINCE = "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU"
KHOA, TA = "ỦY BAN NHÂN DÂN XÃ MƯỜNG KHOA", "ỦY BAN NHÂN DÂN XÃ PẮC TA"
NEW_NAME = "ỦY BAN NHÂN DÂN XÃ MƯỜNG PẮC"
DECISION: dict[str, Any] = {
    "title": "Sáp nhập xã Mường Khoa và xã Pắc Ta",
    "decision": "1670/NQ-UBTVQH15",
    "decided_on": "02/11/2026",
    "effective_on": f"{EFFECTIVE:%d/%m/%Y}",
    "contact_name": "Nguyễn Thị Đầu Mối",
    "contact_phone": "0912000068",
    "contact_email": "sapnhap@laichau.gov.vn",
}
NEW_BODY: dict[str, Any] = {
    "name": NEW_NAME,
    "short_name": "UBND",
    "parent": PROVINCE,
    "province": "Lai Châu",
    "place": "Mường Pắc",
    "address": "Bản Phiêng Khon, xã Mường Pắc, tỉnh Lai Châu",
    "email": "ubnd.muongpac@laichau.gov.vn",
    "email_domain": "laichau.gov.vn",
    "head_title": "CHỦ TỊCH",
    "has_seal": "on",
}
NOT_FOUND = 404
_ROUTES = {
    Procedure.ISSUE: Route.VIA_OFFICE,
    Procedure.RENEW_CHANGE: Route.VIA_OFFICE,
    Procedure.REVOKE: Route.VIA_OFFICE,
    Procedure.RETURN_DEVICE: Route.MINUTES,
    Procedure.REPORT_LOSS: Route.NOTICE,
}


@dataclass(slots=True)
class Town:
    """A commune: its clerk and head, and the certificates of itself and its people by name."""

    agency: Agency
    clerk: User
    head: User
    organisation: Certificate
    held: dict[str, Certificate] = field(default_factory=dict)


@dataclass(slots=True)
class Province:
    """Everybody in the story; ``clock`` is what the day is moved with."""

    clock: time_machine.Traveller
    office: Agency
    superior: Agency
    officer: User
    office_head: User
    operator: User
    supervisor: User
    stranger: User  # the clerk of a commune that the decision does not touch
    towns: tuple[Town, Town]

    @property
    def merger(self) -> Merger:
        """The reorganisation described last."""
        return Merger.objects.latest("pk")

    @property
    def body(self) -> MergerBody:
        return self.merger.bodies.select_related("agency").get()

    @property
    def page(self) -> str:
        return f"/sap-nhap/{self.merger.uuid}/"

    def line(self, thing: Certificate | Subscriber, about: str = LineAbout.CERTIFICATE) -> PlanLine:
        """The line of the newest plan about a thing."""
        plan = self.merger.plans.order_by("-number")[0]
        return PlanLine.objects.get(plan=plan, about=about, target_uuid=thing.uuid)

    def held(self, name: str) -> Certificate:
        """The certificate a person began with."""
        return next(town.held[name] for town in self.towns if name in town.held)


def province(
    clock: time_machine.Traveller,
    names: tuple[str, str] = (KHOA, TA),
    people: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {}),
) -> Province:
    """Two communes; ``people`` of each hold a certificate that is good for so many days."""
    now = DECIDED
    office = builders.office("SỞ KHOA HỌC VÀ CÔNG NGHỆ TỈNH LAI CHÂU")
    superior = builders.agency(PROVINCE, office=office)
    for procedure, route in _ROUTES.items():
        builders.routing(procedure, route)
    first = _town(names[0], superior, people[0], days_left=1000, now=now)
    second = _town(names[1], superior, people[1], days_left=800, now=now)
    aside = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", office=office, parent=superior)
    return Province(
        clock=clock,
        office=office,
        superior=superior,
        officer=builders.user(Role.OFFICE_OFFICER, agency=office),
        office_head=builders.user(Role.OFFICE_HEAD, agency=office),
        operator=builders.user(Role.CA_OPERATOR),
        supervisor=builders.user(Role.CA_SUPERVISOR),
        stranger=builders.user(Role.CLERK, agency=aside),
        towns=(first, second),
    )


def _town(
    name: str, superior: Agency, people: Mapping[str, int], *, days_left: int, now: datetime
) -> Town:
    agency = builders.agency(name, office=superior.office, parent=superior, tax_code="0100233488")
    agency.versions.update(budget_code="1030068")
    leader = builders.person(f"Chủ tịch {agency.name.title()[-8:].strip()}", at=agency)
    levels = (PROVINCE, agency.name)
    town = Town(
        agency=agency,
        clerk=builders.user(Role.CLERK, agency=agency),
        head=builders.user(Role.HEAD, agency=agency, person=leader),
        organisation=story.give_certificate(
            builders.organisation(agency), now=now, days_left=days_left
        ),
    )
    town.held[leader.name] = story.give_certificate(leader, now=now, levels=levels)
    for person, left in people.items():
        holder = builders.person(person, at=agency)
        town.held[person] = story.give_certificate(holder, now=now, days_left=left, levels=levels)
    return town


def described(at: Province, *, kind: str = "new_name") -> Visitor:
    """The officer describes the decision: one commune by the form, the other by a sheet."""
    officer = Visitor(at.officer).open("/").follow("Sáp nhập")
    officer.follow("Lập phương án").press("Tiếp theo", kind=kind)
    officer.press("Lưu và mô tả các đơn vị", **DECISION)
    officer.follow("Thêm đơn vị sau sắp xếp").press("Thêm đơn vị", **NEW_BODY)
    officer.press("Thêm", old=at.towns[0].agency.name)
    officer.open(f"{at.page}nhap/")
    officer.press("Tải lên và kiểm tra", files={"file": _sheet([at.towns[1].agency.name])})
    officer.press("Đưa 1 dòng vào phương án")
    olds = [share.old for share in at.merger.shares.order_by("position")]
    assert olds == [town.agency for town in at.towns], officer.words()
    assert at.merger.bodies.count() == 1
    return officer


def described_into(at: Province, kept: Agency) -> Visitor:
    """The officer describes that the other commune goes into ``kept``, which keeps its name."""
    officer = Visitor(at.officer).open("/sap-nhap/moi/").press("Tiếp theo", kind="name_kept")
    officer.press("Lưu và mô tả các đơn vị", **DECISION)
    officer.follow("Thêm đơn vị sau sắp xếp").press("Lấy thông tin hiện có", agency=kept.name)
    officer.press("Thêm đơn vị")
    for town in at.towns:
        officer.press("Thêm", old=town.agency.name)
    assert at.merger.shares.count() == len(at.towns), officer.words()
    return officer


def _sheet(olds: Sequence[str]) -> SimpleUploadedFile:
    rows = [f"{old};{NEW_NAME};Toàn bộ" for old in olds]
    text = "\n".join(["Đơn vị cũ;Tên mới;Phạm vi", *rows])
    return SimpleUploadedFile("don-vi.csv", text.encode("utf-8-sig"), content_type="text/csv")


def reviewed(at: Province, officer: Visitor, said: Mapping[str, Mapping[str, str]]) -> None:
    """The bodies are asked, answer on their pages and send; the officer closes the round.

    ``said`` is what differs from "goes on", by name of the person.
    """
    officer.open(f"{at.page}ra-soat/")
    officer.press("Mở đợt và gửi danh sách", due_on="27/11/2026", note="Hỏi anh Thử, 0912000068")
    at.clock.move_to(ANSWERED)
    for town in at.towns:
        _answer(at, town, said)
    officer = Visitor(at.officer).open(f"{at.page}ra-soat/")
    assert "2 trên 2 đơn vị đã gửi kết quả" in officer.html
    officer.press("Kết thúc đợt rà soát")
    assert at.merger.rounds.get().closed_at is not None


def _answer(at: Province, town: Town, said: Mapping[str, Mapping[str, str]]) -> None:
    clerk = Visitor(town.clerk).open("/").follow("Rà soát")
    reply = town.agency.review_replies.get()
    assert clerk.path.endswith(f"/{reply.uuid}/"), clerk.path
    typed: dict[str, Any] = {}
    for item in reply.items.select_related("certificate"):
        name = item.certificate.common_name if item.certificate else ""
        answers = {"answer": ReviewAnswer.CONTINUES.value, **said.get(name, {})}
        typed |= {f"{item.position}:{column}": text for column, text in answers.items()}
    clerk.press("Lưu và gửi", **typed)
    reply.refresh_from_db()
    assert reply.sent_at is not None, clerk.words()
    other = next(one for one in at.towns if one is not town)
    assert Visitor(other.clerk).open(f"/sap-nhap/ra-soat/{reply.uuid}/").status == NOT_FOUND


def planned(at: Province, officer: Visitor) -> Visitor:
    """The officer asks for the plan, unless a decision has just done so; the worker makes it."""
    officer.open(f"{at.page}phuong-an/")
    if officer.has_button("ập kế hoạch"):
        officer.press("ập kế hoạch")
    sweep()
    assert at.merger.plans.order_by("-number")[0].state == Plan.State.READY, officer.words()
    return officer.open(f"{at.page}phuong-an/")


def choose(at: Province, officer: Visitor, lives_on: Certificate) -> None:
    """The officer says which organisation certificate is changed into the new body's."""
    marked: dict[str, Any] = {f"choice-{at.body.pk}": str(lives_on.pk)}
    officer.press("Chọn", **marked)


def sweep() -> None:
    """Run every sweep once, as of now."""
    now = timezone.localtime()
    call_command("run_sweeps", "--at", f"{now:%Y-%m-%dT%H:%M}", stdout=StringIO())


def approved(at: Province, officer: Visitor) -> None:
    """The officer submits, the head of the office approves."""
    officer.open(at.page).press("Trình lãnh đạo phê duyệt")
    assert at.merger.state == MergerState.AWAITING_APPROVAL, officer.words()
    head = Visitor(at.office_head).open(at.page)
    head.press("Phê duyệt phương án")
    assert at.merger.state == MergerState.APPROVED, head.words()
