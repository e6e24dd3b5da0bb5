"""One body's list in a review: a table whose cells are fields, saved as one goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orgmerge import pages
from orgmerge.models import ReviewReply
from orgmerge.review import services
from orgmerge.review.filters import ReviewLineFilter
from orgmerge.review.lines import joined, lines_of, said_of, state_of, with_cells
from orgmerge.review.rules import FIELDS, OUTSIDE, Checked, Said
from orgmerge.vocabulary import Extent, ReviewAnswer
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation
from portal.core.text.numbers import typed_number, with_dots
from portal.core.text.vietnamese import nfc
from portal.core.web.fragments import filtered
from portal.core.web.refusals import Refusals
from requests_app.errors import NotEditable, StaleVersion

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

ROWS = 50
_CONFLICT = 409
_JOINED = ("round__merger__office", "agency", "sent_by")


@dataclass(slots=True)
class ShownReply:
    """What a page is shown with besides the list itself."""

    typed: Mapping[int, Said] = field(default_factory=dict)  # what was not taken
    checked: Mapping[int, Checked] = field(default_factory=dict)
    violations: Sequence[Violation] = ()
    saved: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a list stands: the name of the state, its tone, and what there is to say of it."""

    name: str
    tone: str
    words: str


@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: UserRequest, code: UUID) -> HttpResponse:
    """Show a list; keep what was typed into it."""
    found = find(request.user, code)
    if request.method != "POST":
        return _show(request, found, ShownReply())
    # What was typed, by the number of the line; cells are named "12:answer".
    rows: dict[int, dict[str, str]] = {}
    for name, text in request.POST.items():
        entry, _colon, column = name.partition(":")
        number = typed_number(entry, otherwise=0)
        if column in FIELDS and number and (number in rows or len(rows) < ROWS):
            rows.setdefault(number, {})[column] = nfc(str(text))
    answers = {number: Said(**cells) for number, cells in rows.items()}
    if request.POST.get("do") == "mark":
        # The ticked rows one answer; what else stands in them stays.
        ticked = {typed_number(text, otherwise=0) for text in request.POST.getlist("rows")}
        word = request.POST.get("mark_answer", "")
        goes_to = nfc(request.POST.get("mark_moves_to", "")) if word == ReviewAnswer.MOVES else ""
        answers = {
            row: replace(said, answer=word, moves_to=goes_to) if row in ticked and word else said
            for row, said in answers.items()
        }
    try:
        # Write the rows that are good; the others come back as they were typed.
        checked = services.check_answers(found, answers)
        good = {row: one.said for row, one in checked.items() if one.is_good}
        version, now = pages.version_of(request), timezone.now()
        changed = services.answer(found, good, actor=request.user, now=now, version=version)
        bad = {row: one.said for row, one in checked.items() if row not in good}
        if request.headers.get("Accept") == "application/json":
            return _quietly(version + (changed > 0), checked, len(bad))
        if not bad and request.POST.get("do") == "send":
            return _send(request, found, version + (changed > 0))
        if not bad:
            messages.success(
                request,
                _("Đã lưu lúc %(time)s.") % {"time": f"{timezone.localtime(now):%H:%M}"},
            )
            return redirect(request.get_full_path())
        return _show(
            request, find(request.user, found.uuid), ShownReply(bad, checked, saved=len(good))
        )
    except (StaleVersion, NotEditable):
        return conflict(request, found, answers)
    except PermissionDenied as error:
        raise Http404 from error


def _quietly(version: int, checked: Mapping[int, Checked], bad: int) -> JsonResponse:
    """Answer the script: when it was saved, and what was found in the rows it sent."""
    saved = _("Đã lưu lúc %(time)s") % {"time": f"{timezone.localtime():%H:%M}"}
    if bad:
        saved += "; " + _("%(bad)s dòng còn lỗi, chưa lưu") % {"bad": with_dots(bad)}
    rows = {
        str(row): {
            name: {
                "invalid": any(name == where for where, _one in one.errors),
                "messages": [found.message for found in one.findings.get(name, ())],
            }
            for name in FIELDS
        }
        for row, one in checked.items()
    }
    states = {
        str(row): state_of(one.said.answer, len({name for name, _one in one.errors}))
        for row, one in checked.items()
    }
    unsaved = [str(row) for row, one in checked.items() if not one.is_good]
    told = {"saved": saved, "rows": rows, "states": states, "unsaved": unsaved}
    return JsonResponse({"version": version, **told})


@require_POST
def send(request: UserRequest, code: UUID) -> HttpResponse:
    """Send the list to the office, or take it back."""
    found = find(request.user, code)
    version = pages.version_of(request)
    try:
        if request.POST.get("do") != "take_back":
            return _send(request, found, version)
        services.take_back(found, actor=request.user, now=timezone.now(), version=version)
    except (StaleVersion, NotEditable):
        return conflict(request, found, {})
    except PermissionDenied as error:
        raise Http404 from error
    messages.success(request, _("Đã lấy lại danh sách để sửa."))
    return redirect("orgmerge:reply", found.uuid)


def _send(request: UserRequest, found: ReviewReply, version: int) -> HttpResponse:
    with Refusals() as refused:
        services.send(found, actor=request.user, now=timezone.now(), version=version)
        words = _("Đã gửi kết quả rà soát tới %(office)s.")
        messages.success(request, words % {"office": found.round.merger.office.name})
        return redirect("orgmerge:reply", found.uuid)
    return _show(request, find(request.user, found.uuid), ShownReply(violations=refused.violations))


def find(user: User, code: UUID) -> ReviewReply:
    """Return a list ``user`` may see, or raise Http404."""
    visible = ReviewReply.objects.visible_to(user).select_related(*_JOINED)
    found = visible.filter(uuid=code).first()
    if found is None:
        raise Http404
    return found


def conflict(request: UserRequest, found: ReviewReply, answers: Mapping[int, Said]) -> HttpResponse:
    """Say that somebody else changed the list, or that it is shut: nothing was overwritten."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"conflict": True}, status=_CONFLICT)
    now = timezone.now()
    found = find(request.user, found.uuid)
    rows = joined(found.items.filter(position__in=list(answers)).order_by("position"))
    lines = lines_of(rows, now=now)
    with_cells(lines, typed=answers, findings={})
    mine = [one for one in lines if answers[one.item.position] != said_of(one.item)]
    context = {"reply": found, "lines": mine, "merger": found.round.merger}
    return render(request, "orgmerge/reply_conflict.html", context, status=_CONFLICT)


def _show(request: UserRequest, found: ReviewReply, shown: ShownReply) -> HttpResponse:
    now, merger = timezone.now(), found.round.merger
    narrowed = ReviewLineFilter(request.GET, joined(found.items.order_by("position")))
    rows = filtered(narrowed)
    if shown.typed:  # what has to be mended stands on the page, whatever it was narrowed to
        rows = joined(found.items.filter(position__in=list(shown.typed)).order_by("position"))
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    lines = lines_of(page.object_list, now=now)
    findings = {row: one.findings for row, one in shown.checked.items()}
    with_cells(lines, typed=shown.typed, findings=findings)
    user = request.user
    counts: dict[str, int] = found.items.order_by().aggregate(
        total=Count("pk"), answered=Count("pk", filter=~Q(answer=""))
    )
    counts["left"] = counts["total"] - counts["answered"]
    # Where the body goes, of the whole decision its own part alone.
    shares = list(
        found.round.merger.shares.filter(old=found.agency_id)
        .select_related("new")
        .order_by("position")
    )
    context = {
        "reply": found,
        "standing": _standing(found, counts),
        "merger": merger,
        "lines": lines,
        "page": page,
        "filter": narrowed,
        "errors": [
            (line.item.position, cell) for line in lines for cell in line.cells if cell.has_errors
        ],
        "is_open": services.is_answerable(found, user),
        "is_clerk": user.can(Capability.ANSWER_REVIEWS),
        "is_office": user.scope is Scope.OFFICE,
        "may_take_back": user.can(Capability.ANSWER_REVIEWS)
        and found.sent_at is not None
        and found.round.closed_at is None,
        "answers": ReviewAnswer,
        "outside": OUTSIDE,
        "violations": shown.violations,
        "saved": shown.saved,
        "targets": [share.new for share in shares if share.new],
        "is_split": any(share.extent == Extent.PARTLY for share in shares),
        "ends": bool(shares) and all(share.new is None for share in shares),
        **counts,
    }
    return render(request, "orgmerge/reply.html", context)


def _standing(reply: ReviewReply, counts: Mapping[str, int]) -> Standing:
    """Return where the list stands; ``counts``: of its rows, "total" and "answered"."""
    answered = ""
    if counts["total"]:
        answered = _("Đã có kết quả %(answered)d trên %(total)d dòng.") % counts
    elif reply.listed_at:
        answered = _("Đơn vị không có chứng thư, thiết bị, thuê bao nào để rà soát.")
    if reply.sent_at:
        at = timezone.localtime(reply.sent_at)
        name = reply.sent_by.full_name if reply.sent_by else ""
        sent = _("%(name)s gửi lúc %(at)s.") % {"name": name, "at": f"{at:%H:%M %d/%m/%Y}"}
        return Standing(_("Đã gửi kết quả"), "success", f"{sent} {answered}")
    if reply.round.closed_at:
        silent = _("Đợt rà soát đã kết thúc khi đơn vị chưa gửi kết quả.")
        return Standing(_("Không trả lời"), "danger", f"{silent} {answered}")
    if not reply.listed_at:
        return Standing(_("Đang lập danh sách"), "info", answered)
    return Standing(_("Chờ đơn vị trả lời"), "warning", answered)
