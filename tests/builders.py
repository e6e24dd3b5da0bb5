"""Plain builders: they take what a test is about and make up the rest."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device, DeviceKind
from portal.accounts.models import User
from portal.agencies.models import (
    Agency,
    AgencyKind,
    AgencyVersion,
    Subscriber,
    SubscriberKind,
    Succession,
)
from portal.agencies.services.bodies import inherit
from portal.ca.models import Certificate, KeyPair, Storage
from portal.core.database.fields import keyed_hash
from portal.core.roles import CA_ROLES, OFFICE_ROLES, Role
from portal.core.text.vietnamese import search_key, sort_key
from requests_app.models import Dossier, DossierItem, Procedure, RoutingRule
from requests_app.models.querysets import is_at_ca
from requests_app.workflow import Route, State, queue_of

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday, 9 in the morning in Hà Nội
TODAY = date(2026, 11, 20)
PASSWORD = "thu-nghiem-68"
_count = itertools.count(1)


def agency(
    name: str = "",
    *,
    office: Agency | None = None,
    parent: Agency | None = None,
    kind: str = AgencyKind.AGENCY,
    has_seal: bool = True,
    tax_code: str = "",
) -> Agency:
    name = name or f"ỦY BAN NHÂN DÂN XÃ THỬ {next(_count)}"
    made = Agency.objects.create(
        kind=kind,
        name=name,
        search_name=search_key(name),
        sort_name=sort_key(name),
        province="Lai Châu",
        parent=parent,
        office=office,
        has_seal=has_seal,
    )
    AgencyVersion.objects.create(
        agency=made,
        valid_from=date(2025, 7, 1),
        name=name,
        short_name="UBND",
        parent=parent,
        office=office,
        province="Lai Châu",
        place="Tân Uyên",
        address="Bản Thử",
        tax_code=tax_code,
        email=f"thu{next(_count)}@laichau.gov.vn",
        email_domain="laichau.gov.vn",
        has_seal=has_seal,
    )
    return made


def succession(old: Agency, new: Agency, *, extent: str = Succession.Extent.WHOLE) -> Succession:
    """``old`` has gone over to ``new``, as from today; as rows, whatever day that is."""
    made = Succession.objects.create(
        predecessor=old,
        successor=new,
        extent=extent,
        decision="Quyết định thử",
        effective_on=TODAY,
        in_effect=True,
    )
    inherit([made])
    return made


def office(name: str = "") -> Agency:
    return agency(name or f"SỞ KHOA HỌC VÀ CÔNG NGHỆ {next(_count)}", kind=AgencyKind.OFFICE)


def ca() -> Agency:
    """The CA as a body: one in each test."""
    found = Agency.objects.filter(kind=AgencyKind.CA).first()
    return found or agency("CỤC CHỨNG THỰC SỐ VÀ BẢO MẬT THÔNG TIN", kind=AgencyKind.CA)


def person(name: str = "Lò Văn Thử", *, at: Agency, number: str = "") -> Subscriber:
    number = number or f"0120900{next(_count):05d}"
    return Subscriber.objects.create(
        kind=SubscriberKind.PERSON,
        name=name,
        search_name=search_key(name),
        sort_name=sort_key(name),
        identity_number=number,
        identity_hash=keyed_hash(number),
        birth_on=date(1990, 1, 1),
        agency=at,
    )


def organisation(of: Agency) -> Subscriber:
    return Subscriber.objects.create(
        kind=SubscriberKind.ORGANISATION,
        name=of.name,
        search_name=of.search_name,
        sort_name=of.sort_name,
        agency=of,
        organisation=of,
    )


def user(
    role: Role, *, agency: Agency | None = None, person: Subscriber | None = None, name: str = ""
) -> User:
    """An account; the body fits the role when none is given."""
    if agency is None:
        agency = ca() if role in CA_ROLES else office() if role in OFFICE_ROLES else _some_agency()
    number = next(_count)
    made = User(
        username=f"{role}.{number}",
        full_name=name or f"Người {number}",
        email=f"nguoi{number}@laichau.gov.vn",
        agency=agency,
        role=role,
        person=person,
    )
    made.set_password(PASSWORD)
    made.save()
    return made


def _some_agency() -> Agency:
    return agency(office=office())


def key(storage: str = Storage.TOKEN) -> KeyPair:
    """A key nobody signs with: its public half is made up."""
    public = f"key {next(_count)}".encode()
    return KeyPair.objects.create(
        storage=storage,
        algorithm="ec-p256",
        public_key=public,
        fingerprint=hashlib.sha256(public).hexdigest(),
        made_at=NOW,
    )


def certificate(
    *,
    subscriber: Subscriber | None = None,
    key_pair: KeyPair | None = None,
    not_after: datetime = NOW + timedelta(days=1000),
    renewals: int = 0,
    office: Agency | None = None,
) -> Certificate:
    """A certificate as a row; its DER is made up."""
    subscriber = subscriber or person(at=_some_agency())
    number = next(_count)
    return Certificate.objects.create(
        serial=f"{number:016X}",
        kind=subscriber.kind,
        subscriber=subscriber,
        agency=subscriber.agency,
        office=office or subscriber.agency.office,
        key=key_pair or key(),
        common_name=subscriber.name,
        search_name=subscriber.search_name,
        subject=f"CN={subscriber.name}",
        email="thu@laichau.gov.vn",
        not_before=NOW - timedelta(days=400),
        not_after=not_after,
        der=b"made up",
        thumbprint=f"{number:064x}",
        renewals=renewals,
        request_key=uuid.uuid4().hex,
        issued_at=NOW - timedelta(days=400),
    )


def device(
    *,
    custody: str = Custody.STOCK,
    condition: str = Condition.OK,
    kind: str = DeviceKind.TOKEN,
    agency: Agency | None = None,
    subscriber: Subscriber | None = None,
    key_pair: KeyPair | None = None,
) -> Device:
    return Device.objects.create(
        kind=kind,
        serial=f"BIT4ID-{next(_count):06d}",
        custody=custody,
        condition=condition,
        key=key_pair or key(kind),
        agency=agency,
        office=agency.office if agency else None,
        subscriber=subscriber,
        received_at=NOW,
    )


def in_hands_of(subscriber: Subscriber, key_pair: KeyPair, *, now: datetime = NOW) -> Device:
    """A device with its subscriber, and the whole ledger that brought it there."""
    device = Device.objects.create(
        kind=key_pair.storage,
        serial=f"BIT4ID-{next(_count):06d}",
        key=key_pair,
        custody=Custody.WITH_SUBSCRIBER,
        condition=Condition.OK,
        agency=subscriber.agency,
        office=subscriber.agency.office,
        subscriber=subscriber,
        received_at=now,
    )
    way = (
        (Move.TAKE_IN, Custody.STOCK),
        (Move.ALLOCATE, Custody.ALLOCATED),
        (Move.SEND, Custody.ON_ITS_WAY),
        (Move.RECEIVE, Custody.AT_AGENCY),
        (Move.HAND_OVER, Custody.WITH_SUBSCRIBER),
    )
    was = ""
    for move, place in way:
        is_in = move == Move.TAKE_IN
        CustodyMove.objects.create(
            device=device,
            move=move,
            from_custody=was,
            to_custody=place,
            from_condition="" if is_in else Condition.OK,
            to_condition=Condition.OK,
            agency=None if is_in else subscriber.agency,
            subscriber=None if is_in else subscriber,
            holder="Lò Thị Nhận" if move == Move.HAND_OVER else "",
            document_type="test",
            document_label="Sổ thử",
            happened_on=TODAY,
            at=now,
        )
        was = place
    return device


def routing(
    procedure: str = Procedure.ISSUE,
    route: str = Route.VIA_OFFICE,
    *,
    office: Agency | None = None,
    storage: str = "",
    valid_from: date = date(2024, 8, 15),
    valid_until: date | None = None,
    copies: Sequence[Agency] = (),
) -> RoutingRule:
    rule = RoutingRule.objects.create(
        office=office,
        procedure=procedure,
        storage=storage,
        route=route,
        addressee=ca(),
        valid_from=valid_from,
        valid_until=valid_until,
        basis="Quy định thử",
    )
    rule.copies.set(copies)
    return rule


def dossier(
    *,
    agency: Agency | None = None,
    state: str = State.DRAFT,
    route: str = Route.VIA_OFFICE,
    kind: str = "mau_01_person",
    rows: int = 1,
    created_by: User | None = None,
    **columns: object,
) -> Dossier:
    """A dossier put straight into a state, with made-up rows that have no answers."""
    agency = agency or _some_agency()
    version = agency.versions.get()
    sent = state not in (State.DRAFT, State.AWAITING_SIGNATURE, State.AWAITING_SEAL)
    values: dict[str, object] = {
        "kind": kind,
        "kind_version": "NĐ68/2024",
        "agency": agency,
        "agency_version": version,
        "office": agency.office,
        "route": route,
        "addressee": ca(),
        "state": state,
        "queue": queue_of(state, route),
        "waiting_since": TODAY if queue_of(state, route) else None,
        "is_at_ca": is_at_ca(state, route),
        "row_count": rows,
        "letter_number": f"{next(_count)}/UBND-VHXH",
        "letter_date": TODAY,
        "created_by": created_by or user(Role.CLERK, agency=agency),
        "created_at": NOW,
        "updated_at": NOW,
        "sent_at": NOW if sent else None,
        "received_on": TODAY if sent else None,
    }
    made = Dossier.objects.create(**(values | columns))
    DossierItem.objects.bulk_create(
        [
            DossierItem(
                dossier=made,
                position=position,
                title=f"Người thứ {position}",
                search_title=f"nguoi thu {position}",
                storage=Storage.TOKEN,
                request_key=uuid.uuid4().hex,
            )
            for position in range(1, rows + 1)
        ]
    )
    return made


COMMUNE = "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"  # whose people the rows of ``person_answers`` are


def person_answers(number: int = 1, **changes: str) -> Mapping[str, str]:
    """A right row of Mẫu 01: an invented person of ``COMMUNE``."""
    answers = {
        "full_name": f"Lò Văn {'ABCDEGHIKLMNOPQRSTUVXY'[number % 22]}nh",
        "birth_on": f"{4 + number // 22 % 24:02d}/08/1984",  # no two of one name
        "identity_number": f"0120849{number:05d}",
        "issue_place": "CCSQLHCVTTXH",
        "issued_on": "25/08/2024",
        "email": f"nguoi{number}.tanuyen@laichau.gov.vn",
        "org1": "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        "org2": COMMUNE,
        "org3": "",
        "org4": "",
        "province": "Lai Châu",
        "position": "Chuyên viên",
        "phone": f"09{number:08d}",
        "old_serial": "",
        "carrier": "",
        "converts_number": "",
        "storage": "token",
    }
    return answers | changes


def system_answers(owner: str, **changes: str) -> Mapping[str, str]:
    """A row of Mẫu 03 for a portal of ``owner``; a soft key still wants its ``csr``."""
    answers = {
        "name": "CỔNG DỊCH VỤ CÔNG TỈNH LAI CHÂU",
        "owner": owner,
        "address": "Bản Thử, xã Tân Uyên",
        "province": "Lai Châu",
        "domain": "dichvucong.laichau.gov.vn",
        "purpose": "Xác thực máy chủ",
        "email": "quantri.tanuyen@laichau.gov.vn",
        "storage": "soft",
        "csr": "",
        "note": "",
        "old_serial": "",
    }
    return answers | changes
