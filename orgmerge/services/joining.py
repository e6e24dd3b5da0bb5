"""Several offices in one reorganisation: asked, joined, and each agreeing to the plan.

The leading office describes and approves; an office that has joined describes along with it, and
nothing is approved that it has not agreed to (decision 0020).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from orgmerge.models import Merger, MergerOffice, Plan
from orgmerge.services.common import lock_merger, merger_act, touch
from orgmerge.services.implying import imply
from orgmerge.services.readiness import present_plan
from orgmerge.services.steps import has_worked_on
from orgmerge.words import MergerState
from orgmerge.workflow import EDITABLE
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind
from portal.audit import services as audit
from portal.core.roles import Role
from portal.core.rules import refuse
from portal.notices import services as notices
from requests_app.services.errors import Barred, NotEditable

_LONGEST_TITLE = 250


@transaction.atomic
def ask_office(
    merger: Merger, office: Agency, *, actor: User, now: datetime, version: int
) -> MergerOffice:
    """Ask another office to join, again if it declined. Raises as ``lock_merger``, or Refused."""
    merger = _lock_led(merger, actor=actor, version=version)
    _check_askable(merger, office)
    asked, is_new = MergerOffice.objects.get_or_create(
        merger=merger, office=office, defaults={"asked_by": actor, "asked_at": now}
    )
    if not is_new:
        asked.asked_by, asked.asked_at, asked.objection = actor, now, ""
        asked.save(update_fields=["asked_by", "asked_at", "objection"])
    _tell(
        User.objects.of_offices([office.pk]),
        asked,
        f"asked:{asked.asked_at.isoformat()}",
        _("Mời cùng lập phương án sắp xếp: %(title)s"),
        path=reverse("orgmerge:invitation", args=[asked.uuid]),
        now=now,
    )
    touch(merger, "merger.ask_office", actor=actor, now=now, office=office.name)
    return asked


@transaction.atomic
def join(asked: MergerOffice, *, actor: User, now: datetime) -> MergerOffice:
    """Join: the office's bodies can be described from now on.

    Raises MergerOffice.DoesNotExist (not theirs), PermissionDenied or NotEditable.
    """
    locked = _lock_asked(asked, actor=actor)
    locked.joined_by, locked.joined_at, locked.objection = actor, now, ""
    locked.save(update_fields=["joined_by", "joined_at", "objection"])
    imply(locked.merger)  # its bodies follow from rows that stand already
    _tell_the_leader(locked, f"joined:{now.isoformat()}", _("%(office)s đã nhận lời"), now=now)
    touch(locked.merger, "merger.join", actor=actor, now=now, office=locked.office.name)
    return locked


@transaction.atomic
def decline(asked: MergerOffice, *, actor: User, now: datetime, reason: str) -> MergerOffice:
    """Say no, and why; the leading office may ask again. Raises as ``join``, or Refused."""
    locked = _lock_asked(asked, actor=actor)
    locked.objection = _reason(reason)
    locked.save(update_fields=["objection"])
    what = f"declined:{now.isoformat()}"
    _tell_the_leader(locked, what, _("%(office)s không nhận lời"), text=locked.objection, now=now)
    act = merger_act("merger.decline", locked.merger, office=locked.office.name)
    audit.record(act, actor=actor, now=now)
    return locked


@transaction.atomic
def part(asked: MergerOffice, *, actor: User, now: datetime, version: int) -> None:
    """Let an office leave, or take the question back; none of its bodies may be described.

    An officer of the leading office may, and one of its own. Raises MergerOffice.DoesNotExist, as
    ``lock_merger``, or Refused.
    """
    merger = lock_merger(asked.merger, actor=actor, version=version)
    locked = merger.joint_offices.select_for_update(of=("self",)).get(pk=asked.pk)
    if not merger.is_led_by(actor) and locked.office_id not in actor.body_ids:
        raise PermissionDenied("the leading office or the office itself ends it")
    theirs = Q(office=locked.office_id) | Q(pk=locked.office_id)
    bodies = Agency.objects.filter(theirs).order_by().values("pk")
    said = merger.shares.filter(is_implied=False).filter(
        Q(old__in=bodies) | Q(new__agency__in=bodies)
    )
    if said.exists():
        raise refuse(
            "office_has_bodies",
            _("%(office)s còn đơn vị trong phương án.") % {"office": locked.office.name},
            way_out=_("Bỏ các dòng của những đơn vị ấy trước."),
        )
    name = locked.office.name
    locked.delete()
    imply(merger)
    touch(merger, "merger.part", actor=actor, now=now, office=name)


@transaction.atomic
def agree(asked: MergerOffice, *, actor: User, now: datetime, plan_number: int) -> MergerOffice:
    """Agree, as the head of an office that has joined, to the plan that waits for approval.

    ``plan_number`` is the plan they have read. Raises MergerOffice.DoesNotExist, PermissionDenied,
    NotEditable, Barred (four eyes) or Refused.
    """
    locked, plan = _lock_for_word(asked, actor=actor)
    if plan.number != plan_number:
        raise refuse(
            "plan_replaced",
            _("Phương án đã được lập lại sau khi anh/chị mở trang."),
            way_out=_("Đọc phương án mới rồi đồng ý."),
        )
    locked.agreed_plan, locked.agreed_by, locked.agreed_at = plan, actor, now
    locked.objection = ""
    locked.save(update_fields=["agreed_plan", "agreed_by", "agreed_at", "objection"])
    what = f"agreed:{plan.pk}"
    _tell_the_leader(locked, what, _("%(office)s đồng ý phương án"), now=now)
    data = {"office": locked.office.name, "plan": plan.number}
    audit.record(merger_act("merger.agree", locked.merger, **data), actor=actor, now=now)
    return locked


@transaction.atomic
def disagree(asked: MergerOffice, *, actor: User, now: datetime, reason: str) -> MergerOffice:
    """Say why not; an agreement given before is no more. Raises as ``agree``."""
    locked, plan = _lock_for_word(asked, actor=actor)
    locked.objection = _reason(reason)
    locked.agreed_plan, locked.agreed_by, locked.agreed_at = None, None, None
    locked.save(update_fields=["objection", "agreed_plan", "agreed_by", "agreed_at"])
    what = f"disagreed:{now.isoformat()}"
    title = _("%(office)s chưa đồng ý phương án")
    _tell_the_leader(locked, what, title, text=locked.objection, now=now)
    data = {"office": locked.office.name, "plan": plan.number}
    audit.record(merger_act("merger.disagree", locked.merger, **data), actor=actor, now=now)
    return locked


def _lock_led(merger: Merger, *, actor: User, version: int) -> Merger:
    locked = lock_merger(merger, actor=actor, version=version)
    if not locked.is_led_by(actor):
        raise PermissionDenied("the leading office asks others")
    return locked


def _check_askable(merger: Merger, office: Agency) -> None:
    if office.kind != AgencyKind.OFFICE or not office.exists_on(merger.decided_on):
        raise refuse(
            "not_an_office",
            _("%(name)s không phải Sở, Cục theo dõi đang hoạt động.") % {"name": office.name},
        )
    if office.pk in merger.office_ids():
        raise refuse("office_is_there", _("%(name)s đã cùng lập.") % {"name": office.name})


def _lock_asked(asked: MergerOffice, *, actor: User) -> MergerOffice:
    """Return a question to the actor's office that waits, its reorganisation locked before it."""
    locked = _lock(asked, actor=actor)
    if actor.role != Role.OFFICE_OFFICER:
        raise PermissionDenied("an officer of the office that was asked answers")
    if locked.merger.state not in EDITABLE or locked.joined_at is not None:
        raise NotEditable(locked.merger.state)
    return locked


def _lock_for_word(asked: MergerOffice, *, actor: User) -> tuple[MergerOffice, Plan]:
    locked = _lock(asked, actor=actor)
    if actor.role != Role.OFFICE_HEAD:
        raise PermissionDenied("the head of an office that joined agrees")
    plan = present_plan(locked.merger)
    if (
        locked.merger.state != MergerState.AWAITING_APPROVAL
        or plan is None
        or locked.joined_at is None
    ):
        raise NotEditable(locked.merger.state)
    if has_worked_on(locked.merger, actor):
        raise Barred("agree")
    return locked, plan


def _lock(asked: MergerOffice, *, actor: User) -> MergerOffice:
    theirs = MergerOffice.objects.filter(office__in=actor.body_ids)
    merger_pk = theirs.values_list("merger", flat=True).get(pk=asked.pk)
    merger = Merger.objects.select_for_update(of=("self",)).select_related("office")
    found = theirs.select_for_update(of=("self",)).select_related("office")
    locked_merger = merger.get(pk=merger_pk)
    locked = found.get(pk=asked.pk)
    locked.merger = locked_merger
    return locked


def _reason(typed: str) -> str:
    if not typed.strip():
        raise refuse("no_reason", _("Phải nêu rõ lý do."), way_out=_("Ghi lý do rồi làm lại."))
    return typed.strip()


def _tell_the_leader(
    asked: MergerOffice, what: str, title: str, *, text: str = "", now: datetime
) -> None:
    said = title % {"office": asked.office.name} + ": %(title)s"
    leader = User.objects.of_offices([asked.merger.office_id])
    path = reverse("orgmerge:detail", args=[asked.merger.uuid])
    _tell(leader, asked, what, said, text=text, path=path, now=now)


def _tell(
    who: Iterable[User],
    asked: MergerOffice,
    what: str,
    title: str,
    *,
    path: str,
    text: str = "",
    now: datetime,
) -> None:
    notices.tell(
        who,
        cause=f"merger:{asked.merger_id}:office:{asked.office_id}:{what}",
        title=Truncator(title % {"title": asked.merger.title}).chars(_LONGEST_TITLE),
        text=text,
        path=path,
        target_type="merger",
        target_uuid=asked.merger.uuid,
        now=now,
    )
