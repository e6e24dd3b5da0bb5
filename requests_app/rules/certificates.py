"""What the decree says of a certificate's life: validity, renewal, change, issue anew."""

from __future__ import annotations

NEW_VALIDITY_YEARS = 5  # R03, Điều 9: at most
RENEWED_VALIDITY_YEARS = 3  # R04, Điều 9: at most
RENEWALS_ALLOWED = 1  # R05, Điều 12
DAYS_LEFT_TO_ASK = 30  # R06 (Điều 12) and R08 (Điều 14): at least, on the day of receipt
SUPERSEDED_AFTER_DAYS = 7  # DOMAIN 14.11: when nobody confirms the installation
