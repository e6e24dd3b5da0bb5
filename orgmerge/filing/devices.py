"""The devices of the old bodies: what has to come back, what is back, what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Min, Q, QuerySet

from devices.lifecycle import Custody
from devices.models import Device
from orgmerge.filing.stages import PRESSES_BEFORE
from orgmerge.models import Merger, PlanLine
from orgmerge.vocabulary import About, Action, LineState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Scope
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.models import Procedure
from requests_app.routing.services import rule_for

__all__ = ["PRESSES_BEFORE", "DeviceRow", "device_lines", "device_rows", "receiver", "sums"]

_GIVEN_BACK = (Custody.AT_OFFICE, Custody.AT_CA, Custody.STOCK, Custody.RETIRED)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device: what is to be done about it, where it is, until when, on which minutes."""

    line: PlanLine
    device: Device
    due_on: date | None


def device_lines(merger: Merger, user: User) -> QuerySet[PlanLine]:
    """Return the lines about devices that ``user`` may see."""
    rows = PlanLine.objects.filter(plan=merger.approved_plan_id, about=About.DEVICE)
    if user.scope is Scope.BODY:
        own = merger.bodies.filter(agency__in=user.body_ids).order_by().values("pk")
        return rows.filter(Q(agency__in=user.body_ids) | Q(sender__in=own))
    return rows


def sums(rows: QuerySet[PlanLine], bodies: Sequence[Agency]) -> dict[int, dict[str, int]]:
    """Return body before → how many devices it had, has to give back, are back, given, lost."""
    returning = Q(action=Action.RETURN)
    back = Device.objects.filter(custody=Custody.BACK_AT_AGENCY).values("pk")
    given = Device.objects.filter(custody__in=_GIVEN_BACK).values("pk")
    counted = (
        rows.filter(agency__in=[body.pk for body in bodies])
        .order_by()
        .values("agency")
        .annotate(
            total=Count("pk"),
            to_return=Count("pk", filter=returning),
            back=Count("pk", filter=returning & Q(target_id__in=back)),
            given=Count("pk", filter=returning & Q(target_id__in=given)),
            lost=Count("pk", filter=Q(action=Action.REPORT_LOSS)),
            lost_told=Count("pk", filter=Q(action=Action.REPORT_LOSS, state=LineState.DONE)),
        )
    )
    return {
        row["agency"]: {
            "total": row["total"],
            "to_return": row["to_return"],
            "back": row["back"],
            "given": row["given"],
            "lost": row["lost"],
            "lost_told": row["lost_told"],
        }
        for row in counted
    }


def device_rows(lines: Sequence[PlanLine]) -> list[DeviceRow]:
    """Return some lines with their devices and clocks; a fixed number of queries."""
    devices = Device.objects.select_related("subscriber").in_bulk([one.target_id for one in lines])
    clocks = (
        Deadline.objects.open()
        .filter(kind=DeadlineKind.DEVICE_RETURN, target_uuid__in=[one.target_uuid for one in lines])
        .order_by()
        .values_list("target_uuid")
        .annotate(first=Min("due_on"))
    )
    due = dict(clocks)
    return [
        DeviceRow(one, devices[one.target_id], due.get(one.target_uuid))
        for one in lines
        if one.target_id in devices
    ]


def receiver(merger: Merger, *, today: date) -> Agency:
    """Return to whom devices go by the routing of the office; raises Refused without a rule."""
    rule = rule_for(Procedure.RETURN_DEVICE, office_id=merger.office_id, today=today)
    return rule.addressee
