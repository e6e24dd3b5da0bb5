"""Several offices in one reorganisation: asked, joined, and each agreeing to the plan.

The leading office describes and approves; an office that has joined describes along with it, and
nothing is approved that it has not agreed to (decision 0020).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from orgmerge.acts import merger_act
from orgmerge.approval.readiness import present_plan
from orgmerge.approval.services import has_worked_on
from orgmerge.description.implied_rows import imply
from orgmerge.edits import lock_merger, touch
from orgmerge.models import Merger, MergerOffice, Plan
from orgmerge.vocabulary import MergerState
from orgmerge.workflow import EDITABLE
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind
from portal.agencies.querysets import AgencyQuerySet
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.notices import services as notices
from requests_app.errors import Barred, NotEditable, StaleVersion

_LONGEST_TITLE = 250


@transaction.atomic
def ask_office(
    merger: Merger, office: Agency, *, actor: User, now: datetime, version: int
) -> MergerOffice:
    """Ask another office to join, again if it declined. Raises as ``lock_merger``, or Refused.

    The description stays as it is, and so does a plan made of it.
    """
    locked = lock_merger(merger, actor=actor, version=version)
    if not locked.is_led_by(actor):
        raise PermissionDenied("the leading office asks others")
    if not (
        offices_to_ask(locked, actor=actor, today=timezone.localdate(now))
        .filter(pk=office.pk)
        .exists()
    ):
        name = {"name": office.name}
        if office.pk in {*locked.office_ids(), *actor.body_ids}:
            raise refuse("office_is_there", _("%(name)s đã cùng lập phương án này.") % name)
        if locked.joint_offices.filter(office=office).exists():
            raise refuse(
                "office_is_asked",
                _("%(name)s đã được mời.") % name,
                way_out=_("Chờ trả lời; lời mời đang hiện ở trang Sáp nhập của đơn vị ấy."),
            )
        raise refuse(
            "not_an_office", _("%(name)s không phải Sở, Cục theo dõi đang hoạt động.") % name
        )
    return _ask(locked, office, actor=actor, now=now)


def ask_partners_of(ended: Merger, merger: Merger, *, actor: User, now: datetime) -> None:
    """Ask into ``merger``, which repeals ``ended``, every office that worked on that one and still
    exists; in the caller's transaction."""
    partners = Agency.objects.filter(pk__in=ended.office_ids()).exclude(pk__in=actor.body_ids)
    for office in partners.existing(timezone.localdate(now)):
        _ask(merger, office, actor=actor, now=now)


def offices_to_ask(merger: Merger, *, actor: User, today: date) -> AgencyQuerySet:
    """Return the offices that can be asked: neither there nor with a question that waits."""
    waiting = merger.joint_offices.filter(joined_at__isnull=True, objection="")
    offices = Agency.objects.existing(today).filter(kind=AgencyKind.OFFICE)
    there = [*merger.office_ids(), *actor.body_ids]
    return offices.exclude(pk__in=there).exclude(pk__in=waiting.order_by().values("office"))


@transaction.atomic
def join(asked: MergerOffice, *, actor: User, now: datetime) -> MergerOffice:
    """Join: the office's bodies can be described from now on.

    Raises MergerOffice.DoesNotExist (not theirs), PermissionDenied or NotEditable.
    """
    locked = _lock_asked(asked, actor=actor)
    locked.joined_by, locked.joined_at = actor, now
    _record_answer(locked, None, actor=actor, now=now)
    imply(locked.merger)  # its bodies follow from rows that stand already
    _tell_the_leader(locked, "joined", _("%(office)s đã nhận lời: %(title)s"), now=now)
    touch(locked.merger, "merger.join", actor=actor, now=now, office=locked.office.name)
    return locked


@transaction.atomic
def decline(asked: MergerOffice, *, actor: User, now: datetime, reason: str) -> MergerOffice:
    """Say no, and why; the leading office may ask again. Raises as ``join``, or Refused."""
    locked = _lock_asked(asked, actor=actor)
    _record_answer(locked, None, actor=actor, now=now, objection=_reason(reason))
    _tell_the_leader(locked, "declined", _("%(office)s không nhận lời: %(title)s"), now=now)
    _record("merger.decline", locked, actor=actor, now=now)
    return locked


@transaction.atomic
def leave(asked: MergerOffice, *, actor: User, now: datetime, version: int) -> None:
    """Let an office leave, or take the question back; none of its bodies may be described.

    An officer of the leading office may, and one of its own. Raises MergerOffice.DoesNotExist, as
    ``lock_merger``, or Refused.
    """
    merger = lock_merger(asked.merger, actor=actor, version=version)
    found = merger.joint_offices.select_related("office").select_for_update(
        of=("self",), no_key=True
    )
    locked = found.get(pk=asked.pk)
    locked.merger = merger
    if not may_leave(locked, actor):
        raise PermissionDenied("the leading office or the office itself ends it")
    bodies = Agency.objects.filter(Q(office=locked.office_id) | Q(pk=locked.office_id))
    theirs = bodies.order_by().values("pk")
    said = locked.merger.shares.filter(is_implied=False)
    if said.filter(Q(old__in=theirs) | Q(new__agency__in=theirs)).exists():
        raise refuse(
            "office_has_bodies",
            _("%(office)s còn đơn vị trong phương án.") % {"office": locked.office.name},
            way_out=_("Bỏ các dòng của những đơn vị ấy trước."),
        )
    locked.delete()
    # Tell the other side: nobody is asked any more, or works along.
    if locked.merger.is_led_by(actor):
        title = _("Không còn mời %(office)s cùng lập phương án: %(title)s")
        _tell([locked.office_id], locked, "ended", title, path=reverse("orgmerge:list"), now=now)
    else:
        _tell_the_leader(locked, "left", _("%(office)s thôi cùng lập: %(title)s"), now=now)
    if locked.joined_at is None:
        _record("merger.part", locked, actor=actor, now=now)
        return
    imply(merger)
    touch(merger, "merger.part", actor=actor, now=now, office=locked.office.name)


def may_leave(asked: MergerOffice, user: User) -> bool:
    """Say whether ``user`` may end what ``asked`` is about; who has not joined says no instead."""
    if not user.can(Capability.PREPARE_REORGANISATIONS) or asked.merger.state not in EDITABLE:
        return False
    has_joined = asked.joined_at is not None and asked.office_id in user.body_ids
    return has_joined or asked.merger.is_led_by(user)


@transaction.atomic
def agree(asked: MergerOffice, *, actor: User, now: datetime, plan_number: int) -> MergerOffice:
    """Agree, as the head of an office that has joined, to the plan that waits for approval.

    ``plan_number`` is the plan they have read. Raises MergerOffice.DoesNotExist, PermissionDenied,
    NotEditable, Barred (four eyes), StaleVersion (another plan) or Refused.
    """
    locked, plan = _lock_for_answer(asked, actor=actor, plan_number=plan_number)
    if locked.has_agreed and locked.answered_plan_id == plan.pk:
        raise refuse("already_agreed", _("Đơn vị anh/chị đã đồng ý kế hoạch xử lý này."))
    _record_answer(locked, plan, actor=actor, now=now)
    _tell_the_leader(locked, "agreed", _("%(office)s đồng ý kế hoạch xử lý: %(title)s"), now=now)
    _record("merger.agree", locked, actor=actor, now=now, plan=plan.number)
    return locked


@transaction.atomic
def disagree(
    asked: MergerOffice, *, actor: User, now: datetime, plan_number: int, reason: str
) -> MergerOffice:
    """Say why not; an agreement given before is no more. Raises as ``agree``."""
    locked, plan = _lock_for_answer(asked, actor=actor, plan_number=plan_number)
    _record_answer(locked, plan, actor=actor, now=now, objection=_reason(reason))
    title = _("%(office)s chưa đồng ý kế hoạch xử lý: %(title)s")
    _tell_the_leader(locked, "disagreed", title, now=now)
    _record("merger.disagree", locked, actor=actor, now=now, plan=plan.number)
    return locked


def _ask(merger: Merger, office: Agency, *, actor: User, now: datetime) -> MergerOffice:
    """Ask in a locked reorganisation, taking the place of a question that was declined."""
    asked = merger.joint_offices.filter(office=office).first()
    asked = asked or MergerOffice(merger=merger, office=office)
    asked.asked_by, asked.asked_at = actor, now
    asked.answered_by, asked.answered_at, asked.objection = None, None, ""
    asked.save()
    title = _("Mời cùng lập phương án sắp xếp: %(title)s")
    path = reverse("orgmerge:invitation", args=[asked.uuid])
    _tell([office.pk], asked, "asked", title, path=path, now=now)
    _record("merger.ask_office", asked, actor=actor, now=now)
    return asked


def _lock_asked(asked: MergerOffice, *, actor: User) -> MergerOffice:
    """Return a question to the actor's office that waits, its reorganisation locked before it."""
    locked = _lock(asked, actor=actor)
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("an officer of the office that was asked answers")
    if locked.merger.state not in EDITABLE or locked.joined_at is not None:
        raise NotEditable(locked.merger.state)
    return locked


def _lock_for_answer(
    asked: MergerOffice, *, actor: User, plan_number: int
) -> tuple[MergerOffice, Plan]:
    """Return an office that has joined, and the plan its head has read and speaks of."""
    locked = _lock(asked, actor=actor)
    if not actor.can(Capability.APPROVE_REORGANISATIONS):
        raise PermissionDenied("the head of an office that joined agrees")
    plan = present_plan(locked.merger)
    is_awaited = locked.merger.state == MergerState.AWAITING_APPROVAL
    if not is_awaited or plan is None or locked.joined_at is None:
        raise NotEditable(locked.merger.state)
    if has_worked_on(locked.merger, actor):
        raise Barred("agree")
    if plan.number != plan_number:
        raise StaleVersion(seen=plan_number, current=plan.number)
    return locked, plan


def _lock(asked: MergerOffice, *, actor: User) -> MergerOffice:
    theirs = MergerOffice.objects.visible_to(actor).filter(office__in=actor.body_ids)
    merger_pk = theirs.values_list("merger", flat=True).get(pk=asked.pk)
    merger = Merger.objects.select_for_update(of=("self",), no_key=True).select_related("office")
    found = theirs.select_for_update(of=("self",), no_key=True).select_related("office")
    locked_merger = merger.get(pk=merger_pk)
    locked = found.get(pk=asked.pk)
    locked.merger = locked_merger
    return locked


def _record_answer(
    locked: MergerOffice, plan: Plan | None, *, actor: User, now: datetime, objection: str = ""
) -> None:
    """Keep the last word of an office, about joining (no plan) or about a plan."""
    locked.answered_plan, locked.answered_by, locked.answered_at = plan, actor, now
    locked.objection = objection
    locked.save()


def _reason(typed: str) -> str:
    if not typed.strip():
        raise refuse("no_reason", _("Phải nêu rõ lý do."), way_out=_("Ghi lý do rồi làm lại."))
    return typed.strip()


def _record(
    action: str, asked: MergerOffice, *, actor: User, now: datetime, **data: object
) -> None:
    act = merger_act(action, asked.merger, office=asked.office.name, **data)
    audit.record(act, actor=actor, now=now)


def _tell_the_leader(asked: MergerOffice, what: str, title: str, *, now: datetime) -> None:
    path = reverse("orgmerge:detail", args=[asked.merger.uuid])
    leader = [asked.merger.office_id]
    _tell(leader, asked, what, title, text=asked.objection, path=path, now=now)


def _tell(
    offices: Collection[int],
    asked: MergerOffice,
    what: str,
    title: str,
    *,
    path: str,
    text: str = "",
    now: datetime,
) -> None:
    """Tell the people of some offices; ``what`` happens again and again, so the moment is part of
    the cause."""
    words = {"office": asked.office.name, "title": asked.merger.title}
    notices.tell(
        User.objects.of_offices(offices),
        cause=f"merger:{asked.merger_id}:office:{asked.office_id}:{what}:{now.isoformat()}",
        title=Truncator(title % words).chars(_LONGEST_TITLE),
        text=text,
        path=path,
        target_type="merger",
        target_uuid=asked.merger.uuid,
        now=now,
    )
