"""Writes a department's messy estate: lists and certificates with known faults, and the truth."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency
from portal.agencies.services.bodies import register_agency
from portal.core.text.letters import TCVN3, foreign_letters

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Lò", "Vàng", "Giàng", "Tẩn", "Hoàng", "Quàng", "Lý")
_MIDDLES = ("Văn", "Thị", "Đức", "Minh", "Ngọc", "Xuân", "Thu", "Quang", "A")
_GIVENS = ("An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Hùng", "Lan", "Long", "Mai", "Nam", "Oanh")
_HEADS = (
    ("STT", "Họ và tên", "Số CCCD", "Ngày sinh", "Đơn vị", "Chức vụ", "Email", "Số serial",
     "Ngày hết hạn", "Số token"),
    ("TT", "Đơn vị công tác", "Người sử dụng", "Số định danh cá nhân", "Sinh ngày", "Chức danh",
     "Địa chỉ thư điện tử", "Số hiệu chứng thư", "Hiệu lực đến", "Số hiệu thiết bị"),
)  # fmt: skip
_ORDERS = (
    ("stt", "name", "number", "birth", "body", "position", "email", "serial", "ends", "token"),
    ("stt", "body", "name", "number", "birth", "position", "email", "serial", "ends", "token"),
)
_TO_TCVN3 = str.maketrans({letter: code for code, letter in TCVN3.items()})
_SIGNS = {code for code in TCVN3 if not code.isalpha() or code.isupper()}
_FAULTS = 0.04  # of the rows
_BATCH = 2000  # rows of a list
_ARCHIVE = "chung-thu.zip"
_EVERY_FILE = 2  # of the certificates, one in so many comes as a file, too


class Command(BaseCommand):
    """Makes bodies of the office of --as where there are too few, then writes into a folder."""

    help = "In the simulation alone. Writes lists, a ZIP of certificates, an anchor and truth.csv."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--as", dest="username", required=True, help="an officer's account")
        parser.add_argument("--bodies", type=int, default=300)
        parser.add_argument("--people", type=int, default=20_000)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SIMULATION:
            raise CommandError("the simulation alone makes up an estate")
        office = User.objects.select_related("agency").get(username=options["username"]).agency
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        draw = random.Random(options["seed"])  # noqa: S311 (no secret: the same estate each time)
        bodies = _bodies(office, options["bodies"], draw)
        estate = _Estate(bodies, draw)
        rows = [estate.row(number) for number in range(options["people"])]
        truth = [(row, fault) for row in rows if (fault := estate.spoil(row, rows))]
        files = 0
        for start in range(0, len(rows), _BATCH):
            files += 1
            _write_list(folder / f"danh-sach-{files:02d}.csv", rows[start : start + _BATCH], files)
        strangers = estate.write_certificates(folder, rows)
        (folder / "hong.zip").write_bytes((folder / _ARCHIVE).read_bytes()[:5000])
        with (folder / "truth.csv").open("w", encoding="utf-8-sig", newline="") as stream:
            out = csv.writer(stream, delimiter=";")
            out.writerow(("list", "row", "fault"))
            for row, fault in truth:
                out.writerow((f"danh-sach-{row['at'] // _BATCH + 1:02d}.csv", row["row"], fault))
            out.writerows((_ARCHIVE, number, "in_no_list") for number in strangers)
        self.stdout.write(f"{len(rows)} rows in {files} lists, {len(truth)} faults")


def _bodies(office: Agency, wanted: int, draw: random.Random) -> list[Agency]:
    """Return so many bodies of the office, registered where there are too few."""
    found = list(Agency.objects.filter(office=office, dissolved_on=None).order_by("pk")[:wanted])
    today, now = date(2025, 7, 1), timezone.now()
    with transaction.atomic():
        for number in range(len(found), wanted):
            name = f"Ủy ban nhân dân xã {draw.choice(_GIVENS)} {draw.choice(_FAMILIES)} {number}"
            facts = AgencyFacts(
                name=name,
                short_name="UBND",
                province=office.province,
                place=f"{draw.choice(_GIVENS)} {number}",
                office=office,
                email_domain="laichau.gov.vn",
            )
            found.append(register_agency(facts, valid_from=today, actor=None, now=now))
    return found


class _Estate:
    """The people, their certificates, and what is spoilt about them."""

    def __init__(self, bodies: list[Agency], draw: random.Random) -> None:
        self._bodies = bodies
        self._draw = draw
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA KHÁC (MẪU)")])
        self._ways: tuple[tuple[str, Callable[..., None]], ...] = (
            ("serial_twice", self._serial_twice),
            ("bad_identity", lambda row, _rows: row.update(number=row["number"][:8])),
            ("not_a_serial", lambda row, _rows: row.update(serial="6,01E+15")),
            ("no_end", lambda row, _rows: row.update(ends="", has_file=False)),
            ("no_name", lambda row, _rows: row.update(name="", has_file=False)),
            ("number_of_two_names", self._number_of_another),
            ("old_letters", self._old_letters),
            ("no_body", lambda row, _rows: row.update(body="")),
            ("device_twice", self._device_twice),
            ("doubt_of_body", lambda row, _rows: row.update(body=row["body"].replace("xã", "xa"))),
            ("not_official_email", lambda row, _rows: row.update(email="ai.do@gmail.com")),
            ("file_has_other_day", self._other_day),
        )

    def row(self, number: int) -> dict[str, Any]:
        draw = self._draw
        name = " ".join(draw.choice(part) for part in (_FAMILIES, _MIDDLES, _GIVENS))
        birth = date(1965, 1, 1) + timedelta(days=draw.randrange(13_000))
        ends = date(2026, 1, 1) + timedelta(days=draw.randrange(1_500))
        century = 0 if birth.year < 2000 else 2  # noqa: PLR2004
        return {
            "at": number, "row": number % _BATCH + 2, "stt": str(number + 1), "name": name,
            "number": f"012{century}{birth.year % 100:02d}{number:06d}",
            "birth": f"{birth:%d/%m/%Y}", "body": draw.choice(self._bodies).name,
            "position": "Chuyên viên", "email": f"cb{number}@laichau.gov.vn",
            "serial": f"{0x5400000000000000 + number:016X}", "ends": f"{ends:%d/%m/%Y}",
            "token": f"SE{number:07d}", "has_file": number % _EVERY_FILE == 0, "ends_on": ends,
            "said": name,
        }  # fmt: skip

    def spoil(self, row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
        """Spoil one row in twenty-five; return the fault's code, "" for none."""
        if row["at"] < _BATCH // 10 or self._draw.random() >= _FAULTS:
            return ""
        code, spoil = self._draw.choice(self._ways)
        before = dict(row)
        spoil(row, rows)
        return code if row != before else ""

    def _serial_twice(self, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        row.update(serial=rows[row["at"] - 100]["serial"], has_file=False)

    def _number_of_another(self, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        other = rows[row["at"] % 100]
        if other["name"] != row["name"]:
            row.update(number=other["number"], has_file=False)

    def _device_twice(self, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        row.update(token=rows[row["at"] % 100]["token"])

    def _old_letters(self, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        """Type the name with a font of before Unicode: all of it, or one of its words."""
        words = row["name"].split()
        first, last = self._draw.choice([(0, len(words)), *((at, at + 1) for at in range(3))])
        words[first:last] = [word.translate(_TO_TCVN3) for word in words[first:last]]
        name = " ".join(words)
        if foreign_letters(name) or set(name) & _SIGNS:  # else it is another name: Dòng for Dũng
            row.update(name=name, has_file=False)

    def _other_day(self, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        row.update(ends=f"{row['ends_on'] + timedelta(days=40):%d/%m/%Y}", has_file=True)

    def write_certificates(self, folder: Path, rows: list[dict[str, Any]]) -> list[int]:
        """Write the certificates that come as files, and the CA's own as an anchor; return which of
        them no list names by its serial."""
        root = (
            self._builder(self._name, 1, date(2040, 1, 1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        (folder / "anchor").mkdir(exist_ok=True)
        (folder / "anchor" / "ca-khac.pem").write_bytes(root.public_bytes(Encoding.PEM))
        stream = io.BytesIO()
        filed = [row for row in rows if row["has_file"]]
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for row in filed:
                name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, row["said"])])
                serial = int(row["serial"], 16) if row["serial"].isalnum() else row["at"] + 5
                made = self._builder(name, serial, row["ends_on"]).sign(self._key, hashes.SHA256())
                archive.writestr(f"{row['at']:06d}.cer", made.public_bytes(Encoding.DER))
        (folder / _ARCHIVE).write_bytes(stream.getvalue())
        return [at for at, row in enumerate(filed, start=1) if not row["serial"].isalnum()]

    def _builder(self, name: x509.Name, serial: int, ends: date) -> x509.CertificateBuilder:
        until = datetime(ends.year, ends.month, ends.day, tzinfo=UTC)
        is_root = name == self._name
        key = self._key if is_root else ec.generate_private_key(ec.SECP256R1())
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(min(datetime(2020, 1, 1, tzinfo=UTC), until - timedelta(days=1)))
            .not_valid_after(until)
        )


def _write_list(path: Path, rows: list[dict[str, Any]], number: int) -> None:
    head, order = _HEADS[number % 2], _ORDERS[number % 2]
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        out = csv.writer(stream, delimiter=";")
        out.writerow(head)
        for row in rows:
            out.writerow([row[name] for name in order])
