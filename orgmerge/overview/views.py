"""The list of reorganisations and the page of one: its state, its steps, its rows and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters as filters
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orgmerge import pages
from orgmerge.approval import readiness
from orgmerge.approval import services as approval
from orgmerge.approval.readiness import summary_of
from orgmerge.description import checks
from orgmerge.description.forms import MergerStepForm
from orgmerge.description.rows import JOINED, shown_rows
from orgmerge.filters import ALL, NarrowingFilter, containing
from orgmerge.models import Merger, MergerBody, MergerOffice, MergerShare, ReviewReply
from orgmerge.models.querysets import MergerQuerySet
from orgmerge.overview.wording import DONE, what_next
from orgmerge.partners import services as partners
from orgmerge.plans import cautions
from orgmerge.repeal import services as repeal
from orgmerge.vocabulary import Extent, MergerKind, MergerState
from orgmerge.workflow import EDITABLE, STEPS, MergerAction, StepOfMerger
from portal.agencies import lookup
from portal.core.roles import Capability, Scope
from portal.core.steps import IllegalStep
from portal.core.text.vietnamese import search_key
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from requests_app.errors import Barred, StaleVersion

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_ASKED = 10  # lists of a review, invitations shown above the reorganisations
_SUGGESTING = ("old", "agency", "parent")  # the fields that name a body


class MergerFilter(NarrowingFilter):
    """Decision, title or a body in it; state; kind."""

    q = filters.CharFilter(
        label=gettext_lazy("Số quyết định, tên gọi hoặc đơn vị"), method="with_text"
    )
    state = filters.ChoiceFilter(
        label=gettext_lazy("Trạng thái"), choices=MergerState.choices, empty_label=ALL
    )
    kind = filters.ChoiceFilter(
        label=gettext_lazy("Hình thức"), choices=MergerKind.choices, empty_label=ALL
    )

    class Meta:
        model = Merger
        fields: list[str] = []

    def with_text(self, mergers: MergerQuerySet, _name: str, value: str) -> MergerQuerySet:
        olds = MergerShare.objects.filter(old__search_name__contains=search_key(value))
        news = MergerBody.objects.filter(merger__in=mergers.order_by().values("pk"))
        return mergers.filter(
            Q(pk__in=containing(mergers, value, "decision", "title"))
            | Q(pk__in=olds.order_by().values("merger"))
            | Q(
                pk__in=news.filter(pk__in=containing(news, value, "name"))
                .order_by()
                .values("merger")
            )
        )


class RowFilter(NarrowingFilter):
    """The rows of one reorganisation: by name, and by what sort they are."""

    q = filters.CharFilter(label=gettext_lazy("Tên đơn vị cũ hoặc mới"), method="with_text")
    part = filters.ChoiceFilter(
        label=gettext_lazy("Dòng"),
        choices=[
            ("said", gettext_lazy("Do người lập ghi")),
            ("implied", gettext_lazy("Suy ra từ dòng khác")),
            ("partly", gettext_lazy("Chuyển một phần")),
            ("ended", gettext_lazy("Chấm dứt, không có đơn vị kế thừa")),
        ],
        empty_label=ALL,
        method="of_part",
    )

    class Meta:
        model = MergerShare
        fields: list[str] = []

    def with_text(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(pk__in=containing(rows, value, "old__search_name", "new__name"))

    def of_part(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {
            "said": Q(is_implied=False),
            "implied": Q(is_implied=True),
            "partly": Q(extent=Extent.PARTLY),
            "ended": Q(new__isnull=True),
        }
        return rows.filter(parts[value])


@require_safe
def merger_list(request: UserRequest) -> HttpResponse:
    """List what the user may see, the latest change first."""
    if request.user.can(Capability.ADMINISTER):
        raise Http404
    mergers = Merger.objects.visible_to(request.user)
    found = MergerFilter(request.GET, mergers)
    rows = filtered(found)
    page = keyset_page(
        rows.select_related("office"),
        order=Order("updated_at", is_descending=True),
        params=request.GET,
    )
    # Each with how many bodies it has before and after; one query for the page.
    sized = Merger.objects.filter(pk__in=[merger.pk for merger in page.object_list]).order_by()
    sizes: dict[int, Mapping[str, Any]] = {
        row["pk"]: row
        for row in sized.values("pk").annotate(
            before=Count("shares__old", distinct=True),
            after=Count("shares__new", filter=Q(shares__new__isnull=False), distinct=True),
        )
    }
    # What a body is asked to look through, an office to join, though they are to see no more yet.
    asked, invitations = ReviewReply.objects.none(), MergerOffice.objects.none()
    if request.user.scope is Scope.BODY:
        asked = ReviewReply.objects.visible_to(request.user).filter(round__closed_at__isnull=True)
    if request.user.scope is Scope.OFFICE:
        invitations = MergerOffice.objects.visible_to(request.user).waiting_for(request.user)
    context = {
        "filter": found,
        "page": page,
        "rows": [(merger, sizes[merger.pk]) for merger in page.object_list],
        "count": capped_count(rows),
        "may_start": request.user.can(Capability.PREPARE_REORGANISATIONS),
        "asked": list(
            asked.select_related("round__merger").order_by("round__due_on", "pk")[:_ASKED]
        ),
        "invitations": list(
            invitations.select_related("merger__office").order_by("-asked_at")[:_ASKED]
        ),
    }
    return render_list(
        request, "orgmerge/list.html", fragment="orgmerge/_list.html", context=context
    )


@require_safe
def suggest(request: UserRequest, code: UUID) -> HttpResponse:
    """Answer with options for a field that names a body of this reorganisation."""
    merger = pages.find(request.user, code)
    if request.user.scope is not Scope.OFFICE:
        raise Http404
    typed = next((request.GET[name] for name in _SUGGESTING if name in request.GET), "")
    labels = lookup.suggestions(merger.bodies_to_describe(), typed)
    return render(request, "agencies/_options.html", {"labels": labels})


ROWS = 50
CONTRADICTIONS_SHOWN = 20
_OF_AN_OFFICE = ("office", "merger", "asked_by", "joined_by", "answered_by", "answered_plan")
_BACKWARDS = frozenset({MergerAction.SEND_BACK, MergerAction.WITHDRAW})


@dataclass(slots=True)
class MergerStepCard:
    """One open step as the page shows it."""

    step: StepOfMerger
    form: MergerStepForm

    @property
    def is_backwards(self) -> bool:
        """Whether it undoes or stops: such a button is never the loud one."""
        return self.step.action in _BACKWARDS

    @property
    def is_open(self) -> bool:
        """Whether its form stands open: it was sent and came back."""
        return self.form.is_bound


@require_safe
def detail(request: UserRequest, code: UUID) -> HttpResponse:
    return render_detail(request, pages.find(request.user, code))


@require_POST
def take_step(request: UserRequest, code: UUID) -> HttpResponse:
    """Take a step; one that is refused comes back on the page with its form."""
    merger = pages.find(request.user, code)
    form = _step_form(merger, request.POST.get("action", ""), data=request.POST)
    if form.is_valid():
        with Refusals() as refused:
            try:
                taken = approval.take_step(
                    merger, **form.cleaned_data, actor=request.user, now=timezone.now()
                )
            except Merger.DoesNotExist as error:
                raise Http404 from error
            except (StaleVersion, IllegalStep):
                return pages.conflict(request, merger)
            except Barred:
                message = _(
                    "Anh/chị đã mô tả, lập hoặc trình phương án này nên người khác phải phê duyệt."
                )
                form.add_error(None, message)
                return render_detail(request, pages.find(request.user, code), sent=form)
            messages.success(request, DONE[MergerAction(taken.action)])
            return redirect("orgmerge:detail", merger.uuid)
        form.violations = list(refused.violations)
    return render_detail(request, pages.find(request.user, code), sent=form)


def render_detail(
    request: UserRequest, merger: Merger, *, sent: MergerStepForm | None = None
) -> HttpResponse:
    """Render the page, with a form that came back where there is one."""
    user = request.user
    shares = merger.shares.select_related(*JOINED)
    found = RowFilter(request.GET, shares.order_by("position", "pk"))
    page = Paginator(filtered(found), ROWS).get_page(request.GET.get("page"))
    page.object_list = shown_rows(merger, list(page.object_list))
    counts: dict[str, int] = merger.shares.order_by().aggregate(
        old_count=Count("old", distinct=True),
        new_count=Count("new", distinct=True),
        implied_count=Count("pk", filter=Q(is_implied=True)),
        row_count=Count("pk"),
    )
    context = {
        "merger": merger,
        "filter": found,
        "page": page,
        "is_editor": pages.is_editor(merger, user),
        "may_open": user.scope is Scope.OFFICE,
        **counts,
    }
    if "HX-Request" not in request.headers:
        joint = list(merger.joint_offices.select_related(*_OF_AN_OFFICE))
        # Who works on it, and what ``user`` may do about that.
        may_ask = pages.is_editor(merger, user) and merger.is_led_by(user)
        context |= {
            "joined": [one for one in joint if one.joined_at],
            # Each with the words of the button that ends what it has to do with it.
            "joint": [
                (
                    one,
                    partners.may_leave(one, user),
                    _("Thôi cùng lập")
                    if one.joined_at
                    else _("Bỏ lời mời")
                    if one.has_declined
                    else _("Rút lời mời"),
                )
                for one in joint
            ],
            "shows_offices": may_ask
            or (bool(joint) and user.can(Capability.READ_DRAFT_REORGANISATIONS)),
            "may_ask": may_ask,
            "present": readiness.present_plan(merger) if joint else None,
            "steps": merger.steps.select_related("actor__agency"),
            "empty_bodies": merger.bodies.filter(shares=None)[:ROWS],
            "open_list": merger.lists.filter(imported_at=None, dropped_at=None).first(),
            "repeal": merger.repealed_by.exclude(state=MergerState.WITHDRAWN).first(),
            "may_repeal": user.can(Capability.PREPARE_REORGANISATIONS)
            and merger.is_led_by(user)
            and repeal.may_be_repealed(merger),
            **_what_can_be_done(merger, user, joint=joint, sent=sent),
        }
    return render_list(
        request, "orgmerge/detail.html", fragment="orgmerge/_rows.html", context=context
    )


def _what_can_be_done(
    merger: Merger, user: User, *, joint: Sequence[MergerOffice], sent: MergerStepForm | None
) -> dict[str, Any]:
    is_open = merger.state in EDITABLE | {MergerState.AWAITING_APPROVAL}
    in_charge = user.scope is Scope.OFFICE and is_open
    contradictions = checks.contradictions_of(merger) if in_charge else []
    hindrances = readiness.hindrances_of(merger) if in_charge else []
    in_the_way = [*contradictions, *hindrances]
    allowed = approval.allowed_steps(merger, user)
    cards = [
        MergerStepCard(
            step,
            (
                sent
                if sent is not None and sent.data.get("action") == step.action
                else _step_form(merger, step.action)
            ),
        )
        for step in allowed
    ]
    is_barred = merger.is_led_by(user) and len(allowed) < len(
        STEPS.open_to(user.role, state=merger.state)
    )
    # The offices whose word is waited for before the plan can be approved.
    if merger.state != MergerState.AWAITING_APPROVAL or not joint:
        yet_to_agree = []
    else:
        present = readiness.present_plan(merger)
        silent = set(merger.joint_offices.yet_to_agree(present).values_list("pk", flat=True))
        yet_to_agree = [one.office for one in joint if one.pk in silent]
    # Whether the word of the user's office is waited for, and theirs to give.
    is_asked = user.can(Capability.APPROVE_REORGANISATIONS) and any(
        office.pk in user.body_ids for office in yet_to_agree
    )
    # The page on which the next thing is done, unless it is this one.
    link = in_the_way[0].link if in_the_way and merger.state in EDITABLE else ""
    # What is read beside the step that submits or approves, or before an office agrees.
    ready = readiness.present_plan(merger) if in_charge or is_asked else None
    if ready is not None and ready.counts.get("open"):
        ready = None
    today = timezone.localdate()
    return {
        "cards": cards,
        "summary": summary_of(merger, ready, today=today) if ready is not None else None,
        "heeded": cautions.moment_words(ready) if ready is not None else "",
        "is_barred": is_barred,
        "orphan": sent if sent and all(card.form is not sent for card in cards) else None,
        "contradictions": contradictions[:CONTRADICTIONS_SHOWN],
        "contradiction_count": len(contradictions),
        "next": what_next(merger, user, hindrances=in_the_way, yet_to_agree=yet_to_agree),
        "next_link": ("" if link == reverse("orgmerge:detail", args=[merger.uuid]) else link)
        or (reverse("orgmerge:plan", args=[merger.uuid]) if is_asked else ""),
        "is_ready": not in_the_way and not yet_to_agree,
        "has_open_round": any(one.code == "round_open" for one in hindrances),
    }


def _step_form(merger: Merger, action: str, *, data: Any = None) -> MergerStepForm:
    name = action if action in MergerAction.values else "step"
    initial = {"action": action, "version": merger.version}
    return MergerStepForm(data, initial=initial, auto_id=f"{name}_%s")
