"""What must hold about a body's own data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.core.rules import Finding, Severity, Violation
from portal.core.text.identifiers import (
    Check,
    Findings,
    check_agency_code,
    check_budget_code,
    check_email_domain,
    check_office_phone,
    check_official_email,
    check_tax_code,
)

if TYPE_CHECKING:
    from portal.agencies.facts import AgencyFacts

_SYMBOL = re.compile(r"[^\W_]+(?:[-&][^\W_]+)*")


def check_short_name(value: str) -> Findings:
    """The abbreviation in a letter's symbol: capitals, groups by hyphens (NĐ 30/2020 Phụ lục I)."""
    if value == value.upper() and _SYMBOL.fullmatch(value):
        return ()
    return (
        Finding(
            "not_a_symbol",
            _("Tên viết tắt chỉ gồm chữ in hoa và chữ số, không có dấu cách, ví dụ UBND, SKHCN."),
            suggestion=value.upper() if _SYMBOL.fullmatch(value.upper()) else "",
        ),
    )


CHECKS: Mapping[str, Check] = {
    "short_name": check_short_name,
    "agency_code": check_agency_code,
    "tax_code": check_tax_code,
    "budget_code": check_budget_code,
    "email": check_official_email,
    "email_domain": check_email_domain,
    "phone": check_office_phone,
}
REQUIRED = ("name", "short_name", "province", "place")


def facts_violations(facts: AgencyFacts) -> list[Violation]:
    """Return what is missing or malformed in ``facts``; warnings do not stop."""
    columns = facts.columns()
    found = [
        Violation("missing", _("Chưa nhập đủ tên, tên viết tắt, tỉnh và địa danh của đơn vị."))
        for name in REQUIRED
        if not columns[name]
    ][:1]
    for name, check in CHECKS.items():
        if value := columns[name]:
            found += [
                Violation(finding.code, finding.message)
                for finding in check(value)
                if finding.severity is Severity.ERROR
            ]
    if not facts.has_seal and facts.parent is None:
        found.append(
            Violation(
                "unit_without_superior",
                _("Đơn vị không có con dấu riêng phải thuộc một cơ quan quản lý trực tiếp."),
                way_out=_("Hãy chọn cơ quan cấp trên có con dấu."),
            )
        )
    return found
