"""Making a finding, and every step of it; its clock runs while the body owes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.text.vietnamese import nfc
from portal.deadlines import services as deadlines
from portal.deadlines.models import Counts, DeadlineKind
from portal.deadlines.services import OwedUntil
from portal.documents import services as documents
from portal.inspection.acts import act
from portal.inspection.models import (
    Assessment,
    Evidence,
    FindingEntry,
    InspectionFinding,
    InspectionVisit,
    RoundItem,
)
from portal.inspection.rounds.services import is_inspector, people_of
from portal.inspection.workflow import (
    FINDING_STEPS,
    NEW_DAY,
    FindingAction,
    FindingState,
    FindingStep,
    Part,
)
from portal.notices import services as notices
from portal.search.words import fold
from portal.support.questions.texts import as_kept

_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFacts:
    """What is typed to make a finding."""

    title: str
    text: str
    due_on: date
    item: RoundItem | None = None
    visit: InspectionVisit | None = None


def part_of(finding: InspectionFinding, user: User) -> Part | None:
    """Return what ``user``, who sees the finding, has to do with it."""
    if user.can(Capability.INSPECT) and finding.office_id in user.body_ids:
        return Part.INSPECTOR
    if user.can(Capability.REPORT) and finding.agency_id in user.body_ids:
        return Part.WRITER
    return None


def steps_of(finding: InspectionFinding, user: User) -> list[FindingStep]:
    """Return the steps ``user`` may take now, in the order of the table."""
    if user.looks_only:
        return []
    return FINDING_STEPS.open_to(part_of(finding, user), state=finding.state)


@transaction.atomic
def make(
    assessment: Assessment, facts: FindingFacts, *, actor: User, now: datetime
) -> InspectionFinding:
    """Tell a body what it must mend until when, and start its clock.

    Raises DoesNotExist, PermissionDenied, or Refused where the day is past.
    """
    refuse_look_only(actor, now=now)
    rows = Assessment.objects.visible_to(actor).select_related("round__office", "agency")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=assessment.pk)
    if not is_inspector(found.round, actor):
        raise PermissionDenied("only the office makes findings")
    _must_be_ahead(facts.due_on, now=now)
    made = InspectionFinding.objects.create(
        office=found.round.office,
        agency=found.agency,
        assessment=found,
        visit=facts.visit,
        item=facts.item,
        title=nfc(facts.title),
        text=as_kept(facts.text),
        search_text=fold(facts.title)[:_LONGEST_TITLE],
        due_on=facts.due_on,
        opened_at=now,
    )
    _enter(made, FindingEntry.Kind.MAKE, made.text, by=actor, now=now)
    _start_clock(made, now=now)
    _tell(made, Part.WRITER, _("Kiến nghị kiểm tra, hạn %s") % f"{made.due_on:%d/%m/%Y}", now=now)
    audit.record(_act("make", made), actor=actor, now=now)
    return made


@transaction.atomic
def take_step(
    finding: InspectionFinding,
    action: str,
    *,
    text: str = "",
    due_on: date | None = None,
    files: Sequence[UploadedFile[Any]] = (),
    version: int,
    actor: User,
    now: datetime,
) -> InspectionFinding:
    """Move a finding one step along and return it; who it waits for next is told.

    Raises DoesNotExist, IllegalStep, or Refused (no words, no day, a file, somebody was quicker).
    """
    refuse_look_only(actor, now=now)
    rows = InspectionFinding.objects.visible_to(actor).select_related("office", "agency")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=finding.pk)
    if found.version != version:
        raise refuse(
            "finding_has_changed",
            _("Kiến nghị vừa có thay đổi."),
            way_out=_("Xem phần diễn biến mới nhất rồi bấm lại."),
        )
    part = part_of(found, actor)
    step = FINDING_STEPS.find(action, state=found.state, role=part or "")
    text = as_kept(text)
    if step.needs_reason and not text:
        raise refuse("no_text", _("Chưa ghi nội dung."), way_out=_("Ghi nội dung rồi gửi."))
    if step.needs == NEW_DAY:
        if due_on is None:
            raise refuse("no_day", _("Chưa ghi hạn mới."), way_out=_("Ghi hạn thực hiện mới."))
        _must_be_ahead(due_on, now=now)
        found.due_on = due_on
    entry = _enter(found, step.action, text, by=actor, now=now)
    for file in files:
        document = documents.store_upload(file, now=now)
        Evidence.objects.create(entry=entry, document=document, added_by=actor, added_at=now)
    found.state = step.target
    found.version += 1
    found.save()
    if step.action == FindingAction.ANSWER:
        deadlines.close(DeadlineKind.INSPECTION_FINDING, found.uuid, now=now)
    else:
        deadlines.cancel(DeadlineKind.INSPECTION_FINDING, [found.uuid], now=now)
    if found.state == FindingState.OPEN:
        _start_clock(found, now=now)
    notices.settle("inspection_finding", found.uuid, now=now)
    to = Part.INSPECTOR if part is Part.WRITER else Part.WRITER
    _tell(found, to, str(found.get_state_display()), text=text, now=now)
    audit.record(_act(step.action, found), actor=actor, now=now)
    return found


def _must_be_ahead(due_on: date, *, now: datetime) -> None:
    if due_on < timezone.localdate(now):
        raise refuse(
            "day_is_past",
            _("Hạn thực hiện không được ở trong quá khứ."),
            way_out=_("Ghi ngày khác."),
        )


def _enter(
    finding: InspectionFinding, kind: str, text: str, *, by: User, now: datetime
) -> FindingEntry:
    return FindingEntry.objects.create(
        finding=finding, kind=kind, text=text, due_on=finding.due_on, by=by, at=now
    )


def _start_clock(finding: InspectionFinding, *, now: datetime) -> None:
    owed = OwedUntil(
        agency=finding.agency,
        office=finding.office,
        target_uuid=finding.uuid,
        title=Truncator(_("Kiến nghị kiểm tra – %s") % finding.title).chars(_LONGEST_TITLE),
        path=reverse("inspection:finding", args=[finding.uuid]),
        received_on=timezone.localdate(now),
        due_on=finding.due_on,
    )
    deadlines.open_until(
        [(DeadlineKind.INSPECTION_FINDING, owed)],
        target_type="inspection_finding",
        counts=Counts.CALENDAR,
        now=now,
    )


def _tell(
    finding: InspectionFinding, to: Part, title: str, *, text: str = "", now: datetime
) -> None:
    people = (
        people_of(finding.office_id, Capability.INSPECT)
        if to is Part.INSPECTOR
        else people_of(finding.agency_id, Capability.REPORT)
    )
    notices.tell(
        people,
        cause=f"inspection-finding:{finding.pk}:{finding.version}",
        title=Truncator(f"{title}: {finding.title}").chars(_LONGEST_TITLE),
        text=text or finding.text,
        path=reverse("inspection:finding", args=[finding.uuid]),
        target_type="inspection_finding",
        target_uuid=finding.uuid,
        asks=finding.state in (FindingState.OPEN, FindingState.ANSWERED),
        now=now,
    )


def _act(name: str, finding: InspectionFinding) -> audit.Act:
    return act(
        f"finding.{name}",
        "inspection_finding",
        finding.uuid,
        agency=finding.agency,
        office=finding.office,
        due_on=f"{finding.due_on:%d/%m/%Y}",
    )
