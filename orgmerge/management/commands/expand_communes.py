"""Turns a list of communes into rows of bodies: ``expand_communes COMMUNES.csv > BODIES.csv``."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.body_lists.communes import CommuneRegister, Registered, expand, expand_provinces
from orgmerge.body_lists.sheets import BODIES
from portal.agencies.models import Agency, AgencyVersion

_WORDS = {
    "cell_missing": "thiếu tên xã cũ, tỉnh cũ hoặc tên xã mới",
    "bad_extent": "phạm vi phải là whole hoặc partly",
    "row_twice": "trùng với một dòng phía trên",
    "not_registered": "không có đơn vị nào của xã này trong danh mục",
    "ambiguous": "có nhiều đơn vị cùng tên; mã hoặc huyện không đủ để phân biệt",
    "superior_not_told": "xã bị chia: chưa biết đơn vị này trực thuộc xã nào, phải có người ghi",
}


class Command(BaseCommand):
    """Prints CSV with the columns of the file of bodies; what has to be looked at, as errors."""

    help = "Mở rộng danh sách xã thành danh sách đơn vị cũ → mới, in ra dạng CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="COMMUNES.csv")
        parser.add_argument("--decision", default="", help="Số quyết định, nghị quyết.")
        parser.add_argument(
            "--at",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="Ngày xem danh mục đơn vị; bỏ trống là hôm nay.",
        )

    def handle(
        self, *_args: Any, file: str, decision: str, at: date | None, **_options: Any
    ) -> None:
        try:
            with Path(file).open(encoding="utf-8-sig", newline="") as stream:
                communes = list(csv.DictReader(stream))
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        registered = list(_registered(at or timezone.localdate()))
        expansion = expand(communes, registered, decision=decision)
        provinces = expand_provinces(communes, CommuneRegister(registered, []), decision=decision)
        writer = csv.DictWriter(self.stdout, list(BODIES), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.record() for row in (*expansion.rows, *provinces))
        for remark in expansion.remarks:
            words = _WORDS.get(remark.code, "")
            self.stderr.write(f"{_('Dòng')} {remark.row}: {remark.code}: {remark.about}: {words}")
        if faults := expansion.faults:
            message = _("%(count)d dòng chưa mở rộng được, hoặc chỉ được một phần.")
            raise CommandError(message % {"count": len(faults)})


def _registered(day: date) -> Iterator[Registered]:
    """Yield the bodies that exist on ``day``. Two queries."""
    codes = AgencyVersion.objects.on(day).order_by().values_list("agency_id", "agency_code")
    code_of = dict(codes)
    rows = Agency.objects.existing(day).order_by("pk")
    for pk, name, province, parent, has_seal in rows.values_list(
        "pk", "name", "province", "parent_id", "has_seal"
    ):
        yield Registered(pk, name, province, code_of.get(pk, ""), parent, has_seal)
