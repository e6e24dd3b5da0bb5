"""Answering the items of a round, judging the answers, taking the steps, scoring."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from portal.core.rules import Refused, Violation, refuse
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.documents import services as documents
from portal.inspection.acts import act
from portal.inspection.known import facts_of
from portal.inspection.models import (
    Assessment,
    AssessmentAnswer,
    Evidence,
    RoundItem,
)
from portal.inspection.rounds.services import is_inspector, people_of, start_clocks
from portal.inspection.scoring import Mark, Verdict, in_words, score_of
from portal.inspection.workflow import (
    ASSESSMENT_STEPS,
    WRITABLE,
    AssessmentAction,
    AssessmentStage,
    AssessmentStep,
    Part,
)
from portal.notices import services as notices
from portal.support.questions.texts import as_kept
from requests_app.letter_workflow import EDITING

MOST_EVIDENCE = 10  # files of one answer
RETURNED_FOR = timedelta(days=7)  # at least, for what the office returns (our own)
_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True)
class Answered:
    """What is typed about one item."""

    verdict: str
    number: int | None
    remark: str
    file: UploadedFile[Any] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the office types about one item; "" leaves the body's own verdict."""

    verdict: str
    remark: str


def part_of(assessment: Assessment, user: User) -> Part | None:
    """Return what ``user``, who sees the assessment, has to do with it."""
    if is_inspector(assessment.round, user):
        return Part.INSPECTOR
    if assessment.agency_id not in user.body_ids:
        return None
    if user.can(Capability.REPORT):
        return Part.WRITER
    return Part.HEAD if user.can(Capability.SIGN_REPORTS) else None


def steps_of(assessment: Assessment, user: User) -> list[AssessmentStep]:
    """Return the steps ``user`` may take now, four eyes considered, in the order of the table."""
    if user.looks_only or assessment.round.closed_at is not None:
        return []
    steps = ASSESSMENT_STEPS.open_to(part_of(assessment, user), state=assessment.stage)
    return [step for step in steps if not _is_barred(assessment, step, user)]


def marks_of(
    items: Iterable[RoundItem], answers: Iterable[AssessmentAnswer], *, is_own: bool = False
) -> list[Mark]:
    """Return each item's points with the verdict that counts; ``is_own``: with the body's."""
    given = {one.item_id: one.verdict if is_own else one.agreed for one in answers}
    return [Mark(item.points, given.get(item.pk, "")) for item in items]


@transaction.atomic
def write(
    assessment: Assessment,
    answers: Mapping[int, Answered],
    *,
    dropped: Collection[int] = (),
    version: int,
    actor: User,
    now: datetime,
) -> Assessment:
    """Keep what a body says of items (by key), with new evidence; ``dropped`` are files' keys.

    Raises DoesNotExist, PermissionDenied, or Refused (a file, the round, the version, the stage).
    """
    found = _lock(assessment, actor=actor, version=version)
    if part_of(found, actor) is not Part.WRITER:
        raise PermissionDenied("only who writes for the body answers")
    _must_be_open(found)
    if found.stage not in WRITABLE:
        raise _moved_on()
    kept = {one.item_id: one for one in found.answers.all()}
    Evidence.objects.filter(answer__in=list(kept.values()), pk__in=dropped).delete()
    items = {item.pk: item for item in found.round.items.all()}
    for pk, typed in answers.items():
        if pk not in items:
            continue
        answer = kept.get(pk) or AssessmentAnswer(assessment=found, item=items[pk])
        answer.verdict, answer.number = typed.verdict, typed.number
        answer.remark = as_kept(typed.remark)
        answer.save()
        if typed.file is not None:
            if answer.evidence.count() >= MOST_EVIDENCE:
                raise refuse(
                    "too_many_files",
                    _("Mỗi nội dung kèm tối đa %d tệp.") % MOST_EVIDENCE,
                    way_out=_("Bỏ bớt tệp cũ, hoặc gộp các trang thành một tệp PDF."),
                )
            document = documents.store_upload(typed.file, now=now)
            Evidence.objects.create(answer=answer, document=document, added_by=actor, added_at=now)
    found.edited_by.add(actor)
    _save(found, "edit", actor=actor, now=now)
    return found


@transaction.atomic
def review(
    assessment: Assessment,
    judged: Mapping[int, Judged],
    *,
    version: int,
    actor: User,
    now: datetime,
) -> Assessment:
    """Keep the office's verdicts beside the body's own. Raises as ``write``."""
    found = _lock(assessment, actor=actor, version=version)
    if part_of(found, actor) is not Part.INSPECTOR:
        raise PermissionDenied("only the office judges")
    _must_be_open(found)
    if found.stage != AssessmentStage.SENT:
        raise _moved_on()
    kept = {one.item_id: one for one in found.answers.all()}
    for pk, typed in judged.items():
        if pk in kept:
            kept[pk].office_verdict, kept[pk].office_remark = typed.verdict, as_kept(typed.remark)
    AssessmentAnswer.objects.bulk_update(
        kept.values(), ["office_verdict", "office_remark"], batch_size=200
    )
    _save(found, "review", actor=actor, now=now)
    return found


@transaction.atomic
def take_step(
    assessment: Assessment,
    action: str,
    *,
    text: str = "",
    version: int,
    actor: User,
    now: datetime,
) -> Assessment:
    """Move an assessment one step along and return it; who is concerned next is told.

    Raises DoesNotExist, IllegalStep, PermissionDenied (four eyes), or Refused.
    """
    refuse_look_only(actor, now=now)
    found = _lock(assessment, actor=actor, version=version)
    step = ASSESSMENT_STEPS.find(action, state=found.stage, role=part_of(found, actor) or "")
    _must_be_open(found)
    if _is_barred(found, step, actor):
        raise PermissionDenied("who wrote it does not send it")
    text = as_kept(text)
    if step.needs_reason and not text:
        raise refuse("no_reason", _("Chưa ghi lý do."), way_out=_("Ghi lý do rồi bấm lại."))
    is_on_its_way = step.action in (AssessmentAction.REQUEST, AssessmentAction.SEND)
    if is_on_its_way and (problems := problems_of(found)):
        raise Refused(*problems)
    match step.action:
        case AssessmentAction.SEND:
            found.sent_by, found.sent_at, found.returned_reason = actor, now, ""
            facts = facts_of([found.agency_id], year=found.round.year, now=now)
            found.known = facts[found.agency_id]
            deadlines.close(DeadlineKind.SELF_ASSESSMENT, found.uuid, now=now)
        case AssessmentAction.SEND_BACK:
            found.returned_reason = text
        case AssessmentAction.RETURN:
            found.returned_reason = text
            due_on = max(found.round.due_on, timezone.localdate(now) + RETURNED_FOR)
            start_clocks([found], due_on=due_on, now=now)
        case AssessmentAction.CONCLUDE:
            scored = score_of(marks_of(found.round.items.all(), found.answers.all()))
            found.score, found.conclusion = scored.value, text
            found.concluded_by, found.concluded_at = actor, now
    found.stage = step.target
    _save(found, step.action, actor=actor, now=now)
    notices.settle("assessment", found.uuid, now=now)
    _tell_of(found, step, text, actor=actor, now=now)
    return found


def problems_of(assessment: Assessment) -> list[Violation]:
    """Return what keeps an assessment from being sent: items without a verdict, a number, a
    reason for not applying."""
    answers = {one.item_id: one for one in assessment.answers.all()}
    found = []
    for place, item in enumerate(assessment.round.items.all(), 1):
        answer = answers.get(item.pk)
        if answer is None or not answer.verdict:
            found.append(
                Violation("no_verdict", _("Nội dung %d chưa tự đánh giá.") % place, row=place)
            )
        elif answer.verdict == Verdict.NOT_APPLICABLE:
            if not answer.remark:
                words = _("Nội dung %d: chưa ghi vì sao không áp dụng.") % place
                found.append(Violation("no_reason_given", words, row=place))
        elif item.number_label and answer.number is None:
            found.append(
                Violation("no_number", _("Nội dung %d: chưa ghi số liệu.") % place, row=place)
            )
    return found


def _lock(assessment: Assessment, *, actor: User, version: int) -> Assessment:
    """Return the assessment locked. Raises DoesNotExist, or Refused."""
    rows = Assessment.objects.visible_to(actor).select_related("round__office", "agency__office")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=assessment.pk)
    if found.version != version:
        raise _moved_on()
    return found


def _moved_on() -> Refused:
    return refuse(
        "assessment_has_changed",
        _("Bản tự đánh giá vừa được người khác sửa hoặc đã ở bước khác."),
        way_out=_("Xem lại bản mới nhất dưới đây rồi làm tiếp."),
    )


def _must_be_open(assessment: Assessment) -> None:
    if assessment.round.closed_at is not None:
        raise refuse("round_is_over", _("Đợt kiểm tra đã kết thúc."), way_out=_("Liên hệ Sở."))


def _is_barred(assessment: Assessment, step: AssessmentStep, user: User) -> bool:
    return EDITING in step.barred_by and any(
        user.is_same_person_as(editor) for editor in assessment.edited_by.all()
    )


def _save(assessment: Assessment, action: str, *, actor: User, now: datetime) -> None:
    assessment.version += 1
    assessment.updated_at = now
    assessment.save()
    done = act(
        f"assessment.{action}",
        "assessment",
        assessment.uuid,
        agency=assessment.agency,
        office=assessment.round.office,
        score=str(assessment.score) if assessment.score is not None else None,
    )
    audit.record(done, actor=actor, now=now)


def _tell_of(
    assessment: Assessment, step: AssessmentStep, text: str, *, actor: User, now: datetime
) -> None:
    """Tell whom it waits for now; of a conclusion the body."""
    of = assessment.round
    capability, agency_id = {
        AssessmentStage.AWAITING_HEAD: (Capability.SIGN_REPORTS, assessment.agency_id),
        AssessmentStage.SENT: (Capability.INSPECT, of.office_id),
    }.get(AssessmentStage(step.target), (Capability.REPORT, assessment.agency_id))
    if step.action == AssessmentAction.TAKE_BACK:
        return
    people = people_of(agency_id, capability).exclude(pk=actor.pk)
    title = f"{AssessmentStage(step.target).label}: {assessment.agency.name} – {of.title}"
    if assessment.score is not None:
        text = _("Điểm: %(score)s. %(text)s") % {
            "score": in_words(assessment.score),
            "text": text,
        }
    notices.tell(
        people,
        cause=f"assessment:{assessment.pk}:{assessment.version}",
        title=Truncator(title).chars(_LONGEST_TITLE),
        text=text,
        path=reverse("inspection:assessment", args=[assessment.uuid]),
        target_type="assessment",
        target_uuid=assessment.uuid,
        asks=step.action != AssessmentAction.CONCLUDE,
        now=now,
    )
