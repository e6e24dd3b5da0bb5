"""R: the yearly report of a large office, as the worker counts it in the background.

``BENCH_CERTIFICATES`` (300,000) certificates of one office with 500 bodies, each certificate with
its clock, use in several months, and a dossier row for every third; beside them another office as
large that the report must not read twice. The ratio is to the limit of a minute.

Seen on PostgreSQL 15, two cores with a load of 10: 35 s, of which this process worked 0.4 s.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

import common
import rows

CERTIFICATES = int(os.environ.get("BENCH_CERTIFICATES", "300000"))
LIMIT_SECONDS = 60
BODIES = 500
DAYS = 1500
MONTHS_USED = 4


def main() -> None:
    common.boot()
    from datetime import date  # noqa: PLC0415

    from portal.core.roles import Role  # noqa: PLC0415
    from portal.reports import services  # noqa: PLC0415
    from portal.reports.models import Report  # noqa: PLC0415
    from portal.reports.spans import Span  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    officer = builders.user(Role.OFFICE_OFFICER)
    for office in (officer.agency, builders.office()):
        _fill(office, officer)
    rows.analyse()
    span = Span(date(2025, 1, 1), date(2025, 12, 31))
    report = services.open_report(span, actor=officer, now=builders.NOW)
    began, busy = time.perf_counter(), time.process_time()
    assert services.count_waiting(now=builders.NOW) == 1
    taken, worked = time.perf_counter() - began, time.process_time() - busy
    found = Report.objects.get(pk=report.pk).figures["subjects"]
    assert found["chung-thu"]["total"]["valid"] > CERTIFICATES // 10, found["chung-thu"]["total"]
    assert found["luot-ky"]["total"]["signed"], found["luot-ky"]["total"]
    name = f"R yearly report, wall time ({common.dialect()})"
    common.report(name, taken, LIMIT_SECONDS, target=1, n=CERTIFICATES)
    name = f"R yearly report, time of this process ({common.dialect()})"
    common.report(name, worked, LIMIT_SECONDS, target=1, n=CERTIFICATES)


def _fill(office: Any, officer: Any) -> None:
    """Give an office its bodies, certificates, clocks, rows of dossiers and use."""
    from django.db.models import Max  # noqa: PLC0415

    from portal.ca.models import Certificate, KeyPair  # noqa: PLC0415
    from portal.usage.models import BodyMonth, SigningSystem, UsageMonth  # noqa: PLC0415
    from requests_app.models import DossierItem  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415
    from tests.deadlines.test_list import deadline  # noqa: PLC0415

    now = builders.NOW
    bodies = [builders.agency(office=office) for _number in range(BODIES)]
    body = f"{bodies[0].pk} + (n % {BODIES})"
    system = SigningSystem.objects.create(
        name="Hệ thống văn bản",
        kind="documents",
        agency=office,
        office=office,
        registered_by=officer,
        registered_at=now,
    )
    one = builders.certificate(subscriber=builders.person(at=bodies[0]))
    begin = now - timedelta(days=DAYS)
    since = f"(n % {DAYS}) * 86400"
    base = Certificate.objects.aggregate(last=Max("pk"))["last"]
    keys = rows.copies(
        one.key,
        CERTIFICATES,
        {
            "uuid": rows.fresh_uuid(),
            "fingerprint": rows.hexadecimal(f"n + {base} + 10000000", digits=64),
            "storage": "CASE WHEN n % 5 = 0 THEN 'sim' ELSE 'token' END",
        },
    )
    assert KeyPair.objects.filter(pk=keys).exists()
    first = rows.copies(
        one,
        CERTIFICATES,
        {
            "uuid": rows.fresh_uuid(),
            "serial": rows.hexadecimal(f"n + {base} + 10000000"),
            "request_key": rows.text_of(f"bench-{base}-"),
            "thumbprint": rows.hexadecimal(f"n + {base} + 10000000", digits=64),
            "agency_id": body,
            "key_id": f"{keys} + n",
            "issued_at": rows.moment(begin, since),
            "not_before": rows.moment(begin, since),
            "not_after": rows.moment(begin, f"{since} + 1095 * 86400"),
            "revoked_at": f"CASE WHEN n % 7 = 0 THEN {rows.moment(begin, f'{since} + 8640000')} "
            "ELSE NULL END",
            "revocation_reason": "CASE WHEN n % 7 = 0 THEN 'cessation' ELSE '' END",
            "crl_entry": f"CASE WHEN n % 7 = 0 THEN {rows.bytes_of('00')} ELSE NULL END",
        },
    )
    clock = deadline(bodies[0], builders.TODAY, done=True)
    rows.copies(
        clock,
        CERTIFICATES,
        {
            "uuid": rows.fresh_uuid(),
            "target_uuid": rows.fresh_uuid(),
            "agency_id": body,
            "due_on": rows.day(begin.date(), f"n % {DAYS} + 5"),
            "received_on": rows.day(begin.date(), f"n % {DAYS}"),
            "done_at": rows.moment(begin, f"{since} + (n % 9) * 86400"),
        },
    )
    dossier = builders.dossier(
        agency=bodies[0], state="completed", sent_at=begin, ended_at=begin, rows=1
    )
    dossiers = rows.copies(
        dossier,
        CERTIFICATES // 30,
        {
            "uuid": rows.fresh_uuid(),
            "agency_id": body,
            "sent_at": rows.moment(begin, since),
            "ended_at": rows.moment(begin, f"{since} + 200000"),
            "received_on": rows.day(begin.date(), f"n % {DAYS}"),
            "decided_on": rows.day(begin.date(), f"n % {DAYS} + 2"),
        },
    )
    rows.copies(
        DossierItem.objects.get(dossier=dossier),
        CERTIFICATES // 30 * 10,
        {
            "uuid": rows.fresh_uuid(),
            "dossier_id": f"{dossiers} + (n / 10)",
            "request_key": rows.text_of(f"bench-row-{base}-"),
            "position": "(n % 10) + 1",
            "decision": "CASE WHEN n % 11 = 0 THEN 'refused' ELSE 'accepted' END",
            "outcome": "CASE WHEN n % 11 = 0 THEN 'refused' ELSE 'done' END",
        },
    )
    month = begin.date().replace(year=2025, month=1, day=1)
    at = now.replace(year=2025, month=1, day=15)
    used = UsageMonth.objects.create(
        certificate=one, system=system, month=month, count=3, last_at=at
    )
    step = f"((n / {CERTIFICATES}) * 3 + 1)"
    rows.copies(
        used,
        CERTIFICATES * MONTHS_USED,
        {
            "certificate_id": f"{first} + (n % {CERTIFICATES})",
            "month": _first_of_month(f"2024 + {step} / 7", f"1 + {step} % 12"),
            "last_at": rows.moment(at, f"{step} * 2592000"),
        },
    )
    told = BodyMonth.objects.create(
        agency=bodies[0], system=system, month=month, document_kind="letter", count=3
    )
    rows.copies(
        told,
        BODIES * 12,
        {
            "agency_id": body,
            "month": _first_of_month("2025", f"1 + n / {BODIES}"),
            "document_kind": "'report'",
            "count": "1 + n % 9",
        },
    )


def _first_of_month(year: str, month: str) -> str:
    if rows.is_postgresql():
        return f"make_date(({year})::int, ({month})::int, 1)"
    return f"printf('%04d-%02d-01', {year}, {month})"


if __name__ == "__main__":
    main()
