"""What must hold about a body's own data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.core.rules import Finding, Severity, Violation
from portal.core.text import names
from portal.core.text.identifiers import (
    Check,
    Findings,
    check_agency_code,
    check_budget_code,
    check_email_domain,
    check_letters,
    check_office_phone,
    check_official_email,
    check_tax_code,
)
from portal.core.text.numbers import with_dots

if TYPE_CHECKING:
    from portal.agencies.facts import AgencyFacts, NameForms

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


def names_violations(name: str, forms: NameForms) -> list[Violation]:
    """Return what is wrong with how ``name`` is to be written: other capitals and short forms are
    no other name, and a certificate holds no more than X.520 lets it (DOMAIN 14.24)."""
    found = []
    if not names.same(forms.name, name):
        found.append(
            Violation(
                "another_name",
                _("“%(new)s” là tên khác với “%(old)s”.") % {"new": forms.name, "old": name},
                way_out=_("Đơn vị đổi tên thì dùng Thay đổi thông tin, có ngày hiệu lực."),
            )
        )
    if not names.same(forms.capital_name, forms.name):
        found.append(Violation("capitals_differ", _("Tên viết hoa khác tên đơn vị.")))
    elif forms.capital_name != names.in_capitals(forms.capital_name):
        found.append(Violation("not_in_capitals", _("Tên viết hoa phải viết hoa toàn bộ.")))
    most = names.CERTIFICATE_NAME_LENGTH
    if len(forms.certificate_name or forms.capital_name) > most:
        found.append(
            Violation(
                "certificate_name_too_long",
                _("Tên trong chứng thư dài %(length)d ký tự, chỉ được %(most)s.")
                % {
                    "length": len(forms.certificate_name or forms.capital_name),
                    "most": with_dots(most),
                },
                "X.520; RFC 5280",
                way_out=_("Chọn tên ngắn hơn; tên đầy đủ vẫn in trên văn bản."),
            )
        )
    for text in (forms.name, forms.capital_name, forms.certificate_name):
        found += [Violation(one.code, one.message) for one in check_letters(text)]
    return found


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
