"""Who follows bodies: when an office ends, the one that does its work follows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.querysets import AgencyVersionQuerySet
from portal.audit import services as audit
from portal.core.database.bulk import update_rows


def followed_by(offices: Collection[int], *, from_day: date) -> AgencyVersionQuerySet:
    """Return the versions in force on a day or later that name one of these offices."""
    lasting = Q(valid_until__isnull=True) | Q(valid_until__gt=from_day)
    return AgencyVersion.objects.filter(lasting, office__in=offices)


@transaction.atomic
def hand_on_bodies(
    office: Agency,
    to: Agency,
    *,
    from_day: date,
    decision: str,
    at_once: int,
    now: datetime,
    basis: Mapping[str, str] | None = None,
) -> int:
    """Let ``to`` follow the next ``at_once`` bodies that ``office`` follows on a day and later;
    return how many versions were changed, 0 when there is none left.

    Nothing but the office is new about them: a handful of statements for all. A version that began
    before the day ends on it, one that begins later is mended in place.
    """
    named = followed_by([office.pk], from_day=from_day).order_by("agency", "valid_from")
    keys = set(named.values_list("agency", flat=True)[:at_once])
    if not keys:
        return 0
    locked = Agency.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    bodies = {body.pk: body for body in locked}
    found = list(named.filter(agency__in=keys).select_related("parent", "office"))
    begun = [
        _next_version(one, to, from_day, decision) for one in found if one.valid_from < from_day
    ]
    for one in found:
        if one.valid_from < from_day:
            one.valid_until = from_day
        else:
            one.office = _office_of(one, to)
    update_rows(found, ["valid_until", "office"])
    AgencyVersion.objects.bulk_create(begun, batch_size=500)
    _show(bodies, office, to, from_day=from_day, now=now)
    uuids = [str(body.uuid) for body in bodies.values()]
    data = {"name": office.name, "from_day": from_day.isoformat(), "to": str(to.uuid)}
    act = audit.Act(
        action="agency.hand_on_bodies",
        target_type="agency",
        target_uuid=office.uuid,
        agency_uuid=office.uuid,
        office_uuid=to.uuid,
        data={**data, "bodies": uuids, **(basis or {})},
    )
    audit.record(act, actor=None, now=now)
    return len(found)


def _next_version(
    before: AgencyVersion, to: Agency, from_day: date, decision: str
) -> AgencyVersion:
    facts = replace(AgencyFacts.of(before), office=_office_of(before, to), decision=decision)
    return AgencyVersion(
        agency_id=before.agency_id,
        valid_from=from_day,
        valid_until=before.valid_until,
        **facts.columns(),
    )


def _office_of(version: AgencyVersion, to: Agency) -> Agency | None:
    """An office follows others, not itself."""
    return None if version.agency_id == to.pk else to


def _show(
    bodies: Mapping[int, Agency], office: Agency, to: Agency, *, from_day: date, now: datetime
) -> None:
    """Put the office onto the bodies themselves, unless its day is still to come."""
    if from_day > timezone.localdate(now):
        return
    shown = Agency.objects.filter(pk__in=list(bodies), office=office)
    shown.exclude(pk=to.pk).update(office=to)
    shown.update(office=None)  # ``to`` itself, if it was followed
