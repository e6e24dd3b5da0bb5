"""Lists of revoked certificates (CRL) that come as files: believed where a CA that is believed has
signed them. Nothing is fetched: the state network may not reach the other CA (decision 50)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.utils.translation import gettext as _

from portal.ca.authority.anchors import Anchor
from portal.ca.models import RevocationReason
from portal.ca.pki import serials
from portal.ca.pki.names import readable
from portal.core.rules import Refused, refuse

SUFFIX = ".crl"
_REASONS = {
    x509.ReasonFlags.key_compromise: RevocationReason.KEY_COMPROMISE,
    x509.ReasonFlags.ca_compromise: RevocationReason.KEY_COMPROMISE,
    x509.ReasonFlags.affiliation_changed: RevocationReason.AFFILIATION_CHANGED,
    x509.ReasonFlags.superseded: RevocationReason.SUPERSEDED,
    x509.ReasonFlags.cessation_of_operation: RevocationReason.CESSATION,
}
_NOT_FOR_GOOD = (x509.ReasonFlags.certificate_hold, x509.ReasonFlags.remove_from_crl)
_PEM = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class Revoked:
    """When and why a CA revoked a certificate."""

    at: datetime
    reason: str


Revocations = dict[tuple[str, str], Revoked]  # (issuer for people, serial) → what became of it


def read_revocations(content: bytes, believed: tuple[Anchor, ...]) -> Revocations:
    """Return what a list says; raises Refused for one that can't be read, or nobody believed
    signed."""
    load = x509.load_pem_x509_crl if content.startswith(_PEM) else x509.load_der_x509_crl
    try:
        crl = load(content)
        is_signed = any(_has_signed(one, crl) for one in believed)
        issuer = readable(crl.issuer)
        found = {
            (issuer, serials.text(one.serial_number)): _told(one)
            for one in crl
            if _reason(one) not in _NOT_FOR_GOOD
        }
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise refuse(
            "not_a_crl",
            _("Tệp không phải danh sách thu hồi (CRL) đọc được."),
            way_out=_("Tải lại từ địa chỉ của CA."),
        ) from error
    if not is_signed:
        raise _not_believed(issuer)
    return found


def _not_believed(issuer: str) -> Refused:
    return refuse(
        "crl_not_believed",
        _("Danh sách thu hồi của “%(issuer)s” không có CA đáng tin nào ký.") % {"issuer": issuer},
        way_out=_("Đặt chứng thư của CA ấy vào thư mục CA đáng tin rồi tải lên lại."),
    )


def _has_signed(anchor: Anchor, crl: x509.CertificateRevocationList) -> bool:
    if anchor.certificate.subject != crl.issuer:
        return False
    try:
        return crl.is_signature_valid(anchor.certificate.public_key())  # type: ignore[arg-type]
    except (TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False


def _reason(one: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return one.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _told(one: x509.RevokedCertificate) -> Revoked:
    reason = _reason(one)
    told = _REASONS.get(reason, RevocationReason.UNSPECIFIED) if reason else ""
    return Revoked(one.revocation_date_utc, told or RevocationReason.UNSPECIFIED)
