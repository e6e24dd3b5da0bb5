"""What a command found wrong with the rows of a file: shown in short, kept in full."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.management import CommandError
from django.utils.translation import gettext as _

from portal.core.rules import Refused
from portal.core.text.numbers import with_dots

SHOWN = 20
# What commands end with (``CommandError.returncode``).
FOUND, UNUSABLE = 1, 2
EXIT_CODES = (
    "Mã thoát: 0 – xong; 1 – có dòng bị từ chối, đã nêu từng dòng; 2 – tệp không dùng được "
    "(không đọc được, sai tiêu đề, không có dòng nào, quá lớn, chưa chọn ngày)."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of a row of the file; row 1 is its header, 0 is none of its rows.

    ``commune`` is the code the list has for the commune; ``is_fault`` when the row is refused.
    """

    row: int
    code: str
    message: str
    commune: str = ""
    about: str = ""
    is_fault: bool = True

    def __str__(self) -> str:
        about = " ".join(filter(None, (self.commune, self.about)))
        words = ": ".join(filter(None, (self.code, about, self.message)))
        return f"{_('Dòng')} {self.row}: {words}" if self.row else words


def not_opened(file: str, error: OSError) -> CommandError:
    """Return what a command ends with when a file cannot be opened."""
    message = _("Không mở được tệp %(file)s: %(why)s") % {"file": file, "why": error.strerror}
    return CommandError(message, returncode=UNUSABLE)


def of_file(refusal: Refused) -> list[Finding]:
    """Return what keeps a whole file from being used, each with its way out."""
    return [
        Finding(one.row or 1, one.code, " ".join(filter(None, (one.message, one.way_out))))
        for one in refusal.violations
    ]


def show(findings: Sequence[Finding], write: Callable[[str], object], *, report: str = "") -> None:
    """Write the first findings, the refused rows before the others, and how many more there are."""
    ordered = sorted(findings, key=lambda one: (not one.is_fault, one.row))
    for finding in ordered[:SHOWN]:
        write(str(finding))
    if len(ordered) > SHOWN:
        rest = Counter(one.code for one in ordered[SHOWN:])
        write(
            _("… và %(count)s điều nữa: %(codes)s.")
            % {
                "count": with_dots(len(ordered) - SHOWN),
                "codes": ", ".join(f"{code} {with_dots(n)}" for code, n in rest.most_common()),
            }
        )
        if not report:
            write(_("Ghi tất cả vào một tệp bằng --report TỆP.csv."))
    if report:
        write(
            _("%(count)s điều được ghi ở %(file)s.")
            % {"count": with_dots(len(ordered)), "file": report}
        )


def save(findings: Sequence[Finding], report: str) -> None:
    """Write all findings to a CSV file, to none where no name is given."""
    if not report:
        return
    try:
        stream = Path(report).open("w", encoding="utf-8-sig", newline="")  # noqa: SIM115 (below)
    except OSError as error:
        raise not_opened(report, error) from error
    with stream:
        writer = csv.writer(stream)
        writer.writerow(["row", "code", "old_code", "about", "message", "refused"])
        for one in sorted(findings, key=lambda each: (each.row, each.code)):
            refused = "yes" if one.is_fault else "no"
            # A cell of the file that begins like a formula stays a text.
            about = f"'{one.about}" if one.about.startswith(("=", "+", "-", "@")) else one.about
            writer.writerow([one.row, one.code, one.commune, about, one.message, refused])
