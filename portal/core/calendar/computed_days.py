"""Days off as the law and the lunar calendar give them, for a year nobody has announced yet.

What the library says of years that are known differs in a few days (swaps it never heard of, the
week of Tết): good enough until the administrator enters what is announced, not instead of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import holidays

# Years for which days off are computed: no date of the portal's lies beyond them.
COMPUTED_YEARS = range(2000, 2101)


@cache
def computed_days_off(year: int) -> Mapping[date, str]:
    """Return the days off of ``year`` with their names (Bộ luật Lao động, Điều 112).

    None beyond COMPUTED_YEARS: a year takes milliseconds, and a date from outside may name any.
    """
    if year not in COMPUTED_YEARS:
        return {}
    found = holidays.country_holidays("VN", years=year, language="vi")
    return {day: name for day, name in sorted(found.items()) if day.year == year}
