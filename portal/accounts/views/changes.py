"""Resets of passwords and new addresses: asked by one administrator, decided by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from portal.accounts import services
from portal.accounts.forms import AddressForm
from portal.accounts.models import AccountChange
from portal.accounts.views.users import find_account, render_detail
from portal.core.roles import Capability
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@never_cache
@require_POST
def propose_reset(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Ask for a link to the owner's mailbox, or for a code when there is none."""
    account = find_account(request, uuid)
    now = timezone.now()
    with Refusals() as refused:
        if request.POST.get("by") == "code":
            change, half = services.propose_code(account, actor=request.user, now=now)
            return _show_half(request, change, half)
        change = services.propose_reset(account, actor=request.user, now=now)
        done = _("Đường dẫn đặt mật khẩu sẽ được gửi đến người dùng.")
        if change.needs_second:
            done = _("Đã ghi đề nghị. Đường dẫn chỉ gửi đi khi một quản trị viên khác xác nhận.")
        messages.success(request, done)
        return redirect("accounts:detail", account.uuid)
    return render_detail(request, account, violations=refused.violations)


@require_POST
def propose_address(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Ask that an account gets another address."""
    account = find_account(request, uuid)
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied
    form = AddressForm(request.POST)
    if not form.is_valid():
        return render_detail(request, account, address_form=form)
    with Refusals() as refused:
        services.propose_address(
            account, form.cleaned_data["email"], actor=request.user, now=timezone.now()
        )
        messages.success(
            request, _("Đã ghi đề nghị. Địa chỉ chỉ thay đổi khi một quản trị viên khác xác nhận.")
        )
        return redirect("accounts:detail", account.uuid)
    return render_detail(request, account, address_form=form, violations=refused.violations)


@never_cache
@require_POST
def confirm(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Do what was asked; of a code this administrator is shown the second half, once."""
    change = _find(request, uuid)
    with Refusals() as refused:
        half = services.confirm_change(change, actor=request.user, now=timezone.now())
        if half:
            return _show_half(request, change, half)
        messages.success(request, _("Đã xác nhận. Chủ tài khoản và lãnh đạo đơn vị được báo."))
    refused.tell(request)
    return redirect("accounts:grants")


@require_POST
def decline(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Leave everything as it is."""
    return _end(request, uuid, services.decline_change, _("Đã từ chối đề nghị."))


@require_POST
def withdraw(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take back what one asked oneself."""
    return _end(request, uuid, services.withdraw_change, _("Đã rút đề nghị."))


def _end(
    request: UserRequest, uuid: UUID, service: Callable[..., AccountChange], done: str
) -> HttpResponse:
    with Refusals() as refused:
        service(_find(request, uuid), actor=request.user, now=timezone.now())
        messages.success(request, done)
    refused.tell(request)
    return redirect("accounts:grants")


def _find(request: UserRequest, uuid: UUID) -> AccountChange:
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied
    changes = AccountChange.objects.visible_to(request.user).select_related("user", "proposed_by")
    return get_object_or_404(changes, uuid=uuid)


def _show_half(request: UserRequest, change: AccountChange, half: str) -> HttpResponse:
    is_second = change.proposed_by_id != request.user.pk
    context = {"account": change.user, "half": half, "is_second": is_second}
    return render(request, "accounts/half_of_code.html", context)
