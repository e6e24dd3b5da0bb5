"""Planning a visit, writing its minutes, and what they look like; they go as letters go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import SignedPaper
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.roles import Capability
from portal.core.rules import Violation, refuse
from portal.core.text.names import in_proper_letters
from portal.documents.letters import Letter, Party, filing_line
from portal.inspection.acts import visit_act
from portal.inspection.models import Assessment, InspectionVisit
from portal.inspection.rounds.services import is_inspector, people_of
from portal.inspection.scoring import Verdict
from portal.notices import services as notices
from portal.support.questions.texts import as_kept
from requests_app.kinds.base import OWN_DESIGN
from requests_app.own_letters.steps import LetterKind
from requests_app.paper_workflow import PAPER_STEPS, PaperAction, PaperStage
from requests_app.submission.settlement import version_in_force
from requests_app.submission.signers import block_of, signer_on

REMINDED_BEFORE = timedelta(days=3)  # of a visit, the body and the office (our own)
_LONGEST_TITLE = 250
_COLUMNS = (
    ("TT", "6%", ""),
    ("Nội dung", "", ""),
    ("Đơn vị tự đánh giá", "17%", ""),
    ("Đoàn kiểm tra đánh giá", "17%", ""),
    ("Ghi chú", "24%", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """What is typed of a visit that was held."""

    held_on: date | None
    members: str
    met_with: str
    found: str


@transaction.atomic
def plan(
    assessment: Assessment, planned_on: date, members: str, *, actor: User, now: datetime
) -> InspectionVisit:
    """Say on which day who comes, and tell the body.

    Raises DoesNotExist, PermissionDenied, or Refused where the round is over.
    """
    refuse_look_only(actor, now=now)
    rows = Assessment.objects.visible_to(actor).select_related("round__office", "agency")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=assessment.pk)
    if not is_inspector(found.round, actor):
        raise PermissionDenied("only the office visits")
    if found.round.closed_at is not None:
        raise refuse("round_is_over", _("Đợt kiểm tra đã kết thúc."), way_out=_("Mở đợt khác."))
    made = InspectionVisit.objects.create(
        office=found.round.office,
        assessment=found,
        planned_on=planned_on,
        members=as_kept(members),
        made_by=actor,
        made_at=now,
        updated_at=now,
    )
    made.edited_by.add(actor)
    _tell_body(made, _("Lịch kiểm tra ngày %s") % f"{planned_on:%d/%m/%Y}", "planned", now=now)
    audit.record(visit_act("visit.plan", made), actor=actor, now=now)
    return made


@transaction.atomic
def write(
    visit: InspectionVisit,
    planned_on: date,
    minutes: Minutes,
    *,
    version: int,
    actor: User,
    now: datetime,
) -> InspectionVisit:
    """Keep what is typed of a visit; a day put off is told. Raises as ``LetterKind.lock``."""
    found = VISITS.lock(visit, actor=actor, version=version, stage=PaperStage.DRAFT)
    is_put_off = found.planned_on != planned_on and minutes.held_on is None
    found.planned_on, found.held_on = planned_on, minutes.held_on
    found.members, found.met_with = as_kept(minutes.members), as_kept(minutes.met_with)
    found.found = as_kept(minutes.found)
    VISITS.touch(found, "edit", actor=actor, now=now)
    if is_put_off:
        title = _("Lịch kiểm tra đổi sang ngày %s") % f"{planned_on:%d/%m/%Y}"
        _tell_body(found, title, f"planned:{planned_on}", now=now)
    return found


def remind_of_visits(*, now: datetime) -> int:
    """Tell the bodies and the office of visits near, once for each day; return how many rows."""
    today = timezone.localdate(now)
    near = InspectionVisit.objects.planned().filter(
        planned_on__gte=today, planned_on__lte=today + REMINDED_BEFORE
    )
    told = 0
    for visit in near.select_related("assessment__agency", "assessment__round", "office"):
        title = _("Sắp kiểm tra, ngày %s") % f"{visit.planned_on:%d/%m/%Y}"
        with transaction.atomic():
            told += _tell_body(visit, title, f"soon:{visit.planned_on}", is_office=True, now=now)
    return told


def _tell_body(
    visit: InspectionVisit, title: str, cause: str, *, is_office: bool = False, now: datetime
) -> int:
    agency = visit.assessment.agency
    people = [*people_of(agency.pk, Capability.REPORT, Capability.SIGN_REPORTS)]
    if is_office:
        people += people_of(visit.office_id, Capability.INSPECT)
    return notices.tell(
        people,
        cause=f"inspection-visit:{visit.pk}:{cause}",
        title=Truncator(f"{title}: {agency.name}").chars(_LONGEST_TITLE),
        text=_("Đoàn kiểm tra: %s") % visit.members,
        path=reverse("inspection:assessment", args=[visit.assessment.uuid]),
        target_type="inspection_visit",
        target_uuid=visit.uuid,
        now=now,
    )


def letter_of(visit: InspectionVisit, *, now: datetime) -> Letter:
    """Return the minutes as they would be printed now."""
    version = version_in_force(visit.office_id, timezone.localdate(now))
    of, body = visit.assessment.round, visit.assessment.agency
    on = timezone.localdate(now)
    signer = signer_on(visit.office_id, SignedPaper.OTHER, chosen=visit.signer, on=on)
    block = block_of(visit.office, version, signer, heads=Capability.SIGN_REPORTS)
    held = f"{visit.held_on:%d/%m/%Y}" if visit.held_on else "…"
    office, visited = in_proper_letters(version.name), in_proper_letters(body.name)
    opening = [
        (
            f"Thực hiện {of.basis or of.title}, ngày {held}, {office} kiểm tra việc quản lý, sử "
            f"dụng chữ ký số chuyên dùng công vụ tại {visited}."
        ),
        f"Đoàn kiểm tra: {_one_line(visit.members)}.",
        f"Đại diện đơn vị được kiểm tra: {_one_line(visit.met_with) or '…'}.",
        "Kết quả kiểm tra:",
        *[line for line in visit.found.splitlines() if line],
        *(
            f"Kiến nghị {place}: {one.title}; hạn thực hiện {one.due_on:%d/%m/%Y}."
            for place, one in enumerate(visit.findings.order_by("pk"), 1)
        ),
    ]
    answers = {one.item_id: one for one in visit.assessment.answers.all()}
    labels = {verdict.value: str(verdict.label) for verdict in Verdict}
    rows = []
    for place, item in enumerate(of.items.all(), 1):
        answer = answers.get(item.pk)
        own = labels.get(answer.verdict, "") if answer else ""
        office = labels.get(answer.agreed, "") if answer else ""
        remark = (answer.office_remark or answer.remark) if answer else ""
        rows.append([str(place), item.title, own, office, remark])
    return Letter(
        superior=version.superior,
        agency=version.name,
        number=visit.letter_number,
        place=version.place,
        day=visit.letter_date,
        kind_of_document="Biên bản",
        subject="Kiểm tra việc quản lý, sử dụng chữ ký số chuyên dùng công vụ",
        opening=opening,
        list_title="Đánh giá từng nội dung",
        columns=_COLUMNS,
        rows=rows,
        closing="Biên bản đã được các bên đọc lại, thống nhất và ký xác nhận./.",
        recipients=[f"{in_proper_letters(body.name)};", filing_line(visit.letter_number)],
        parties=[
            Party("ĐƠN VỊ ĐƯỢC KIỂM TRA"),
            Party(
                "CƠ QUAN KIỂM TRA",
                block.lines,
                block.name,
                is_issuer=True,
            ),
        ],
        layout_note=OWN_DESIGN,
    )


def _one_line(text: str) -> str:
    return "; ".join(line.strip().rstrip(".;") for line in text.splitlines() if line.strip())


def _problems(visit: InspectionVisit, action: str) -> list[Violation | None]:
    if action != PaperAction.REQUEST_SIGNATURE:
        return []
    is_held = visit.held_on is not None
    return [
        None
        if is_held
        else Violation(
            "not_held", _("Chưa ghi ngày kiểm tra."), way_out=_("Ghi ngày đã kiểm tra.")
        ),
        None
        if visit.found
        else Violation(
            "nothing_found", _("Chưa ghi kết quả kiểm tra."), way_out=_("Ghi kết quả kiểm tra.")
        ),
        None
        if visit.met_with
        else Violation(
            "nobody_met",
            _("Chưa ghi đại diện đơn vị được kiểm tra."),
            way_out=_("Ghi ai làm việc với đoàn."),
        ),
    ]


def _follow(visit: InspectionVisit, action: str, now: datetime) -> None:
    """The body is told of minutes that were issued, and of a visit that is called off."""
    if action == PaperAction.SEAL:
        _tell_body(visit, _("Đã phát hành biên bản kiểm tra"), "issued", now=now)
    elif action == PaperAction.CANCEL:
        _tell_body(visit, _("Không còn lịch kiểm tra"), "cancelled", now=now)


VISITS: LetterKind[InspectionVisit] = LetterKind(
    rows=InspectionVisit.objects.select_related("assessment__agency", "assessment__round"),
    steps=PAPER_STEPS,
    edits=Capability.INSPECT,
    code="visit",
    target_type="inspection_visit",
    act=visit_act,
    letter_of=lambda visit, now: letter_of(visit, now=now),
    file_name=lambda visit: f"BB-kiem-tra-{visit.letter_number.replace('/', '-')}.pdf",
    named=lambda visit: (visit.title, reverse("inspection:visit", args=[visit.uuid])),
    problems=_problems,
    follow=_follow,
)
