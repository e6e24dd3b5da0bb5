"""Making a report: opened for a span, counted in the background, written to, compared later."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import AgencyKind, SignedPaper
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.background.leases import LeaseLost
from portal.core.calendar.workdays import work_calendar
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation, refuse
from portal.core.text.names import in_proper_letters
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import nfc
from portal.documents import letters
from portal.reports.acts import report_act
from portal.reports.charts import draw
from portal.reports.figures import PACE_WORDS, figures_of
from portal.reports.models import Report
from portal.reports.series import Series
from portal.reports.spans import Span
from portal.reports.subjects import subjects
from requests_app.own_letters.steps import LetterKind
from requests_app.paper_workflow import PAPER_STEPS, PaperAction, PaperStage
from requests_app.submission.letter_content import CA_ADDRESSEE
from requests_app.submission.settlement import version_in_force
from requests_app.submission.signers import block_of, signer_on
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
    on = timezone.localdate(now)
    signer = signer_on(report.agency_id, SignedPaper.OTHER, chosen=report.signer, on=on)
    block = block_of(report.agency, version, signer, heads=Capability.SIGN_REPORTS)
    if report.agency.kind == AgencyKind.CA:
        to = ""  # it reports to nobody here
    elif report.made_by.scope is Scope.OFFICE or report.office is None:
        to = CA_ADDRESSEE
    else:
        to = in_proper_letters(report.office.name)
    opening = _(
        "Thực hiện Nghị định số 68/2024/NĐ-CP ngày 25/6/2024 của Chính phủ, %(body)s báo cáo tình "
        "hình quản lý, sử dụng chứng thư chữ ký số, thiết bị lưu khóa bí mật %(span)s như sau."
    ) % {"body": in_proper_letters(version.name), "span": report.span.words}
    return ReportLetter(
        superior=version.superior,
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
        recipients=[*(["Như trên;"] if to else []), letters.filing_line(report.letter_number)],
        signer_lines=block.lines,
        signer_name=block.name,
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
            [str(Procedure(one["procedure"]).label), *(with_dots(one[code]) for code in PACE_WORDS)]
            for one in paces
        ]
        header = [_("Thủ tục"), *map(str, PACE_WORDS.values())]
        parts.append(Part(_("Thời gian giải quyết"), [Table("", header, lines)]))
    return parts


def _paragraphs(text: str) -> list[str]:
    return [line for part in text.splitlines() if (line := part.strip())]


logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)


@transaction.atomic
def open_report(span: Span, *, actor: User, now: datetime) -> Report:
    """Open a report of the actor's body; the worker counts it.

    Raises PermissionDenied, or Refused where the span is not over yet or is the wrong way round.
    """
    refuse_look_only(actor, now=now)
    if not actor.can(Capability.REPORT):
        raise PermissionDenied("only who writes reports opens one")
    if violation := span_is_countable(span, now=now):
        raise refuse(violation.code, violation.message, way_out=violation.way_out)
    report = Report.objects.create(
        agency=actor.agency,
        office=actor.agency.office,
        since=span.since,
        until=span.until,
        made_by=actor,
        made_at=now,
        updated_at=now,
    )
    report.edited_by.add(actor)
    audit.record(report_act("report.open", report), actor=actor, now=now)
    return report


def span_is_countable(span: Span, *, now: datetime) -> Violation | None:
    """A report is of days that have been, the first before the last."""
    if span.since > span.until:
        return Violation(
            "span_reversed",
            _("Ngày đầu kỳ sau ngày cuối kỳ."),
            way_out=_("Đổi lại hai ngày."),
        )
    if span.until > timezone.localdate(now):
        return Violation(
            "span_not_over",
            _("Kỳ báo cáo chưa kết thúc: ngày cuối kỳ còn ở phía trước."),
            way_out=_("Chọn ngày cuối kỳ không sau hôm nay."),
        )
    return None


@transaction.atomic
def write(
    report: Report, *, remarks: str, plans: str, actor: User, now: datetime, version: int
) -> Report:
    """Keep what a person says to the numbers. Raises as ``LetterKind.lock``."""
    found = REPORTS.lock(report, actor=actor, version=version, stage=PaperStage.DRAFT)
    found.remarks, found.plans = nfc(remarks), nfc(plans)
    REPORTS.touch(found, "edit", actor=actor, now=now)
    return found


@transaction.atomic
def recount(report: Report, *, actor: User, now: datetime, version: int) -> Report:
    """Have a draft counted anew, as of now. Raises as ``LetterKind.lock``."""
    found = REPORTS.lock(report, actor=actor, version=version, stage=PaperStage.DRAFT)
    found.waits, found.problem, found.made_by = Report.Waits.FIGURES, "", actor
    REPORTS.touch(found, "recount", actor=actor, now=now)
    return found


@transaction.atomic
def compare(report: Report, *, actor: User, now: datetime) -> None:
    """Have what was frozen compared with what the same span counts today.

    Raises Report.DoesNotExist or PermissionDenied.
    """
    rows = Report.objects.visible_to(actor).select_related("agency", "office")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    if found.agency_id not in actor.body_ids or not actor.can(Capability.WORK_ON_DOSSIERS):
        raise PermissionDenied("a report is compared by its own body")
    if found.waits:
        return
    found.waits = Report.Waits.COMPARISON
    found.save(update_fields=["waits"])
    audit.record(report_act("report.compare", found), actor=actor, now=now)


def count_waiting(*, now: datetime) -> int:
    """Count the report that waits longest; return how many were brought to an end (0 or 1).

    Safe to run twice and twice at once: numbers are written whole, by whose the row is.
    """
    claim = Report.objects.exclude(waits="").order_by("pk").claim_next(now=now, lease=LEASE)
    if claim is None:
        return 0
    report = Report.objects.select_related("made_by__agency", "agency", "office").get(pk=claim.pk)
    try:
        # With the rights of somebody who writes the body's reports today, its writer first.
        writers = User.objects.who_can(Capability.REPORT, agency_id=report.agency_id)
        reader = writers.filter(pk=report.made_by_id).first() or writers.order_by("pk").first()
        if reader is None:
            raise _Elsewhere
        figures = figures_of(reader, report.span, calendar=work_calendar())
        with transaction.atomic():
            if report.waits == Report.Waits.FIGURES:
                claim.end(waits="", figures=figures, counted_at=claim.now, compared=[])
                audit.record(report_act("report.count", report), actor=None, now=claim.now)
            else:
                moved = differences(report.figures, figures)
                claim.end(waits="", compared=moved, compared_at=claim.now)
    except LeaseLost:
        logger.warning("another worker took over report %s", claim.pk)
    except DatabaseError:
        raise  # the lease runs out, the next sweep tries again
    except _Elsewhere:
        _fail(claim, report, _("Đơn vị không còn tài khoản lập báo cáo để tính số liệu."))
    except Exception as error:
        logger.exception("could not count report %s", claim.pk)
        problem = _(
            "Không tính được do lỗi hệ thống (%(name)s). Hãy tính lại; nếu vẫn lỗi, báo "
            "quản trị hệ thống."
        )
        _fail(claim, report, problem % {"name": type(error).__name__})
    return 1


class _Elsewhere(Exception):
    """The body has nobody left with whose rights its numbers could be counted."""


@transaction.atomic
def _fail(claim: Any, report: Report, problem: str) -> None:
    claim.end(waits="", problem=problem)
    audit.record(report_act("report.fail", report), actor=None, now=claim.now)


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each number that is another today: its subject, its measure, as it was, as it is."""
    found = []
    for code, subject in subjects().items():
        was = then["subjects"].get(code, {}).get("total", {})
        is_now = now["subjects"][code]["total"]
        found += [
            {
                "subject": code,
                "measure": one.code,
                "then": was.get(one.code, 0),
                "now": is_now[one.code],
            }
            for one in subject.measures
            if was.get(one.code, 0) != is_now[one.code]
        ]
    return found


def _problems(report: Report, action: str) -> Sequence[Violation | None]:
    if action != PaperAction.REQUEST_SIGNATURE or (report.counted_at and not report.waits):
        return []
    return [
        Violation(
            "report_not_counted",
            _("Số liệu báo cáo chưa tính xong."),
            way_out=_("Chờ một lát rồi tải lại trang, hoặc bấm “Tính lại”."),
        )
    ]


REPORTS: LetterKind[Report] = LetterKind(
    rows=Report.objects,
    steps=PAPER_STEPS,
    edits=Capability.REPORT,
    code="report",
    target_type="report",
    act=report_act,
    letter_of=lambda report, now: letter_of(report, now=now) if report.counted_at else None,
    file_name=lambda report: f"BC-{report.letter_number.replace('/', '-')}.pdf",
    named=lambda report: (report.title, reverse("reports:report", args=[report.uuid])),
    problems=lambda report, action: list(_problems(report, action)),
)
