"""A review round as the office sees it: who has answered, who has not, what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orgmerge import pages
from orgmerge.models import Merger, ReviewItem, ReviewReply, ReviewRound
from orgmerge.review import rounds, sheets
from orgmerge.review.filters import ReplyFilter, ReviewLineFilter, has_account, has_answer
from orgmerge.review.lines import joined, lines_of
from orgmerge.vocabulary import ReviewAnswer
from orgmerge.workflow import EDITABLE
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation
from portal.core.text.numbers import typed_number, with_dots
from portal.core.web.forms import DayField
from portal.core.web.fragments import filtered, render_list
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import MOST_ROWS, is_wanted, sheet_response
from requests_app.errors import NotEditable

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


class RoundForm(forms.Form):
    """Until when, and what else the bodies are to know; ``violations`` are what was refused."""

    violations: Sequence[Violation] = ()

    due_on = DayField(
        label=gettext_lazy("Hạn trả lời"),
        help_text=gettext_lazy("dd/mm/yyyy, trước hoặc đúng ngày hiệu lực."),
    )
    note = forms.CharField(
        label=gettext_lazy("Hướng dẫn thêm"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("Các đơn vị đọc nguyên văn, ví dụ người liên hệ ở Sở."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


ROWS = 50


@require_safe
def review(request: UserRequest, code: UUID) -> HttpResponse:
    """Show the newest round, or one asked for by its number; a body comes to its own list."""
    if request.user.scope is Scope.BODY:
        # Lead a body to its list of the newest round; without one, say so.
        own = ReviewReply.objects.visible_to(request.user).filter(round__merger__uuid=code)
        newest = own.order_by("-round__number", "pk").first()
        if newest is not None:
            return redirect("orgmerge:reply", newest.uuid)
        return render(
            request, "orgmerge/review_none.html", {"merger": pages.find(request.user, code)}
        )
    merger = _find(request.user, code)
    held = _held(merger, request)
    form = RoundForm() if held is None or held.closed_at else None
    return _show(request, merger, held, form=form)


@require_POST
def open_round(request: UserRequest, code: UUID) -> HttpResponse:
    """Ask the bodies; a form that cannot be taken comes back on the page."""
    merger = _find(request.user, code)
    form = RoundForm(request.POST)
    if form.is_valid():
        with Refusals() as refused:
            try:
                rounds.open_round(
                    merger, **form.cleaned_data, actor=request.user, now=timezone.now()
                )
            except NotEditable:
                return pages.conflict(request, merger)
            except PermissionDenied as error:
                raise Http404 from error
            messages.success(request, _("Đã mở đợt rà soát."))
            return redirect("orgmerge:review", merger.uuid)
        form.violations = list(refused.violations)
    return _show(request, merger, _held(merger, request), form=form)


@require_POST
def hold_round(request: UserRequest, code: UUID) -> HttpResponse:
    """Remind who is silent, or close the round."""
    merger = _find(request.user, code)
    held = merger.rounds.open().first()
    try:
        if held is None:
            raise NotEditable("no round is open")
        acting: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        if request.POST.get("do") == "close":
            silent = rounds.close_round(held, **acting)
            words = _("Đã kết thúc đợt rà soát; %(silent)d đơn vị không trả lời.") % {
                "silent": silent
            }
            messages.success(request, words)
        else:
            told = rounds.remind(held, **acting)
            words = _("Đã nhắc %(people)s người của %(bodies)s đơn vị.") % {
                "people": with_dots(told.people),
                "bodies": with_dots(told.bodies),
            }
            messages.success(request, words)
            if told.without_account:
                words = _("%(mute)d đơn vị không có tài khoản: cần liên hệ trực tiếp.")
                messages.warning(request, words % {"mute": told.without_account})
    except NotEditable:
        return pages.conflict(request, merger)
    except PermissionDenied as error:
        raise Http404 from error
    return redirect("orgmerge:review", merger.uuid)


@require_safe
def lines(request: UserRequest, code: UUID) -> HttpResponse:
    """List the lines of all bodies of a round: what was said, by whom."""
    if request.user.scope is Scope.BODY:
        raise Http404
    merger = _find(request.user, code)
    held = _held(merger, request)
    if held is None:
        raise Http404
    now = timezone.now()
    every = ReviewItem.objects.filter(reply__round=held)
    found = ReviewLineFilter(request.GET, joined(every).select_related("reply__agency"))
    rows = filtered(found).order_by("reply__agency__sort_name", "reply", "position")
    if is_wanted(request.GET):
        sheet = lines_of(rows[: MOST_ROWS + 1], now=now)
        return sheet_response(sheet, sheets.LINES, name="ra-soat", today=timezone.localdate(now))
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "merger": merger,
        "round": held,
        "filter": found,
        "page": page,
        "lines": lines_of(page.object_list, now=now),
    }
    return render_list(
        request,
        "orgmerge/review_lines.html",
        fragment="orgmerge/_review_lines.html",
        context=context,
    )


_OF_ITEMS = (
    "certificate__subscriber",
    "device__subscriber",
    "subscriber",
    "moves_to",
    "answered_by",
)


def _find(user: User, code: UUID) -> Merger:
    if user.scope in (Scope.CA, Scope.BODY):
        raise Http404
    return pages.find(user, code)


def _held(merger: Merger, request: UserRequest) -> ReviewRound | None:
    number = typed_number(request.GET.get("round", ""), otherwise=0)
    rounds = merger.rounds.select_related("opened_by", "closed_by").order_by("-number")
    return rounds.filter(number=number).first() or rounds.first()


def _show(
    request: UserRequest, merger: Merger, held: ReviewRound | None, *, form: RoundForm | None
) -> HttpResponse:
    is_officer = request.user.can(Capability.PREPARE_REORGANISATIONS)
    context: dict[str, Any] = {
        "merger": merger,
        "round": held,
        "form": form if is_officer and merger.state in EDITABLE else None,
        "is_officer": is_officer,
        "today": timezone.localdate(),
    }
    if held is None:
        return render(request, "orgmerge/review.html", context)
    replies = held.replies.select_related("agency").annotate(can_be_told=has_account())
    found = ReplyFilter(request.GET, replies.order_by("agency__sort_name", "pk"))
    if is_wanted(request.GET):
        rows = _counted(list(filtered(found).select_related("sent_by")[: MOST_ROWS + 1]))
        return sheet_response(rows, sheets.BODIES, name="tra-loi-ra-soat", today=context["today"])
    page: Page[ReviewReply] = Paginator(filtered(found).select_related("sent_by"), ROWS).get_page(
        request.GET.get("page")
    )
    figures: dict[str, int] = held.replies.annotate(
        is_begun=has_answer(), can_be_told=has_account()
    ).aggregate(
        total=Count("pk"),
        listed=Count("pk", filter=Q(listed_at__isnull=False)),
        sent=Count("pk", filter=Q(sent_at__isnull=False)),
        started=Count("pk", filter=Q(sent_at__isnull=True, is_begun=True)),
        silent=Count("pk", filter=Q(sent_at__isnull=True, is_begun=False)),
        mute=Count("pk", filter=Q(sent_at__isnull=True, can_be_told=False)),
    )
    context |= {
        "filter": found,
        "page": page,
        "rows": _counted(list(page.object_list)),
        "is_preparing": held.prepared_at is None and held.closed_at is None,
        **figures,
    }
    if "HX-Request" not in request.headers:
        # How often each answer was given, the lines without one first.
        listed = ReviewItem.objects.filter(reply__round=held).order_by()
        counts = dict(listed.values_list("answer").annotate(Count("pk")))
        named = [("none", _("Chưa có kết quả"), counts.get("", 0))]
        context |= {
            "answers": (
                named
                + [(one.value, str(one.label), counts.get(one.value, 0)) for one in ReviewAnswer]
            ),
            "rounds": list(merger.rounds.order_by("-number")),
        }
    return render_list(
        request, "orgmerge/review.html", fragment="orgmerge/_replies.html", context=context
    )


def _counted(replies: list[ReviewReply]) -> list[sheets.ReplyProgress]:
    """Return bodies with how many lines they have and have answered (one query)."""
    rows = ReviewItem.objects.filter(reply__in=[reply.pk for reply in replies]).order_by()
    counts = {
        pk: (total, answered)
        for pk, total, answered in rows.values_list("reply").annotate(
            total=Count("pk"), answered=Count("pk", filter=~Q(answer=""))
        )
    }
    return [sheets.ReplyProgress(reply, *counts.get(reply.pk, (0, 0))) for reply in replies]
