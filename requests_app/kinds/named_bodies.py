"""Bodies named in a list: the sender itself or a body under it, by the name in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from django.db.models import Q

from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.querysets import ancestors_of
from portal.core.rules import Violation
from portal.core.text.names import key


def bodies_named_in(
    sender: Agency, names: Sequence[str], *, today: date
) -> dict[str, AgencyVersion]:
    """Return name → version in force for the names that are the sender or directly under it.

    Capitals, tone places and usual short forms make no other name, a mark does; as typed they are
    the keys.
    """
    versions = (
        AgencyVersion.objects.filter(
            Q(agency=sender) | Q(agency__parent=sender),
            Q(valid_until__isnull=True) | Q(valid_until__gt=today),
            valid_from__lte=today,
            agency__dissolved_on__isnull=True,
        )
        .select_related("agency", "parent")
        .order_by("valid_from")
    )
    by_key = {key(version.name): version for version in versions}
    return {name: by_key[key(name)] for name in names if key(name) in by_key}


def unregistered(
    sender: Agency,
    names: Mapping[int, str],
    is_registered: Callable[[bool, int, str], Violation | None],
    *,
    today: date,
) -> list[Violation]:
    """Return what the rule ``is_registered`` says of the rows' ``names``, by row number."""
    if not names:
        return []
    bodies = bodies_named_in(sender, list(names.values()), today=today)
    found = (is_registered(name in bodies, row, name) for row, name in names.items())
    return [violation for violation in found if violation]


def bodies_of(agency: Agency) -> set[int]:
    """Return the keys of the bodies ``agency`` speaks for: itself, its units without a seal, and
    the bodies that went over to it."""
    found = Agency.objects.filter(
        Q(pk=agency.pk) | Q(parent=agency.pk, has_seal=False) | Q(pk__in=ancestors_of(agency.pk))
    )
    return set(found.order_by().values_list("pk", flat=True))
