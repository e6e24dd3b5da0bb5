"""What stands in a covering letter and its summary table (phiếu tổng hợp).

The layout is the portal's own: no form of the decree prescribes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from portal.agencies.models import AgencyVersion
from portal.core.text.names import in_proper_letters
from portal.documents.letters import Letter, filing_line
from requests_app import kinds
from requests_app.models import CoveredDossier, CoveringLetter
from requests_app.submission.letter_content import CA_ADDRESSEE
from requests_app.submission.signers import Block

_LAYOUT_NOTE = "Phiếu tổng hợp do hệ thống tự thiết kế; Nghị định 68/2024/NĐ-CP không quy định mẫu."


@dataclass(frozen=True, slots=True)
class Line:
    """What one body asks for by one form."""

    agency: str
    form: str
    letters: tuple[str, ...]
    dossiers: int
    rows: int


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of one form over all bodies."""

    form: str
    dossiers: int
    rows: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary table: lines by body and form, totals by form and altogether."""

    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    agencies: int
    dossiers: int
    rows: int


def summary_of(covered: Iterable[CoveredDossier]) -> Summary:
    """Sum up what a letter covers; ``covered`` come joined with dossier, agency and its version."""
    found = sorted(covered, key=lambda one: (one.dossier.agency.sort_name, *_form_order(one)))
    lines = tuple(
        _line(list(group))
        for _key, group in groupby(
            found, key=lambda one: (one.dossier.agency_id, *_form_order(one))
        )
    )
    by_form = sorted(found, key=_form_order)
    forms = [list(group) for _key, group in groupby(by_form, key=_form_order)]
    totals = tuple(
        Total(form_of(group[0].dossier.kind), len(group), sum(one.row_count for one in group))
        for group in forms
    )
    return Summary(
        lines=lines,
        totals=totals,
        agencies=len({one.dossier.agency_id for one in found}),
        dossiers=len(found),
        rows=sum(one.row_count for one in found),
    )


def covering_letter_of(
    letter: CoveringLetter,
    covered: Sequence[CoveredDossier],
    version: AgencyVersion,
    block: Block,
) -> Letter:
    """Return the letter as it would be printed now; ``version`` is how the office stands today,
    ``block`` who signs for it."""
    summary = summary_of(covered)
    return Letter(
        superior=version.superior,
        agency=version.name,
        number=letter.letter_number,
        place=version.place,
        day=letter.letter_date,
        subject="chuyển hồ sơ đề nghị về chứng thư chữ ký số chuyên dùng công vụ",
        addressees=[CA_ADDRESSEE],
        opening=_opening(summary, in_proper_letters(version.name)),
        list_title="Phiếu tổng hợp",
        columns=[
            ("STT", "6%", ""),
            ("Cơ quan, tổ chức quản lý trực tiếp", "30%", ""),
            ("Loại hồ sơ", "24%", ""),
            ("Số, ngày văn bản", "22%", ""),
            ("Số hồ sơ", "9%", ""),
            ("Số trường hợp", "9%", ""),
        ],
        rows=[
            *[
                [
                    str(number),
                    in_proper_letters(line.agency),
                    line.form,
                    "; ".join(line.letters),
                    str(line.dossiers),
                    str(line.rows),
                ]
                for number, line in enumerate(summary.lines, 1)
            ],
            ["", "Tổng cộng", "", "", str(summary.dossiers), str(summary.rows)],
        ],
        recipients=["Như trên;", filing_line(letter.letter_number)],
        signer_lines=block.lines,
        signer_name=block.name,
        layout_note=_LAYOUT_NOTE,
    )


def form_of(kind_code: str) -> str:
    """Return a form in words: "Mẫu 01: Cấp chứng thư cho cá nhân"."""
    kind = kinds.get(kind_code)
    return f"Mẫu {kind.number}: {kind.title}"


def _form_order(one: CoveredDossier) -> tuple[str, str]:
    return kinds.get(one.dossier.kind).number, one.dossier.kind


def _line(group: Sequence[CoveredDossier]) -> Line:
    first = group[0].dossier
    return Line(
        agency=first.agency_version.name,
        form=form_of(first.kind),
        letters=tuple(
            f"{one.letter_number} ({one.letter_date:%d/%m/%Y})"
            if one.letter_date
            else one.letter_number
            for one in group
        ),
        dossiers=len(group),
        rows=sum(one.row_count for one in group),
    )


def _opening(summary: Summary, office: str) -> list[str]:
    by_form = "; ".join(f"{one.form}: {one.rows} trường hợp" for one in summary.totals)
    words = (
        f"Thực hiện Nghị định số 68/2024/NĐ-CP ngày 25/6/2024 của Chính phủ, {office} tổng hợp và "
        f"chuyển {summary.dossiers} hồ sơ của {summary.agencies} cơ quan, tổ chức quản lý trực "
        f"tiếp, gồm {summary.rows} trường hợp ({by_form}), đề nghị {CA_ADDRESSEE} xem xét, "
        "giải quyết. Văn bản đã ký của từng cơ quan, tổ chức gửi kèm theo hồ sơ điện tử."
    )
    return [words]
