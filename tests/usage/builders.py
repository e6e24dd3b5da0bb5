"""Systems that sign, what they tell, and what came of it."""

from __future__ import annotations

import itertools
import json
from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.usage.models import IdleInquiry, PublicCertificate, SigningSystem, UsageAlarm
from portal.usage.receiving.services import Receipt, receive
from portal.usage.rules import Offence
from portal.usage.systems import services
from tests import builders
from tests.builders import NOW

_count = itertools.count(1)
API = "/api/v1/usage/events"


def system(*, agency: Agency | None = None, by: User | None = None) -> SigningSystem:
    """A document system, registered by an officer of the body's office."""
    agency = agency or builders.agency(office=builders.office())
    by = by or builders.user(Role.OFFICE_OFFICER, agency=agency.office)
    return services.register(
        f"Hệ thống văn bản {next(_count)}", "documents", agency, actor=by, now=NOW
    )


def event(serial: str, moment: datetime, **changes: Any) -> dict[str, Any]:
    """One signature as a system tells it; its id is a new one unless it is given."""
    told = {"id": f"vb-{next(_count)}", "serial": serial, "moment": moment.isoformat()}
    return told | {"kind": "letter"} | changes


def told(system: SigningSystem, *events: object, now: datetime = NOW, **options: Any) -> Receipt:
    """Let ``system`` report, without HTTP."""
    return receive(system, events, now=now, **({"channel": "api"} | options))


def send(token: str, body: object, **headers: str) -> Any:
    """Report over the API; ``body`` is sent as JSON unless it is text."""
    data = body if isinstance(body, str) else json.dumps(body)
    content_type = headers.pop("content_type", "application/json")
    headers.setdefault("HTTP_AUTHORIZATION", f"Bearer {token}")
    return Client().post(API, data, content_type=content_type, **headers)  # type: ignore[arg-type]


def alarm(certificate: Certificate, system: SigningSystem) -> UsageAlarm:
    return UsageAlarm.objects.create(
        certificate=certificate,
        offence=Offence.OUTSIDE_VALIDITY,
        system=system,
        first_at=NOW,
        last_at=NOW,
        count=1,
        raised_at=NOW,
    )


def inquiry(certificate: Certificate, *, by: User) -> IdleInquiry:
    return IdleInquiry.objects.create(certificate=certificate, asked_by=by, asked_at=NOW)


def public_certificate(agency: Agency, *, by: User, **changes: Any) -> PublicCertificate:
    facts = {
        "holder": "Lò Thị Kế",
        "issuer": "CA CÔNG CỘNG THỬ",
        "purpose": "Nộp bảo hiểm xã hội",
        "valid_until": date(2027, 6, 30),
    }
    return PublicCertificate.objects.create(
        **(facts | changes), agency=agency, noted_by=by, noted_at=NOW
    )


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)
