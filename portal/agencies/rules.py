"""What must hold about a body's own data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    from portal.agencies.facts import AgencyFacts, NameForms, SignerFacts

OF_SIGNING = "Điều 13 Nghị định 30/2020/NĐ-CP"
_HEADS = ("head", "acting")
_NAMED = ("by_order", "by_authority")  # forms whose authority names what may be signed
_PREFIX = re.compile(r"^(TM|KT|TL|TUQ|Q)\.", re.IGNORECASE)
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


def authority_is_recorded(facts: SignerFacts) -> list[Violation]:
    """NĐ 30/2020 Điều 13: who signs in the head's place does so by a paper that says it; by order
    or authority (TL., TUQ.) it names what may be signed, and an authority (TUQ.) its end."""
    found = []
    if facts.form != "head" and not facts.document:
        found.append(
            Violation(
                "authority_without_document",
                _("Chưa ghi văn bản giao quyền ký."),
                OF_SIGNING,
                way_out=_("Ghi số, ngày và tên văn bản phân công, ủy quyền hoặc quy chế."),
            )
        )
    if facts.form in _NAMED and not facts.papers:
        found.append(
            Violation(
                "authority_names_no_paper",
                _("Ký thừa lệnh, thừa ủy quyền phải nêu rõ được ký văn bản nào."),
                OF_SIGNING,
                way_out=_("Chọn từng Mẫu mà văn bản giao quyền nêu."),
            )
        )
    if facts.form == "by_authority" and facts.valid_until is None:
        found.append(
            Violation(
                "authority_without_end",
                _("Ủy quyền phải có thời hạn."),
                OF_SIGNING,
                way_out=_("Ghi ngày hết hạn ủy quyền."),
            )
        )
    return found


def signer_violations(facts: SignerFacts, standing: Sequence[SignerFacts]) -> list[Violation]:
    """Return what is wrong with a new signer beside those whose time overlaps."""
    found = authority_is_recorded(facts)
    if not facts.name or not facts.title:
        found.append(Violation("missing", _("Chưa nhập đủ họ tên và chức vụ của người ký.")))
    if _PREFIX.match(facts.title):
        found.append(
            Violation(
                "title_with_form",
                _("Chức vụ ghi không kèm TM., KT., TL., TUQ., Q."),
                way_out=_("Chỉ ghi chức vụ, ví dụ PHÓ CHỦ TỊCH; cổng tự ghi hình thức ký."),
            )
        )
    if facts.valid_until is not None and facts.valid_until <= facts.valid_from:
        found.append(Violation("ends_before_start", _("Ngày kết thúc phải sau ngày bắt đầu.")))
    if facts.form in _HEADS and any(one.form in _HEADS for one in standing):
        found.append(
            Violation(
                "two_heads",
                _("Trong thời gian này đơn vị đã có người đứng đầu hoặc người được giao quyền."),
                OF_SIGNING,
                way_out=_("Ghi ngày kết thúc của người trước rồi thêm người mới."),
            )
        )
    if any(one.name == facts.name and one.form == facts.form for one in standing):
        found.append(Violation("signer_twice", _("Người này đã được ghi với cùng hình thức ký.")))
    return found
