"""Takes a file of signing events: ``import_usage EVENTS.csv --system NAME``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.body_lists import findings
from orgmerge.body_lists.findings import EXIT_CODES, FOUND, UNUSABLE
from portal.core.rules import Refused
from portal.core.text.numbers import with_dots
from portal.usage.models import SigningSystem
from portal.usage.receiving.files import MOST_FILE_BYTES, take_file

_COLUMNS = (
    "CSV (UTF-8, có dòng tiêu đề) hoặc mỗi dòng một đối tượng JSON, gồm: id (mã lượt ký của hệ "
    "thống), serial (số hiệu chứng thư), moment (thời điểm ký kèm múi giờ), kind (loại văn bản)."
)


class Command(BaseCommand):
    """Counts each event once; a file taken again changes nothing."""

    help = "Nạp tệp lượt ký của một hệ thống ký số đã đăng ký."

    def create_parser(self, *args: Any, **options: Any) -> Any:
        options |= {
            "formatter_class": RawDescriptionHelpFormatter,
            "epilog": f"{_COLUMNS}\n\n{EXIT_CODES}",
        }
        return super().create_parser(*args, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help=".csv hoặc .jsonl; “-” là đọc từ đầu vào chuẩn."
        )
        parser.add_argument(
            "--system", required=True, help="UUID của hệ thống, hoặc tên nếu không trùng."
        )
        parser.add_argument(
            "--report", default="", metavar="FILE.csv", help="Ghi mọi dòng bị từ chối vào tệp này."
        )

    def handle(self, *_args: Any, file: str, system: str, report: str, **_options: Any) -> None:
        findings.save([], report)  # that it can be written is known before the work
        systems = SigningSystem.objects.reporting()
        try:
            named = list(systems.filter(uuid=UUID(system))[:2])
        except ValueError:
            named = list(systems.filter(name=system)[:2])
        if len(named) != 1:
            message = _("Không có, hoặc có nhiều hệ thống là “%(text)s”; hãy ghi UUID.")
            raise CommandError(message % {"text": system}, returncode=UNUSABLE)
        [found] = named
        try:
            if file == "-":
                content = sys.stdin.buffer.read(MOST_FILE_BYTES + 1)
            else:
                with Path(file).open("rb") as stream:
                    content = stream.read(MOST_FILE_BYTES + 1)
        except OSError as error:
            raise findings.not_opened(file, error) from error
        if len(content) > MOST_FILE_BYTES:
            raise CommandError(
                _("Tệp lớn hơn %(most)d MB.") % {"most": MOST_FILE_BYTES // 1024 // 1024},
                returncode=UNUSABLE,
            )
        try:
            done = take_file(found, content, actor=None, now=timezone.now())
        except Refused as refusal:
            refused = findings.of_file(refusal)
            findings.show(refused, self.stderr.write, report=report)
            findings.save(refused, report)
            raise CommandError(_("Tệp không dùng được."), returncode=UNUSABLE) from refusal
        self.stdout.write(
            _("Nhận %(accepted)s lượt ký mới; %(known)s lượt đã có.")
            % {"accepted": with_dots(done.accepted), "known": with_dots(done.known)}
        )
        if done.findings:
            findings.show(done.findings, self.stderr.write, report=report)
            findings.save(done.findings, report)
            message = _("%(count)s dòng bị từ chối.") % {"count": with_dots(len(done.findings))}
            raise CommandError(message, returncode=FOUND)
