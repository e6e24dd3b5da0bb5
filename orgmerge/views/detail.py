"""One reorganisation: where it stands, what can be done, its rows and history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orgmerge.filters import RowFilter
from orgmerge.forms import MergerStepForm
from orgmerge.models import Merger, MergerOffice
from orgmerge.services import (
    checking,
    joining,
    readiness,
    reading,
    repealing,
    showing,
    steps,
)
from orgmerge.views import parts
from orgmerge.wording import what_next
from orgmerge.words import MergerState
from orgmerge.workflow import EDITABLE, IllegalMergerStep, MergerAction, Step, steps_open_to
from portal.core.fragments import filtered, render_list
from portal.core.roles import OFFICE_ROLES, Role
from portal.core.rules import Refused, Violation
from requests_app.services.errors import Barred, StaleVersion

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest
    from portal.agencies.models import Agency

ROWS = 50
CONTRADICTIONS_SHOWN = 20
_OF_AN_OFFICE = ("office", "merger", "asked_by", "joined_by", "answered_by", "answered_plan")
_BACKWARDS = frozenset({MergerAction.SEND_BACK, MergerAction.WITHDRAW})


@dataclass(slots=True)
class StepCard:
    """One open step as the page shows it."""

    step: Step
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
    return render_detail(request, parts.find(request.user, code))


@require_POST
def take_step(request: UserRequest, code: UUID) -> HttpResponse:
    """Take a step; one that is refused comes back on the page with its form."""
    merger = parts.find(request.user, code)
    form = _step_form(merger, request.POST.get("action", ""), data=request.POST)
    if form.is_valid() and (response := _take(request, merger, form)):
        return response
    return render_detail(request, parts.find(request.user, code), sent=form)


def _take(request: UserRequest, merger: Merger, form: MergerStepForm) -> HttpResponse | None:
    typed = form.cleaned_data
    try:
        taken = steps.take_step(merger, **typed, actor=request.user, now=timezone.now())
    except Merger.DoesNotExist as error:
        raise Http404 from error
    except (StaleVersion, IllegalMergerStep):
        return parts.conflict(request, merger)
    except Refused as refusal:
        form.violations = list(refusal.violations)
        return None
    except Barred:
        form.add_error(
            None,
            _("Anh/chị đã mô tả, lập hoặc trình phương án này nên người khác phải phê duyệt."),
        )
        return None
    messages.success(
        request, _("Đã ghi nhận: %(deed)s.") % {"deed": MergerAction(taken.action).label}
    )
    return redirect("orgmerge:detail", merger.uuid)


def render_detail(
    request: UserRequest, merger: Merger, *, sent: MergerStepForm | None = None
) -> HttpResponse:
    """Render the page, with a form that came back where there is one."""
    user = request.user
    shares = merger.shares.select_related(*reading.JOINED)
    found = RowFilter(request.GET, shares.order_by("position", "pk"))
    page = Paginator(filtered(found), ROWS).get_page(request.GET.get("page"))
    page.object_list = reading.shown_rows(merger, list(page.object_list))
    context = {
        "merger": merger,
        "filter": found,
        "page": page,
        "is_editor": parts.is_editor(merger, user),
        "may_open": user.role in OFFICE_ROLES,
        **_counts(merger),
    }
    if "HX-Request" not in request.headers:
        joint = list(merger.joint_offices.select_related(*_OF_AN_OFFICE))
        context |= {
            **_offices(merger, joint, user),
            "steps": merger.steps.select_related("actor__agency"),
            "empty_bodies": merger.bodies.filter(shares=None)[:ROWS],
            "open_list": merger.lists.filter(imported_at=None, dropped_at=None).first(),
            "repeal": merger.repealed_by.exclude(state=MergerState.WITHDRAWN).first(),
            "may_repeal": user.role == Role.OFFICE_OFFICER
            and merger.is_led_by(user)
            and repealing.may_be_repealed(merger),
            **_what_can_be_done(merger, user, joint=joint, sent=sent),
        }
    return render_list(
        request, "orgmerge/detail.html", fragment="orgmerge/_rows.html", context=context
    )


def _counts(merger: Merger) -> dict[str, Any]:
    counts: dict[str, int] = merger.shares.order_by().aggregate(
        old_count=Count("old", distinct=True),
        new_count=Count("new", distinct=True),
        implied_count=Count("pk", filter=Q(is_implied=True)),
        row_count=Count("pk"),
    )
    return counts


def _offices(merger: Merger, joint: Sequence[MergerOffice], user: User) -> dict[str, Any]:
    """Return who works on it, and what ``user`` may do about that."""
    may_ask = parts.is_editor(merger, user) and merger.is_led_by(user)
    return {
        "joined": [one for one in joint if one.joined_at],
        "joint": [(one, joining.may_part(one, user)) for one in joint],
        "shows_offices": may_ask or (bool(joint) and user.role in showing.SEE_DRAFTS),
        "may_ask": may_ask,
        "present": readiness.present_plan(merger) if joint else None,
    }


def _yet_to_agree(merger: Merger, joint: Sequence[MergerOffice]) -> list[Agency]:
    """Return the offices whose word is waited for before the plan can be approved."""
    if merger.state != MergerState.AWAITING_APPROVAL or not joint:
        return []
    present = readiness.present_plan(merger)
    silent = set(merger.joint_offices.yet_to_agree(present).values_list("pk", flat=True))
    return [one.office for one in joint if one.pk in silent]


def _what_can_be_done(
    merger: Merger, user: User, *, joint: Sequence[MergerOffice], sent: MergerStepForm | None
) -> dict[str, Any]:
    is_open = merger.state in EDITABLE | {MergerState.AWAITING_APPROVAL}
    in_charge = user.role in OFFICE_ROLES and is_open
    contradictions = checking.contradictions_of(merger) if in_charge else []
    hindrances = readiness.hindrances_of(merger) if in_charge else []
    in_the_way = [*contradictions, *hindrances]
    allowed = steps.allowed_steps(merger, user)
    cards = [StepCard(step, _form_of(merger, step, sent)) for step in allowed]
    is_barred = merger.is_led_by(user) and len(allowed) < len(
        steps_open_to(user.role, merger.state)
    )
    yet_to_agree = _yet_to_agree(merger, joint)
    return {
        "cards": cards,
        "is_barred": is_barred,
        "orphan": sent if sent and all(card.form is not sent for card in cards) else None,
        "contradictions": contradictions[:CONTRADICTIONS_SHOWN],
        "contradiction_count": len(contradictions),
        "next": what_next(merger, user, hindrances=in_the_way, yet_to_agree=yet_to_agree),
        "next_link": _link_of(merger, in_the_way) or _link_to_agree(merger, user, yet_to_agree),
        "is_ready": not in_the_way and not yet_to_agree,
        "has_open_round": any(one.code == "round_open" for one in hindrances),
    }


def _link_of(merger: Merger, in_the_way: Sequence[Violation]) -> str:
    """Return the page on which the next thing is done, unless it is this one."""
    link = in_the_way[0].link if in_the_way and merger.state in EDITABLE else ""
    return "" if link == reverse("orgmerge:detail", args=[merger.uuid]) else link


def _link_to_agree(merger: Merger, user: User, yet_to_agree: Sequence[Agency]) -> str:
    """Return the page on which ``user`` is to agree, if the word of their office is waited for."""
    is_theirs = any(office.pk in user.body_ids for office in yet_to_agree)
    is_asked = is_theirs and user.role == Role.OFFICE_HEAD
    return reverse("orgmerge:plan", args=[merger.uuid]) if is_asked else ""


def _form_of(merger: Merger, step: Step, sent: MergerStepForm | None) -> MergerStepForm:
    if sent is not None and sent.data.get("action") == step.action:
        return sent
    return _step_form(merger, step.action)


def _step_form(merger: Merger, action: str, *, data: Any = None) -> MergerStepForm:
    name = action if action in MergerAction.values else "step"
    initial = {"action": action, "version": merger.version}
    return MergerStepForm(data, initial=initial, auto_id=f"{name}_%s")
