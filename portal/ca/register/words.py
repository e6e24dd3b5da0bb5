"""What a certificate's page says in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ca.models import Certificate, CertificateState
from portal.core import law


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a certificate."""

    at: datetime
    text: str
    other: Certificate | None = None  # the one before or after it


def sentence(certificate: Certificate, *, now: datetime) -> str:
    """Return what the certificate is worth today, in one sentence."""
    state = certificate.state(now)
    end = f"{timezone.localtime(certificate.not_after):%d/%m/%Y}"
    days = certificate.days_left(timezone.localdate(now))
    match state:
        case CertificateState.REVOKED:
            assert certificate.revoked_at is not None
            return _("Đã bị thu hồi lúc %(moment)s. Lý do: %(reason)s.") % {
                "moment": _moment(certificate.revoked_at),
                "reason": certificate.get_revocation_reason_display(),
            }
        case CertificateState.EXPIRED:
            return _("Đã hết hạn ngày %(day)s.") % {"day": end}
        case CertificateState.NOT_YET:
            return _("Có hiệu lực từ %(moment)s.") % {"moment": _moment(certificate.not_before)}
    if days == 0:
        return _("Hết hạn hôm nay, lúc %(moment)s.") % {"moment": _moment(certificate.not_after)}
    return _("Còn hiệu lực đến ngày %(day)s, còn %(days)s ngày.") % {
        "day": end,
        "days": f"{days:,}".replace(",", "."),
    }


def waits_for(certificate: Certificate, *, has_successor: bool, now: datetime) -> str:
    """Return what a valid certificate waits for after a renewal or change; "" for nothing."""
    if not certificate.is_valid(now):
        return ""
    if has_successor:
        return _("Đã có chứng thư mới thay thế")
    if certificate.predecessor_id is not None and certificate.installed_at is None:
        return _("Chờ cài vào thiết bị")
    return ""


def way_of_renewal(certificate: Certificate, *, today: date) -> str:
    """Return what can be asked for a certificate that soon expires: renewal until its door shuts,
    then a new issue (Điều 12, Điều 21)."""
    last = timezone.localdate(certificate.not_after) - timedelta(days=law.DAYS_LEFT_TO_ASK)
    if certificate.days_left(today) < law.DAYS_LEFT_TO_ASK:
        return _("Chỉ còn cấp mới")
    if certificate.renewals >= law.RENEWALS_ALLOWED:
        return _("Đã gia hạn một lần: cấp mới sau ngày %(day)s") % {"day": f"{last:%d/%m/%Y}"}
    return _("Gia hạn chậm nhất ngày %(day)s") % {"day": f"{last:%d/%m/%Y}"}


def happenings(
    certificate: Certificate, line: Sequence[Certificate], *, now: datetime
) -> Iterator[Happening]:
    """Yield what became of ``certificate``; ``line`` are it and those before and after it."""
    yield Happening(certificate.issued_at, _("Cục cấp chứng thư."))
    if certificate.installed_at is not None:
        yield Happening(certificate.installed_at, _("Đơn vị xác nhận đã cài đặt."))
    if certificate.revoked_at is not None:
        text = _("Thu hồi: %(reason)s.")
        text %= {"reason": certificate.get_revocation_reason_display()}
        yield Happening(certificate.revoked_at, text)
    elif certificate.not_after <= now:
        yield Happening(certificate.not_after, _("Hết hạn."))
    for other in line:
        if other.predecessor_id == certificate.pk:
            yield Happening(other.issued_at, _("Được thay bằng chứng thư mới:"), other)
        elif certificate.predecessor_id == other.pk:
            yield Happening(certificate.issued_at, _("Thay cho chứng thư trước:"), other)


def _moment(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M %d/%m/%Y}"
