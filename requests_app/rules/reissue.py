"""When a certificate is asked for anew in place of one that stands or has ended."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.formats import number_format

from portal.core import law
from portal.core.rules import Violation
from requests_app.rules.dossiers import DECREE


def first_day(last_day: date) -> date:
    """Return the first day with fewer than 30 days left of what is valid until ``last_day``."""
    return last_day - timedelta(days=law.DAYS_LEFT_TO_ASK - 1)


def may_be_issued_anew(
    days_left: int, *, has_ended: bool, from_day: date, row: int | None = None
) -> Violation | None:
    """R31 (Điều 21), DOMAIN 14.2: after expiry or revocation, or when too late to renew or change.

    ``from_day`` is the first day with fewer than 30 days left.
    """
    if has_ended or days_left < law.DAYS_LEFT_TO_ASK:
        return None
    return Violation(
        "still_long_valid",
        f"Chứng thư còn hiệu lực {number_format(days_left)} ngày nên chưa cấp mới thay thế.",
        f"Điều 21 {DECREE}",
        row=row,
        way_out="Gia hạn hoặc thay đổi thông tin (Mẫu 04). Thiết bị hỏng, mất hoặc lộ khóa thì đề "
        f"nghị thu hồi (Mẫu 05) rồi cấp mới. Từ ngày {from_day:%d/%m/%Y} được cấp mới trước khi "
        "hết hạn.",
    )
