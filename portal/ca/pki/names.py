"""Subject names as the real certificates carry them: C, L, O, OU…, CN, E (DOMAIN 5.2)."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from cryptography import x509
from cryptography.x509.oid import NameOID

from portal.core.text.names import CERTIFICATE_NAME_LENGTH

# RFC 5280, appendix A.1, counts characters: ub-common-name and its neighbours.
MAX_NAME = CERTIFICATE_NAME_LENGTH
MAX_LOCALITY = 128
MAX_EMAIL = 255
# cryptography counts UTF-8 bytes instead, and Vietnamese letters take two or three each.
_LIBRARY_BYTES = 64
# What X.509 takes (IA5String); whether an address is a public-service one is core's question.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # RFC 1034, 3.5
_DOMAIN = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")
MAX_DOMAIN = 253
_SHOWN_AS = {NameOID.EMAIL_ADDRESS: "E", NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier"}
# Control characters, and marks that turn the reading direction or are not seen at all.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
# Twelve digits alone: a number of the citizen's card must not stand in a certificate (DOMAIN 5.2).
_IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{12}(?!\d)")
# A body's: 10 digits, a unit beneath it 3 more. One of 12 digits is a person's identity number.
_TAX_CODE = re.compile(r"\d{10}(-\d{3})?")
_TAX_CODE_OF = "VATVN-"  # ETSI EN 319 412-1, 5.1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectName:
    """Who a certificate names. ``organisation_levels`` are O, then each OU, from the top down.

    ``domain`` is the DNS name or IP address of a system, carried beside the subject; empty for
    everyone else. ``tax_code`` is the body's in ``common_name``.
    """

    common_name: str
    organisation_levels: tuple[str, ...]
    locality: str
    email: str = ""
    domain: str = ""
    tax_code: str = ""


def x509_name(subject: SubjectName) -> x509.Name:
    """Return the X.509 name; raises ValueError when a part breaks the limits of RFC 5280."""
    if problems := name_problems(subject):
        raise ValueError("; ".join(problems))
    levels = subject.organisation_levels
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]
    if subject.locality:
        parts.append(x509.NameAttribute(NameOID.LOCALITY_NAME, subject.locality))
    if levels:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, levels[0]))
    parts += [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, level) for level in levels[1:]]
    if subject.tax_code:
        identifier = f"{_TAX_CODE_OF}{subject.tax_code}"
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, identifier))
    parts.append(_common_name(subject.common_name))
    if subject.email:
        parts.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, subject.email))
    return x509.Name(parts)


def name_problems(subject: SubjectName) -> tuple[str, ...]:
    """Return, in Vietnamese, why ``subject`` can't stand in a certificate; () when it can."""
    named = [
        ("Tên chứng thư", subject.common_name, MAX_NAME),
        ("Tỉnh/Thành phố", subject.locality, MAX_LOCALITY),
        ("Thư điện tử", subject.email, MAX_EMAIL),
    ]
    named += [
        (f"Tổ chức cấp {level}", name, MAX_NAME)
        for level, name in enumerate(subject.organisation_levels, start=1)
    ]
    problems = [
        f"{label} dài {len(value)} ký tự, chứng thư chỉ chứa được {most}: {value}"
        for label, value, most in named
        if len(value) > most
    ]
    problems += [
        f"{label} có ký tự không nhìn thấy hoặc đổi chiều chữ: {value!r}"
        for label, value, _most in named
        if _UNSEEN.search(value)
    ]
    if subject.tax_code and not _TAX_CODE.fullmatch(subject.tax_code):
        problems.append(f"Mã số thuế của cơ quan không đúng dạng: {subject.tax_code}")
    problems += [
        f"{label} có số định danh cá nhân; chứng thư không ghi số này."
        for label, value, _most in named
        if _IDENTITY_NUMBER.search(value)
    ]
    if not subject.common_name.strip():
        problems.append("Thiếu tên chứng thư.")
    if subject.email and not _EMAIL.fullmatch(subject.email):
        problems.append(f"Thư điện tử không đúng dạng: {subject.email}")
    is_host = len(subject.domain) <= MAX_DOMAIN and _DOMAIN.fullmatch(subject.domain)
    if subject.domain and not (ip_of(subject.domain) or is_host):
        problems.append(f"Tên miền không đúng dạng: {subject.domain}")
    if any(not name.strip() for name in subject.organisation_levels):
        problems.append("Một cấp tổ chức để trống ở giữa.")
    return tuple(problems)


def ip_of(domain: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address ``domain`` is; None for a name."""
    try:
        return ip_address(domain)
    except ValueError:
        return None


def subject_of(der: bytes) -> SubjectName:
    """Return whom a certificate names, as it was put together for ``x509_name``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # long Vietnamese names, counted in bytes
        certificate = x509.load_der_x509_certificate(der)
        name = certificate.subject
    hosts: list[str] = []
    with suppress(x509.ExtensionNotFound):
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts += found.get_values_for_type(x509.DNSName)
        hosts += map(str, found.get_values_for_type(x509.IPAddress))
    levels = [
        *_texts(name, NameOID.ORGANIZATION_NAME),
        *_texts(name, NameOID.ORGANIZATIONAL_UNIT_NAME),
    ]
    bodies = _texts(name, NameOID.ORGANIZATION_IDENTIFIER)
    return SubjectName(
        common_name=_first(_texts(name, NameOID.COMMON_NAME)),
        organisation_levels=tuple(levels),
        locality=_first(_texts(name, NameOID.LOCALITY_NAME)),
        email=_first(_texts(name, NameOID.EMAIL_ADDRESS)),
        domain=_first(hosts),
        tax_code=next(
            (one.removeprefix(_TAX_CODE_OF) for one in bodies if one.startswith(_TAX_CODE_OF)), ""
        ),
    )


def readable(name: x509.Name) -> str:
    """Return ``name`` as people read it: "C=VN, L=…, O=…, OU=…, CN=…, E=…"."""
    return ", ".join(attribute.rfc4514_string(_SHOWN_AS) for rdn in name.rdns for attribute in rdn)


def _common_name(value: str) -> x509.NameAttribute[str]:
    if len(value.encode()) <= _LIBRARY_BYTES:
        return x509.NameAttribute(NameOID.COMMON_NAME, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x509.NameAttribute(NameOID.COMMON_NAME, value, _validate=False)


def _texts(name: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)]


def _first(texts: list[str]) -> str:
    return texts[0] if texts else ""
