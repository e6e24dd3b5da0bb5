"""Keeping the checklist; opening a round, adding bodies to it, ending it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.accounts.querysets import UserQuerySet
from portal.agencies.models import Agency
from portal.agencies.querysets import AgencyQuerySet, heirs_of
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.roles import Capability, roles_that_can
from portal.core.rules import refuse
from portal.core.text.vietnamese import nfc
from portal.deadlines import services as deadlines
from portal.deadlines.models import Counts, DeadlineKind
from portal.deadlines.services import OwedUntil
from portal.inspection.acts import act
from portal.inspection.known import STANDARD
from portal.inspection.models import Assessment, ChecklistItem, InspectionRound, RoundItem
from portal.inspection.workflow import AssessmentStage
from portal.notices import services as notices
from portal.notices.services import Telling
from portal.search.words import fold

_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What is typed of one line of the checklist."""

    title: str
    basis: str
    points: int
    evidence: str
    number_label: str
    fact: str


@transaction.atomic
def add_item(facts: ItemFacts, *, actor: User, now: datetime) -> ChecklistItem:
    """Put a line at the end of the office's checklist. Raises PermissionDenied."""
    _must_inspect(actor)
    (made,) = _append([facts], actor=actor, now=now)
    return made


@transaction.atomic
def take_standard(*, actor: User, now: datetime) -> int:
    """Fill an empty checklist with what the portal offers; return how many lines came.

    Raises PermissionDenied, or Refused where the office has a checklist.
    """
    _must_inspect(actor)
    if checklist_of(actor.agency_id).exists():
        raise refuse(
            "checklist_not_empty",
            _("Danh mục đã có nội dung."),
            way_out=_("Sửa hoặc thêm từng nội dung."),
        )
    return len(_append([ItemFacts(**asdict(one)) for one in STANDARD], actor=actor, now=now))


def checklist_of(office: int) -> QuerySet[ChecklistItem]:
    """Return the lines of an office's checklist as it stands."""
    return ChecklistItem.objects.filter(office=office, retired_at__isnull=True)


@transaction.atomic
def edit_item(
    item: ChecklistItem, facts: ItemFacts, *, version: int, actor: User, now: datetime
) -> ChecklistItem:
    """Write a line anew; rounds that are open keep it as it was.

    Raises DoesNotExist, PermissionDenied, or Refused where somebody else was quicker.
    """
    found = _locked_item(item, actor=actor)
    if found.version != version:
        raise refuse(
            "item_has_changed",
            _("Nội dung này vừa được người khác sửa."),
            way_out=_("Xem lại nội dung mới rồi sửa tiếp."),
        )
    _fill(found, facts)
    found.version += 1
    found.updated_at = now
    found.save()
    audit.record(_item_act("edit", found), actor=actor, now=now)
    return found


@transaction.atomic
def retire_item(item: ChecklistItem, *, actor: User, now: datetime) -> None:
    """Leave a line out of rounds to come. Raises DoesNotExist or PermissionDenied."""
    found = _locked_item(item, actor=actor)
    if found.retired_at is None:
        found.retired_at = found.updated_at = now
        found.save(update_fields=["retired_at", "updated_at"])
        audit.record(_item_act("retire", found), actor=actor, now=now)


def _append(lines: Iterable[ItemFacts], *, actor: User, now: datetime) -> list[ChecklistItem]:
    theirs = ChecklistItem.objects.filter(office=actor.agency_id)
    last = theirs.aggregate(Max("position"))["position__max"] or 0
    made = []
    for place, facts in enumerate(lines, last + 1):
        item = ChecklistItem(office=actor.agency, position=place, updated_at=now)
        _fill(item, facts)
        item.save(force_insert=True)
        audit.record(_item_act("add", item), actor=actor, now=now)
        made.append(item)
    return made


def _fill(item: ChecklistItem, facts: ItemFacts) -> None:
    item.title, item.basis = nfc(facts.title), nfc(facts.basis)
    item.points, item.fact = facts.points, facts.fact
    item.evidence, item.number_label = nfc(facts.evidence), nfc(facts.number_label)


def _locked_item(item: ChecklistItem, *, actor: User) -> ChecklistItem:
    _must_inspect(actor)
    rows = checklist_of(actor.agency_id).select_related("office")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=item.pk)


def _item_act(name: str, item: ChecklistItem) -> audit.Act:
    return act(
        f"checklist.{name}",
        "checklist_item",
        item.uuid,
        agency=item.office,
        office=item.office,
        version=item.version,
    )


def _must_inspect(actor: User) -> None:
    if not actor.can(Capability.INSPECT):
        raise PermissionDenied("only an office inspects")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFacts:
    """What is typed to open a round."""

    title: str
    basis: str
    year: int
    due_on: date


def may_be_inspected(office: int, *, today: date) -> AgencyQuerySet:
    """Return the bodies with a seal that an office answers for."""
    return Agency.objects.existing(today).filter(has_seal=True, office=office)


@transaction.atomic
def open_round(
    facts: RoundFacts, bodies: Collection[Agency], *, actor: User, now: datetime
) -> InspectionRound:
    """Freeze the checklist, ask ``bodies`` to assess themselves, start their clocks, tell them.

    Raises PermissionDenied, or Refused without a checklist or without a body of the office's.
    """
    refuse_look_only(actor, now=now)
    _must_inspect(actor)
    lines = list(checklist_of(actor.agency_id))
    if not lines:
        raise refuse(
            "no_checklist",
            _("Sở chưa có danh mục nội dung kiểm tra."),
            way_out=_("Lập danh mục trước khi mở đợt."),
        )
    made = InspectionRound.objects.create(
        office=actor.agency,
        title=nfc(facts.title),
        search_text=fold(facts.title)[:200],
        basis=nfc(facts.basis),
        year=facts.year,
        due_on=facts.due_on,
        opened_by=actor,
        opened_at=now,
    )
    kept = ("position", "title", "basis", "points", "evidence", "number_label", "fact")
    RoundItem.objects.bulk_create(
        RoundItem(
            round=made,
            source=line,
            source_version=line.version,
            **{name: getattr(line, name) for name in kept},
        )
        for line in lines
    )
    count = _ask(made, bodies, now=now)
    audit.record(_round_act("open", made, bodies=count, items=len(lines)), actor=actor, now=now)
    return made


@transaction.atomic
def add_bodies(
    of: InspectionRound, bodies: Collection[Agency], *, actor: User, now: datetime
) -> int:
    """Ask more bodies; who stands in the round already is left. Return how many came.

    Raises DoesNotExist, PermissionDenied, or Refused where the round is over or no body is new.
    """
    found = lock_round(of, actor=actor)
    count = _ask(found, bodies, now=now)
    audit.record(_round_act("add_body", found, bodies=count), actor=actor, now=now)
    return count


def _ask(of: InspectionRound, bodies: Collection[Agency], *, now: datetime) -> int:
    today = timezone.localdate(now)
    there = of.assessments.order_by().values("agency")
    possible = may_be_inspected(of.office_id, today=today).exclude(pk__in=there)
    asked = list(possible.filter(pk__in=[one.pk for one in bodies]).order_by("pk"))
    if not asked:
        raise refuse(
            "no_body",
            _("Chưa chọn đơn vị nào, hoặc các đơn vị đã ở trong đợt."),
            way_out=_("Chọn đơn vị thuộc Sở, có con dấu riêng."),
        )
    made = Assessment.objects.bulk_create(
        [Assessment(round=of, agency=body, updated_at=now) for body in asked], batch_size=500
    )
    start_clocks(made, due_on=of.due_on, now=now)
    writers = User.objects.filter(
        agency__in=asked, role__in=roles_that_can(Capability.REPORT), is_active=True
    )
    uuid_of = {one.agency_id: one.uuid for one in made}
    notices.tell_many(
        [
            Telling(
                recipient_id=pk,
                cause=f"assessment:{uuid_of[body]}:asked",
                title=Truncator(
                    _("Tự đánh giá trước %(day)s: %(title)s")
                    % {"day": f"{of.due_on:%d/%m/%Y}", "title": of.title}
                ).chars(_LONGEST_TITLE),
                text=of.basis,
                path=reverse("inspection:assessment", args=[uuid_of[body]]),
                target_type="assessment",
                target_uuid=uuid_of[body],
                asks=True,
            )
            for pk, body in writers.order_by("pk").values_list("pk", "agency_id")
        ],
        now=now,
    )
    return len(made)


def start_clocks(assessments: Iterable[Assessment], *, due_on: date, now: datetime) -> None:
    """Let bodies owe their answers until the day is over."""
    deadlines.open_until(
        [
            (
                DeadlineKind.SELF_ASSESSMENT,
                OwedUntil(
                    agency=one.agency,
                    office=one.round.office,
                    target_uuid=one.uuid,
                    title=Truncator(_("Tự đánh giá – %s") % one.round.title).chars(_LONGEST_TITLE),
                    path=reverse("inspection:assessment", args=[one.uuid]),
                    received_on=timezone.localdate(now),
                    due_on=due_on,
                ),
            )
            for one in assessments
        ],
        target_type="assessment",
        counts=Counts.CALENDAR,
        now=now,
    )


@transaction.atomic
def close_round(of: InspectionRound, *, actor: User, now: datetime) -> None:
    """End a round: nobody sends or is asked any more; findings go on until they are done.

    Raises DoesNotExist, PermissionDenied, or Refused where it is over.
    """
    found = lock_round(of, actor=actor)
    found.closed_at = now
    found.save(update_fields=["closed_at"])
    silent = found.assessments.exclude(stage__in=[AssessmentStage.SENT, AssessmentStage.CONCLUDED])
    uuids = list(silent.order_by("pk").values_list("uuid", flat=True))
    deadlines.cancel(DeadlineKind.SELF_ASSESSMENT, uuids, now=now)
    notices.settle("assessment", *uuids, now=now)
    audit.record(_round_act("close", found, silent=len(uuids)), actor=actor, now=now)


def lock_round(of: InspectionRound, *, actor: User) -> InspectionRound:
    """Return a round that is open, locked, for who inspects in its office.

    Raises DoesNotExist, PermissionDenied, or Refused where it is over.
    """
    rows = InspectionRound.objects.visible_to(actor).select_related("office")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=of.pk)
    if not is_inspector(found, actor):
        raise PermissionDenied("a round is kept by the office that opened it")
    if found.closed_at is not None:
        raise refuse("round_is_over", _("Đợt kiểm tra đã kết thúc."), way_out=_("Mở đợt khác."))
    return found


def is_inspector(of: InspectionRound, user: User) -> bool:
    """Say whether ``user`` inspects in this round."""
    return user.can(Capability.INSPECT) and of.office_id in user.body_ids


def people_of(body: int, *capabilities: Capability) -> UserQuerySet:
    """Return whom to tell at a body, or at what it has become: who has one of ``capabilities``."""
    there = [body, *heirs_of(body)]
    roles = roles_that_can(*capabilities)
    return User.objects.filter(agency__in=there, role__in=roles, is_active=True)


def _round_act(name: str, of: InspectionRound, **data: object) -> audit.Act:
    facts = {"year": of.year, **data}
    return act(
        f"inspection.{name}",
        "inspection_round",
        of.uuid,
        agency=of.office,
        office=of.office,
        **facts,
    )
