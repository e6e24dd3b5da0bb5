"""Accounts: the list, one account, and what an administrator does to it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

import django_filters
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts import rules, services
from portal.accounts.forms import AccountForm, AddressForm, RoleForm
from portal.accounts.models import AccountChange, RoleGrant, User
from portal.accounts.querysets import UserQuerySet
from portal.agencies import lookup
from portal.agencies.models import Agency
from portal.core.roles import Capability, Role
from portal.core.rules import Violation
from portal.core.text.vietnamese import nfc, search_key
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class UserFilter(django_filters.FilterSet):
    """Filters of the list of accounts."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Tên đăng nhập, họ tên, thư điện tử"), method="with_text"
    )
    agency = django_filters.CharFilter(label=gettext_lazy("Đơn vị"), method="at_agency")
    role = django_filters.ChoiceFilter(
        label=gettext_lazy("Vai trò"), choices=Role.choices, empty_label=gettext_lazy("Tất cả")
    )
    active = django_filters.ChoiceFilter(
        label=gettext_lazy("Tình trạng"),
        method="in_state",
        choices=[
            ("True", gettext_lazy("Đang hoạt động")),
            ("False", gettext_lazy("Chưa hoặc ngừng hoạt động")),
            ("without_role", gettext_lazy("Khóa sau sắp xếp, chờ giao lại vai trò")),
        ],
        empty_label=gettext_lazy("Tất cả"),
    )

    class Meta:
        model = User
        fields: list[str] = []

    def with_text(self, users: UserQuerySet, name: str, value: str) -> UserQuerySet:
        return users.found_by(value)

    def at_agency(self, users: UserQuerySet, name: str, value: str) -> UserQuerySet:
        return users.filter(agency__search_name__contains=search_key(nfc(value)))

    def in_state(self, users: UserQuerySet, name: str, value: str) -> UserQuerySet:
        if value == "without_role":
            return users.without_role()
        return users.filter(is_active=value == "True")


_PAGE = 25


@require_safe
def user_list(request: UserRequest) -> HttpResponse:
    """List the accounts one may see."""
    users = User.objects.visible_to(request.user).for_list()
    found = UserFilter(request.GET, queryset=users)
    page = Paginator(found.qs, _PAGE).get_page(request.GET.get("page"))
    waiting = RoleGrant.objects.visible_to(request.user).open().count()
    waiting += AccountChange.objects.visible_to(request.user).open().count()
    context = {
        "filter": found,
        "page": page,
        "is_administrator": request.user.can(Capability.ADMINISTER),
        "waiting": waiting,
    }
    is_part = request.headers.get("HX-Request")
    return render(request, "accounts/_users.html" if is_part else "accounts/users.html", context)


@require_safe
def detail(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show one account and how its role came about."""
    return render_detail(request, find_account(request, uuid))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: UserRequest) -> HttpResponse:
    """Make an account; its owner gets a link to choose a password when its role is confirmed."""
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied
    initial = {}
    with suppress(KeyError, ValueError, Agency.DoesNotExist):
        # The administrator comes from a body's page.
        agency = Agency.objects.visible_to(request.user).get(uuid=UUID(request.GET["don-vi"]))
        initial["agency"] = lookup.label(agency)
    form = AccountForm(request.POST or None, initial=initial)
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        role = data.pop("role")
        with refused:
            grant = services.create_account(
                services.AccountFacts(**data), role=role, actor=request.user, now=timezone.now()
            )
            messages.success(
                request,
                _(
                    "Đã tạo tài khoản. Khi một quản trị viên khác xác nhận vai trò, người dùng "
                    "nhận đường dẫn đặt mật khẩu tại địa chỉ thư công vụ."
                ),
            )
            return redirect("accounts:detail", grant.user.uuid)
    return render(request, "accounts/create.html", {"form": form, "violations": refused.violations})


@require_POST
def propose_role(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Propose another role; a second person has to confirm it."""
    account = find_account(request, uuid)
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied
    form = RoleForm(request.POST)
    if not form.is_valid():
        return render_detail(request, account, form=form)
    with Refusals() as refused:
        services.propose_role(
            account,
            role=form.cleaned_data["role"],
            agency=form.cleaned_data["agency"],
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(
            request, _("Đã ghi đề nghị. Vai trò chỉ thay đổi khi một quản trị viên khác xác nhận.")
        )
        return redirect("accounts:detail", account.uuid)
    return render_detail(request, account, form=form, violations=refused.violations)


@require_POST
def deactivate(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Close an account."""
    account = find_account(request, uuid)
    with Refusals() as refused:
        services.deactivate(account, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã ngừng tài khoản; các phiên đang mở đã kết thúc."))
        return redirect("accounts:detail", account.uuid)
    return render_detail(request, account, violations=refused.violations)


def find_account(request: UserRequest, uuid: UUID) -> User:
    """Return the account, or 404 for who may not see it."""
    users = User.objects.visible_to(request.user).select_related("agency", "person")
    return get_object_or_404(users, uuid=uuid)


def render_detail(
    request: UserRequest,
    account: User,
    *,
    form: RoleForm | None = None,
    address_form: AddressForm | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    """Return the page of one account, with what was wrong with what was asked."""
    grants = RoleGrant.objects.visible_to(request.user).for_list().filter(user=account)
    is_administrator = request.user.can(Capability.ADMINISTER)
    changes = AccountChange.objects.visible_to(request.user).for_list().filter(user=account)
    is_own = account.is_same_person_as(request.user)
    start = {"role": account.role, "agency": lookup.label(account.agency)}
    context = {
        "account": account,
        "grants": grants,
        "violations": violations,
        "is_own": is_own,
        "form": (form or RoleForm(initial=start)) if is_administrator else None,
        "may_deactivate": is_administrator and account.is_active and not is_own,
        "changes": changes,
        "may_reset": is_administrator and account.is_active and not is_own,
        "reset_needs_second": rules.reset_needs_a_second_person(
            account.role, account.is_active, any(one.decided_at is None for one in grants)
        ),
        "address_form": (
            (address_form or AddressForm()) if is_administrator and not is_own else None
        ),
    }
    return render(request, "accounts/detail.html", context)
