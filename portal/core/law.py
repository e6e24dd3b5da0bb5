"""The numbers of the law, each once; a sentence takes them by name when it is shown.

Of Nghị định 68/2024/NĐ-CP; R- and D-numbers are those of docs/rules.md. What the decree's text
lacks is DERIVED, or a setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils.functional import lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

DECREE = "Nghị định 68/2024/NĐ-CP"
ISSUE_WORKING_DAYS = 3  # Điều 11 (R17)
RETURN_WORKING_DAYS = 5  # Điều 20 (R29)
RECOVERY_WORKING_DAYS = 1  # Điều 22 (R33)
# Điều 12 (R06), Điều 14 (R08): left at least when renewal or change is asked for, on the day of
# receipt.
DAYS_LEFT_TO_ASK = 30
NEW_VALIDITY_YEARS = 5  # Điều 9 (R03): at most
RENEWED_VALIDITY_YEARS = 3  # Điều 9 (R04): at most
RENEWALS_ALLOWED = 1  # Điều 12 (R05)
FORMER_AGENCY_WORKING_DAYS = 3  # to say whether a person moved (R41, D25; DERIVED)
SUPERSEDED_AFTER_DAYS = 7  # of issue, when nobody confirms (D11; DERIVED)
# The law has 30 days, internal signing and forwarding eat some of them (DERIVED).
NEAR_END_DAYS = 60


def numbers() -> dict[str, int]:
    """Return every number by the name a sentence takes it by, as it is now."""
    return {
        "issue_days": ISSUE_WORKING_DAYS,
        "return_days": RETURN_WORKING_DAYS,
        "recovery_days": RECOVERY_WORKING_DAYS,
        "days_left": DAYS_LEFT_TO_ASK,
        "new_years": NEW_VALIDITY_YEARS,
        "renewed_years": RENEWED_VALIDITY_YEARS,
        "former_agency_days": FORMER_AGENCY_WORKING_DAYS,
        "superseded_days": SUPERSEDED_AFTER_DAYS,
        "near_end_days": NEAR_END_DAYS,
        "renew_days": settings.CA_RENEW_WORKING_DAYS,
        "change_days": settings.CA_CHANGE_WORKING_DAYS,
        "revoke_days": settings.CA_REVOKE_WORKING_DAYS,
        "most_reminders": settings.MOST_OVERDUE_REMINDERS,
        "head_told_days": settings.HEAD_TOLD_AFTER_WORKING_DAYS,
        "office_told_days": settings.OFFICE_TOLD_AFTER_WORKING_DAYS,
        "ca_told_days": settings.CA_TOLD_AFTER_WORKING_DAYS,
        "reminder_hour": settings.REMINDER_HOUR,
    }


def with_numbers(text: str | _StrPromise) -> _StrPromise:
    """Return a sentence that fills in ``%(return_days)s`` and the like whenever it is shown.

    >>> with_numbers(_("Nộp trong %(return_days)s ngày làm việc."))

    A letter writes two digits: ``%(return_days)02d``.
    """
    return cast("_StrPromise", _filled_in(text))


def _fill_in(text: str | _StrPromise) -> str:
    return str(text) % numbers()


_filled_in = lazy(_fill_in, str)
