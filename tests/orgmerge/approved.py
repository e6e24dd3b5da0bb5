"""Reorganisations that the office head has approved, as rows: for what comes after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from devices.models import Device
from orgmerge.models import Merger, MergerBody, Plan, PlanLine
from orgmerge.vocabulary import Extent, LineAbout, LineAction, LineStage, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import Certificate
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as merging

DAY = date(2026, 12, 1)
ON_THE_DAY = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """A reorganisation of ``olds`` into ``bodies``, approved."""

    merger: Merger
    office: Agency
    officer: User
    olds: Sequence[Agency]
    bodies: Sequence[MergerBody]

    @property
    def plan(self) -> Plan:
        """The approved plan."""
        found = self.merger.approved_plan
        assert found is not None
        return found


def approve(merger: Merger) -> Merger:
    """Put ``merger`` where approval puts it, with an empty plan."""
    head = builders.user(Role.OFFICE_HEAD, agency=merger.office)
    plan = Plan.objects.create(
        merger=merger, number=1, state=Plan.State.READY, merger_version=1, asked_at=NOW
    )
    Merger.objects.filter(pk=merger.pk).update(
        state=MergerState.APPROVED, approved_plan=plan, approved_by=head, approved_at=NOW
    )
    merger.refresh_from_db()
    return merger


def scene(*names: str, into: Sequence[str] = ("UBND XÃ MỚI",), extent: str = Extent.WHOLE) -> Scene:
    """Each of ``names`` passes to each body of ``into`` on the first of December."""
    office = builders.office()
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    merger = merging.merger(officer, effective_on=DAY)
    olds = [builders.agency(name, office=office) for name in names]
    bodies = [merging.body(merger, name) for name in into]
    for old in olds:
        for body in bodies:
            merging.share(merger, old, body, extent=extent)
    return Scene(approve(merger), office, officer, olds, bodies)


def line(
    at: Scene,
    about: str,
    thing: Subscriber | Certificate | Device,
    body: MergerBody | None,
    *,
    action: str = LineAction.HAND_OVER,
    **columns: object,
) -> PlanLine:
    """One line of the approved plan: ``thing`` goes to ``body``."""
    values: Mapping[str, object] = {
        "reason": "moves_along",
        "stage": LineStage.HAND_OVER,
        "title": str(thing)[:250],
        "search_title": str(thing)[:250].lower(),
        **columns,
    }
    assert at.merger.approved_plan is not None
    return PlanLine.objects.create(
        plan=at.merger.approved_plan,
        about=LineAbout(about),
        target_id=thing.pk,
        target_uuid=thing.uuid,
        agency=thing.agency,
        sender=body,
        action=action,
        **values,
    )
