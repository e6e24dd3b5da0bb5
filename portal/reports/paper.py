"""The report as an official document: text, tables, pictures. Its layout is the portal's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import AgencyKind
from portal.core.roles import Capability, Scope
from portal.core.text.numbers import with_dots
from portal.documents import letters
from portal.reports.charts import draw
from portal.reports.models import Report
from portal.reports.series import Series
from portal.reports.subjects import subjects
from requests_app.submission.letter_content import CA_ADDRESSEE, signer_lines_of, superior_of
from requests_app.submission.settlement import version_in_force
from requests_app.workflow import Procedure

# No form of a report was found (DOMAIN 10.3, 12): the portal's own design, said here once.
_LAYOUT_NOTE = "Mẫu báo cáo do hệ thống tự thiết kế; chưa có mẫu báo cáo được ban hành."
_MOST_BODIES = 300  # of more the document has none: they stand in the spreadsheet


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the report: its title, its header, its rows."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: tables, and a picture with the table it was drawn from."""

    title: str
    tables: Sequence[Table]
    picture: str = ""
    picture_title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLetter(letters.Letter):
    """A report has parts where other letters have one list."""

    parts: Sequence[Part] = ()
    remarks: Sequence[str] = ()
    plans: Sequence[str] = ()
    template: str = "letters/report.html"


def letter_of(report: Report, *, now: datetime) -> ReportLetter:
    """Return the report as it would be printed now."""
    version = version_in_force(report.agency_id, timezone.localdate(now))
    heads = User.objects.who_can(Capability.SIGN_REPORTS, agency_id=report.agency_id)
    names = list(heads.values_list("full_name", flat=True)[:2])
    to = _addressee(report)
    opening = _(
        "Thực hiện Nghị định số 68/2024/NĐ-CP ngày 25/6/2024 của Chính phủ, %(body)s báo cáo tình "
        "hình quản lý, sử dụng chứng thư chữ ký số, thiết bị lưu khóa bí mật %(span)s như sau."
    ) % {"body": version.name, "span": report.span.words}
    return ReportLetter(
        superior=superior_of(version),
        agency=version.name,
        number=report.letter_number,
        place=version.place,
        day=report.letter_date,
        kind_of_document="Báo cáo",
        subject=_("Tình hình quản lý, sử dụng chữ ký số chuyên dùng công vụ %(span)s")
        % {"span": report.span.words},
        addressees=[to] if to else [],
        opening=[opening],
        parts=parts_of(report),
        remarks=_paragraphs(report.remarks),
        plans=_paragraphs(report.plans),
        recipients=[*(["Như trên;"] if to else []), "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        signer_name=names[0] if len(names) == 1 else "",
        layout_note=_LAYOUT_NOTE,
    )


def parts_of(report: Report) -> list[Part]:
    """Return the parts: each subject, then how long answers took, with the pictures."""
    user, figures = report.made_by, report.figures
    parts = []
    for code, subject in subjects().items():
        counted = figures["subjects"].get(code)
        if counted is None:
            continue
        rows = [
            [
                f"– {one.words}" if one.part_of else str(one.words),
                with_dots(counted["total"].get(one.code, 0)),
                with_dots(counted["before"].get(one.code, 0)),
            ]
            for one in subject.measures
        ]
        tables = [Table("", [_("Chỉ tiêu"), _("Kỳ này"), _("Kỳ trước")], rows)]
        for dimension in subject.dimensions_for(user):
            apart = counted["by"].get(dimension.code, [])
            if len(apart) < 2 or len(apart) > _MOST_BODIES:  # noqa: PLR2004 (nothing to tell apart)
                continue
            header = [str(dimension.words), *(str(one.words) for one in subject.main)]
            lines = [
                [label or "–", *(with_dots(numbers.get(one.code, 0)) for one in subject.main)]
                for _key, label, numbers in apart
            ]
            title = _("Theo %(dimension)s") % {"dimension": str(dimension.words).lower()}
            tables.append(Table(title, header, lines))
        picture, said = "", ""
        if drawn := figures.get("series", {}).get(code):
            series = Series(**drawn)
            picture, said = mark_safe(draw(series)), series.title  # noqa: S308 (drawn here)
        parts.append(Part(str(subject.title), tables, picture, said))
    if paces := figures.get("paces"):
        lines = [
            [
                str(Procedure(one["procedure"]).label),
                with_dots(one["count"]),
                str(one["half"]),
                str(one["most"]),
            ]
            for one in paces
        ]
        header = [
            _("Thủ tục"),
            _("Hồ sơ có kết quả"),
            _("Một nửa xong trong (ngày làm việc)"),
            _("90% xong trong (ngày làm việc)"),
        ]
        parts.append(Part(_("Thời gian giải quyết"), [Table("", header, lines)]))
    return parts


def _addressee(report: Report) -> str:
    """The office of a body, the CA of an office; the CA reports to nobody here."""
    if report.agency.kind == AgencyKind.CA:
        return ""
    is_office = report.made_by.scope is Scope.OFFICE or report.office is None
    return CA_ADDRESSEE if is_office or report.office is None else report.office.name


def _paragraphs(text: str) -> list[str]:
    return [line for part in text.splitlines() if (line := part.strip())]
