"""K: bringing certificates in with their files, against cryptography parsing and verifying the same
and a bare bulk insert of the same columns; and comparing a register with a list as long.

``BENCH_CERTIFICATES`` (5,000) and ``BENCH_COMPARED`` (20,000) say how many. By processor time.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import common
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

CERTIFICATES = int(os.environ.get("BENCH_CERTIFICATES", "5000"))
COMPARED = int(os.environ.get("BENCH_COMPARED", "20000"))
BEGINS, ENDS = datetime(2024, 3, 1, tzinfo=UTC), datetime(2029, 3, 1, tzinfo=UTC)
ROOT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA KHÁC (ĐO)")])
KEY = ec.generate_private_key(ec.SECP384R1())
_ARCHIVE = 10_000  # certificates of one ZIP
_KEPT_SECONDS, _KEPT_MIB = 60, 500  # of comparing 300,000 with 300,000
_KEPT_RATIO = 2  # our own


def main() -> None:
    common.boot()
    what = set(sys.argv[1:]) or {"bring", "compare"}
    officer = _people()
    if "bring" in what:
        _bring(officer)
    if "compare" in what:
        _compare(officer)


def _people() -> Any:
    from tests import story  # noqa: PLC0415

    return story.cast().officer


def _builder(subject: x509.Name, serial: int, key: ec.EllipticCurvePublicKey) -> Any:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ROOT)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
    )


def _name(body: str, name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, body),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _bring(officer: Any) -> None:
    """Bring in ZIPs of certificates whose issuer is an anchor; then do the bare minimum."""
    from django.conf import settings  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from portal.agencies.models import Agency  # noqa: PLC0415
    from portal.ca.models import Certificate  # noqa: PLC0415
    from portal.estate import services  # noqa: PLC0415

    root = (
        _builder(ROOT, 1, KEY.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(KEY, hashes.SHA384())
    )
    folder = settings.DATA_DIR / "anchors"
    folder.mkdir(exist_ok=True)
    (folder / "khac.cer").write_bytes(root.public_bytes(Encoding.DER))
    settings.TRUST_ANCHORS = str(folder)
    body = Agency.objects.exclude(office=None).earliest("pk").name
    files: list[services.HandedIn] = []
    ders: list[bytes] = []
    for start in range(0, CERTIFICATES, _ARCHIVE):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(start, min(start + _ARCHIVE, CERTIFICATES)):
                key = ec.generate_private_key(ec.SECP384R1()).public_key()
                subject = _name(body[:60], f"Lò Văn {number:06d}")
                made = _builder(subject, 0x5400000000000000 + number, key)
                ders.append(made.sign(KEY, hashes.SHA384()).public_bytes(Encoding.DER))
                archive.writestr(f"{number:06d}.cer", ders[-1])
        files.append(services.HandedIn(f"chung-thu-{start}.zip", stream.getvalue()))
    steps: dict[str, float] = {}

    def bring() -> None:
        now = timezone.now()
        delivery = services.hand_in(files, title="Đo", actor=officer, now=now)
        _work(delivery, steps)
        services.start(delivery, actor=officer, now=timezone.now())
        _work(delivery, steps)

    ours = common.processor_seconds(bring)
    brought = Certificate.objects.filter(trust="verified").count()
    assert brought == CERTIFICATES, brought
    bare = common.processor_seconds(lambda: _bare(ders, root))
    name = f"K bring in with files ({common.dialect()})"
    common.report(name, ours, bare, target=3, n=CERTIFICATES)
    print(
        json.dumps({"name": "K steps, seconds", **{one: round(at, 2) for one, at in steps.items()}})
    )


def _work(delivery: Any, steps: dict[str, float]) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from portal.estate import services  # noqa: PLC0415

    delivery.refresh_from_db()
    while delivery.is_in_work:
        state = delivery.state
        took = common.processor_seconds(lambda: services.work(now=timezone.now()))
        steps[state] = steps.get(state, 0) + took
        delivery.refresh_from_db()


def _bare(ders: list[bytes], root: x509.Certificate) -> None:
    """Parse, verify and insert: the rows of people and places, keys and certificates."""
    from django.db import transaction  # noqa: PLC0415

    from portal.agencies.models import Affiliation, Subscriber  # noqa: PLC0415
    from portal.ca.models import Certificate, KeyPair  # noqa: PLC0415

    certificates = list(Certificate.objects.order_by("-pk").select_related("key")[: len(ders)])
    people = list(Subscriber.objects.filter(pk__in=[one.subscriber_id for one in certificates]))
    places = {one.subscriber_id: one for one in Affiliation.objects.filter(subscriber__in=people)}
    by_pk = {one.pk: one for one in people}
    for der in ders:
        certificate = x509.load_der_x509_certificate(der)
        certificate.verify_directly_issued_by(root)
        certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    rows = []
    for one in certificates:  # the same columns once more, under other names
        person, key = by_pk[one.subscriber_id], one.key
        place = places[person.pk]
        person.pk = key.pk = place.pk = one.pk = None
        person.uuid, key.uuid, one.uuid = uuid4(), uuid4(), uuid4()
        one.serial, one.request_key = f"F{one.serial[1:]}", f"bare:{one.serial}"
        key.fingerprint, one.thumbprint = key.fingerprint[::-1], one.thumbprint[::-1]
        rows.append((person, place, key, one))
    with transaction.atomic():
        Subscriber.objects.bulk_create([person for person, *_rest in rows], batch_size=500)
        KeyPair.objects.bulk_create([key for _p, _place, key, _one in rows], batch_size=500)
        for person, place, key, one in rows:
            place.subscriber = one.subscriber = person
            one.key = key
        Affiliation.objects.bulk_create([place for _p, place, *_rest in rows], batch_size=500)
        Certificate.objects.bulk_create([one for *_rest, one in rows], batch_size=500)


def _compare(officer: Any) -> None:
    """Compare a register with a list as long, of which some rows differ: seconds, memory, and
    how many times what a bare comparison takes that encrypts nothing and explains nothing."""
    from django.utils import timezone  # noqa: PLC0415

    from portal.agencies.models import Agency  # noqa: PLC0415
    from portal.estate import services  # noqa: PLC0415

    body = Agency.objects.exclude(office=None).earliest("pk")
    _register(body, COMPARED)
    lines = ["Họ và tên;Đơn vị;Số serial;Hiệu lực đến"]
    for number in range(COMPARED // 100, COMPARED + COMPARED // 100):  # some only here, some there
        ends = "02/03/2029" if number % 100 else "05/05/2029"
        lines.append(f"Lò Văn {number:06d};{body.name};{_serial(number)};{ends}")
    content = "\n".join(lines).encode("utf-8-sig")
    del lines
    now = timezone.now()
    listed = [services.HandedIn("danh-sach.csv", content)]
    delivery = services.hand_in(listed, title="Đo", purpose="compare", actor=officer, now=now)
    steps: dict[str, float] = {}
    Path("/proc/self/clear_refs").write_text("5")  # the most memory counts from here
    took = common.seconds(lambda: _work(delivery, steps))
    peak = _peak_mib()
    told = {
        "name": f"K compare ({common.dialect()})",
        "n": COMPARED,
        "seconds": round(took, 1),
        "processor_seconds": {one: round(at, 1) for one, at in steps.items()},
        "peak_mib": peak,
        "target": {"seconds": _KEPT_SECONDS, "mib": _KEPT_MIB, "n": 300_000},
        "counts": delivery.counts,
    }
    print(json.dumps(told), flush=True)
    bare = common.processor_seconds(lambda: _compare_barely(content))
    name = f"K compare ({common.dialect()})"
    common.report(name, sum(steps.values()), bare, target=_KEPT_RATIO, n=COMPARED)


def _peak_mib() -> int:
    told = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    return int(told.split()[0]) // 1024


def _compare_barely(content: bytes) -> None:
    """Read the list and the register, compare them, and write a row for each of both."""
    from portal.ca.models import Certificate  # noqa: PLC0415
    from portal.estate.models import DeliveredRow, Delivery  # noqa: PLC0415

    listed = csv.reader(content.decode("utf-8-sig").splitlines()[1:], delimiter=";")
    register = Certificate.objects.values_list("serial", "pk", "common_name", "not_after")
    here: dict[str, tuple[Any, ...]] = {serial: tuple(rest) for serial, *rest in register}
    delivery = Delivery.objects.latest("pk")
    made = []
    for number, (name, _body, serial, ends) in enumerate(listed, start=2):
        pk, known_as, until = here.pop(serial, (None, "", None))
        is_same = until is not None and known_as == name and f"{until:%d/%m/%Y}" == ends
        made.append(
            DeliveredRow(
                delivery=delivery, number=number, title=name, serial=serial, certificate_id=pk,
                verdict="same" if is_same else "changed" if pk else "new",
            )
        )  # fmt: skip
    made += [
        DeliveredRow(
            delivery=delivery, number=0, title=name, serial=serial, certificate_id=pk,
            verdict="only_here",
        )
        for serial, (pk, name, _until) in here.items()
    ]  # fmt: skip
    DeliveredRow.objects.bulk_create(made, batch_size=1000)


def _serial(number: int) -> str:
    return f"{0x5500000000000000 + number:016X}"


def _register(body: Any, size: int) -> None:
    """Write so many certificates known from lists, a few thousand at a time."""
    from portal.agencies.models import Subscriber  # noqa: PLC0415
    from portal.ca.models import Certificate, Keeper, KeyPair  # noqa: PLC0415
    from portal.core.text.vietnamese import search_key  # noqa: PLC0415

    for start in range(0, size, 5000):
        numbers = range(start, min(start + 5000, size))
        names = [f"Lò Văn {number:06d}" for number in numbers]
        people = Subscriber.objects.bulk_create(
            [
                Subscriber(kind="person", name=one, search_name=search_key(one), agency=body)
                for one in names
            ]
        )
        keys = KeyPair.objects.bulk_create(
            [
                KeyPair(storage="token", fingerprint=f"{number:064x}", made_at=BEGINS)
                for number in numbers
            ]
        )
        Certificate.objects.bulk_create(
            [
                Certificate(
                    serial=_serial(number), keeper=Keeper.OUTSIDE, trust="no_file", kind="person",
                    subscriber=person, agency=body, office=body.office, key=key, common_name=name,
                    search_name=search_key(name), subject=f"CN={name}", not_before=BEGINS,
                    not_after=datetime(2029, 3, 2, 16, 59, 59, tzinfo=UTC),
                    renewals_source="person",
                    request_key=f"bench:{number}", issued_at=BEGINS,
                )
                for number, name, person, key in zip(numbers, names, people, keys, strict=True)
            ]
        )  # fmt: skip


if __name__ == "__main__":
    main()
