"""Finding one body by what a person types; finding whose accounts sign for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal.agencies.models import Agency
from portal.agencies.querysets import AgencyQuerySet
from portal.core.roles import Capability, roles_that_can
from portal.core.text.vietnamese import search_key

if TYPE_CHECKING:
    from portal.accounts.models import User

_NAME_AND_PROVINCE = re.compile(r"(.+) \((.+)\)")
SUGGESTIONS = 12


def label(agency: Agency) -> str:
    """Return what is offered for choosing a body: names repeat within the country."""
    return f"{agency.name} ({agency.province})"


def suggestions(agencies: AgencyQuerySet, typed: str) -> list[str]:
    """Return the labels of a few bodies whose names have the typed words."""
    if not search_key(typed):
        return []
    return [label(agency) for agency in agencies.named(typed)[:SUGGESTIONS]]


def find(agencies: AgencyQuerySet, typed: str) -> Agency:
    """Return the one body that ``typed`` names; raises ValidationError when none or several do."""
    by_code = agencies.filter(versions__agency_code=typed, versions__valid_until__isnull=True)
    found = list(by_code[:1]) or list(agencies.filter(search_name=search_key(typed))[:2])
    if not found and (match := _NAME_AND_PROVINCE.fullmatch(typed)):
        name, province = match.groups()
        found = list(agencies.filter(search_name=search_key(name), province=province)[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise ValidationError(
            _("Có nhiều đơn vị cùng tên. Hãy ghi thêm tỉnh trong ngoặc hoặc nhập mã định danh."),
            "several_bodies",
        )
    raise ValidationError(
        _("Không tìm thấy đơn vị này. Hãy chọn trong danh sách gợi ý hoặc nhập mã định danh."),
        "no_such_body",
    )


def accounts_that_sign(agency: Agency) -> QuerySet[User]:
    """Return the body's accounts whose role signs, each with whose certificate it signs."""
    signing = roles_that_can(
        Capability.SIGN_LETTERS, Capability.SIGN_COVERING_LETTERS, Capability.SIGN_REPORTS
    )
    found = agency.users.filter(is_active=True, role__in=signing, person__isnull=False)
    return found.select_related("person").order_by("full_name", "pk")
