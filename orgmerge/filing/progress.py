"""How far a plan has been carried out: counted in the database; what is waited for, in words; where
the devices are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.lifecycle import Custody
from devices.models import Device
from orgmerge.filing.filers import first_clerks
from orgmerge.filing.stages import PRESSES_BEFORE, WORKING
from orgmerge.models import Merger, MergerBody, PlanLine
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, LineState, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Scope
from portal.core.text.numbers import with_dots
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.models import Procedure
from requests_app.routing.services import rule_for
from requests_app.workflow import ENDED, State

CAUSES_SHOWN = 10
FAILURES_SHOWN = 50
# How far lines have come, as an address says it; anything else is all of them.
SHOWN: Mapping[str, Sequence[LineState]] = {
    "left": (LineState.PLANNED, LineState.OPEN, LineState.FAILED),
    "ended": (LineState.DONE, LineState.OVERTAKEN),
    "open": (LineState.OPEN,),
    "planned": (LineState.PLANNED,),
    "failed": (LineState.FAILED,),
}
_WRITTEN = frozenset({State.DRAFT, State.RETURNED})


@dataclass(slots=True)
class StageCounts:
    """Lines of one stage, by how far they have come."""

    stage: int
    by_state: dict[str, int] = field(default_factory=dict)
    not_recalled: int = 0  # devices still planned that nobody has to bring back yet

    @property
    def label(self) -> str:
        return str(LineStage(self.stage).label)

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def ended(self) -> int:
        return self.by_state.get(LineState.DONE, 0) + self.by_state.get(LineState.OVERTAKEN, 0)

    @property
    def under_way(self) -> int:
        return self.by_state.get(LineState.OPEN, 0)

    @property
    def failed(self) -> int:
        return self.by_state.get(LineState.FAILED, 0)

    @property
    def planned(self) -> int:
        return self.by_state.get(LineState.PLANNED, 0)


@dataclass(slots=True)
class BodyProgress:
    """One body after the reorganisation: its stages, and what is waited for in one sentence."""

    body: MergerBody
    stages: Sequence[StageCounts]
    waits_for: str

    @property
    def total(self) -> int:
        return sum(one.total for one in self.stages)

    @property
    def ended(self) -> int:
        return sum(one.ended for one in self.stages)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.stages)


def shown_lines(merger: Merger, user: User) -> QuerySet[PlanLine]:
    """Return the lines that are work and that ``user`` may see: a body's people see its own."""
    rows = PlanLine.objects.filter(plan=merger.approved_plan_id, stage__in=WORKING)
    rows = rows.exclude(about=LineAbout.DOSSIER)
    if user.scope is Scope.BODY:
        own = merger.bodies.filter(agency__in=user.body_ids).order_by().values("pk")
        return rows.filter(sender__in=own)
    return rows


def shown_bodies(merger: Merger, user: User) -> QuerySet[MergerBody]:
    """Return the bodies whose part ``user`` may see."""
    bodies = merger.bodies.select_related("agency").order_by("position")
    return bodies.filter(agency__in=user.body_ids) if user.scope is Scope.BODY else bodies


def by_stage(rows: QuerySet[PlanLine]) -> list[StageCounts]:
    """Return the counts of each stage that has lines, in order; one query."""
    found: dict[int, StageCounts] = {}
    counted = rows.order_by().values_list("stage", "state").annotate(n=Count("pk"))
    for stage, state, number in counted:
        found.setdefault(stage, StageCounts(stage)).by_state[state] = number
    return [found[stage] for stage in sorted(found)]


def of_bodies(
    merger: Merger, bodies: Sequence[MergerBody], rows: QuerySet[PlanLine]
) -> list[BodyProgress]:
    """Return how far each of some bodies has come; a fixed number of queries."""
    own = rows.filter(sender__in=[body.pk for body in bodies]).order_by()
    stages: dict[int, dict[int, StageCounts]] = {}
    # Whose certificates were revoked, but the paper that recalls them has not been delivered.
    held = Device.objects.filter(uuid=OuterRef("target_uuid"), custody=Custody.WITH_SUBSCRIBER)
    kept = Q(Exists(held), stage=LineStage.DEVICES, state=LineState.PLANNED)
    for sender, stage, state, number, not_recalled in own.values_list(
        "sender", "stage", "state"
    ).annotate(n=Count("pk"), kept=Count("pk", filter=kept)):
        of_body = stages.setdefault(sender or 0, {})
        of_stage = of_body.setdefault(stage, StageCounts(stage))
        of_stage.by_state[state] = number
        of_stage.not_recalled += not_recalled
    letters: dict[int, dict[int, dict[str, int]]] = {}
    counted = own.filter(state=LineState.OPEN, item__isnull=False).values_list(
        "sender", "stage", "item__dossier__state"
    )
    for filer, step, status, count in counted.annotate(n=Count("item__dossier", distinct=True)):
        letters.setdefault(filer or 0, {}).setdefault(step, {})[status] = count
    clerks = first_clerks(body.agency_id for body in bodies if body.agency_id)
    found = []
    for body in bodies:
        counts = [one for _stage, one in sorted(stages.get(body.pk, {}).items())]
        has_clerk = body.agency_id in clerks
        # What is waited for, in one sentence.
        unfinished = [one for one in counts if one.ended < one.total]
        if not unfinished:
            said = _("Đã xong.") if counts else _("Không có hồ sơ nào phải lập.")
        else:
            if merger.state == MergerState.APPROVED or body.took_effect_at is None:
                before = _("Chờ ngày hiệu lực %s.") % f"{merger.effective_on:%d/%m/%Y}"
            elif merger.list_sent_on is None:
                before = _("Chờ gửi danh sách cơ quan cho Cục.")
            elif body.handed_over_at is None and merger.followed_at is None:
                before = _("Chờ bàn giao xong thuê bao, thiết bị.")
            else:
                before = ""
            if not before and not has_clerk:
                before = _("%s chưa có tài khoản văn thư nên chưa lập được hồ sơ.") % body.name
            said = before or _in_hand(body, unfinished, letters.get(body.pk, {}))
        found.append(BodyProgress(body, counts, said))
    return found


def failures(rows: QuerySet[PlanLine]) -> list[PlanLine]:
    """Return the lines a person has to decide about, the first of them."""
    failed = rows.filter(state=LineState.FAILED).order_by("stage", "pk")
    return list(failed.select_related("sender", "dossier", "agency")[:FAILURES_SHOWN])


def causes(rows: QuerySet[PlanLine]) -> list[tuple[str, int]]:
    """Return what several lines failed for, with their number; the commonest first."""
    failed = rows.filter(state=LineState.FAILED).order_by().values_list("outcome")
    counted = failed.annotate(n=Count("pk")).filter(n__gt=1).order_by("-n", "outcome")
    return list(counted[:CAUSES_SHOWN])


Letters = Mapping[int, Mapping[str, int]]  # stage → state of the dossier → how many dossiers


def _in_hand(body: MergerBody, unfinished: Sequence[StageCounts], letters: Letters) -> str:
    for one in unfinished:
        if said := _of_letters(body, one.stage, letters.get(one.stage, {})):
            return said
    failed = sum(one.failed for one in unfinished)
    if failed:
        return _("%(count)s việc không thành, cần người xử lý.") % {"count": with_dots(failed)}
    first = unfinished[0]
    if first.not_recalled:
        said = _("Chờ thông báo thu hồi chứng thư của %(count)s thiết bị.")
        return said % {"count": with_dots(first.not_recalled)}
    if first.stage == LineStage.DEVICES:
        return _("Chờ thu về %(count)s thiết bị.") % {"count": with_dots(first.planned)}
    return _("Hồ sơ được lập trong ít phút.")


def _of_letters(body: MergerBody, stage: int, states: Mapping[str, int]) -> str:
    """Return whose turn it is with the letters of one stage; the earliest filer first."""
    name = body.name
    if number := sum(states.get(state, 0) for state in _WRITTEN):
        said = ngettext(
            "Chờ văn thư %(body)s hoàn thiện %(count)d văn bản.",
            "Chờ văn thư %(body)s hoàn thiện %(count)d văn bản.",
            number,
        )
        return said % {"body": name, "count": number}
    if number := states.get(State.AWAITING_SIGNATURE, 0):
        return _("Chờ lãnh đạo %(body)s ký %(count)s văn bản.") % {
            "body": name,
            "count": with_dots(number),
        }
    if number := states.get(State.AWAITING_SEAL, 0):
        return _("Chờ văn thư %(body)s ký số cơ quan, gửi %(count)s văn bản.") % {
            "body": name,
            "count": with_dots(number),
        }
    if number := sum(count for state, count in states.items() if state not in ENDED):
        return _("Chờ nơi nhận giải quyết %(count)s hồ sơ của %(body)s.") % {
            "body": name,
            "count": with_dots(number),
        }
    if states and stage == LineStage.ORGANISATION:
        return _("Chờ %s nhận, cài đặt chứng thư mới và xác nhận.") % name
    return ""


def narrowed(
    rows: QuerySet[PlanLine], *, show: str = "", stage: int | None = None
) -> QuerySet[PlanLine]:
    """Return the lines of one stage (None: of all) that have come as far as ``show`` says."""
    if stage is not None:
        rows = rows.filter(stage=stage)
    return rows.filter(state__in=SHOWN[show]) if show in SHOWN else rows


def bodies_with(bodies: QuerySet[MergerBody], rows: QuerySet[PlanLine]) -> QuerySet[MergerBody]:
    """Return the bodies that have one of these lines."""
    return bodies.filter(pk__in=rows.order_by().values("sender"))


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
    rows = PlanLine.objects.filter(plan=merger.approved_plan_id, about=LineAbout.DEVICE)
    if user.scope is Scope.BODY:
        own = merger.bodies.filter(agency__in=user.body_ids).order_by().values("pk")
        return rows.filter(Q(agency__in=user.body_ids) | Q(sender__in=own))
    return rows


def sums(rows: QuerySet[PlanLine], bodies: Sequence[Agency]) -> dict[int, dict[str, int]]:
    """Return body before → how many devices it had, has to give back, are back, given, lost."""
    returning = Q(action=LineAction.RETURN)
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
            lost=Count("pk", filter=Q(action=LineAction.REPORT_LOSS)),
            lost_told=Count("pk", filter=Q(action=LineAction.REPORT_LOSS, state=LineState.DONE)),
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
