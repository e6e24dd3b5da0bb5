"""Repealing a reorganisation that is in force: what can be restored, and the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from orgmerge import pages
from orgmerge.description.forms import MergerForm
from orgmerge.models import Merger
from orgmerge.repeal import services
from orgmerge.vocabulary import MergerKind
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@require_http_methods(["GET", "HEAD", "POST"])
def repeal(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what can be restored and ask for the decision that repeals."""
    merger = pages.find(request.user, code)
    may_open = request.user.can(Capability.PREPARE_REORGANISATIONS) and merger.is_led_by(
        request.user
    )
    if not may_open or not services.may_be_repealed(merger):
        return redirect("orgmerge:detail", merger.uuid)
    initial = {
        "title": _("Bãi bỏ: %(title)s") % {"title": merger.title},
        "kind": MergerKind.MIXED,
    }
    form = MergerForm(request.POST or None, initial=initial)
    violations: tuple[Violation, ...] = ()
    if form.is_valid():
        try:
            made = services.repeal(merger, form.facts(), actor=request.user, now=timezone.now())
        except Merger.DoesNotExist as error:
            raise Http404 from error
        except Refused as refusal:
            violations = refusal.violations
        else:
            messages.success(
                request,
                _("Đã lập phương án bãi bỏ. Xem lại từng dòng trước khi lập kế hoạch xử lý."),
            )
            return redirect("orgmerge:detail", made.uuid)
    context = {
        "merger": merger,
        "form": form,
        "violations": violations,
        "found": services.restorable(merger),
    }
    return render(request, "orgmerge/repeal.html", context)
