"""Turns a list of communes into rows of bodies: ``expand_communes COMMUNES.csv > BODIES.csv``."""

from __future__ import annotations

import csv
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.body_lists import findings, sheets
from orgmerge.body_lists.communes import ProvinceCount, expand
from orgmerge.body_lists.findings import EXIT_CODES, FOUND, UNUSABLE, Finding
from orgmerge.body_lists.services import registered
from orgmerge.models import BodyList
from portal.agencies.models import Agency
from portal.core.rules import Refused
from portal.core.text.numbers import with_dots

_FATES = {
    "province_stays": "giữ nguyên",
    "province_renamed": "đổi thành",
    "province_ends": "nhập vào",
    "province_goes_to_several": "chưa lập dòng cho cơ quan cấp tỉnh: các xã ghi nhiều tỉnh mới:",
    "province_kind_missing": "chưa lập dòng cho cơ quan cấp tỉnh: không ghi là tỉnh hay thành phố:",
    "province_not_complete": "chưa lập dòng cho cơ quan cấp tỉnh: tệp chưa đủ các xã; ghi nhập vào",
}
_LEFT_OUT = {
    "not_listed": "không có trong danh sách",
    "unchanged": "không đổi",
    "province_undecided": "chưa rõ tỉnh đi đâu",
    "says_no_province": "tên không ghi tỉnh, không có cấp trên nào có dòng",
}


class Command(BaseCommand):
    """Prints CSV with the columns of the file of bodies; what has to be looked at, as errors."""

    help = "Mở rộng danh sách xã thành danh sách đơn vị cũ → mới, in ra dạng CSV."

    def create_parser(self, *args: Any, **options: Any) -> Any:
        options |= {
            "formatter_class": RawDescriptionHelpFormatter,
            "epilog": f"{sheets.columns_help(BodyList.Kind.COMMUNES)}\n\n{EXIT_CODES}",
        }
        return super().create_parser(*args, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="COMMUNES.csv", help=".csv hoặc .xlsx; “-” là đọc từ đầu vào chuẩn."
        )
        parser.add_argument("--decision", default="", help="Số quyết định, nghị quyết.")
        parser.add_argument(
            "--at",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="Ngày xem danh mục đơn vị; bỏ trống là hôm nay.",
        )
        parser.add_argument(
            "--report", default="", metavar="FILE.csv", help="Ghi mọi điều cần xem vào tệp này."
        )

    def handle(
        self,
        *_args: Any,
        file: str,
        decision: str,
        at: date | None,
        report: str = "",
        **_options: Any,
    ) -> None:
        findings.save([], report)  # that it can be written is known before the work
        try:
            records = sheets.read_file(file, kind=BodyList.Kind.COMMUNES)
        except OSError as error:
            raise findings.not_opened(file, error) from error
        except Refused as refusal:
            found = findings.of_file(refusal)
            findings.show(found, self.stderr.write)
            findings.save(found, report)
            raise CommandError(_("Tệp không dùng được."), returncode=UNUSABLE) from refusal
        day = at or timezone.localdate()
        expansion = expand(
            [record for _number, record in records.rows],
            registered(Agency.objects.existing(day).order_by("pk"), day),
            decision=decision,
            rows=[number for number, _record in records.rows],
        )
        writer = csv.DictWriter(self.stdout, list(sheets.BODIES), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.record() for row in expansion.rows)
        found = [
            Finding(one.row, one.code, one.words, one.commune, one.about, one.is_fault)
            for one in expansion.remarks
        ]
        findings.show(found, self.stderr.write, report=report)
        for line in _by_province(expansion.provinces):
            self.stderr.write(line)
        findings.save(found, report)
        if refused := {one.row for one in expansion.faults}:
            message = _("%(count)s dòng chưa mở rộng được, hoặc chỉ được một phần.")
            raise CommandError(message % {"count": with_dots(len(refused))}, returncode=FOUND)


def _by_province(provinces: Iterable[ProvinceCount]) -> Iterator[str]:
    """Yield a line for each old province: what became of its rows, its bodies and itself."""
    for one in provinces:
        line = _(
            "%(province)s: %(communes)s dòng; %(bodies)s đơn vị có dòng, %(follow)s đi theo cấp "
            "trên; từ chối %(refused)s dòng%(why)s; không có dòng: %(left_out)s đơn vị%(which)s; "
            "tỉnh: %(fate)s %(becomes)s"
        ) % {
            "province": one.name or _("(không ghi tỉnh)"),
            "communes": with_dots(one.communes),
            "bodies": with_dots(one.bodies),
            "follow": with_dots(one.follow),
            "refused": with_dots(one.refused.total()),
            "why": _in_brackets(one.refused, {}),
            "left_out": with_dots(one.left_out.total()),
            "which": _in_brackets(one.left_out, _LEFT_OUT),
            "fate": _FATES.get(one.fate, "–"),
            "becomes": one.becomes,
        }
        yield line.rstrip()


def _in_brackets(counted: Counter[str], words: dict[str, str]) -> str:
    if not counted:
        return ""
    said = (f"{words.get(code, code)} {with_dots(n)}" for code, n in counted.most_common())
    return f" ({', '.join(said)})"
