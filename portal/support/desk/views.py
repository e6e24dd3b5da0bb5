"""The pages of questions: one's own, the desk's, what repeats."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Avg, Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.core.roles import Capability, Scope
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.support.knowledge.library import library
from portal.support.models import Entry, Question
from portal.support.querysets import QuestionQuerySet
from portal.support.workflow import Category, Desk, State

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ROWS = 25
LATE, ELSEWHERE = "late", "elsewhere"
_ALL = _("Tất cả")


class QuestionFilter(filters.FilterSet):
    """By state, by what is asked, by words of the subject, by the article an answer named."""

    state = filters.ChoiceFilter(
        label=_("Trạng thái"),
        choices=[*State.choices, (LATE, _("Quá hạn trả lời")), (ELSEWHERE, _("Ở nơi khác"))],
        empty_label=_ALL,
        method="by_state",
    )
    category = filters.ChoiceFilter(
        label=_("Loại việc"), choices=Category.choices, empty_label=_ALL
    )
    q = filters.CharFilter(label=_("Từ trong câu hỏi"), max_length=100, method="with_text")
    article = filters.CharFilter(widget=forms.HiddenInput, max_length=60, method="with_article")

    class Meta:
        model = Question
        fields: list[str] = []

    def __init__(
        self, data: Any, *, queryset: QuestionQuerySet, desk: Desk | None, now: datetime
    ) -> None:
        super().__init__(data, queryset=queryset)
        self.now = now
        self._desk = desk  # whose list it is: what waits there; None: wherever it waits

    def by_state(self, questions: QuestionQuerySet, _name: str, value: str) -> QuestionQuerySet:
        if value == LATE:
            questions = questions.late(self.now)
        elif value == ELSEWHERE:
            return questions.filter(state=State.WAITING).exclude(desk=self._desk or "")
        else:
            questions = questions.filter(state=value)
        if self._desk and value in (LATE, State.WAITING):
            questions = questions.filter(desk=self._desk)
        return questions

    def with_text(self, questions: QuestionQuerySet, _name: str, value: str) -> QuestionQuerySet:
        return questions.found_by(value)

    def with_article(self, questions: QuestionQuerySet, _name: str, value: str) -> QuestionQuerySet:
        named = Entry.objects.filter(article=value).order_by().values("question")
        return questions.filter(pk__in=named)


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """List what one has asked, or one's body, the newest first."""
    questions = Question.objects.asked_on_behalf_of(request.user)
    return _listed(request, questions, request.GET, desk=None, page="support/index.html")


@require_safe
def desk(request: UserRequest) -> HttpResponse:
    """List what the desk has to answer, the longest waiting first, and what it has answered."""
    user = request.user
    if not user.can(Capability.ANSWER_QUESTIONS):
        raise PermissionDenied("only a desk has a list of questions to answer")
    asked = request.GET.copy()
    asked.setdefault("state", State.WAITING)
    waiting = Question.objects.waiting_for(user).order_by()
    late = Count("pk", filter=Q(due_at__lt=timezone.now()))
    counted = waiting.values("category").annotate(number=Count("pk"), late=late)
    by_category = {row["category"]: row for row in counted.order_by("category")}
    context = {
        "by_category": [
            (one, by_category[one]["number"], by_category[one]["late"])
            for one in Category
            if one in by_category
        ],
        "waiting": sum(row["number"] for row in by_category.values()),
        "late": sum(row["late"] for row in by_category.values()),
    }
    return _listed(
        request,
        Question.objects.at_desk_of(user),
        asked,
        desk=Desk.CA if user.scope is Scope.CA else Desk.OFFICE,
        page="support/desk.html",
        **context,
    )


@require_safe
def repeats(request: UserRequest) -> HttpResponse:
    """Show what is asked again and again: by category, and which articles answers name."""
    user = request.user
    if not user.can(Capability.ANSWER_QUESTIONS):
        raise PermissionDenied("only a desk sees what repeats")
    questions = Question.objects.at_desk_of(user).order_by()
    counted = questions.values("category").annotate(number=Count("pk"), content=Avg("rating"))
    named = Entry.objects.filter(question__in=questions).exclude(article="").order_by()
    articles = named.values("article").annotate(number=Count("question", distinct=True))
    readings = library(user)
    context = {
        "categories": [
            (Category(row["category"]), row["number"], row["content"])
            for row in counted.order_by("-number", "category")
        ],
        "articles": [
            (row["article"], readings.get(row["article"]), row["number"])
            for row in articles.order_by("-number", "article")
        ],
        "unnamed": questions.filter(state__in=[State.ANSWERED, State.CLOSED])
        .exclude(pk__in=named.values("question"))
        .count(),
    }
    return render(request, "support/repeats.html", context)


def _listed(
    request: UserRequest,
    questions: QuestionQuerySet,
    asked: Any,
    *,
    desk: Desk | None,
    page: str,
    **context: Any,
) -> HttpResponse:
    found = QuestionFilter(asked, queryset=questions, desk=desk, now=timezone.now())
    rows: QuestionQuerySet = filtered(found)  # type: ignore[assignment]
    is_queue = desk is not None and asked.get("state") in (State.WAITING, LATE)
    order = Order("asked_at", is_descending=not is_queue)
    context |= {
        "filter": found,
        "count": capped_count(rows),
        "page": keyset_page(rows.for_list(), order=order, params=request.GET, size=ROWS),
        "now": timezone.now(),
        "is_desk": desk is not None,
    }
    return render_list(request, page, fragment="support/_questions.html", context=context)
