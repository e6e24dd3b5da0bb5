"""Which lines of a body may be opened now (DOMAIN 4.3): each stage waits for those before it.

The organisation's certificate comes first: a line about it ends when the new certificate is on its
device, so nothing is revoked before. What is lost is reported and revoked right after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from devices.lifecycle import Condition, Custody
from devices.models import Device
from orgmerge.models import Merger, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.plans.line_states import UNFINISHED
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, LineState
from portal.ca.models import Certificate
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.workflow import AT_THE_AGENCY

WORKING = (
    LineStage.RECOVER,
    LineStage.ORGANISATION,
    LineStage.PEOPLE,
    LineStage.REVOKE,
    LineStage.DEVICES,
)
_ORGANISATION_STAGES = (LineStage.RECOVER, LineStage.ORGANISATION)
# Minutes are made, signed and sealed before the last day.
PRESSES_BEFORE = timedelta(days=2)
_HELD = (Custody.WITH_SUBSCRIBER, Custody.TO_BE_RETURNED, Custody.AT_AGENCY)


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line that is planned: just enough to say whether its turn has come."""

    pk: int
    sender: int
    stage: int
    is_urgent: bool


@dataclass(slots=True)
class OpenStages:
    """How far each body has come, by the described body's key."""

    unfinished: dict[int, dict[int, int]] = field(default_factory=dict)  # lines by stage
    in_preparation: set[int] = field(default_factory=set)  # people's letters not sent yet

    def past(self, senders: Iterable[int]) -> list[int]:
        """Return those whose organisation certificate is in use: the rest is theirs to file."""
        return [sender for sender in senders if not self.unfinished.get(sender)]

    def is_open(self, sender: int, stage: int, *, is_urgent: bool = False) -> bool:
        """Say whether lines of ``stage`` may be opened for a body."""
        left = self.unfinished.get(sender, {})
        if stage == LineStage.RECOVER:
            return True
        if left.get(LineStage.RECOVER):
            return False
        if stage == LineStage.ORGANISATION:
            return True
        if left.get(LineStage.ORGANISATION):
            return False
        # What fails, or waits for somebody else's dossier, does not hold the rest of the body.
        return stage != LineStage.REVOKE or is_urgent or sender not in self.in_preparation


def read(merger: Merger, senders: Iterable[int]) -> OpenStages:
    """Return how far the bodies have come; a fixed number of queries."""
    wanted = list(senders)
    lines = _lines(merger).filter(sender__in=wanted)
    found = OpenStages()
    before = lines.filter(state__in=UNFINISHED, stage__in=_ORGANISATION_STAGES)
    counted = before.order_by().values_list("sender", "stage").annotate(n=Count("pk"))
    for sender, stage, number in counted:
        found.unfinished.setdefault(sender or 0, {})[stage] = number
    people = _lines(merger).filter(stage=LineStage.PEOPLE, sender__in=found.past(wanted))
    unsent = people.filter(
        Q(state=LineState.PLANNED, outcome="")
        | Q(state=LineState.OPEN, item__dossier__state__in=AT_THE_AGENCY)
    )
    found.in_preparation = _senders(unsent)
    return found


def candidates(
    merger: Merger, senders: Sequence[int], open_stages: OpenStages
) -> list[PlannedLine]:
    """Return the planned lines of the bodies, in the order in which they are opened; those of
    later stages are not even read: there may be hundreds of thousands, for days."""
    before = Q(stage__in=_ORGANISATION_STAGES, sender__in=senders)
    after = Q(sender__in=open_stages.past(senders))
    lines = _lines(merger).filter(before | after, state=LineState.PLANNED)
    lines = lines.exclude(
        stage=LineStage.DEVICES,
        target_id__in=Device.objects.filter(custody__in=_HELD)
        .exclude(condition=Condition.LOST)
        .values("pk"),
    )
    # The certificates on devices that the plan reports lost.
    devices = PlanLine.objects.filter(
        plan=merger.approved_plan_id, about=LineAbout.DEVICE, action=LineAction.REPORT_LOSS
    )
    on_them = Certificate.objects.filter(key__device__in=devices.order_by().values("target_id"))
    lost = set(on_them.values_list("pk", flat=True))
    rows = lines.order_by("sender", "stage", "pk").values_list(
        "pk", "sender", "stage", "action", "reason", "about", "target_id"
    )
    return [
        PlannedLine(
            pk,
            sender or 0,
            stage,
            action == LineAction.REPORT_LOSS
            or reason == Why.DEVICE_LOST
            or (about == LineAbout.CERTIFICATE and target in lost),
        )
        for pk, sender, stage, action, reason, about, target in rows
    ]


def waits_for_more(merger: Merger, senders: Iterable[int], *, today: date) -> set[int]:
    """Return the bodies whose Mẫu 08 waits: devices are still to come back to them, and no clock
    of those that are back presses yet."""
    returning = _lines(merger).filter(
        sender__in=list(senders), stage=LineStage.DEVICES, state=LineState.PLANNED
    )
    coming = Device.objects.filter(custody=Custody.TO_BE_RETURNED).exclude(condition=Condition.LOST)
    waiting = returning.filter(target_id__in=coming.values("pk"))
    pressing = Deadline.objects.open().filter(
        kind=DeadlineKind.DEVICE_RETURN, due_on__lte=today + PRESSES_BEFORE
    )
    pressed = returning.filter(target_uuid__in=pressing.values("target_uuid"))
    return _senders(waiting) - _senders(pressed)


def _senders(lines: QuerySet[PlanLine]) -> set[int]:
    found = lines.filter(sender__isnull=False).order_by().values_list("sender", flat=True)
    return set(found.distinct())


def _lines(merger: Merger) -> QuerySet[PlanLine]:
    plan = merger.approved_plan_id
    return PlanLine.objects.filter(plan=plan, stage__in=WORKING).exclude(about=LineAbout.DOSSIER)
