"""Certificates, keys and their holders for the tests of the CA."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber, SubscriberKind
from portal.ca.authority import services as authority
from portal.ca.authority.services import Answer, Order
from portal.ca.models import Certificate, KeyPair, Storage
from portal.ca.pki.names import SubjectName
from portal.ca.register import services
from portal.core.roles import Role
from portal.core.text.vietnamese import search_key, sort_key

_numbers = itertools.count(1)

FIVE_YEARS = timedelta(days=5 * 365)
TEACHER = SubjectName(
    common_name="Nguyễn Thị Ánh Đào",
    organisation_levels=(
        "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN",
        "TRƯỜNG PHỔ THÔNG DÂN TỘC BÁN TRÚ TRUNG HỌC CƠ SỞ NẬM CẦN",
    ),
    locality="Lai Châu",
    email="daonta.tanuyen@laichau.gov.vn",
)


def agency(name: str = "UBND xã Tân Uyên", *, office: Agency | None = None) -> Agency:
    return Agency.objects.create(
        name=name,
        search_name=search_key(name),
        sort_name=sort_key(name),
        province="Lai Châu",
        office=office,
    )


def user(role: Role, *, agency: Agency) -> User:
    made = User(username=f"user{next(_numbers)}", full_name="Lò Văn Thử", agency=agency, role=role)
    made.save()
    return made


def subscriber(agency: Agency, *, name: str = TEACHER.common_name) -> Subscriber:
    return Subscriber.objects.create(
        kind=SubscriberKind.PERSON,
        name=name,
        search_name=search_key(name),
        sort_name=sort_key(name),
        agency=agency,
    )


def key(*, now: datetime, storage: str = Storage.TOKEN) -> KeyPair:
    return services.make_keys(storage, 1, now=now)[0]


def order(
    key: KeyPair,
    *,
    now: datetime,
    serial: str = "",
    request_key: str = "",
    subject: SubjectName = TEACHER,
    kind: str = SubscriberKind.PERSON,
    valid_for: timedelta = FIVE_YEARS,
) -> Order:
    return Order(
        request_key=request_key or f"row-{next(_numbers)}",
        serial=serial or services.new_serial(),
        kind=kind,
        subject=subject,
        public_key=bytes(key.public_key),
        not_before=now,
        not_after=now + valid_for,
    )


def issue(asked: Order, *, now: datetime) -> Answer:
    return authority.own().issue_many([asked], now=now)[0]


def certificate(
    *,
    now: datetime,
    agency: Agency | None = None,
    key: KeyPair | None = None,
    predecessor: Certificate | None = None,
    serial: str = "",
    subject: SubjectName = TEACHER,
    kind: str = SubscriberKind.PERSON,
    valid_for: timedelta = FIVE_YEARS,
) -> Certificate:
    """Return a stored certificate, signed by the CA of the test."""
    key = key or services.make_keys(Storage.TOKEN, 1, now=now)[0]
    agency = agency or Agency.objects.first() or _agency()
    asked = order(key, now=now, serial=serial, subject=subject, kind=kind, valid_for=valid_for)
    made = services.certificate_from(
        asked,
        issue(asked, now=now),
        subscriber=subscriber(agency, name=subject.common_name),
        agency=agency,
        office=agency.office,
        key=key,
        now=now,
        predecessor=predecessor,
    )
    made.save()
    return made


_agency = agency
