"""Reorganisations for tests: what a test is about is handed in, the rest is made up."""

from __future__ import annotations

from datetime import date

from orgmerge.models import (
    BodyList,
    BodyListRow,
    Merger,
    MergerBody,
    MergerShare,
    Plan,
    PlanLine,
    ReviewReply,
    ReviewRound,
)
from orgmerge.vocabulary import Extent, LineAbout, LineAction, LineStage, MergerKind
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.text.vietnamese import search_key
from tests.builders import NOW

EFFECTIVE = date(2026, 12, 1)


def merger(
    officer: User,
    *,
    kind: str = MergerKind.NEW_NAME,
    effective_on: date = EFFECTIVE,
    **columns: object,
) -> Merger:
    """A described reorganisation of the officer's office, still a draft."""
    made = Merger.objects.create(
        office=officer.agency,
        title="Sắp xếp xã Thử",
        kind=kind,
        decision="1684/NQ-UBTVQH15",
        decided_on=date(2026, 11, 2),
        effective_on=effective_on,
        created_by=officer,
        created_at=NOW,
        updated_at=NOW,
        **columns,
    )
    made.edited_by.add(officer)
    return made


def body(
    of: Merger, name: str, *, agency: Agency | None = None, parent: Agency | None = None
) -> MergerBody:
    """A body as it is after the reorganisation: founded, or going on as ``agency``."""
    return MergerBody.objects.create(
        merger=of,
        position=of.bodies.count() + 1,
        agency=agency,
        name=name,
        short_name="UBND",
        parent=parent,
        province="Lai Châu",
        place="Tân Uyên",
        email_domain="laichau.gov.vn",
    )


def share(
    of: Merger, old: Agency, new: MergerBody | None, *, extent: str = Extent.WHOLE
) -> MergerShare:
    """``old`` passes to ``new``."""
    return MergerShare.objects.create(
        merger=of, position=of.shares.count() + 1, old=old, new=new, extent=extent
    )


def review(of: Merger, *agencies: Agency, due_on: date = date(2026, 11, 27)) -> ReviewRound:
    """An open round in which ``agencies`` are asked; nothing stands in their lists yet."""
    made = ReviewRound.objects.create(
        merger=of,
        number=of.rounds.count() + 1,
        opened_by=of.created_by,
        opened_at=NOW,
        due_on=due_on,
        prepared_at=NOW,
    )
    for agency in agencies:
        ReviewReply.objects.create(round=made, agency=agency, listed_at=NOW)
    return made


def body_list(
    of: Merger, *olds: Agency, kind: str = BodyList.Kind.BODIES, new_name: str = "XÃ MỚI"
) -> BodyList:
    """An uploaded list that waits: each of ``olds`` passes to a new body."""
    made = BodyList.objects.create(
        merger=of, kind=kind, file_name="danh-sach.xlsx", made_by=of.created_by, made_at=NOW
    )
    BodyListRow.objects.bulk_create(
        BodyListRow(body_list=made, number=number, old_agency=old.name, old=old, new_name=new_name)
        for number, old in enumerate(olds, start=1)
    )
    return made


def plan(of: Merger, about: MergerBody) -> Plan:
    """A plan that is ready and says of one body that it needs no certificate."""
    made = Plan.objects.create(
        merger=of,
        number=of.plans.count() + 1,
        state=Plan.State.READY,
        merger_version=of.version,
        planned_for=of.effective_on,
        asked_at=NOW,
        made_at=NOW,
        counts={"lines": 1, "actions": {"keep": 1}, "about": {"body": 1}, "stages": {"9": 1}},
    )
    PlanLine.objects.create(
        plan=made,
        about=LineAbout.BODY,
        target_id=about.pk,
        target_uuid=about.uuid,
        title=about.name,
        search_title=search_key(about.name),
        sender=about,
        action=LineAction.KEEP,
        reason="never_had_one",
        stage=LineStage.NOTHING,
    )
    return made
