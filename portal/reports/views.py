"""Reports: opened, counted, read, signed; every number with its list; the charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.audit.exports import note_export
from portal.core.roles import Capability, Scope
from portal.core.rules import Refused, Violation
from portal.core.text.numbers import with_dots
from portal.core.web import sheets
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.reports import charts as drawing
from portal.reports import exports, services
from portal.reports.base import Dimension, Subject
from portal.reports.figures import narrowed
from portal.reports.forms import AskedSpanForm, SpanForm, WordsForm
from portal.reports.models import Report
from portal.reports.series import SERIES
from portal.reports.services import REPORTS
from portal.reports.spans import Span
from portal.reports.subjects import subjects
from requests_app.own_letters.forms import LetterNumberForm, LetterScanForm, LetterStepForm
from requests_app.own_letters.views import PaperPages
from requests_app.pages.components import version_of, wants_fragment
from requests_app.workflow import Procedure

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

SVG = "image/svg+xml"
_PARTS_SHOWN = 100  # of what rows are told apart by; all of them stand in the spreadsheet


@dataclass(frozen=True, slots=True)
class Number:
    """A number on the page, and the list it counts ("" where the reader has none)."""

    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a subject's table."""

    words: str
    is_part: bool
    number: Number
    before: Number


@dataclass(frozen=True, slots=True)
class Section:
    """A subject on the page: its table, and what its numbers are told apart by."""

    subject: Subject[Any]
    lines: Sequence[Line]
    apart: Sequence[tuple[str, Sequence[str], Sequence[tuple[str, Sequence[Number]]], int]]


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: UserRequest) -> HttpResponse:
    """List the reports, and open a new one."""
    _must_read(request.user)
    may_open = request.user.can(Capability.REPORT)
    form = SpanForm(request.POST or None, today=timezone.localdate())
    if request.method == "POST" and may_open and form.is_valid():
        try:
            made = services.open_report(form.span, actor=request.user, now=timezone.now())
        except Refused as refusal:
            for one in refusal.violations:
                form.add_error("until", one.sentence)
        else:
            return redirect("reports:report", made.uuid)
    found = Report.objects.visible_to(request.user)
    page = keyset_page(
        found.select_related("agency").defer("figures", "compared", "remarks", "plans"),
        order=Order("made_at", is_descending=True),
        params=request.GET,
    )
    context = {
        "page": page,
        "count": capped_count(found),
        "form": form if may_open else None,
        "has_one_body": request.user.scope is Scope.BODY,
    }
    return render(request, "reports/list.html", context)


@require_safe
def report(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a report: where it stands, its numbers, what can be done."""
    return _page(request, _find(request.user, uuid))


@require_POST
def words(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep what a person says to the numbers."""
    found = _find(request.user, uuid)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _page(request, found, words_form=form)
    typed = form.cleaned_data
    return PAPERS.change(
        request,
        found,
        lambda: services.write(
            found,
            remarks=typed["remarks"],
            plans=typed["plans"],
            actor=request.user,
            now=timezone.now(),
            version=typed["version"],
        ),
        _("Đã lưu nội dung báo cáo."),
    )


@require_POST
def recount(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Have a draft counted anew."""
    found = _find(request.user, uuid)
    now, version = timezone.now(), version_of(request)
    return PAPERS.change(
        request,
        found,
        lambda: services.recount(found, actor=request.user, now=now, version=version),
        _("Hệ thống đang tính lại số liệu."),
    )


@require_POST
def compare(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Have a frozen report compared with today."""
    found = _find(request.user, uuid)
    return PAPERS.change(
        request,
        found,
        lambda: services.compare(found, actor=request.user, now=timezone.now()),
        _("Hệ thống đang so với số liệu hiện nay."),
    )


@require_safe
def export(request: UserRequest, uuid: UUID, form: str) -> HttpResponse:
    """Return the numbers as spreadsheet, JSON or CSV."""
    found = _find(request.user, uuid)
    made: dict[str, tuple[Callable[[Report], str | bytes], str]] = {
        "xlsx": (exports.as_sheet, sheets.XLSX),
        "json": (exports.as_json, "application/json; charset=utf-8"),
        "csv": (exports.as_csv, "text/csv; charset=utf-8"),
    }
    if form not in made or not found.counted_at:
        raise Http404
    make, media_type = made[form]
    numbers = sum(1 for _line in exports.lines_of(found))
    note_export("bao-cao", rows=numbers, params={}, actor=request.user, now=timezone.now())
    name = f"bao-cao-{found.since:%Y%m%d}-{found.until:%Y%m%d}.{form}"
    return HttpResponse(
        make(found),
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@require_safe
def rows(request: UserRequest, subject: str, measure: str) -> HttpResponse:
    """List exactly what a number counts, narrowed as the number was."""
    _must_read(request.user)
    found = subjects().get(subject)
    if found is None or measure not in {one.code for one in found.measures}:
        raise Http404
    asked = AskedSpanForm(request.GET)
    if not asked.is_valid():
        raise Http404
    span, counted = Span(**asked.cleaned_data), found.measure(measure)
    if services.span_is_countable(span, now=timezone.now()):
        raise Http404
    listed = narrowed(found, request.user, span, counted)
    narrowed_to = []
    for dimension in found.dimensions_for(request.user):
        if (key := request.GET.get(dimension.code)) is not None:
            listed = listed.filter(**_equal(dimension, key))
            narrowed_to.append((dimension.words, request.GET.get("named", key)))
    if sheets.is_wanted(request.GET):
        taken = first_rows(found.for_list(listed), order=found.order, size=sheets.MOST_ROWS + 1)
        shown = [found.shown(row, request.user) for row in taken]
        now = timezone.now()
        note_export(
            f"bao-cao-{subject}",
            rows=len(shown),
            params=request.GET.dict(),
            actor=request.user,
            now=now,
        )
        today = timezone.localdate(now)
        return sheets.sheet_response(shown, found.columns, name=f"{subject}-{measure}", today=today)
    page = keyset_page(found.for_list(listed), order=found.order, params=request.GET)
    shown = [found.shown(row, request.user) for row in page.object_list]
    first, *others = found.columns
    context = {
        "subject": found,
        "measure": counted,
        "span": span,
        "narrowed_to": narrowed_to,
        "page": page,
        "count": capped_count(listed),
        "amount": with_dots(listed.aggregate(n=Sum(counted.amount, default=0))["n"])
        if counted.amount
        else "",
        "headers": [column.header for column in found.columns],
        "lines": [
            (
                found.url(row),
                _said(first.value(row)),
                [(column.header, _said(column.value(row))) for column in others],
            )
            for row in shown
        ],
    }
    return render(request, "reports/rows.html", context)


@require_safe
def charts(request: UserRequest) -> HttpResponse:
    """Show the charts, each with the table it was drawn from."""
    _must_read(request.user)
    now = timezone.now()
    found = [(name, make(request.user, now)) for name, (_title, make) in SERIES.items()]
    return render(request, "reports/charts.html", {"charts": found})


@require_safe
def chart(request: UserRequest, name: str) -> HttpResponse:
    """Return one chart as SVG, as an image stands in a page."""
    _must_read(request.user)
    if name not in SERIES:
        raise Http404
    _title, make = SERIES[name]
    content = drawing.draw(make(request.user, timezone.now()))
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=SVG, headers=headers)


def _page(
    request: UserRequest,
    found: Report,
    *,
    sent: LetterStepForm | None = None,
    words_form: WordsForm | None = None,
    number_form: LetterNumberForm | None = None,
    scan_form: LetterScanForm | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    """Render the page of a report, with a form that came back where there is one."""
    shared = PAPERS.context(
        request,
        found,
        edits=Capability.REPORT,
        sent=sent,
        number_form=number_form,
        scan_form=scan_form,
    )
    is_own = shared["is_own"]
    if shared["is_draft"]:
        words_form = words_form or WordsForm(
            initial={"remarks": found.remarks, "plans": found.plans, "version": found.version},
            auto_id="words_%s",
        )
    context = shared | {
        "report": found,
        "sections": _sections(found, request.user, is_own=is_own) if found.counted_at else (),
        "paces": [
            {**one, "label": Procedure(one["procedure"]).label}
            for one in found.figures.get("paces", [])
        ],
        "compared": [
            (
                subjects()[one["subject"]].title,
                subjects()[one["subject"]].measure(one["measure"]).words,
                one["then"],
                one["now"],
            )
            for one in found.compared
        ],
        "words_form": words_form,
        "violations": violations,
    }
    if wants_fragment(request):
        response = render(request, "reports/_counting.html", context)
        if not found.waits:
            response["HX-Refresh"] = "true"
        return response
    return render(request, "reports/report.html", context)


def _sections(found: Report, user: User, *, is_own: bool) -> list[Section]:
    """Return the subjects with their numbers; who is not of the body reads them without lists."""
    sections = []
    for code, subject in subjects().items():
        counted = found.figures["subjects"].get(code)
        if counted is None:
            continue

        def number(
            measure: str,
            count: int,
            span: Span,
            *,
            subject: Subject[Any] = subject,
            **narrowed: str,
        ) -> Number:
            if not is_own or not count:
                return Number(count, "")
            asked = {"since": f"{span.since:%d/%m/%Y}", "until": f"{span.until:%d/%m/%Y}"}
            path = reverse("reports:rows", args=[subject.code, measure])
            return Number(count, f"{path}?{urlencode(asked | narrowed)}")

        lines = [
            Line(
                str(one.words),
                bool(one.part_of),
                number(one.code, counted["total"].get(one.code, 0), found.span),
                number(one.code, counted["before"].get(one.code, 0), found.span.before),
            )
            for one in subject.measures
        ]
        apart = []
        for dimension in subject.dimensions_for(found.made_by):
            parts = counted["by"].get(dimension.code, [])
            if len(parts) < 2:  # noqa: PLR2004 (nothing to tell apart)
                continue
            shown = [
                (
                    label or _("(không ghi)"),
                    [
                        number(
                            one.code,
                            numbers.get(one.code, 0),
                            found.span,
                            **{dimension.code: key, "named": label},
                        )
                        for one in subject.main
                    ],
                )
                for key, label, numbers in parts[:_PARTS_SHOWN]
            ]
            header = [str(dimension.words), *(str(one.words) for one in subject.main)]
            apart.append((str(dimension.words), header, shown, len(parts) - len(shown)))
        sections.append(Section(subject, lines, apart))
    return sections


def _find(user: User, uuid: UUID) -> Report:
    found = Report.objects.visible_to(user).select_related(
        "agency",
        "office",
        "letter",
        "signed_letter",
        "scan",
        "made_by__agency",
        "signed_by",
        "sent_by",
    )
    return get_object_or_404(found, uuid=uuid)


PAPERS: PaperPages[Report] = PaperPages(REPORTS, _find, _page, "reports:report")


def _must_read(user: User) -> None:
    if not user.can(Capability.READ_DOSSIERS):
        raise Http404


def _equal(dimension: Dimension, key: str) -> dict[str, Any]:
    """Return what narrows rows to a key; none is no key, a key that can't be one fits nothing."""
    if dimension.labels is not None:
        if key and key not in dimension.labels():
            raise Http404
        return {dimension.column: key}
    if not key:
        return {f"{dimension.column}__isnull": True}
    try:
        return {dimension.column: UUID(key)}
    except ValueError as error:
        raise Http404 from error


def _said(value: str | int | date | None) -> str:
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return str(value) if value not in (None, "") else "–"
