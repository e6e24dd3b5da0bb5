"""Several offices in one reorganisation: asking, answering, leaving, agreeing to the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgmerge import pages
from orgmerge.models import Merger, MergerOffice
from orgmerge.partners import services
from orgmerge.plans.views.plan import render_plan
from orgmerge.vocabulary import MergerState
from orgmerge.workflow import EDITABLE
from portal.agencies import lookup
from portal.agencies.models import Agency
from portal.agencies.querysets import AgencyQuerySet
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from requests_app.errors import Barred, NotEditable, StaleVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.accounts.models import User, UserRequest


class AskForm(forms.Form):
    """Which office is asked to join."""

    office = forms.ModelChoiceField(
        label=gettext_lazy("Sở, Cục được mời"),
        queryset=Agency.objects.none(),
        empty_label=gettext_lazy("Chưa chọn"),
        help_text=gettext_lazy(
            "Cơ quan theo dõi các đơn vị của tỉnh, bộ, ngành kia trong cùng quyết định."
        ),
        error_messages={
            "required": gettext_lazy("Hãy chọn một Sở, Cục."),
            "invalid_choice": gettext_lazy(
                "Sở, Cục này không mời được: đã cùng lập, đã được mời hoặc đã chấm dứt hoạt động."
            ),
        },
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, offices: AgencyQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        office = self.fields["office"]
        assert isinstance(office, forms.ModelChoiceField)
        office.queryset = offices
        # With the province: names repeat within the country.
        office.label_from_instance = lookup.label  # type: ignore[assignment, method-assign]


class AnswerForm(forms.Form):
    """Why an office does not join, or does not agree to a plan; a yes needs no reason.

    ``violations`` are what a Refused said when it was tried.
    """

    violations: Sequence[Violation] = ()

    reason = forms.CharField(
        label=gettext_lazy("Lý do"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PlanAnswerForm(AnswerForm):
    """What the head of an office that joined says of the plan they have read."""

    plan = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


GET_POST = ["GET", "HEAD", "POST"]
_JOINED = ("merger__office", "merger__created_by", "office", "asked_by", "answered_by")


@require_http_methods(GET_POST)
def ask(request: UserRequest, code: UUID) -> HttpResponse:
    """Ask which office is to join, and ask it."""
    merger = pages.find(request.user, code)
    if not pages.is_editor(merger, request.user) or not merger.is_led_by(request.user):
        return redirect("orgmerge:detail", merger.uuid)
    offices = services.offices_to_ask(merger, actor=request.user, today=timezone.localdate())
    initial = {"version": merger.version}
    form = AskForm(request.POST or None, initial=initial, offices=offices)
    violations: Sequence[Violation] = ()
    if form.is_valid():
        office = form.cleaned_data["office"]
        try:
            services.ask_office(
                merger,
                office,
                actor=request.user,
                now=timezone.now(),
                version=form.cleaned_data["version"],
            )
        except (Merger.DoesNotExist, PermissionDenied) as error:
            raise Http404 from error
        except (StaleVersion, NotEditable):
            return pages.conflict(request, merger)
        except Refused as refusal:
            violations = refusal.violations
        else:
            words = _("Đã mời %(name)s. Nhận lời rồi thì mô tả được các đơn vị do nơi ấy theo dõi.")
            messages.success(request, words % {"name": office.name})
            return redirect(_panel(merger))
    context = {"merger": merger, "form": form, "violations": violations}
    return render(request, "orgmerge/ask_office.html", context)


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
            services.join(asked, actor=request.user, now=timezone.now())
        else:
            reason = form.cleaned_data["reason"]
            services.decline(asked, actor=request.user, now=timezone.now(), reason=reason)
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
        user.can(Capability.PREPARE_REORGANISATIONS)
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
    if not services.may_leave(asked, request.user):
        return redirect("orgmerge:invitation", asked.uuid)
    merger = asked.merger
    violations: Sequence[Violation] = ()
    is_own = not merger.is_led_by(request.user)
    if request.method == "POST":
        version = pages.version_of(request)
        try:
            services.leave(asked, actor=request.user, now=timezone.now(), version=version)
        except (Merger.DoesNotExist, MergerOffice.DoesNotExist, PermissionDenied) as error:
            raise Http404 from error
        except (StaleVersion, NotEditable):
            return pages.conflict(request, merger)
        except Refused as refusal:
            violations = refusal.violations
        else:
            if is_own:
                messages.success(request, _("Đơn vị anh/chị thôi cùng lập phương án này."))
                return redirect("orgmerge:list")
            said = _("Đã ghi nhận: không còn %(name)s.") % {"name": asked.office.name}
            messages.success(request, said)
            return redirect(_panel(merger))
    title, button = _("Rút lời mời"), _("Rút lời mời")
    if is_own or asked.joined_at:
        title = _("Thôi cùng lập phương án") if is_own else _("Dừng cùng lập với một Sở")
        button = _("Thôi cùng lập")
    context = {
        "merger": merger,
        "asked": asked,
        "is_own": is_own,
        "title": title,
        "button": button,
        "violations": violations,
    }
    return render(request, "orgmerge/part.html", context)


@require_POST
def plan_word(request: UserRequest, code: UUID) -> HttpResponse:
    """Take what the head of an office that joined says of the plan; back on its page."""
    asked = _find(request.user, code)
    merger = pages.find(request.user, asked.merger.uuid)
    form = PlanAnswerForm(request.POST)
    if not form.is_valid():
        said = [str(message) for found in form.errors.values() for message in found]
        return render_plan(request, merger, violations=[Violation("bad_form", one) for one in said])
    try:
        now, read = timezone.now(), form.cleaned_data["plan"]
        if request.POST.get("do") == "agree":
            services.agree(asked, actor=request.user, now=now, plan_number=read)
            has_agreed = True
        else:
            reason = form.cleaned_data["reason"]
            services.disagree(asked, actor=request.user, now=now, plan_number=read, reason=reason)
            has_agreed = False
    except (MergerOffice.DoesNotExist, PermissionDenied) as error:
        raise Http404 from error
    except (StaleVersion, NotEditable):
        return pages.conflict(request, merger)
    except Barred:
        message = _("Anh/chị đã mô tả, lập hoặc trình phương án này nên người khác phải đồng ý.")
        return render_plan(request, merger, violations=[Violation("barred", message)])
    except Refused as refusal:
        return render_plan(request, merger, violations=refusal.violations)
    messages.success(
        request, _("Đã đồng ý kế hoạch xử lý.") if has_agreed else _("Đã gửi lý do chưa đồng ý.")
    )
    return redirect("orgmerge:plan", merger.uuid)


def _find(user: User, code: UUID) -> MergerOffice:
    """Return a question to an office that ``user`` may see, or raise Http404."""
    found = MergerOffice.objects.visible_to(user).select_related(*_JOINED)
    asked = found.filter(uuid=code).first()
    if asked is None:
        raise Http404
    return asked


def _panel(merger: Merger) -> str:
    return reverse("orgmerge:detail", args=[merger.uuid]) + "#cac-so"


def invitation_next(asked: MergerOffice, user: User) -> str:
    """Return what happens next with a question to join, in one sentence, seen by ``user``."""
    leader, office = asked.merger.office.name, asked.office.name
    if asked.merger.state != MergerState.DRAFT:
        return _("Phương án không còn ở bước mô tả nên lời mời không còn trả lời được.")
    is_theirs = asked.office_id in user.body_ids
    if asked.has_declined and is_theirs:
        return _("Đã trả lời không tham gia. Còn ở bước mô tả thì vẫn nhận lời được.")
    if asked.has_declined:
        return _("Đã trả lời không tham gia. Mời lại ở trang Mô tả nếu cần.")
    if not is_theirs:
        return _("Chờ chuyên viên của %(office)s trả lời.") % {"office": office}
    if user.can(Capability.PREPARE_REORGANISATIONS):
        return _(
            "Nhận lời thì hai bên cùng mô tả, và phương án chỉ được phê duyệt khi lãnh đạo đơn vị "
            "anh/chị đã đồng ý. Không tham gia thì nêu lý do để %(leader)s biết."
        ) % {"leader": leader}
    return _("Chuyên viên của đơn vị anh/chị trả lời; lãnh đạo đồng ý kế hoạch xử lý về sau.")
