"""Raising alarms in the transaction that learns of the cause; explaining and concluding them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from devices.lifecycle import Condition, Move
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.agencies.querysets import heirs_of
from portal.audit import services as audit
from portal.audit.services import Act
from portal.ca.models import Certificate
from portal.core.roles import Capability, Scope, roles_in
from portal.core.rules import refuse
from portal.notices import services as notices
from portal.notices.services import Telling
from portal.usage.models import UsageAlarm, UsageEvent
from portal.usage.rules import Offence, Standing

_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True)
class Use:
    """One signature, as far as it is judged."""

    certificate: int
    system: int
    moment: datetime


def standings(certificates: Iterable[Certificate]) -> dict[int, Standing]:
    """Return by key when each certificate could be used, in one query more.

    A loss counts from when it was recorded, or from the day after it happened if that is earlier.
    """
    found = list(certificates)
    reports = CustodyMove.objects.filter(device=OuterRef("pk"), move=Move.REPORT_LOST)
    latest = reports.order_by("-at", "-pk")
    lost = (
        Device.objects.filter(key__in={one.key_id for one in found}, condition=Condition.LOST)
        .annotate(
            reported_at=Subquery(latest.values("at")[:1]),
            happened_on=Subquery(latest.values("happened_on")[:1]),
        )
        .values_list("key", "reported_at", "happened_on")
    )
    since = {}
    for key, reported_at, happened_on in lost:
        if reported_at is not None:
            day_after = datetime.combine(happened_on + timedelta(days=1), datetime.min.time())
            since[key] = min(reported_at, timezone.make_aware(day_after))
    return {
        one.pk: Standing(one.not_before, one.not_after, one.revoked_at, since.get(one.key_id))
        for one in found
    }


def raise_for(uses: Iterable[Use], standing: Mapping[int, Standing], *, now: datetime) -> list[Act]:
    """Raise an alarm for each certificate that was used when it must not be, and tell people.

    One alarm stands for a certificate and a case until it is concluded; what comes meanwhile is
    added to it. In the caller's transaction; returns what its record is to say.
    """
    by_case: dict[tuple[int, Offence], list[Use]] = defaultdict(list)
    for use in uses:
        if offence := standing[use.certificate].offence(use.moment):
            by_case[use.certificate, offence].append(use)
    if not by_case:
        return []
    concerned = {certificate for certificate, _offence in by_case}
    open_ones = UsageAlarm.objects.open().filter(certificate__in=concerned).order_by("pk")
    standing_alarms = {
        (one.certificate_id, Offence(one.offence)): one
        for one in open_ones.select_for_update(no_key=True)
    }
    fresh = []
    for case, found in sorted(by_case.items()):
        moments = [use.moment for use in found]
        if alarm := standing_alarms.get(case):
            alarm.count += len(found)
            alarm.first_at = min(alarm.first_at, *moments)
            alarm.last_at = max(alarm.last_at, *moments)
        else:
            fresh.append(
                UsageAlarm(
                    certificate_id=case[0],
                    offence=case[1],
                    system_id=found[0].system,
                    first_at=min(moments),
                    last_at=max(moments),
                    count=len(found),
                    raised_at=now,
                )
            )
    grown = [alarm for case, alarm in standing_alarms.items() if case in by_case]
    UsageAlarm.objects.bulk_update(grown, ["count", "first_at", "last_at"], batch_size=500)
    made = UsageAlarm.objects.bulk_create(fresh, batch_size=500)
    _tell(made, now=now)
    bodies = _bodies_of(made)
    return [_act("usage_alarm.raise", one, *bodies[one.certificate_id]) for one in made]


def _tell(alarms: Sequence[UsageAlarm], *, now: datetime) -> None:
    """Tell the body, its office and the CA at once, on whatever day."""
    if not alarms:
        return
    certificates = Certificate.objects.defer("der", "crl_entry").in_bulk(
        {one.certificate_id for one in alarms}
    )
    agencies = {one.agency_id for one in certificates.values()}
    heirs: dict[int, set[int]] = {pk: {pk, *heirs_of(pk)} for pk in sorted(agencies)}
    of_bodies: dict[int, list[User]] = defaultdict(list)
    for user in User.objects.filter(
        is_active=True, role__in=roles_in(Scope.BODY), agency__in=set().union(*heirs.values())
    ):
        of_bodies[user.agency_id].append(user)
    offices = sorted({one.office_id for one in certificates.values() if one.office_id})
    of_offices = {pk: list(User.objects.of_offices([pk])) for pk in offices}
    of_ca = list(User.objects.who_act_for(roles=roles_in(Scope.CA), agency_id=None))
    tellings = []
    for alarm in alarms:
        certificate = certificates[alarm.certificate_id]
        readers = [user for body in heirs[certificate.agency_id] for user in of_bodies[body]]
        readers += of_offices.get(certificate.office_id or 0, [])
        title = _("%(offence)s: %(name)s") % {
            "offence": alarm.get_offence_display(),
            "name": certificate.common_name,
        }
        text = _("Chứng thư %(serial)s: %(count)d lượt ký, lần đầu lúc %(first)s.") % {
            "serial": certificate.serial,
            "count": alarm.count,
            "first": f"{timezone.localtime(alarm.first_at):%H:%M %d/%m/%Y}",
        }
        tellings += [
            Telling(
                recipient_id=reader.pk,
                cause=f"usage-alarm:{alarm.pk}",
                title=Truncator(title).chars(_LONGEST_TITLE),
                text=text,
                path=reverse("usage:alarm", args=[alarm.uuid]),
                target_type="usage_alarm",
                target_uuid=alarm.uuid,
                is_urgent=True,
                asks=True,
            )
            for reader in [*readers, *of_ca]
        ]
    notices.tell_many(tellings, now=now)


def judge_again(*, now: datetime) -> int:
    """Raise what was not known when the events came in: a loss, a revocation recorded since.

    Returns how many alarms were raised; what has one, open or concluded, is left alone.
    """
    alarmed = UsageAlarm.objects.values("certificate")
    last = {"last": Max("usage_months__last_at")}
    gone = Q(revoked_at__isnull=False, last__gt=F("revoked_at"))
    lost = Device.objects.filter(condition=Condition.LOST, key__isnull=False).values("key")
    candidates = Certificate.objects.exclude(pk__in=alarmed).order_by()
    found = candidates.filter(Q(revoked_at__isnull=False) | Q(key__in=lost)).annotate(**last)
    concerned = list(
        found.filter(gone | Q(last__isnull=False, key__in=lost)).defer("der", "crl_entry")[:1000]
    )
    standing = standings(concerned)
    with transaction.atomic():
        events = UsageEvent.objects.filter(certificate__in=standing, is_withdrawn=False)
        uses = [Use(*row) for row in events.values_list("certificate", "system", "moment")]
        acts = raise_for(uses, standing, now=now)
        if acts:
            audit.record_many(acts, actor=None, now=now)
    return len(acts)


def settle_withdrawn(certificates: Iterable[int], *, finding: str, now: datetime) -> int:
    """Count open alarms anew after events were withdrawn; those nothing is left of are concluded.

    In the caller's transaction. Returns how many were concluded.
    """
    alarms = list(
        UsageAlarm.objects.open()
        .filter(certificate__in=list(certificates))
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    concerned = Certificate.objects.filter(pk__in={one.certificate_id for one in alarms})
    standing = standings(concerned.defer("der", "crl_entry"))
    left: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    events = UsageEvent.objects.filter(certificate__in=standing, is_withdrawn=False)
    for certificate, moment in events.values_list("certificate", "moment"):
        if offence := standing[certificate].offence(moment):
            left[certificate, offence].append(moment)
    over = []
    for alarm in alarms:
        if moments := left[alarm.certificate_id, alarm.offence]:
            alarm.count, alarm.first_at = len(moments), min(moments)
            alarm.last_at = max(moments)
        else:
            alarm.closed_at, alarm.finding = now, finding
            over.append(alarm.uuid)
    fields = ["count", "first_at", "last_at", "closed_at", "finding"]
    UsageAlarm.objects.bulk_update(alarms, fields, batch_size=500)
    notices.settle("usage_alarm", *over, now=now)
    return len(over)


@transaction.atomic
def explain(alarm: UsageAlarm, text: str, *, actor: User, now: datetime) -> None:
    """Keep what the body says of it. Raises PermissionDenied, Refused when it is concluded."""
    if not actor.can(Capability.REPORT_USE):
        raise PermissionDenied("the body's clerk explains")
    alarm = _lock_open(alarm, actor=actor)
    alarm.explanation, alarm.explained_by, alarm.explained_at = text, actor, now
    alarm.save(update_fields=["explanation", "explained_by", "explained_at"])
    _record("usage_alarm.explain", alarm, actor=actor, now=now)


@transaction.atomic
def close(alarm: UsageAlarm, finding: str, *, actor: User, now: datetime) -> None:
    """Conclude it, with what was found. Raises PermissionDenied, Refused when it is concluded."""
    if not actor.can(Capability.SUPERVISE_USE):
        raise PermissionDenied("who supervises concludes")
    alarm = _lock_open(alarm, actor=actor)
    alarm.closed_at, alarm.closed_by, alarm.finding = now, actor, finding
    alarm.save(update_fields=["closed_at", "closed_by", "finding"])
    notices.settle("usage_alarm", alarm.uuid, now=now)
    _record("usage_alarm.close", alarm, actor=actor, now=now)


def _lock_open(alarm: UsageAlarm, *, actor: User) -> UsageAlarm:
    visible = UsageAlarm.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = visible.get(pk=alarm.pk)
    if locked.closed_at is not None:
        raise refuse("alarm_closed", _("Cảnh báo này đã có kết luận."))
    return locked


def _record(action: str, alarm: UsageAlarm, *, actor: User, now: datetime) -> None:
    act = _act(action, alarm, *_bodies_of([alarm])[alarm.certificate_id])
    audit.record(act, actor=actor, now=now)


def _bodies_of(alarms: Iterable[UsageAlarm]) -> dict[int, tuple[object, object, str]]:
    """Return by certificate whose it is and who follows it (UUIDs), and its serial."""
    rows = Certificate.objects.filter(pk__in={one.certificate_id for one in alarms}).order_by()
    named = rows.values_list("pk", "agency__uuid", "office__uuid", "serial")
    return {pk: (agency, office, serial) for pk, agency, office, serial in named}


def _act(action: str, alarm: UsageAlarm, agency: object, office: object, serial: str) -> Act:
    return Act(
        action=action,
        target_type="usage_alarm",
        target_uuid=alarm.uuid,
        agency_uuid=agency,  # type: ignore[arg-type]
        office_uuid=office,  # type: ignore[arg-type]
        data={"serial": serial, "offence": alarm.offence, "count": alarm.count},
    )
