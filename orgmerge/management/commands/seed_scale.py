"""Fills an empty register with a made-up population: ``seed_scale COMMUNES.csv --people 20``."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.body_lists import sheets
from orgmerge.body_lists.communes import commune_bodies
from orgmerge.models import BodyList
from orgmerge.seeding.bodies import Commune
from orgmerge.seeding.population import populate
from orgmerge.seeding.signing import CertificateMaker, Signing, WithoutX509
from portal.agencies.models import Agency, AgencyKind
from portal.ca.authority import ceremony
from portal.ca.authority import services as authority
from portal.core.database.bulk import analyse, collector_paused
from portal.core.management.progress import tracked
from portal.core.rules import Refused
from portal.core.text.identifiers import parse_day


class Command(BaseCommand):
    """Makes bodies, people, certificates and devices of every age and state; prints the counts."""

    help = "Tạo số liệu thử quy mô lớn: các xã trong tệp như trước khi sắp xếp."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="COMMUNES.csv")
        parser.add_argument("--people", type=int, default=20, help="Số người ở mỗi đơn vị.")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--at",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="Ngày tính tuổi chứng thư; bỏ trống là ngày hiệu lực ghi trong tệp.",
        )
        parser.add_argument(
            "--without-x509",
            action="store_true",
            help="Không ký chứng thư X.509 (nhanh hơn nhiều lần); chỉ để đo và lập phương án.",
        )

    def handle(
        self,
        *_args: Any,
        file: str,
        people: int,
        seed: int,
        at: date | None,
        without_x509: bool,
        **_options: Any,
    ) -> None:
        if not settings.SIMULATION:
            raise CommandError(_("Số liệu thử chỉ được tạo trong môi trường thử nghiệm."))
        if Agency.objects.exclude(kind=AgencyKind.CA).exists():
            raise CommandError(_("Danh mục đơn vị đã có dữ liệu; chỉ tạo trên cơ sở trống."))
        try:
            rows = [
                row for _number, row in sheets.read_file(file, kind=BodyList.Kind.COMMUNES).rows
            ]
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except Refused as refusal:
            raise CommandError(" ".join(one.sentence for one in refusal.violations)) from refusal
        communes = list(_communes(rows))
        days = [day for row in rows if (day := parse_day(row.get("effective_on", "")))]
        if not (at or days):
            raise CommandError(_("Tệp không ghi ngày hiệu lực; dùng --at để chọn ngày."))
        maker: CertificateMaker = WithoutX509()
        if not without_x509:
            authority.open_for_signing()
            ceremony.set_up(now=timezone.now())
            maker = Signing()
        with collector_paused():
            made = populate(
                tracked(communes, _("Xã"), stream=self.stderr),
                bodies_of=commune_bodies,
                people=people,
                seed=seed,
                day=at or max(days),
                maker=maker,
            )
        call_command("fill_search", stdout=self.stderr)
        analyse()
        self.stdout.write(json.dumps({"communes": len(communes)} | made))


def _communes(rows: Iterable[Mapping[str, str]]) -> Iterable[Commune]:
    """Yield each commune as it was once: one that was divided stands in several rows."""
    seen = set()
    for row in rows:
        commune = Commune(
            code=row.get("old_code", ""),
            name=row["old_name"],
            district=row.get("old_district", ""),
            province=row["old_province"],
            province_code=row.get("old_province_code", ""),
        )
        if commune not in seen:
            seen.add(commune)
            yield commune
