"""Dossiers in every state and devices in every place, each scene played once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from devices import services as devices
from devices.lifecycle import Custody, Move
from devices.models import Device
from portal.agencies.models import Agency
from portal.ca.models import RevocationReason
from portal.ca.register import services as ca
from portal.core.text.names import in_capitals
from portal.demo import actions, certificates
from portal.demo.actions import Hands
from portal.demo.bodies import Bodies
from portal.demo.people import Accounts, answers_of, row_of
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
    agency = tan_uyen.clerk.agency
    for hands in (tan_uyen, muong_khoa):
        say(f"Chứng thư đầu tiên của {hands.clerk.agency.name}")
        _first_certificates(hands, now=now - 60 * _DAY)
    say("Hồ sơ đã hoàn thành, thiết bị đã bàn giao")
    _finished(tan_uyen, now=now - 40 * _DAY)
    # One dossier whose devices are on their way, one whose devices were not sent yet.
    day = now - 12 * _DAY
    if not _was_played(agency, f"12/{ROOM}"):
        dossier = _draft(tan_uyen, f"12/{ROOM}", _rows(tan_uyen, 20, 3), now=day)
        actions.whole(dossier, tan_uyen, now=day)
        actions.ship(dossier, tan_uyen, now=day + 3 * _DAY, receive=False)
    if not _was_played(muong_khoa.clerk.agency, f"12/{ROOM}"):
        on_sim = _rows(muong_khoa, 26, 1, storage="sim", carrier="Viettel")
        rows = [*_rows(muong_khoa, 24, 2), *on_sim]
        actions.whole(_draft(muong_khoa, f"12/{ROOM}", rows, now=day), muong_khoa, now=day)
    # A portal and a gateway with certificates on keys of their own (Mẫu 03).
    day = now - 8 * _DAY
    if not _was_played(agency, f"13/{ROOM}"):
        rows = _systems_of(in_capitals(agency.name))
        dossier = _draft(tan_uyen, f"13/{ROOM}", rows, now=day, kind="mau_03_system")
        actions.whole(dossier, tan_uyen, now=day)
    say("Gia hạn, thay đổi, thu hồi, khôi phục, thất lạc")
    certificates.play(tan_uyen, now=now)
    say("Hồ sơ ở từng bước")
    _each_state(tan_uyen, now=now)
    _each_end(muong_khoa, now=now - 15 * _DAY)
    # A body without any certificate: its first letter is signed and sealed on paper.
    if not _was_played(pac_ta.clerk.agency, f"01/{ROOM}"):
        dossier = _draft(pac_ta, f"01/{ROOM}", [row_of(pac_ta.head)], now=now - 2 * _DAY)
        actions.sign(dossier, pac_ta, now=now - 2 * _DAY)
    say("Hồ sơ chờ thực hiện")
    # One waits for the worker, one was left by a worker half way.
    day = now - _DAY
    for number, first, is_begun in ((f"40/{ROOM}", 90, False), (f"41/{ROOM}", 100, True)):
        if _was_played(muong_khoa.clerk.agency, number):
            continue
        dossier = _draft(muong_khoa, number, _rows(muong_khoa, first, 3), now=day)
        actions.sign(dossier, muong_khoa, now=day)
        actions.decide(dossier, muong_khoa, now=day + timedelta(hours=4))
        at = day + timedelta(hours=6)
        actions.step(dossier, Action.CONFIRM, muong_khoa.supervisor, now=at)
        if is_begun:
            execution.begin(dossier.pk, now=at)
    # One device of the stock is retired, so that every place has one.
    device = Device.objects.filter(custody=Custody.STOCK, kind="sd").first()
    if device is not None and not Device.objects.filter(custody=Custody.RETIRED).exists():
        reason = "Thiết bị đời cũ"
        devices.make_move(device, Move.RETIRE, actor=accounts.operator, now=now, reason=reason)


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
    return actions.draft(kind, rows, number=number, hands=hands, now=now)


def _first_certificates(hands: Hands, *, now: datetime) -> None:
    """The body's own certificate and its head's: signed in ink, for there is none to sign with."""
    agency = hands.clerk.agency
    if _was_played(agency, f"01/{ROOM}"):
        return
    body = {
        "name": in_capitals(agency.name),
        "address": f"{agency.name}, tỉnh Lai Châu",
        "tax_code": "",
        "budget_code": "",
        "province": "Lai Châu",
        "email": f"{hands.clerk.username.partition('.')[2]}@laichau.gov.vn",
        "storage": "token",
    }
    own = _draft(hands, f"01/{ROOM}", [body], now=now, kind="mau_02_organisation")
    actions.whole(own, hands, now=now)
    heads = agency.users.filter(role=hands.head.role).order_by("pk")
    head = _draft(hands, f"02/{ROOM}", [row_of(one) for one in heads], now=now)
    actions.whole(head, hands, now=now)
    for dossier in (own, head):
        actions.hand_over(
            actions.ship(dossier, hands, now=now + 3 * _DAY), hands, now=now + 5 * _DAY
        )
    actions.tell_of_hand_overs(hands, f"03/{ROOM}", now=now + 6 * _DAY)


def _finished(hands: Hands, *, now: datetime) -> None:
    """Sixteen people with their certificates; some devices met trouble or went back since.

    Devices 3–9: locked, damaged, lost, to be returned, back, at the office, at the CA.
    """
    if _was_played(hands.clerk.agency, f"10/{ROOM}"):
        return
    rows = _rows(hands, 1, 16)
    dossier = _draft(hands, f"10/{ROOM}", rows, now=now)
    actions.whole(dossier, hands, now=now)
    found = actions.ship(dossier, hands, now=now + 3 * _DAY)
    actions.hand_over([*found[:9], *found[10:]], hands, now=now + 5 * _DAY)
    actions.tell_of_hand_overs(hands, f"11/{ROOM}", now=now + 6 * _DAY)

    clerk, officer, operator = hands.clerk, hands.officer, hands.operator
    later = now + 20 * _DAY
    troubles = (
        (found[2], Move.LOCK, "Nhập sai mật khẩu quá số lần cho phép"),
        (found[3], Move.REPORT_DAMAGED, "Máy tính không nhận thiết bị"),
        (found[4], Move.REPORT_LOST, "Không tìm thấy sau khi chuyển trụ sở"),
    )
    for device, move, reason in troubles:
        devices.make_move(device, move, actor=clerk, now=later, reason=reason)
    for device in found[5:9]:
        assert device.key is not None
        certificate = device.key.certificates.latest("issued_at")
        ca.revoke(certificate, RevocationReason.CESSATION, actor=operator, now=later)
        reason = "Chứng thư đã bị thu hồi"
        devices.make_move(device, Move.RECALL, actor=None, now=later, reason=reason)
    serials = [device.serial for device in found[6:9]]
    devices.take_back(found[6:9], serials_seen=serials, actor=clerk, now=later)
    minutes = ("", None, "Biên bản giao, nhận thiết bị (Mẫu 08)")
    devices.take_returned(found[7:9], Move.PASS_TO_OFFICE, paper=minutes, actor=officer, now=later)
    covering = ("", None, "Sở nộp thiết bị về Cục")
    devices.take_returned(found[8:9], Move.RETURN_TO_CA, paper=covering, actor=operator, now=later)


def _each_state(hands: Hands, *, now: datetime) -> None:
    """One dossier waiting at each desk."""
    agency = hands.clerk.agency
    first_form = Dossier.objects.filter(agency=agency, kind="mau_01_person")
    if not first_form.filter(letter_number="").exists():
        damaged = _rows(hands, 30, 2) + _rows(hands, 32, 1, identity_number="12084900132", email="")
        _draft(hands, "", damaged, now=now - _DAY)
    scenes: list[tuple[str, int, int, str]] = [
        (f"20/{ROOM}", 40, 1, State.AWAITING_SIGNATURE),
        (f"21/{ROOM}", 45, 1, State.AWAITING_SEAL),
        (f"22/{ROOM}", 50, 1, State.SUBMITTED),
        (f"23/{ROOM}", 55, 4, State.RETURNED),
        (f"24/{ROOM}", 60, 6, State.FORWARDED),
        (f"25/{ROOM}", 65, 5, State.DECIDED),
    ]
    for number, first, days, state in scenes:
        if _was_played(agency, number):
            continue
        day = now - days * _DAY
        dossier = _draft(hands, number, _rows(hands, first, 4), now=day)
        actions.sign(dossier, hands, now=day, until=state)
        later = day + timedelta(hours=4)
        if state == State.RETURNED:
            reason = "Dòng 2: chức vụ ghi chưa đúng quyết định bổ nhiệm. Đề nghị kiểm tra lại."
            actions.step(dossier, Action.RETURN, hands.officer, now=later, reason=reason)
        elif state == State.FORWARDED:
            actions.step(dossier, Action.FORWARD, hands.officer, now=later)
        elif state == State.DECIDED:
            actions.decide(dossier, hands, now=later)


def _each_end(hands: Hands, *, now: datetime) -> None:
    """Partly refused, wholly refused, failed for want of a device, withdrawn."""
    agency = hands.clerk.agency
    if not _was_played(agency, f"30/{ROOM}"):
        partly = _draft(hands, f"30/{ROOM}", _rows(hands, 70, 4), now=now)
        actions.whole(partly, hands, now=now, refuse=1)
    if not _was_played(agency, f"31/{ROOM}"):
        refused = _draft(hands, f"31/{ROOM}", _rows(hands, 76, 2), now=now)
        actions.sign(refused, hands, now=now)
        actions.decide(refused, hands, now=now + _DAY, refuse=2)
        actions.step(refused, Action.REJECT, hands.supervisor, now=now + 2 * _DAY)
    if not _was_played(agency, f"32/{ROOM}"):
        rows = [*_rows(hands, 80, 1), *_rows(hands, 81, 1, storage="sim", carrier="Mobifone")]
        actions.whole(_draft(hands, f"32/{ROOM}", rows, now=now), hands, now=now)
    if not _was_played(agency, f"33/{ROOM}"):
        withdrawn = _draft(hands, f"33/{ROOM}", _rows(hands, 84, 2), now=now)
        actions.sign(withdrawn, hands, now=now)
        reason = "Gửi nhầm danh sách, đơn vị sẽ gửi lại."
        actions.step(withdrawn, Action.WITHDRAW, hands.clerk, now=now + _DAY, reason=reason)


SYSTEMS = (
    ("TRANG THÔNG TIN ĐIỆN TỬ XÃ TÂN UYÊN", "tanuyen.laichau.gov.vn", "soft", "Xác thực máy chủ"),
    ("TRỤC KẾT NỐI MỘT CỬA XÃ TÂN UYÊN", "motcua.tanuyen.laichau.gov.vn", "hsm", "Ký phản hồi"),
)


def _systems_of(owner: str) -> list[dict[str, str]]:
    """Return rows of Mẫu 03: systems of ``owner``, each with the PKCS#10 request of its own key."""
    rows = []
    for name, domain, storage, purpose in SYSTEMS:
        # As the agency's own software makes the request; the private half is thrown away.
        common_name = x509.NameAttribute(NameOID.COMMON_NAME, name)
        names = x509.SubjectAlternativeName([x509.DNSName(domain)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([common_name]))
        key = ec.generate_private_key(ec.SECP256R1())
        signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
        rows.append(
            {
                "name": name,
                "owner": owner,
                "address": "Xã Tân Uyên, tỉnh Lai Châu",
                "province": "Lai Châu",
                "domain": domain,
                "purpose": purpose,
                "email": "quantri.tanuyen@laichau.gov.vn",
                "storage": storage,
                "csr": signed.public_bytes(Encoding.PEM).decode(),
                "note": "",
                "old_serial": "",
            }
        )
    return rows
