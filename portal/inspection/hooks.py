"""What of inspections other apps' pages show: the work list, the search box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.core.roles import Capability
from portal.core.web import waiting
from portal.core.web.paging import capped_count
from portal.core.web.waiting import Waiting
from portal.inspection.models import (
    Assessment,
    ConductProposal,
    InspectionFinding,
    InspectionRound,
    InspectionVisit,
)
from portal.inspection.workflow import WRITABLE, AssessmentStage, FindingState
from portal.search.finders import Finder, Hit, detail, list_with, register

if TYPE_CHECKING:
    from portal.accounts.models import User

_NAMED = 5


def waiting_of(user: User) -> Iterator[Waiting]:
    """Return what waits for ``user``: to be assessed, sent, judged, answered, looked at, signed."""
    if user.can(Capability.INSPECT):
        sent = Assessment.objects.visible_to(user).filter(
            stage=AssessmentStage.SENT, round__closed_at__isnull=True
        )
        rounds = sent.order_by("round__due_on", "round").values_list("round__uuid", "round__title")
        for uuid, title, count in rounds.annotate(Count("pk"))[:_NAMED]:
            path = f"{reverse('inspection:round', args=[uuid])}?stage={AssessmentStage.SENT}"
            words = _("bản tự đánh giá chờ Sở đánh giá: %s") % title
            yield Waiting(count, words, _("Xem và đánh giá"), path)
        answered = InspectionFinding.objects.visible_to(user).filter(state=FindingState.ANSWERED)
        if count := capped_count(answered):
            path = f"{reverse('inspection:findings')}?state={FindingState.ANSWERED}"
            yield Waiting(count, _("kiến nghị kiểm tra đã có báo cáo"), _("Xem và xác nhận"), path)
    elif user.can(Capability.REPORT):
        yield from _assessments(user, WRITABLE, _("Tự đánh giá"))
        open_ones = InspectionFinding.objects.visible_to(user).filter(state=FindingState.OPEN)
        if count := capped_count(open_ones):
            path = f"{reverse('inspection:findings')}?state={FindingState.OPEN}"
            words = _("kiến nghị kiểm tra phải báo cáo kết quả")
            yield Waiting(count, words, _("Xem và báo cáo"), path)
    elif user.can(Capability.SIGN_REPORTS):
        yield from _assessments(user, [AssessmentStage.AWAITING_HEAD], _("Xem và gửi"))
    if user.can(Capability.INSPECT) or user.can(Capability.SIGN_REPORTS):
        unsigned = InspectionVisit.objects.visible_to(user).waiting_for(user)
        for visit in unsigned.select_related("assessment__agency").order_by("updated_at")[:_NAMED]:
            words = f"{visit.get_stage_display()}: {visit.title}"
            path = reverse("inspection:visit", args=[visit.uuid])
            yield Waiting(None, words, _("Xem biên bản"), path)
        proposals = ConductProposal.objects.visible_to(user).undecided()
        if count := capped_count(proposals.exclude(proposed_by=user)):
            words = _("đề nghị khen thưởng, kỷ luật chờ kết luận")
            path = f"{reverse('inspection:proposals')}?state=undecided"
            yield Waiting(None, f"{count} {words}", _("Xem đề nghị"), path)


def _assessments(user: User, stages: Iterable[str], go: str) -> Iterator[Waiting]:
    unanswered = Assessment.objects.visible_to(user).filter(
        stage__in=stages, round__closed_at__isnull=True
    )
    for one in unanswered.select_related("round").order_by("round__due_on", "pk")[:_NAMED]:
        words = _("%(title)s: tự đánh giá trước %(day)s") % {
            "title": one.round.title,
            "day": f"{one.round.due_on:%d/%m/%Y}",
        }
        yield Waiting(None, words, go, reverse("inspection:assessment", args=[one.uuid]))


def _rounds(user: User, typed: str, most: int) -> list[Hit]:
    found = InspectionRound.objects.visible_to(user).found_by(typed)
    return [
        Hit(one.title, str(one.year), reverse("inspection:round", args=[one.uuid]))
        for one in found.order_by("-opened_at", "-pk")[:most]
    ]


def _findings(user: User, typed: str, most: int) -> list[Hit]:
    found = InspectionFinding.objects.visible_to(user).found_by(typed).select_related("agency")
    return [
        Hit(
            one.title,
            detail(one.agency.name, str(one.get_state_display())),
            reverse("inspection:finding", args=[one.uuid]),
        )
        for one in found.order_by("-opened_at", "-pk")[:most]
    ]


register(
    Finder(
        place=65,
        label=gettext_lazy("Đợt kiểm tra"),
        icon="clipboard-check",
        find=_rounds,
        listed=list_with("inspection:list"),
    )
)
register(
    Finder(
        place=66,
        label=gettext_lazy("Kiến nghị kiểm tra"),
        icon="clipboard-list",
        find=_findings,
        listed=list_with("inspection:findings"),
    )
)


waiting.find_in(waiting_of)
