"""How people and bodies are reached: public-service e-mail, telephone, SIM PKI carrier."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from portal.core.text.identifiers.found import Findings, error, warning

_SEPARATORS = re.compile(r"[\s.\-]+")
_MOBILE = re.compile(r"0[35789][0-9]{8}")
_LANDLINE = re.compile(r"02[0-9]{9}")
CARRIERS = ("Viettel", "Vinaphone", "Mobifone")
_MAX_EMAIL = 254
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63})"
)
_PUBLIC_PROVIDER = re.compile(
    r"(?:gmail|googlemail|yahoo|ymail|rocketmail|hotmail|outlook|live|icloud|protonmail|yandex)"
    r"\.(?:com?(?:\.[a-z]{2})?|net|[a-z]{2})"
    r"|(?:aol|fastmail|gmx|mac|mail|me|msn|tutanota|zoho|zohomail|qq|163)\.com"
    r"|gmx\.net|mail\.ru|pm\.me|proton\.me|fpt\.vn|(?:(?:hn|hcm)\.)?vnn\.vn"
)


def check_official_email(value: str) -> Findings:
    """Thư điện tử công vụ: an address issued by a state agency (note to Mẫu 01, 02).

    Public providers are refused, *.gov.vn is accepted, others (dcs.vn, edu.vn) are asked about.
    """
    match = _EMAIL.fullmatch(value)
    if match is None or len(value) > _MAX_EMAIL:
        # The address of a state agency that ``value`` is but for signs around it or within.
        meant = value.lower().removeprefix("mailto:").replace(" ", "").replace(",", ".")
        meant = meant.strip(".;:<>\"'")
        is_one = _EMAIL.fullmatch(meant) and len(meant) <= _MAX_EMAIL and meant.endswith(".gov.vn")
        return error(
            "not_an_email",
            _("“%(value)s” không phải địa chỉ thư điện tử, ví dụ vanthu@laichau.gov.vn.")
            % {"value": value},
            meant if is_one else "",
        )
    domain = match[1].lower()
    if domain.endswith(".gov.vn") or domain == "gov.vn":
        return ()
    if _PUBLIC_PROVIDER.fullmatch(domain):
        return error(
            "public_provider",
            _(
                "%(domain)s là hộp thư cá nhân. Hãy dùng địa chỉ thư điện tử công vụ "
                "do cơ quan nhà nước cấp (…@….gov.vn)."
            )
            % {"domain": domain},
        )
    return warning(
        "not_gov_vn",
        _(
            "%(domain)s không thuộc gov.vn. Hãy kiểm tra đây đúng là "
            "địa chỉ thư điện tử do cơ quan nhà nước cấp."
        )
        % {"domain": domain},
    )


def check_email_domain(value: str) -> Findings:
    """The domain of a body's addresses, as in laichau.gov.vn: judged as an address under it is."""
    found = check_official_email(f"a@{value}")
    if any(finding.code == "not_an_email" for finding in found):
        return error("not_a_domain", _("Tên miền thư công vụ có dạng laichau.gov.vn."))
    return found


def normalise_phone(value: str) -> str:
    """Return a number in the form it is stored in: digits only, +84 written 0."""
    digits = _SEPARATORS.sub("", value).replace("(", "").replace(")", "")
    for prefix in ("+84", "0084", "84"):
        rest = digits.removeprefix(prefix)
        if rest != digits and len(rest) >= len("912345678"):
            return "0" + rest.lstrip("0")
    return digits


def check_phone(value: str) -> Findings:
    """A mobile number has 10 digits: 03, 05, 07, 08, 09. RECALLED."""
    if _MOBILE.fullmatch(value):
        return ()
    number = normalise_phone(value)
    if _MOBILE.fullmatch(number):
        return ()
    if _MOBILE.fullmatch("0" + number):
        return error(
            "lost_leading_zero",
            _(
                "Số điện thoại chỉ có 9 chữ số, có thể bảng tính đã làm mất số 0 ở đầu. "
                "Hãy nhập đủ 10 chữ số."
            ),
            "0" + number,
        )
    return error(
        "not_a_mobile_number",
        _("Số điện thoại di động phải có 10 chữ số và bắt đầu bằng 03, 05, 07, 08 hoặc 09."),
    )


def check_office_phone(value: str) -> Findings:
    """A body's telephone: a mobile number, or 11 digits from 02."""
    number = normalise_phone(value)
    if _LANDLINE.fullmatch(number) or _MOBILE.fullmatch(number):
        return ()
    return error(
        "not_a_phone_number",
        _("Số điện thoại cơ quan có 11 chữ số bắt đầu bằng 02, hoặc là số di động 10 chữ số."),
    )


def check_carrier(value: str) -> Findings:
    """SIM PKI: a carrier's name, with "/cs" when a number in use is converted (note to Mẫu 01)."""
    if value.removesuffix("/cs") in CARRIERS:
        return ()
    return error(
        "unknown_carrier",
        _("Nhà mạng phải là %(carriers)s; thêm “/cs” khi chuyển số đang dùng.")
        % {"carriers": ", ".join(CARRIERS)},
    )
