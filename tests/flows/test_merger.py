"""The merger of two communes, through HTTP: from the decision to the last returned device."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from devices.lifecycle import Condition, Custody
from devices.models import Device
from orgmerge.models import PlanLine
from orgmerge.planner import facts, planner
from orgmerge.register import inputs
from orgmerge.review.rules import OUTSIDE
from orgmerge.vocabulary import Extent, LineAction, LineState, MergerState, ReviewAnswer
from portal.accounts.models import User
from portal.audit.verification import verify
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders, story
from tests.flows import merging, paperwork
from tests.flows.merging import Province
from tests.flows.paperwork import Hands
from tests.flows.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

GOES_ON, LEFT, TOO_LATE = "Lò Thị Bình", "Vàng A Páo", "Tòng Văn Hạn"
HAS_TWO, LOST, MOVES = "Tòng Văn Hai", "Lò Văn Thất", "Tẩn Thị Mí"
PEOPLE = ({GOES_ON: 900, LEFT: 900, TOO_LATE: 35}, {HAS_TWO: 700, LOST: 700, MOVES: 700})
NEW_EMAIL = "binh.muongpac@laichau.gov.vn"
ANSWERS: Mapping[str, Mapping[str, str]] = {
    GOES_ON: {"email": NEW_EMAIL, "unit": "VĂN PHÒNG"},
    LEFT: {"answer": ReviewAnswer.LEFT},
    LOST: {"answer": ReviewAnswer.DEVICE_NOT_FOUND},
    MOVES: {"answer": ReviewAnswer.MOVES, "moves_to": str(OUTSIDE)},
}
AFTER_THE_END = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)  # of the certificate too late to change


def test_two_communes_become_one(clock: time_machine.Traveller, tmp_path: Path) -> None:
    province = merging.province(clock, people=PEOPLE)
    second = _second_certificate(province)
    officer = merging.described(province)
    merging.reviewed(province, officer, ANSWERS)
    chosen = province.towns[1].organisation
    _plan_and_approve(province, chosen=chosen, second=second)

    hands = _effective_day(province)
    _change_the_organisation(province, hands, chosen)
    _peoples_letters(province, hands)
    _rest_is_revoked(province, hands)
    _hand_over_new_devices(province, hands)
    _give_back(province, hands, [LEFT], [province.towns[0].organisation, second])
    _sign_the_records(province, hands)
    assert province.merger.state == MergerState.IN_FORCE
    _last_device(province, hands)

    assert province.merger.state == MergerState.COMPLETED
    _everything_is_as_planned(province, chosen, second, tmp_path)
    _nothing_is_done_twice(province)
    _planned_again_nothing_is_left(province)


def _second_certificate(province: Province) -> Certificate:
    holder = province.held(HAS_TWO).subscriber
    levels = (merging.PROVINCE, merging.TA)
    return story.give_certificate(holder, now=merging.DECIDED, days_left=600, levels=levels)


def _plan_and_approve(province: Province, *, chosen: Certificate, second: Certificate) -> None:
    """The officer chooses which certificate lives on and settles what is open."""
    officer = merging.planned(province, Visitor(province.officer))
    merging.choose(province, officer, chosen)
    merging.planned(province, officer).follow("Xem và quyết định")
    line = province.line(second)
    officer.press("Quyết định các dòng đã đánh dấu", line=str(line.pk))
    officer.press("Ghi quyết định", action=LineAction.REVOKE, note="Một chứng thư là đủ")
    merging.planned(province, officer)
    merging.approved(province, officer)
    assert province.line(chosen).action == LineAction.CHANGE
    assert province.line(province.towns[0].organisation).action == LineAction.REVOKE
    assert Visitor(province.stranger).open(province.page).status == merging.NOT_FOUND


def _effective_day(province: Province) -> Hands:
    """The bodies are registered, everything is transferred; the list goes to the CA."""
    province.clock.move_to(merging.IN_FORCE)
    merging.sweep()
    assert province.merger.state == MergerState.IN_FORCE
    new = province.body.agency
    assert new is not None
    for town in province.towns:
        town.clerk.refresh_from_db()
        town.head.refresh_from_db()
        town.agency.refresh_from_db()
        assert (town.clerk.agency, town.agency.dissolved_on) == (new, merging.EFFECTIVE)
    assert not province.towns[1].head.is_active  # a body has one head
    merging.sweep()
    assert not Dossier.objects.filter(agency=new).exists()  # not before the list is sent
    officer = Visitor(province.officer).open(f"{province.page}hieu-luc/")
    officer.press("Ghi nhận đã gửi Cục", number="15/SKHCN-CNTT", sent_on="30/11/2026")
    first, second = province.towns
    return Hands(second.clerk, first.head, province.officer, province.operator, province.supervisor)


def _drafts(province: Province) -> dict[str, Dossier]:
    """What has been drafted for the new body, by form; one letter each."""
    drafts = Dossier.objects.filter(agency=province.body.agency, state=State.DRAFT)
    found = {dossier.kind: dossier for dossier in drafts}
    assert len(found) == len(drafts)
    return found


def _file(province: Province, hands: Hands, dossiers: list[Dossier]) -> None:
    """From drafts to their end: numbered, signed together, sealed, decided, carried out."""
    for dossier in dossiers:
        number = Dossier.objects.exclude(letter_number="").count() + 1
        clerk = paperwork.complete(dossier, hands, f"{number}/UBND-VP")
        paperwork.attach_requests(clerk, dossier)
        paperwork.submit(clerk, dossier)
    paperwork.sign_together(dossiers, hands)
    for dossier in dossiers:
        paperwork.seal(dossier, hands)
        paperwork.answer(dossier, hands)
    province.clock.shift(timedelta(minutes=2))
    merging.sweep()


def _change_the_organisation(province: Province, hands: Hands, chosen: Certificate) -> None:
    """The one that lives on goes first and alone; the gate opens when it is installed."""
    merging.sweep()
    (dossier,) = _drafts(province).values()
    assert [item.certificate for item in dossier.items.all()] == [chosen]
    clerk = Visitor(hands.clerk).open("/")
    assert f"/ho-so/{dossier.uuid}/" in clerk.html
    _file(province, hands, [dossier])
    assert _drafts(province) == {}
    _install(hands, chosen)
    merging.sweep()


def _install(hands: Hands, old: Certificate) -> None:
    new = Certificate.objects.get(predecessor=old)
    clerk = Visitor(hands.clerk).open("/chung-thu/?state=to_install")
    assert str(new.uuid) in clerk.html
    clerk.open(f"/chung-thu/{new.uuid}/").press("Xác nhận đã cài đặt")
    new.refresh_from_db()
    assert new.installed_at is not None, clerk.words()


def _peoples_letters(province: Province, hands: Hands) -> None:
    drafts = _drafts(province)
    named = {kind: {item.title for item in one.items.all()} for kind, one in drafts.items()}
    heads = {town.head.person.name for town in province.towns if town.head.person}
    assert named == {
        "mau_04_renew_change": {GOES_ON, HAS_TWO, *heads},
        "mau_05_revoke": {LEFT, LOST, HAS_TWO},
        "mau_01_person": {TOO_LATE},
        "mau_09_loss": {LOST},
    }
    for key in ca.make_keys("token", 2, now=merging.IN_FORCE):
        builders.device(key_pair=key)
    _file(province, hands, list(drafts.values()))
    for name in (GOES_ON, HAS_TWO, *heads):
        _install(hands, province.held(name))


def _rest_is_revoked(province: Province, hands: Hands) -> None:
    """The other body's certificate, and a new one for whoever lost theirs (Điều 21)."""
    merging.sweep()
    drafts = _drafts(province)
    assert set(drafts) == {"mau_05_revoke", "mau_01_person"}
    (row,) = drafts["mau_05_revoke"].items.all()
    assert (row.certificate, row.answers["cause"]) == (province.towns[0].organisation, "merged")
    assert drafts["mau_01_person"].items.get().title == LOST
    _file(province, hands, list(drafts.values()))


def _hand_over_new_devices(province: Province, hands: Hands) -> None:
    """Who was issued a new certificate gets it on a device of their own."""
    body = province.body.agency
    assert body is not None
    devices = Device.objects.filter(custody=Custody.ALLOCATED)
    operator = Visitor(hands.operator).open("/thiet-bi/gui/").follow(body.name)
    waiting = [str(device.uuid) for device in devices]
    assert len(waiting) == 2
    operator.press("Ghi nhận đã gửi", devices=waiting, channel="post")
    sent = list(Device.objects.filter(custody=Custody.ON_ITS_WAY))
    clerk = Visitor(hands.clerk).open("/thiet-bi/nhan/").follow("Đối chiếu, nhận")
    clerk.press("Xác nhận", seen=[device.serial for device in sent])
    for device in sent:
        clerk.open(f"/thiet-bi/{device.uuid}/ban-giao/")
        pin: dict[str, Any] = {"pin": story.PIN, "pin_again": story.PIN}
        clerk.press("Xác nhận đã bàn giao", serial_seen=device.serial, **pin)
    assert set(devices.model.objects.filter(pk__in=[one.pk for one in sent]).values_list(
        "subscriber__name", flat=True)) == {TOO_LATE, LOST}  # fmt: skip


def _give_back(
    province: Province, hands: Hands, names: list[str], certificates: list[Certificate]
) -> None:
    """Devices come back to the clerk, go to the CA with minutes, and are received one by one."""
    keys = [province.held(name).key_id for name in names] + [one.key_id for one in certificates]
    devices = list(Device.objects.filter(key__in=keys))
    open_clocks = Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN)
    assert set(open_clocks.values_list("target_uuid", flat=True)) == {one.uuid for one in devices}
    clerk = Visitor(hands.clerk).open("/thiet-bi/thu-hoi/")
    serials = [device.serial for device in devices]
    clerk.press("Xác nhận đã nhận lại", typed="\r\n".join(serials))
    backs = Device.objects.filter(pk__in=[device.pk for device in devices])
    assert set(backs.values_list("custody", flat=True)) == {Custody.BACK_AT_AGENCY}, clerk.words()
    merging.sweep()
    (minutes,) = _drafts(province).values()
    assert {item.device for item in minutes.items.select_related("device")} == set(devices)
    _file(province, hands, [minutes])
    assert set(backs.values_list("custody", flat=True)) == {Custody.AT_CA}
    assert not open_clocks.exists()


def _sign_the_records(province: Province, hands: Hands) -> None:
    """Both sides sign the record of each old body on paper; the clerk keeps the scans."""
    for handover in province.merger.handovers.all():
        clerk = Visitor(hands.clerk).open(f"{province.page}bien-ban/{handover.uuid}/")
        scan = SimpleUploadedFile("bb.pdf", story.blank_pdf(), content_type="application/pdf")
        clerk.press("Tải biên bản đã ký lên", files={"file": scan})
        handover.refresh_from_db()
        assert handover.signed_by == hands.clerk, clerk.words()
    assert province.merger.handovers.count() == 2
    merging.sweep()


def _last_device(province: Province, hands: Hands) -> None:
    """The certificate that was too late to change ends by itself; then its device comes back."""
    left = PlanLine.objects.filter(plan=province.merger.approved_plan).exclude(state=LineState.DONE)
    (line,) = left
    assert line.form == "08"
    province.clock.move_to(AFTER_THE_END)
    merging.sweep()
    _give_back(province, hands, [TOO_LATE], [])
    merging.sweep()


def _everything_is_as_planned(
    province: Province, chosen: Certificate, second: Certificate, folder: Path
) -> None:
    """Every certificate has ended where the plan said; the new ones name the new body."""
    ended = [province.towns[0].organisation, second, province.held(LEFT), province.held(LOST)]
    for old in ended:
        old.refresh_from_db()
        assert old.revoked_at is not None
    changed = [province.held(name) for name in (GOES_ON, HAS_TWO)] + [chosen]
    for old in changed:
        new = Certificate.objects.get(predecessor=old)
        assert _verified(new, folder)
        assert merging.NEW_NAME in _openssl(new, folder, "-subject")
        assert new.agency == province.body.agency
    moved = Certificate.objects.get(predecessor=province.held(GOES_ON))
    assert NEW_EMAIL in _openssl(moved, folder, "-email")
    untouched = province.held(MOVES)
    untouched.refresh_from_db()
    assert (untouched.revoked_at, untouched.successors.count()) == (None, 0)
    lost = Device.objects.get(key=province.held(LOST).key)
    assert lost.condition == Condition.LOST
    for name in (TOO_LATE, LOST):
        assert Certificate.objects.filter(
            common_name=name, agency=province.body.agency, revoked_at=None,
            not_after__gt=AFTER_THE_END,
        ).count() == 1  # fmt: skip
    officer = Visitor(province.officer).open(f"{province.page}thuc-hien/")
    assert "Đã hoàn thành" in officer.html


def _pem(certificate: Certificate, folder: Path) -> Path:
    path = folder / f"{certificate.serial}.pem"
    path.write_text(ca.pem(bytes(certificate.der)))
    return path


def _run(*arguments: str | Path) -> str:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


def _openssl(certificate: Certificate, folder: Path, *wanted: str) -> str:
    path = _pem(certificate, folder)
    return _run("x509", "-noout", "-in", path, *wanted, "-nameopt", "utf8,sep_comma_plus")


def _verified(certificate: Certificate, folder: Path) -> bool:
    """Say whether openssl takes it, on the day of the story, by the portal's own chain."""
    chain = folder / "chain.pem"
    clerk = User.objects.filter(agency=certificate.agency, role=Role.CLERK)[0]
    answer = Visitor(clerk).client.get(f"/chung-thu/{certificate.uuid}/chuoi.pem")
    chain.write_bytes(answer.getvalue())
    at = str(int(AFTER_THE_END.timestamp()))
    said = _run("verify", "-attime", at, "-CAfile", chain, _pem(certificate, folder))
    return said.strip().endswith("OK")


def _nothing_is_done_twice(province: Province) -> None:
    before = _counts(province)
    merging.sweep()
    merging.sweep()
    assert _counts(province) == before
    assert verify().flaw is None


def _counts(province: Province) -> tuple[int, ...]:
    lines = PlanLine.objects.filter(plan=province.merger.approved_plan)
    assert set(lines.values_list("state", flat=True)) <= {LineState.DONE, LineState.OVERTAKEN}
    return Dossier.objects.count(), Certificate.objects.count(), lines.count()


def _planned_again_nothing_is_left(province: Province) -> None:
    """A fresh plan of the body as it stands now keeps everything."""
    merger = province.merger
    (target,) = inputs.described(merger).targets.values()
    assert target.agency is not None
    itself = facts.BodyShare(old=target.agency, new=target.pk, extent=Extent.WHOLE)
    today = AFTER_THE_END.date()
    anew = inputs.Description({target.pk: target}, [itself], today)
    (world,) = inputs.gather(anew, today=today)
    plan = planner.plan(world)
    found = {(line.about, line.action, line.reason) for line in plan.lines}
    assert {action for _about, action, _reason in found} == {LineAction.KEEP}, found
    assert not any(line.is_open for line in plan.lines)
