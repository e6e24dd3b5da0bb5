"""Several offices in one reorganisation: asking, answering, leaving, agreeing to the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgmerge.forms_joining import AnswerForm, AskForm, PlanWordForm
from orgmerge.models import Merger, MergerOffice
from orgmerge.services import joining
from orgmerge.views import parts
from orgmerge.views.plan import render_plan
from orgmerge.wording import invitation_next
from orgmerge.workflow import EDITABLE
from portal.core.roles import Role
from portal.core.rules import Refused, Violation
from requests_app.services.errors import Barred, NotEditable, StaleVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.accounts.models import User, UserRequest

GET_POST = ["GET", "HEAD", "POST"]
_JOINED = ("merger__office", "merger__created_by", "office", "asked_by", "answered_by")


@require_http_methods(GET_POST)
def ask(request: UserRequest, code: UUID) -> HttpResponse:
    """Ask which office is to join, and ask it."""
    merger = parts.find(request.user, code)
    if not parts.is_editor(merger, request.user) or not merger.is_led_by(request.user):
        return redirect("orgmerge:detail", merger.uuid)
    offices = joining.offices_to_ask(merger, actor=request.user, today=timezone.localdate())
    initial = {"version": merger.version}
    form = AskForm(request.POST or None, initial=initial, offices=offices)
    violations: Sequence[Violation] = ()
    if form.is_valid():
        answered = _ask(request, merger, form)
        if isinstance(answered, HttpResponse):
            return answered
        violations = answered
    context = {"merger": merger, "form": form, "violations": violations}
    return render(request, "orgmerge/ask_office.html", context)


def _ask(request: UserRequest, merger: Merger, form: AskForm) -> HttpResponse | Sequence[Violation]:
    office = form.cleaned_data["office"]
    try:
        joining.ask_office(
            merger,
            office,
            actor=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"],
        )
    except (Merger.DoesNotExist, PermissionDenied) as error:
        raise Http404 from error
    except (StaleVersion, NotEditable):
        return parts.conflict(request, merger)
    except Refused as refusal:
        return refusal.violations
    words = _("Đã mời %(name)s. Nhận lời rồi thì mô tả được các đơn vị do nơi ấy theo dõi.")
    messages.success(request, words % {"name": office.name})
    return redirect(_panel(merger))


@require_safe
def invitation(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what an office is asked to join: the decision, not the rows."""
    asked = _find(request.user, code)
    if asked.joined_at is not None:
        return redirect("orgmerge:detail", asked.merger.uuid)
    return _show(request, asked, AnswerForm())


@require_POST
def answer(request: UserRequest, code: UUID) -> HttpResponse:
    """Take the answer of an office that was asked."""
    asked = _find(request.user, code)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, asked, form)
    has_joined = request.POST.get("do") == "join"
    try:
        if has_joined:
            joining.join(asked, actor=request.user, now=timezone.now())
        else:
            reason = form.cleaned_data["reason"]
            joining.decline(asked, actor=request.user, now=timezone.now(), reason=reason)
    except (MergerOffice.DoesNotExist, PermissionDenied) as error:
        raise Http404 from error
    except NotEditable:
        messages.warning(request, _("Lời mời đã được trả lời hoặc phương án đã qua bước mô tả."))
        return redirect("orgmerge:invitation", asked.uuid)
    except Refused as refusal:
        form.violations = refusal.violations
        return _show(request, asked, form)
    if has_joined:
        messages.success(
            request, _("Đã nhận lời. Từ nay mô tả được các đơn vị do đơn vị anh/chị theo dõi.")
        )
        return redirect("orgmerge:detail", asked.merger.uuid)
    words = _("Đã trả lời không tham gia; %(office)s được báo lý do.")
    messages.success(request, words % {"office": asked.merger.office.name})
    return redirect("orgmerge:list")


def _show(request: UserRequest, asked: MergerOffice, form: AnswerForm) -> HttpResponse:
    user = request.user
    may_answer = (
        user.role == Role.OFFICE_OFFICER
        and asked.office_id in user.body_ids
        and asked.joined_at is None
        and asked.merger.state in EDITABLE
    )
    context = {
        "asked": asked,
        "merger": asked.merger,
        "form": form,
        "may_answer": may_answer,
        "next": invitation_next(asked, user),
    }
    return render(request, "orgmerge/invitation.html", context)


@require_http_methods(GET_POST)
def part(request: UserRequest, code: UUID) -> HttpResponse:
    """Ask whether an office is to leave, or a question to be taken back, and do it."""
    asked = _find(request.user, code)
    if not joining.may_part(asked, request.user):
        return redirect("orgmerge:invitation", asked.uuid)
    merger = asked.merger
    violations: Sequence[Violation] = ()
    is_own = not merger.is_led_by(request.user)
    if request.method == "POST":
        answered = _part(request, asked, is_own=is_own)
        if isinstance(answered, HttpResponse):
            return answered
        violations = answered
    context = {"merger": merger, "asked": asked, "is_own": is_own, "violations": violations}
    return render(request, "orgmerge/part.html", context)


def _part(
    request: UserRequest, asked: MergerOffice, *, is_own: bool
) -> HttpResponse | Sequence[Violation]:
    version = parts.version_of(request)
    try:
        joining.part(asked, actor=request.user, now=timezone.now(), version=version)
    except (Merger.DoesNotExist, MergerOffice.DoesNotExist, PermissionDenied) as error:
        raise Http404 from error
    except (StaleVersion, NotEditable):
        return parts.conflict(request, asked.merger)
    except Refused as refusal:
        return refusal.violations
    if is_own:
        messages.success(request, _("Đơn vị anh/chị thôi cùng lập phương án này."))
        return redirect("orgmerge:list")
    messages.success(request, _("Đã ghi nhận: không còn %(name)s.") % {"name": asked.office.name})
    return redirect(_panel(asked.merger))


@require_POST
def plan_word(request: UserRequest, code: UUID) -> HttpResponse:
    """Take what the head of an office that joined says of the plan; back on its page."""
    asked = _find(request.user, code)
    merger = parts.find(request.user, asked.merger.uuid)
    form = PlanWordForm(request.POST)
    if not form.is_valid():
        said = [str(message) for found in form.errors.values() for message in found]
        return render_plan(request, merger, violations=[Violation("bad_form", one) for one in said])
    try:
        has_agreed = _say(request, asked, form)
    except (MergerOffice.DoesNotExist, PermissionDenied) as error:
        raise Http404 from error
    except (StaleVersion, NotEditable):
        return parts.conflict(request, merger)
    except Barred:
        message = _("Anh/chị đã mô tả, lập hoặc trình phương án này nên người khác phải đồng ý.")
        return render_plan(request, merger, violations=[Violation("barred", message)])
    except Refused as refusal:
        return render_plan(request, merger, violations=refusal.violations)
    messages.success(
        request, _("Đã đồng ý kế hoạch xử lý.") if has_agreed else _("Đã gửi lý do chưa đồng ý.")
    )
    return redirect("orgmerge:plan", merger.uuid)


def _say(request: UserRequest, asked: MergerOffice, form: PlanWordForm) -> bool:
    """Say yes or no; return which."""
    now, read = timezone.now(), form.cleaned_data["plan"]
    if request.POST.get("do") == "agree":
        joining.agree(asked, actor=request.user, now=now, plan_number=read)
        return True
    reason = form.cleaned_data["reason"]
    joining.disagree(asked, actor=request.user, now=now, plan_number=read, reason=reason)
    return False


def _find(user: User, code: UUID) -> MergerOffice:
    """Return a question to an office that ``user`` may see, or raise Http404."""
    found = MergerOffice.objects.visible_to(user).select_related(*_JOINED)
    asked = found.filter(uuid=code).first()
    if asked is None:
        raise Http404
    return asked


def _panel(merger: Merger) -> str:
    return reverse("orgmerge:detail", args=[merger.uuid]) + "#cac-so"
