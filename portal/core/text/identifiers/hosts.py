"""Where a device, service or software is reached: a domain name, an IP address, or words."""

from __future__ import annotations

import re
from ipaddress import ip_address

from django.utils.translation import gettext as _

from portal.core.text.identifiers.found import Findings, error, warning

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ADDRESS_OF_PAGE = re.compile(r"^[a-z][a-z0-9+.-]*://|[/?#].*$|:\d{1,5}(?:/.*)?$", re.IGNORECASE)
_LONGEST_DOMAIN = 253
_LEAST_LABELS = 2
_LEAST_UNDER_STAR = 3  # *.laichau.gov.vn names a body's own; *.gov.vn would be everybody's


def host_of(value: str) -> str:
    """Return the domain name or IP address ``value`` is, in lower case; "" for other words.

    A device without an address is told apart by words ("Số sê-ri 12345"), which no certificate
    carries beside its name.
    """
    lower = value.lower()
    domain = lower.removeprefix("*.")
    labels = domain.split(".")
    is_domain = (
        len(domain) <= _LONGEST_DOMAIN
        and len(labels) >= _LEAST_LABELS
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdecimal()
    )
    return lower if is_domain or _is_ip(lower) else ""


def check_host(value: str) -> Findings:
    """A domain name or IP address in its form; words that identify (with a space, or without a
    dot) are taken as they are. DERIVED: the form's own columns have not been seen."""
    if host := host_of(value):
        if not _is_ip(host):
            return _domain_findings(host)
        address = ip_address(host)
        is_of_no_network = (
            address.is_loopback
            or address.is_multicast
            or address.is_unspecified
            or address.is_link_local
        )
        if not is_of_no_network:
            return ()
        return error(
            "not_a_host_address",
            _("Địa chỉ IP này không phải của một máy trên mạng. Hãy ghi địa chỉ của thiết bị."),
        )
    if " " in value or "." not in value:
        return ()
    bare = _ADDRESS_OF_PAGE.sub("", _ADDRESS_OF_PAGE.sub("", value)).lower()
    return error(
        "not_a_domain",
        _(
            "Tên miền chỉ gồm chữ không dấu, số, gạch nối, cách nhau bởi dấu chấm, không có "
            "https:// hay đường dẫn: dichvucong.laichau.gov.vn. Nếu là thông tin nhận diện khác "
            "thì ghi thành lời, ví dụ “Số sê-ri 12.345”."
        ),
        bare if host_of(bare) else "",
    )


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return "%" not in value  # an interface of one machine means nothing to others


def _domain_findings(value: str) -> Findings:
    if value.startswith("*."):
        if len(value.split(".")) - 1 < _LEAST_UNDER_STAR:
            return error(
                "wildcard_too_wide",
                _("Tên miền đại diện (*) chỉ được đặt dưới tên miền riêng của cơ quan."),
            )
        return warning(
            "wildcard",
            _("Chứng thư cho mọi tên miền con: hãy nêu lý do ở mục đích sử dụng."),
        )
    if not value.endswith(".gov.vn"):
        return warning(
            "not_gov_vn",
            _("Tên miền cơ quan nhà nước thường kết thúc bằng .gov.vn. Hãy xem lại."),
        )
    return ()
