"""The proposal as a letter, in the layout of the form that came with Công văn 86/BCY-CTSBMTT."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import AgencyKind
from portal.core.roles import Capability
from portal.core.text.numbers import with_dots
from portal.demand.models import DemandProposal
from portal.demand.rows import NOTES
from portal.documents.letters import Letter
from requests_app.submission.letter_content import CA_ADDRESSEE, signer_lines_of, superior_of
from requests_app.submission.settlement import version_in_force

_YEARS_UPRIGHT = 5  # of more the table lies across


def letter_of(proposal: DemandProposal, *, now: datetime) -> Letter:
    """Return the proposal as it would be printed now."""
    of = proposal.round
    version = version_in_force(proposal.agency_id, timezone.localdate(now))
    heads = User.objects.who_can(Capability.SIGN_REPORTS, agency_id=proposal.agency_id)
    names = list(heads.values_list("full_name", flat=True)[:2])
    is_to_ca = of.opened_by_body.kind == AgencyKind.CA
    span = f"{of.first_year} - {of.last_year}" if of.last_year > of.first_year else of.first_year
    subject = f"đề xuất nhu cầu cấp mới chứng thư số {'giai đoạn' if '-' in str(span) else 'năm'}"
    basis = f"Thực hiện {of.basis}, " if of.basis else ""
    return Letter(
        superior=superior_of(version),
        agency=version.name,
        number=proposal.letter_number,
        place=version.place,
        day=proposal.letter_date,
        subject=f"{subject} {span}",
        addressees=[CA_ADDRESSEE if is_to_ca else of.opened_by_body.name],
        opening=[f"{basis}{version.name} {subject} {span}, cụ thể như sau:"],
        list_title="Nhu cầu",
        columns=[
            ("TT", "6%", ""),
            ("Nội dung", "", ""),
            ("Đvt", "7%", ""),
            *((year, "9%", "Số lượng") for year in of.years),
            ("Ghi chú", "15%", ""),
        ],
        rows=_rows(proposal),
        notes=NOTES,
        recipients=["Như trên;", "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        signer_name=names[0] if len(names) == 1 else "",
        lies_wide=len(of.years) > _YEARS_UPRIGHT,
    )


def _rows(proposal: DemandProposal) -> list[list[str]]:
    of, rows = proposal.round, []
    group = None
    for row in of.rows:
        if row.group is not None and row.group != group:
            rows.append([row.group[0], str(row.group[1]), "", *("" for _year in of.years), ""])
        group = row.group
        cells = proposal.cells.get(row.code, {})
        numbers = [with_dots(cells[year]) if year in cells else "" for year in of.years]
        rows.append([row.number, str(row.words), "CTS", *numbers, proposal.notes.get(row.code, "")])
    return rows
