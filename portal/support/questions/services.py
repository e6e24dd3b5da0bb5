"""Asking the desk, and every step of a question; whoever it waits for next is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind
from portal.audit import services as audit
from portal.core.roles import Capability, Scope
from portal.core.rules import refuse
from portal.core.web.waiting import Waiting
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.documents import services as documents
from portal.notices import services as notices
from portal.search.finders import Finder, Hit, detail, list_with, register
from portal.search.words import fold
from portal.support.acts import question_act
from portal.support.models import Entry, EntryFile, Question
from portal.support.questions import clocks
from portal.support.questions.about import About
from portal.support.questions.texts import as_kept
from portal.support.workflow import HAS_OFFICE, STEPS, Action, Desk, Part, QuestionStep, State
from requests_app.drafts.prefilled import start_dossier
from requests_app.mandates.drafting import sender_for
from requests_app.models import Dossier
from requests_app.start_page.offers import RECOVER, Offer, offers_for_device

_FEWEST_LETTERS = 3  # before subjects are looked through
Uploads: TypeAlias = "Sequence[UploadedFile[Any]]"


@dataclass(frozen=True, slots=True)
class Wording:
    """What is asked, as it will be kept and shown: identity numbers masked."""

    category: str
    subject: str
    text: str


def register_finders() -> None:
    """Let one's own questions, or one's body's, be found by the words of their subject."""
    register(
        Finder(
            place=71,
            label=gettext_lazy("Câu hỏi hỗ trợ"),
            icon="life-buoy",
            find=_own_questions,
            listed=list_with("support:index"),
        )
    )


def _own_questions(user: User, typed: str, most: int) -> list[Hit]:
    if len(fold(typed)) < _FEWEST_LETTERS:
        return []
    own = Question.objects.asked_on_behalf_of(user).found_by(typed)
    return [
        Hit(
            title=one.subject,
            detail=detail(f"{timezone.localdate(one.asked_at):%d/%m/%Y}", one.get_state_display()),
            url=reverse("support:question", args=[one.uuid]),
        )
        for one in own.order_by("-asked_at", "-pk")[:most]
    ]


def part_of(question: Question, user: User) -> Part | None:
    """Return what ``user``, who sees the question, has to do with it."""
    is_own_body = user.scope is Scope.BODY and question.agency_id in user.body_ids
    if question.asked_by_id == user.pk or is_own_body:
        return Part.ASKER
    if user.can(Capability.ANSWER_QUESTIONS):
        return Part.CA_DESK if user.scope is Scope.CA else Part.OFFICE_DESK
    return None


def steps_of(question: Question, user: User) -> list[QuestionStep]:
    """Return the steps ``user`` may take now, in the order of the table."""
    if user.looks_only or (part := part_of(question, user)) is None:
        return []
    steps = STEPS.open_to(part, state=question.state, route=question.desk)
    return [step for step in steps if step.needs != HAS_OFFICE or question.office_id]


def waiting_of(user: User) -> Iterator[Waiting]:
    """Say how many questions wait for the desk's answer, or for the asker's word on one."""
    if user.can(Capability.ANSWER_QUESTIONS):
        if count := Question.objects.waiting_for(user).count():
            path = f"{reverse('support:desk')}?state=waiting"
            yield Waiting(count, _("câu hỏi hỗ trợ chờ trả lời"), _("Trả lời"), path)
        return
    answered = Question.objects.asked_on_behalf_of(user).filter(state=State.ANSWERED)
    if count := answered.count():
        path = f"{reverse('support:index')}?state=answered"
        yield Waiting(count, _("câu hỏi hỗ trợ đã có trả lời"), _("Xem trả lời"), path)


@transaction.atomic
def ask(
    wording: Wording, *, about: About, files: Uploads = (), actor: User, now: datetime
) -> Question:
    """Put a question to the desk of the actor's office, without one to the CA's, and return it.

    Raises Refused (a file).
    """
    body = actor.agency
    office = body if body.kind == AgencyKind.OFFICE else body.office
    subject = as_kept(wording.subject)
    question = Question(
        category=wording.category,
        subject=subject,
        text=as_kept(wording.text),
        search_text=fold(subject),
        page=about.page,
        dossier=about.dossier,
        certificate=about.certificate,
        device=about.device,
        asked_by=actor,
        agency=body,
        office=office,
        asked_at=now,
        desk=Desk.OFFICE if office else Desk.CA,
        reached_ca_at=None if office else now,
    )
    desk = _desk_of(question)
    clocks.start(question, desk, now=now)
    question.save()
    _enter(question, Entry.Kind.ASK, "", files=files, by=actor, now=now)
    _tell_desk(question, desk, _("Câu hỏi mới: %s"), now=now)
    audit.record(question_act("question.ask", question), actor=actor, now=now)
    return question


@transaction.atomic
def take_step(
    question: Question,
    action: str,
    *,
    text: str = "",
    article: str = "",
    rating: int | None = None,
    files: Uploads = (),
    actor: User,
    now: datetime,
    version: int,
) -> Question:
    """Move a question one step along and return it.

    Raises Question.DoesNotExist, IllegalStep or Refused (no words, somebody was quicker, a file).
    """
    seen = Question.objects.visible_to(actor)
    question = seen.select_for_update(of=("self",), no_key=True).get(pk=question.pk)
    part = part_of(question, actor)
    if question.version != version:
        raise refuse(
            "question_has_changed",
            _("Câu hỏi vừa có thay đổi."),
            way_out=_("Xem phần trao đổi mới nhất rồi bấm lại."),
        )
    step = STEPS.find(action, state=question.state, role=part or "", route=question.desk)
    if step.needs == HAS_OFFICE and question.office_id is None:
        raise refuse("no_office", _("Bên hỏi không thuộc Sở nào để chuyển lại."))
    text = as_kept(text)
    if step.needs_reason and not text:
        raise refuse("no_text", _("Chưa ghi nội dung."), way_out=_("Ghi nội dung rồi gửi."))
    _enter(question, step.action, text, article=article, files=files, by=actor, now=now)
    match step.action:
        case Action.HAND_OVER:
            question.desk, question.reached_ca_at = Desk.CA, question.reached_ca_at or now
        case Action.HAND_BACK:
            question.desk = Desk.OFFICE
        case Action.CLOSE:
            question.rating = rating
    question.state = step.target
    question.version += 1
    # The clock of the desk that is through with it stops, that of the one it waits for starts.
    if step.action == Action.ANSWER:
        deadlines.close(DeadlineKind.SUPPORT_ANSWER, question.uuid, now=now)
    elif step.action != Action.ADD:
        deadlines.cancel(DeadlineKind.SUPPORT_ANSWER, [question.uuid], now=now)
    if step.action != Action.ADD:
        if step.target == State.WAITING:
            clocks.start(question, _desk_of(question), now=now)
        else:
            question.due_at = None
    question.save()
    notices.settle("question", question.uuid, now=now)
    _tell_of(question, step, part, text, now=now)
    audit.record(question_act(f"question.{step.action}", question), actor=actor, now=now)
    return question


@transaction.atomic
def note(
    question: Question, text: str, *, files: Uploads = (), actor: User, now: datetime
) -> Entry:
    """Keep a word of one desk for the desks, which the side that asked never sees.

    Raises Question.DoesNotExist, PermissionDenied or Refused.
    """
    seen = Question.objects.visible_to(actor)
    question = seen.select_for_update(of=("self",), no_key=True).get(pk=question.pk)
    if part_of(question, actor) not in (Part.OFFICE_DESK, Part.CA_DESK):
        raise PermissionDenied("only a desk writes notes")
    if not (text := as_kept(text)):
        raise refuse("no_text", _("Chưa ghi nội dung."), way_out=_("Ghi nội dung rồi gửi."))
    entry = _enter(question, Entry.Kind.NOTE, text, files=files, by=actor, now=now)
    audit.record(question_act("question.note", question), actor=actor, now=now)
    return entry


def recovery_offer(question: Question, user: User, now: datetime) -> Offer | None:
    """Return the Mẫu 06 that ``user`` may draft for the device asked about, open or closed."""
    if question.device is None:
        return None
    offers = offers_for_device(question.device, user, now)
    return next((one for one in offers if one.code == RECOVER), None)


def draft_recovery(question: Question, *, actor: User, now: datetime) -> Dossier:
    """Open the Mẫu 06 of the device asked about and name it in the question.

    The caller has asked ``recovery_offer``. Raises as ``start_dossier`` does.
    """
    assert question.device is not None
    dossier = start_dossier(
        "mau_06_recover",
        actor=actor,
        now=now,
        devices=[question.device],
        agency=sender_for(actor, question.device.agency),
    )
    with transaction.atomic():
        locked = Question.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
        question = locked.get(pk=question.pk)
        question.recovery = dossier
        question.save(update_fields=["recovery"])
        _enter(question, Entry.Kind.RECOVER, "", by=actor, now=now)
        if part_of(question, actor) != Part.ASKER:  # the body's own clerk goes on with it
            notices.tell(
                User.objects.who_can(Capability.DRAFT, agency_id=dossier.agency_id),
                cause=f"question:{question.uuid}:recovery:{dossier.uuid}",
                title=_("Đội hỗ trợ đã soạn sẵn Mẫu 06: %s") % question.device,
                text=_("Kiểm tra, ghi số văn bản và trình ký."),
                path=reverse("requests_app:editor", args=[dossier.uuid]),
                target_type="dossier",
                target_uuid=dossier.uuid,
                now=now,
            )
        act = question_act("question.recover", question, dossier=str(dossier.uuid))
        audit.record(act, actor=actor, now=now)
    return dossier


def _enter(
    question: Question,
    kind: str,
    text: str,
    *,
    article: str = "",
    files: Uploads = (),
    by: User,
    now: datetime,
) -> Entry:
    entry = Entry.objects.create(
        question=question,
        kind=kind,
        text=text,
        article=article,
        is_internal=kind == Entry.Kind.NOTE,
        by=by,
        at=now,
    )
    for file in files:
        EntryFile.objects.create(entry=entry, document=documents.store_upload(file, now=now))
    return entry


def _desk_of(question: Question) -> Agency:
    """Return the body whose people answer now."""
    if question.desk == Desk.OFFICE:
        assert question.office is not None
        return question.office
    ca = Agency.objects.filter(kind=AgencyKind.CA, dissolved_on__isnull=True).first()
    if ca is None:
        raise refuse(
            "no_desk",
            _("Chưa có nơi tiếp nhận câu hỏi của đơn vị."),
            way_out=_("Liên hệ quản trị hệ thống."),
        )
    return ca


def _tell_of(
    question: Question, step: QuestionStep, part: Part | None, text: str, *, now: datetime
) -> None:
    if part is Part.ASKER:
        if step.target == State.WAITING:
            _tell_desk(question, _desk_of(question), _("Hỏi thêm: %s"), now=now)
        return
    if step.action != Action.ANSWER:
        _tell_desk(question, _desk_of(question), _("Câu hỏi được chuyển đến: %s"), now=now)
    title = _("Đã trả lời: %s") if step.action == Action.ANSWER else _("Đã chuyển tiếp: %s")
    _tell([question.asked_by], question, title, text=text, now=now)


def _tell_desk(question: Question, desk: Agency, title: str, *, now: datetime) -> None:
    people = User.objects.who_can(Capability.ANSWER_QUESTIONS, agency_id=desk.pk)
    text = f"{question.get_category_display()} – {question.agency.name}"
    _tell(people.exclude(pk=question.asked_by_id), question, title, text=text, now=now)


def _tell(
    people: Iterable[User], question: Question, title: str, *, text: str, now: datetime
) -> None:
    notices.tell(
        people,
        cause=f"question:{question.uuid}:{question.version}",
        title=title % question.subject,
        text=text,
        path=reverse("support:question", args=[question.uuid]),
        target_type="question",
        target_uuid=question.uuid,
        asks=True,
        now=now,
    )
