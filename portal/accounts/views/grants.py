"""Roles proposed by one administrator, decided by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.accounts import services
from portal.accounts.models import AccountChange, RoleGrant
from portal.core.roles import Capability
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_PAGE = 25


@require_safe
def grant_list(request: UserRequest) -> HttpResponse:
    """List what waits for a second person (roles, resets, addresses), then what was decided."""
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied
    grants = RoleGrant.objects.visible_to(request.user).for_list()
    waiting = list(grants.open())
    decided = grants.filter(decided_at__isnull=False).order_by("-decided_at", "-pk")
    roles = [
        {"grant": one, "is_mine": request.user.is_same_person_as(one.proposed_by)}
        for one in waiting
    ]
    changes = [
        {"change": one, "is_mine": request.user.is_same_person_as(one.proposed_by)}
        for one in AccountChange.objects.visible_to(request.user).for_list().open()
    ]
    context = {
        "waiting": roles,
        "changes": changes,
        "to_decide": sum(not line["is_mine"] for line in [*roles, *changes]),
        "page": Paginator(decided, _PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "accounts/grants.html", context)


@require_POST
def confirm(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Give the role."""
    return _decide(request, uuid, services.confirm_role, _("Đã giao vai trò."))


@require_POST
def decline(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Leave everything as it is."""
    return _decide(request, uuid, services.decline_role, _("Đã từ chối đề nghị."))


@require_POST
def withdraw(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take one's own proposal back."""
    return _decide(request, uuid, services.withdraw_role, _("Đã rút đề nghị."))


def _decide(
    request: UserRequest, uuid: UUID, service: Callable[..., RoleGrant], done: str
) -> HttpResponse:
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied
    grants = RoleGrant.objects.visible_to(request.user).select_related("user")
    grant = get_object_or_404(grants, uuid=uuid)
    with Refusals() as refused:
        service(grant, actor=request.user, now=timezone.now())
        messages.success(request, done)
    refused.tell(request)
    return redirect("accounts:grants")
