"""What the portal knows of a body's need, and what it would propose from that, with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.agencies.models import Affiliation, Agency
from portal.ca.models import Certificate
from portal.demand.models import DemandRound

# People without any certificate are proposed a USB token, the commonest (our own choice).
_FOR_STAFF = "person_token"


def known_of(agency: Agency, of: DemandRound, *, now: datetime) -> dict[str, dict[str, Any]]:
    """Return for each row what is ``held`` now, what is ``ending`` in each year, what was
    ``issued`` in the year before the first, and ``staff`` without a certificate. Two queries."""
    valid = Q(revoked_at__isnull=True, not_before__lte=now, not_after__gt=now)
    counts: dict[str, Count] = {}
    for row in of.rows:
        counts[f"{row.code}_held"] = Count("pk", filter=row.of & valid)
        last_year = _in_year("issued_at", of.first_year - 1)
        counts[f"{row.code}_issued"] = Count("pk", filter=row.of & last_year)
        for year in of.years:
            ends = _in_year("not_after", int(year))
            counts[f"{row.code}_{year}"] = Count("pk", filter=row.of & valid & ends)
    # An office answers for its bodies too.
    theirs = Certificate.objects.filter(Q(agency=agency) | Q(office=agency))
    counted = theirs.aggregate(**counts)
    holds = Certificate.objects.filter(subscriber=OuterRef("subscriber")).valid_at(now)
    working = Affiliation.objects.filter(
        Q(agency=agency) | Q(agency__office=agency), valid_until__isnull=True
    )
    staff = working.filter(~Exists(holds)).values("subscriber").distinct().count()
    return {
        row.code: {
            "held": counted[f"{row.code}_held"],
            "issued": counted[f"{row.code}_issued"],
            "ending": {year: counted[f"{row.code}_{year}"] for year in of.years},
            "staff": staff if row.code == _FOR_STAFF else 0,
        }
        for row in of.rows
    }


def proposed(known: Mapping[str, Any], *, is_first_year: bool, year: str) -> int:
    """Return how many the portal proposes for one cell: what ends in the year must be issued anew
    or renewed; in the first year those who have none come to it (our own arithmetic)."""
    staff: int = known["staff"] if is_first_year else 0
    ending: int = known["ending"].get(year, 0)
    return ending + staff


def reasons(known: Mapping[str, Any]) -> str:
    """Say what the portal's proposal rests on."""
    words = _("Đang có %(held)d; cấp năm trước %(issued)d") % known
    if known["staff"]:
        words += _("; %(staff)d người chưa có chứng thư") % known
    return words


def _in_year(column: str, year: int) -> Q:
    first, after = (
        timezone.make_aware(datetime.combine(date(one, 1, 1), datetime.min.time()))
        for one in (year, year + 1)
    )
    return Q(**{f"{column}__gte": first, f"{column}__lt": after})


def issued_counts(of: DemandRound) -> dict[str, Count]:
    """Return how many were newly issued for each row in each year, as ``row_year``."""
    new = Q(predecessor__isnull=True)
    return {
        f"{row.code}_{year}": Count("pk", filter=row.of & new & _in_year("issued_at", int(year)))
        for row in of.rows
        for year in of.years
    }
