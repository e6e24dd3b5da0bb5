"""The editor of a draft's list: a table whose cells are fields; everything typed is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.core.database.bulk import collector_paused
from portal.core.rules import Refused, Violation
from portal.core.steps import IllegalStep
from portal.core.text.identifiers import in_full
from portal.core.text.numbers import typed_number, with_dots
from portal.core.text.vietnamese import nfc
from requests_app import kinds
from requests_app.acts import note_reading
from requests_app.drafts import cells, profile
from requests_app.drafts.views import editor_buttons
from requests_app.errors import NotEditable, StaleVersion
from requests_app.kinds.base import Answers, CellFinding, Kind, Widget
from requests_app.models import Dossier, DossierItem
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.pages.corrections import correction_of

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ROWS_CHECKED_AT_ONCE = 2000  # in a longer list only the page shown is checked while typing
PROBLEMS_SHOWN = 30
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Clash:
    """A cell that somebody else saved otherwise while this person was typing."""

    label: str
    mine: str
    theirs: str


@dataclass(slots=True)
class Shown:
    """What a page is shown with besides the list itself."""

    page: int = 1
    typed: Mapping[UUID, Answers] = field(default_factory=dict)
    violations: Sequence[Violation] = ()
    is_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of the list and what is found: in the whole list, or in the page of a long one."""

    kind: Kind
    page: Any
    on_page: list[DossierItem]
    findings: Mapping[UUID, Sequence[CellFinding]]
    problems: Sequence[cells.Problem]
    is_whole: bool

    def summary(self) -> dict[str, Any]:
        """Return what the summary of the problems is shown with."""
        return {
            "page": self.page,
            "problems": self.problems[:PROBLEMS_SHOWN],
            "problem_count": len(self.problems),
            "is_whole_list_checked": self.is_whole,
        }


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def editor(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a page of rows as fields; keep what was typed, then do what the button says."""
    dossier = components.find(request.user, uuid)
    if not components.is_editor(dossier, request.user):
        if request.method == "POST":
            return taking.conflict(request, dossier.uuid)
        return redirect("requests_app:detail", dossier.uuid)
    if request.method == "POST":
        return _save(request, dossier)
    note_reading(dossier, actor=request.user, now=timezone.now())
    return _show(request, dossier, Shown(page=_number(request.GET.get("page"))))


def _save(request: UserRequest, dossier: Dossier) -> HttpResponse:
    typed = cells.typed_rows(kinds.get(dossier.kind), request.POST)
    version = _number(request.POST.get("version"))
    draft = editor_buttons.Draft(dossier, request.user, timezone.now(), version)
    if request.headers.get("Accept") == "application/json":
        # Keep what the script sends; it says so itself when it could not be kept.
        try:
            draft.keep(typed)
        except (StaleVersion, NotEditable, IllegalStep):
            return JsonResponse({"conflict": True}, status=CONFLICT)
        return _answer_script(request, draft)
    page = _number(request.POST.get("page"))
    try:
        draft.keep(typed)
        draft.read_files(request.FILES)
        place = editor_buttons.act(request, draft, request.POST.get("do", "save"), page)
    except StaleVersion:
        # Somebody saved in between: show both, overwrite nothing, lose nothing.
        mine = cells.own_changes(typed, request.POST.get("was", ""))
        dossier = components.find(request.user, dossier.uuid)
        return _show(request, dossier, Shown(page=page, typed=mine, is_conflict=True))
    except Refused as refusal:
        dossier.refresh_from_db()
        return _show(request, dossier, Shown(page=page, violations=refusal.violations))
    return redirect(place)


def _answer_script(request: UserRequest, draft: editor_buttons.Draft) -> JsonResponse:
    """Say when it was saved, and what is found now in the list and in the rows on the page."""
    looked = _look_through(draft.dossier, _number(request.POST.get("page")))
    rows = cells.row_views(looked.kind, looked.on_page, looked.findings)
    days = {one.name for one in looked.kind.fields if one.widget is Widget.DATE}
    data = request.POST
    typed = {key: data.getlist(key)[-1] for key in data if key.partition(":")[2] in days}
    saved = saved_words(draft.now)
    if looked.problems:
        saved += "; " + _("còn %(count)s ô cần sửa") % {"count": with_dots(len(looked.problems))}
    return JsonResponse(
        {
            "version": draft.version,
            "saved": saved,
            "problems": render_to_string("requests_app/editor/_problems.html", looked.summary()),
            # The days that are kept otherwise than they were typed, by the names of the inputs.
            "days": {
                key: full for key, text in typed.items() if (full := in_full(nfc(text))) != text
            },
            "states": {str(row.item.uuid): row.state for row in rows},
            "rows": {
                str(row.item.uuid): {
                    cell.field.name: {
                        "invalid": cell.has_errors,
                        "messages": [one.message for one in cell.findings],
                        "offer": cell.offer,
                    }
                    for cell in row.cells
                    if cell.findings
                }
                for row in rows
            },
        }
    )


def saved_words(moment: Any) -> str:
    """Return "Đã lưu lúc 10:32"."""
    return _("Đã lưu lúc %(time)s") % {"time": f"{timezone.localtime(moment):%H:%M}"}


def _show(request: UserRequest, dossier: Dossier, shown: Shown) -> HttpResponse:
    looked = _look_through(dossier, shown.page)
    kind, on_page = looked.kind, looked.on_page
    # What was typed in rows that stand on another page now, as hidden inputs.
    here = {item.uuid for item in on_page}
    context = {
        "dossier": dossier,
        "kind": kind,
        **looked.summary(),
        "rows": cells.row_views(kind, on_page, looked.findings, shown.typed),
        "correction": correction_of(dossier, is_own=True),
        "was": cells.snapshot(on_page),
        "choices": profile.choices_for(dossier, today=timezone.localdate()),
        "saved": saved_words(dossier.updated_at),
        "removed": editor_buttons.removed_title(request, dossier),
        "violations": shown.violations,
        "is_conflict": shown.is_conflict,
        "clashes": _clashes(kind, dossier, shown.typed) if shown.is_conflict else [],
        "carried": [
            (cells.cell_name(uuid, name), value)
            for uuid, answers in shown.typed.items()
            if uuid not in here
            for name, value in answers.items()
        ],
    }
    status = CONFLICT if shown.is_conflict else 200
    return render(request, "requests_app/editor/rows.html", context, status=status)


def _look_through(dossier: Dossier, number: int) -> Looked:
    kind = kinds.get(dossier.kind)
    every = dossier.items.order_by("position")
    is_short = dossier.row_count <= ROWS_CHECKED_AT_ONCE
    listed: Any = list(every) if is_short else every
    page = Paginator(listed, cells.ROWS_A_PAGE).get_page(number)
    on_page = list(page)
    checked = listed if is_short else on_page
    with collector_paused():
        found = cells.findings_of(dossier, checked, now=timezone.now())
    problems = cells.problems(kind, checked, found)
    return Looked(kind, page, on_page, found, problems, is_short)


def _clashes(kind: Kind, dossier: Dossier, typed: Mapping[UUID, Answers]) -> list[Clash]:
    """Return each cell where what was typed and what is kept now differ."""
    kept = {item.uuid: item for item in dossier.items.filter(uuid__in=list(typed))}
    fields = {one.name: one for one in kind.fields}
    found = []
    for uuid, answers in typed.items():
        item = kept.get(uuid)
        row = _("Dòng %(row)d") % {"row": item.position} if item else _("Dòng đã bị bỏ")
        for name, mine in answers.items():
            theirs = str(item.answers.get(name, "")) if item else _("(không còn)")
            if mine != theirs:
                one = fields[name]
                found.append(Clash(f"{row}, {one.label}", one.shown(mine), one.shown(theirs)))
    return found


def _number(text: str | None) -> int:
    return typed_number(text, otherwise=1)
