"""Years beside one another: each body's concluded score, and how they are spread."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.agencies.models import Agency
from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.web import sheets
from portal.core.web.sheets import SheetColumn
from portal.inspection.models import Assessment
from portal.inspection.scoring import GRADES, Grade, grade_of, in_words
from portal.reports.charts import draw
from portal.reports.series import Series

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

MOST_YEARS = 10
_BODIES_A_PAGE = 50
SVG = "image/svg+xml"
Scores = Mapping[int, Mapping[int, Decimal]]  # body → year → score


@dataclass(frozen=True, slots=True)
class Row:
    """A body on the page: its score in each year, "–" where there is none."""

    agency: Agency
    scores: Sequence[str]


@dataclass(frozen=True, slots=True)
class Year:
    """One year: how many bodies were concluded, their average, how many of each grade."""

    year: int
    count: int
    average: str
    grades: Mapping[Grade, int]


def scores_of(user: User) -> Scores:
    """Return what ``user`` sees concluded; of several rounds in a year a body's last counts."""
    found: dict[int, dict[int, Decimal]] = defaultdict(dict)
    concluded = Assessment.objects.visible_to(user).concluded().filter(score__isnull=False)
    rows = concluded.order_by("concluded_at", "pk")
    for agency, year, score in rows.values_list("agency", "round__year", "score"):
        assert score is not None
        found[agency][year] = score
    return found


def years_of(scores: Scores) -> list[Year]:
    """Return the last years that have a score, the oldest first."""
    by_year: dict[int, list[Decimal]] = defaultdict(list)
    for of_body in scores.values():
        for year, score in of_body.items():
            by_year[year].append(score)
    years = []
    for year in sorted(by_year)[-MOST_YEARS:]:
        values = by_year[year]
        grades = Counter(grade_of(value) for value in values)
        counted = {grade: grades[grade] for grade in Grade}
        average = (sum(values, Decimal()) / len(values)).quantize(Decimal("0.1"), ROUND_HALF_UP)
        years.append(Year(year, len(values), in_words(average), counted))
    return years


def series_of(years: Sequence[Year]) -> Series:
    """Return how many bodies of each grade there were, year by year."""
    return Series(
        title=_("Số đơn vị theo xếp loại"),
        along=_("Năm"),
        labels=[str(one.year) for one in years],
        lines={str(grade.label): [one.grades[grade] for one in years] for grade in Grade},
    )


@require_safe
def compare(request: UserRequest) -> HttpResponse:
    """Show the years beside one another: the table, the chart with its own."""
    user = _reader(request)
    scores = scores_of(user)
    years = years_of(scores)
    bodies = Agency.objects.filter(pk__in=list(scores)).order_by("sort_name", "pk")

    def row(body: Agency) -> Row:
        of_body = scores[body.pk]
        words = [in_words(of_body[one.year]) if one.year in of_body else "–" for one in years]
        return Row(body, words)

    if sheets.is_wanted(request.GET):
        now = timezone.now()
        rows = [row(body) for body in bodies[: sheets.MOST_ROWS + 1]]
        columns: list[SheetColumn[Row]] = [
            SheetColumn(_("Đơn vị"), lambda line: line.agency.name, 44),
            *(_year_column(place, one.year) for place, one in enumerate(years)),
        ]
        params = request.GET.dict()
        note_export("so-sanh-kiem-tra", rows=len(rows), params=params, actor=user, now=now)
        today = timezone.localdate(now)
        return sheets.sheet_response(rows, columns, name="so-sanh", today=today)
    page = Paginator(bodies, _BODIES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "years": years,
        "series": series_of(years),
        "grades": GRADES,
        "page": page,
        "rows": [row(body) for body in page],
        "count": page.paginator.count,
    }
    return render(request, "inspection/compare.html", context)


@require_safe
def chart(request: UserRequest) -> HttpResponse:
    """Return the chart as SVG, as an image stands in a page."""
    content = draw(series_of(years_of(scores_of(_reader(request)))))
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=SVG, headers=headers)


def _year_column(place: int, year: int) -> SheetColumn[Row]:
    return SheetColumn(str(year), lambda line: line.scores[place])


def _reader(request: UserRequest) -> User:
    if not request.user.can(Capability.READ_DOSSIERS):
        raise Http404
    return request.user
