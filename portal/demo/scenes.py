"""Dossiers in every state and devices in every place, each scene played once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from devices import services as devices
from devices.lifecycle import Custody, Move
from devices.models import Device
from portal.agencies.models import Agency
from portal.ca.models import RevocationReason
from portal.ca.register import services as ca
from portal.demo import afterwards, plays, systems
from portal.demo.bodies import Bodies
from portal.demo.people import Accounts, answers_of, row_of
from portal.demo.plays import Hands
from requests_app.execution import services as execution
from requests_app.models import Dossier
from requests_app.workflow import Action, State

_DAY = timedelta(days=1)
ROOM = "UBND-VHXH"


def play_all(
    bodies: Bodies,
    accounts: Accounts,
    *,
    pin: str,
    now: datetime,
    say: Callable[[str], object],
) -> None:
    """Play the scenes that have not been played; ``say`` is told what is being done."""
    tan_uyen = _hands(accounts, "", pin)
    muong_khoa = _hands(accounts, "_muong_khoa", pin)
    pac_ta = _hands(accounts, "_pac_ta", pin)
    for hands in (tan_uyen, muong_khoa):
        say(f"Chứng thư đầu tiên của {hands.clerk.agency.name}")
        _first_certificates(hands, now=now - 60 * _DAY)
    say("Hồ sơ đã hoàn thành, thiết bị đã bàn giao")
    _finished(tan_uyen, now=now - 40 * _DAY)
    _on_the_road(tan_uyen, muong_khoa, now=now - 12 * _DAY)
    _systems(tan_uyen, now=now - 8 * _DAY)
    say("Gia hạn, thay đổi, thu hồi, khôi phục, thất lạc")
    afterwards.play(tan_uyen, now=now)
    say("Hồ sơ ở từng bước")
    agency = tan_uyen.clerk.agency
    first_form = Dossier.objects.filter(agency=agency, kind="mau_01_person")
    if not first_form.filter(letter_number="").exists():
        damaged = _rows(tan_uyen, 30, 2) + _rows(
            tan_uyen, 32, 1, identity_number="12084900132", email=""
        )
        _draft(tan_uyen, "", damaged, now=now - _DAY)
    scenes: list[tuple[str, int, int, str]] = [
        (f"20/{ROOM}", 40, 1, State.AWAITING_SIGNATURE),
        (f"21/{ROOM}", 45, 1, State.AWAITING_SEAL),
        (f"22/{ROOM}", 50, 1, State.SUBMITTED),
        (f"23/{ROOM}", 55, 4, State.RETURNED),
        (f"24/{ROOM}", 60, 6, State.FORWARDED),
        (f"25/{ROOM}", 65, 5, State.DECIDED),
    ]
    for number, first, days, state in scenes:
        if not _was_played(agency, number):
            dossier = _draft(tan_uyen, number, _rows(tan_uyen, first, 4), now=now - days * _DAY)
            _bring_to(dossier, state, tan_uyen, now=now - days * _DAY)
    _each_end(muong_khoa, now=now - 15 * _DAY)
    _in_ink(pac_ta, now=now - 2 * _DAY)
    say("Hồ sơ chờ thực hiện")
    _accepted(muong_khoa, now=now - _DAY)
    assert bodies.ca.pk


def _hands(accounts: Accounts, suffix: str, pin: str) -> Hands:
    return Hands(
        clerk=getattr(accounts, f"clerk{suffix}"),
        head=getattr(accounts, f"head{suffix}"),
        officer=accounts.officer,
        operator=accounts.operator,
        supervisor=accounts.supervisor,
        pin=pin,
    )


def _was_played(agency: Agency, number: str) -> bool:
    return Dossier.objects.filter(agency=agency, letter_number=number).exists()


def _rows(hands: Hands, first: int, count: int, **changes: str) -> list[dict[str, str]]:
    agency = hands.clerk.agency
    mailbox = hands.clerk.username.partition(".")[2]
    return [
        answers_of(number, commune=agency.name, mailbox=mailbox, **changes)
        for number in range(first, first + count)
    ]


def _draft(
    hands: Hands,
    number: str,
    rows: Sequence[dict[str, str]],
    *,
    now: datetime,
    kind: str = "mau_01_person",
) -> Dossier:
    return plays.draft(kind, rows, number=number, hands=hands, now=now)


def _first_certificates(hands: Hands, *, now: datetime) -> None:
    """The body's own certificate and its head's: signed in ink, for there is none to sign with."""
    agency = hands.clerk.agency
    if _was_played(agency, f"01/{ROOM}"):
        return
    body = {
        "name": agency.name,
        "address": f"{agency.name.title()}, tỉnh Lai Châu",
        "tax_code": "",
        "budget_code": "",
        "province": "Lai Châu",
        "email": f"{hands.clerk.username.partition('.')[2]}@laichau.gov.vn",
        "storage": "token",
    }
    own = _draft(hands, f"01/{ROOM}", [body], now=now, kind="mau_02_organisation")
    plays.whole(own, hands, now=now)
    head = _draft(hands, f"02/{ROOM}", [row_of(hands.head)], now=now)
    plays.whole(head, hands, now=now)
    for dossier in (own, head):
        plays.hand_over(plays.ship(dossier, hands, now=now + 3 * _DAY), hands, now=now + 5 * _DAY)
    plays.tell_of_hand_overs(hands, f"03/{ROOM}", now=now + 6 * _DAY)


def _finished(hands: Hands, *, now: datetime) -> None:
    """Sixteen people with their certificates; some devices met trouble or went back since."""
    if _was_played(hands.clerk.agency, f"10/{ROOM}"):
        return
    rows = _rows(hands, 1, 16)
    dossier = _draft(hands, f"10/{ROOM}", rows, now=now)
    plays.whole(dossier, hands, now=now)
    found = plays.ship(dossier, hands, now=now + 3 * _DAY)
    plays.hand_over([*found[:9], *found[10:]], hands, now=now + 5 * _DAY)
    plays.tell_of_hand_overs(hands, f"11/{ROOM}", now=now + 6 * _DAY)
    _troubles(found, hands, now=now + 20 * _DAY)


def _troubles(found: Sequence[Device], hands: Hands, *, now: datetime) -> None:
    """Devices 3–9: locked, damaged, lost, to be returned, back, at the office, at the CA."""
    clerk, officer, operator = hands.clerk, hands.officer, hands.operator

    def move(device: Device, what: Move, actor: object, reason: str = "") -> None:
        devices.make_move(device, what, actor=actor, now=now, reason=reason)  # type: ignore[arg-type]

    move(found[2], Move.LOCK, clerk, "Nhập sai mật khẩu quá số lần cho phép")
    move(found[3], Move.REPORT_DAMAGED, clerk, "Máy tính không nhận thiết bị")
    move(found[4], Move.REPORT_LOST, clerk, "Không tìm thấy sau khi chuyển trụ sở")
    for device in found[5:9]:
        assert device.key is not None
        certificate = device.key.certificates.latest("issued_at")
        ca.revoke(certificate, RevocationReason.CESSATION, actor=operator, now=now)
        move(device, Move.RECALL, None, "Chứng thư đã bị thu hồi")
    serials = [device.serial for device in found[6:9]]
    devices.take_back(found[6:9], serials_seen=serials, actor=clerk, now=now)
    minutes = ("", None, "Biên bản giao, nhận thiết bị (Mẫu 08)")
    devices.take_returned(found[7:9], Move.PASS_TO_OFFICE, paper=minutes, actor=officer, now=now)
    covering = ("", None, "Sở nộp thiết bị về Cục")
    devices.take_returned(found[8:9], Move.RETURN_TO_CA, paper=covering, actor=operator, now=now)


def _on_the_road(hands: Hands, other: Hands, *, now: datetime) -> None:
    """One dossier whose devices are on their way, one whose devices were not sent yet."""
    if not _was_played(hands.clerk.agency, f"12/{ROOM}"):
        dossier = _draft(hands, f"12/{ROOM}", _rows(hands, 20, 3), now=now)
        plays.whole(dossier, hands, now=now)
        plays.ship(dossier, hands, now=now + 3 * _DAY, receive=False)
    if not _was_played(other.clerk.agency, f"12/{ROOM}"):
        rows = [*_rows(other, 24, 2), *_rows(other, 26, 1, storage="sim", carrier="Viettel")]
        plays.whole(_draft(other, f"12/{ROOM}", rows, now=now), other, now=now)


def _systems(hands: Hands, *, now: datetime) -> None:
    """A portal and a gateway with certificates on keys of their own (Mẫu 03)."""
    agency = hands.clerk.agency
    if not _was_played(agency, f"13/{ROOM}"):
        rows = systems.rows_of(agency.name)
        dossier = _draft(hands, f"13/{ROOM}", rows, now=now, kind="mau_03_system")
        plays.whole(dossier, hands, now=now)


def _bring_to(dossier: Dossier, state: str, hands: Hands, *, now: datetime) -> None:
    plays.sign(dossier, hands, now=now, until=state)
    later = now + timedelta(hours=4)
    if state == State.RETURNED:
        reason = "Dòng 2: chức vụ ghi chưa đúng quyết định bổ nhiệm. Đề nghị kiểm tra lại."
        plays.step(dossier, Action.RETURN, hands.officer, now=later, reason=reason)
    elif state == State.FORWARDED:
        plays.step(dossier, Action.FORWARD, hands.officer, now=later)
    elif state == State.DECIDED:
        plays.decide(dossier, hands, now=later)


def _each_end(hands: Hands, *, now: datetime) -> None:
    """Partly refused, wholly refused, failed for want of a device, withdrawn."""
    agency = hands.clerk.agency
    if not _was_played(agency, f"30/{ROOM}"):
        partly = _draft(hands, f"30/{ROOM}", _rows(hands, 70, 4), now=now)
        plays.whole(partly, hands, now=now, refuse=1)
    if not _was_played(agency, f"31/{ROOM}"):
        refused = _draft(hands, f"31/{ROOM}", _rows(hands, 76, 2), now=now)
        plays.sign(refused, hands, now=now)
        plays.decide(refused, hands, now=now + _DAY, refuse=2)
        plays.step(refused, Action.REJECT, hands.supervisor, now=now + 2 * _DAY)
    if not _was_played(agency, f"32/{ROOM}"):
        rows = [*_rows(hands, 80, 1), *_rows(hands, 81, 1, storage="sim", carrier="Mobifone")]
        plays.whole(_draft(hands, f"32/{ROOM}", rows, now=now), hands, now=now)
    if not _was_played(agency, f"33/{ROOM}"):
        withdrawn = _draft(hands, f"33/{ROOM}", _rows(hands, 84, 2), now=now)
        plays.sign(withdrawn, hands, now=now)
        reason = "Gửi nhầm danh sách, đơn vị sẽ gửi lại."
        plays.step(withdrawn, Action.WITHDRAW, hands.clerk, now=now + _DAY, reason=reason)


def _in_ink(hands: Hands, *, now: datetime) -> None:
    """A body without any certificate: its first letter is signed and sealed on paper."""
    if _was_played(hands.clerk.agency, f"01/{ROOM}"):
        return
    dossier = _draft(hands, f"01/{ROOM}", [row_of(hands.head)], now=now)
    plays.sign(dossier, hands, now=now)


def _accepted(hands: Hands, *, now: datetime) -> None:
    """Two confirmed dossiers: one waits for the worker, one was left by a worker half way."""
    agency = hands.clerk.agency
    for number, first, is_begun in ((f"40/{ROOM}", 90, False), (f"41/{ROOM}", 100, True)):
        if _was_played(agency, number):
            continue
        dossier = _draft(hands, number, _rows(hands, first, 3), now=now)
        plays.sign(dossier, hands, now=now)
        plays.decide(dossier, hands, now=now + timedelta(hours=4))
        plays.step(dossier, Action.CONFIRM, hands.supervisor, now=now + timedelta(hours=6))
        if is_begun:
            execution.begin(dossier.pk, now=now + timedelta(hours=6))


def retire_one(accounts: Accounts, *, now: datetime) -> None:
    """Retire one device of the stock, so that every place has one."""
    if Device.objects.filter(custody=Custody.RETIRED).exists():
        return
    device = Device.objects.filter(custody=Custody.STOCK, kind="sd").first()
    if device is not None:
        devices.make_move(
            device, Move.RETIRE, actor=accounts.operator, now=now, reason="Thiết bị đời cũ"
        )
