"""What comes after a certificate is born: renewed, changed, revoked, locked, lost, given back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from devices import services as devices
from devices.lifecycle import Custody, Move
from devices.models import Device
from devices.services import Allocation
from portal.agencies import services as agencies
from portal.agencies.facts import PersonFacts
from portal.ca.authority import services as authority
from portal.ca.authority.services import Order
from portal.ca.models import Certificate, KeyPair
from portal.ca.register import services as ca
from portal.core.text.identifiers import parse_day
from portal.demo import actions
from portal.demo.actions import Hands
from portal.demo.people import answers_of
from requests_app.catalogue.mau_01_person.form import subject_name
from requests_app.catalogue.mau_04_renew_change import prefill as renew_change
from requests_app.catalogue.mau_05_revoke import prefill as revoke
from requests_app.catalogue.mau_06_recover import prefill as recover
from requests_app.catalogue.mau_09_loss import prefill as loss
from requests_app.decision.services import decide_rows
from requests_app.drafts.prefilled import start_dossier
from requests_app.drafts.services import save_letter
from requests_app.models import Decision, Dossier, DossierItem
from requests_app.workflow import Action

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
ROOM = "UBND-VHXH"
# Days left today of certificates from before the portal: too late, just in time, soon, later.
DAYS_LEFT = (20, 31, 44, 80, 200, 400, 500)
FIRST_OLD = 300  # numbers of the invented people who hold them


def play(hands: Hands, *, now: datetime) -> None:
    """Play each scene that has not been played for the body of ``hands``."""
    old = _from_before_the_portal(hands, now=now)
    # One dossier whose new certificates wait to be installed, one that the office has.
    if not _was_played(hands, f"50/{ROOM}"):
        rows = [
            renew_change.row_of(old[4], renews=True, changes=False),
            _moved(renew_change.row_of(old[5], renews=True, changes=True)),
            _moved(renew_change.row_of(old[6], renews=False, changes=True)),
        ]
        done = _dossier(hands, "mau_04_renew_change", "50", rows, now=now - 4 * _DAY)
        actions.whole(done, hands, now=now - 4 * _DAY)
    if not _was_played(hands, f"51/{ROOM}"):
        rows = [renew_change.row_of(old[3], renews=True, changes=False)]
        sent = _dossier(hands, "mau_04_renew_change", "51", rows, now=now - _DAY)
        actions.sign(sent, hands, now=now - _DAY)
    _revoked_and_given_back(hands, now=now)
    # A locked device: the office has decided its recovery, a second one waits to be asked for.
    if not _was_played(hands, f"54/{ROOM}"):
        (certificate,) = _with_device(hands, 1)
        device = Device.objects.get(key=certificate.key)
        reason = "Nhập sai mật khẩu quá số lần cho phép"
        devices.make_move(device, Move.LOCK, actor=hands.clerk, now=now - _DAY, reason=reason)
        device.refresh_from_db()
        asked = _dossier(hands, "mau_06_recover", "54", recover.rows_of([device]), now=now - _DAY)
        actions.sign(asked, hands, now=now - 20 * _HOUR)
        asked.refresh_from_db()
        decide_rows(
            asked,
            {item.uuid: (Decision.ACCEPTED, "") for item in asked.items.all()},
            actor=hands.officer,
            now=now - 2 * _HOUR,
            version=asked.version,
        )
        actions.step(asked, Action.DECIDE, hands.officer, now=now - 2 * _HOUR)
    _lost(hands, now=now)


def _was_played(hands: Hands, number: str) -> bool:
    return Dossier.objects.filter(agency=hands.clerk.agency, letter_number=number).exists()


def _dossier(
    hands: Hands,
    kind: str,
    number: str,
    rows: Sequence[Mapping[str, str]],
    *,
    now: datetime,
    contact: Mapping[str, str] | None = None,
) -> Dossier:
    room = f"{number}/{ROOM}"
    return actions.draft(kind, rows, number=room, hands=hands, now=now, contact=contact)


def _from_before_the_portal(hands: Hands, *, now: datetime) -> list[Certificate]:
    """Certificates that end soon, on devices in their holders' hands; return them, oldest first."""
    numbers = range(FIRST_OLD, FIRST_OLD + len(DAYS_LEFT))
    emails = [_answers(hands, number)["email"] for number in numbers]
    standing = Certificate.objects.filter(agency=hands.clerk.agency, email__in=emails)
    if standing.exists():
        return list(standing.filter(predecessor__isnull=True).order_by("not_after"))
    long_ago = now - 80 * _DAY
    rows = [_answers(hands, number) for number in numbers]
    people = agencies.match_or_create_people(
        [
            PersonFacts(
                number=row["identity_number"],
                name=row["full_name"],
                birth_on=parse_day(row["birth_on"]),
                unit=row["org2"],
                position=row["position"],
                email=row["email"],
                phone=row["phone"],
            )
            for row in rows
        ],
        agency=hands.clerk.agency,
        now=long_ago,
    )
    with transaction.atomic():
        found = devices.take_from_stock("token", len(rows))
        devices.allocate_many(
            [Allocation(device, person) for device, person in zip(found, people, strict=True)],
            agency=hands.clerk.agency,
            office=hands.clerk.agency.office,
            document=("paper", None, "Hồ sơ giấy có trước khi dùng cổng"),
            actor=None,
            now=long_ago,
        )
    orders = [
        Order(
            request_key=uuid.uuid4().hex,
            serial=ca.new_serial(),
            kind="person",
            subject=subject_name(row, ""),
            public_key=bytes(_key_of(device).public_key),
            not_before=now - timedelta(days=3 * 365 - days),
            not_after=now + timedelta(days=days),
        )
        for row, device, days in zip(rows, found, DAYS_LEFT, strict=True)
    ]
    answers = authority.own().issue_many(orders, now=long_ago)
    made = [
        ca.certificate_from(
            order,
            answer,
            subscriber=person,
            agency=hands.clerk.agency,
            office=hands.clerk.agency.office,
            key=_key_of(device),
            now=long_ago,
        )
        for order, answer, person, device in zip(orders, answers, people, found, strict=True)
    ]
    Certificate.objects.bulk_create(made)
    shipment = devices.send(found, channel="hand", actor=hands.operator, now=long_ago)
    seen = [device.serial for device in found]
    devices.receive(shipment, serials=seen, actor=hands.clerk, now=long_ago + _DAY)
    actions.hand_over(found, hands, now=long_ago + 2 * _DAY)
    actions.tell_of_hand_overs(hands, f"49/{ROOM}", now=now - 30 * _DAY)
    return made


def _answers(hands: Hands, number: int) -> dict[str, str]:
    mailbox = hands.clerk.username.partition(".")[2]
    return dict(answers_of(number, commune=hands.clerk.agency.name, mailbox=mailbox))


def _key_of(device: Device) -> KeyPair:
    assert device.key is not None
    return device.key


def _moved(row: dict[str, str]) -> dict[str, str]:
    return row | {"new_email": row["email"].replace("@", ".moi@")}


def _revoked_and_given_back(hands: Hands, *, now: datetime) -> None:
    """Two people left: one device is on the office's desk, one still with its holder."""
    if _was_played(hands, f"52/{ROOM}"):
        return
    people = _with_device(hands, 2)
    card = {"issued_on": "01/06/2022", "issue_place": "CCSQLHCVTTXH"}
    rows = [revoke.row_of(one, cause="retired", reason="Nghỉ hưu") | card for one in people]
    asked = _dossier(hands, "mau_05_revoke", "52", rows, now=now - 5 * _DAY)
    actions.whole(asked, hands, now=now - 5 * _DAY)
    device = Device.objects.get(key=people[0].key)
    devices.take_back([device], serials_seen=[device.serial], actor=hands.clerk, now=now - 3 * _DAY)
    minutes = start_dossier("mau_08_return", actor=hands.clerk, now=now - 2 * _DAY)
    contact = {"receiver_name": "", "receiver_position": ""} | actions.contact_of(hands.clerk)
    save_letter(
        minutes,
        letter_number="53/BB-UBND",
        letter_date=(now - 2 * _DAY).date(),
        contact=contact,
        note="",
        actor=hands.clerk,
        now=now - 2 * _DAY,
        version=minutes.version,
    )
    minutes.refresh_from_db()
    actions.sign(minutes, hands, now=now - 2 * _DAY)


def _with_device(hands: Hands, count: int) -> list[Certificate]:
    """Return certificates of the body's people that nobody has asked anything about."""
    found = Certificate.objects.filter(
        agency=hands.clerk.agency,
        kind="person",
        revoked_at__isnull=True,
        successors__isnull=True,
        predecessor__isnull=True,
        key__device__custody=Custody.WITH_SUBSCRIBER,
        key__device__condition="ok",
    ).exclude(subscriber=hands.head.person_id)
    asked = DossierItem.objects.filter(certificate__isnull=False)
    asked = asked.exclude(dossier__kind="mau_07_handover")
    found = found.exclude(pk__in=asked.values("certificate"))
    return list(found.select_related("key__device").order_by("-not_after", "pk")[:count])


def _lost(hands: Hands, *, now: datetime) -> None:
    """A lost device: the minutes are sent, the revocation they opened waits as a draft."""
    if _was_played(hands, "55/BB-UBND"):
        return
    (certificate,) = _with_device(hands, 1)
    device = Device.objects.get(key=certificate.key)
    (row,) = loss.rows_of([device])
    day = f"{now - _DAY:%d/%m/%Y}"
    row |= {
        "lost_on": day,
        "place": "Trên đường đi họp tại tỉnh",
        "circumstances": "Rơi túi đựng tài liệu khi di chuyển bằng xe khách",
        "measures": "Đã liên hệ nhà xe và báo công an xã, chưa tìm thấy",
    }
    contact = {
        "made_at": "08 giờ 00 phút",
        "made_on": day,
        "made_in": "Trụ sở UBND xã",
        "maker": hands.clerk.full_name,
        "maker_position": hands.clerk.position,
        "participants": f"{hands.head.full_name}, {hands.head.position}",
    } | actions.contact_of(hands.clerk)
    minutes = actions.draft(
        "mau_09_loss", [row], number="55/BB-UBND", hands=hands, now=now - _DAY, contact=contact
    )
    actions.sign(minutes, hands, now=now - 20 * _HOUR)
