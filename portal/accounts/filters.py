"""Narrowing the list of accounts."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.accounts.querysets import UserQuerySet
from portal.core.roles import Role
from portal.core.text.vietnamese import nfc, search_key


class UserFilter(django_filters.FilterSet):
    """Filters of the list of accounts."""

    q = django_filters.CharFilter(label=_("Tên đăng nhập, họ tên, thư điện tử"), method="with_text")
    agency = django_filters.CharFilter(label=_("Đơn vị"), method="at_agency")
    role = django_filters.ChoiceFilter(
        label=_("Vai trò"), choices=Role.choices, empty_label=_("Tất cả")
    )
    active = django_filters.ChoiceFilter(
        label=_("Tình trạng"),
        method="in_state",
        choices=[
            ("True", _("Đang hoạt động")),
            ("False", _("Chưa hoặc ngừng hoạt động")),
            ("without_role", _("Khóa sau sắp xếp, chờ giao lại vai trò")),
        ],
        empty_label=_("Tất cả"),
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
