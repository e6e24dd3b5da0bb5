"""Review rounds as the office holds them: opened, reminded of, closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.acts import review_act
from orgmerge.models import Merger, ReviewReply, ReviewRound
from orgmerge.review import lists
from orgmerge.workflow import EDITABLE
from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability, Scope, roles_in
from portal.core.rules import Refused, refuse
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.notices import services as notices
from requests_app.errors import NotEditable

AT_ONCE = 2000  # lines that are written while the officer waits
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many a reminder reached: bodies and people; and bodies nobody signs in for."""

    bodies: int
    people: int
    without_account: int


@transaction.atomic
def open_round(
    merger: Merger, *, due_on: date, note: str, actor: User, now: datetime
) -> ReviewRound:
    """Ask the bodies of a draft to look through what they have until ``due_on``; return the round.

    Short lists are made at once, long ones by a worker; each body is told when it has its own.
    Raises Merger.DoesNotExist (not visible), PermissionDenied, NotEditable or Refused.
    """
    locked = _lock(merger, actor=actor)
    if locked.state not in EDITABLE:
        raise NotEditable(locked.state)
    today = timezone.localdate(now)
    if locked.rounds.open().exists():
        raise refuse(
            "round_open",
            _("Đang có một đợt rà soát chưa kết thúc."),
            way_out=_("Kết thúc đợt ấy rồi mở đợt mới."),
        )
    if not locked.shares.exists():
        raise refuse(
            "nothing_described",
            _("Chưa có dòng nào: đơn vị nào chuyển sang đơn vị nào."),
            way_out=_("Thêm đơn vị sau sắp xếp và các đơn vị cũ, hoặc nhập từ bảng tính."),
        )
    if due_on <= today:
        raise _bad_day("due_passed", _("Hạn trả lời phải sau hôm nay."))
    if today < locked.effective_on < due_on:
        raise _bad_day(
            "due_after_effective",
            _("Hạn trả lời không sau ngày hiệu lực %(day)s, vì kết quả dùng để lập kế hoạch xử lý.")
            % {"day": f"{locked.effective_on:%d/%m/%Y}"},
        )
    last = locked.rounds.aggregate(last=Max("number"))["last"] or 0
    opened = ReviewRound.objects.create(
        merger=locked,
        number=last + 1,
        note=note.strip(),
        opened_by=actor,
        opened_at=now,
        due_on=due_on,
    )
    asked = lists.bodies_asked(locked, today=today)
    ReviewReply.objects.bulk_create(
        [ReviewReply(round=opened, agency_id=pk) for pk in sorted(set(asked.values()))],
        batch_size=_CHUNK,
    )
    if not lists.is_long(asked, most=AT_ONCE):
        lists.prepare_now(opened, asked, now=now)
    locked.edited_by.add(actor)
    act = review_act("review.open", opened, bodies=len(set(asked.values())), due_on=str(due_on))
    audit.record(act, actor=actor, now=now)
    return opened


def _lock(merger: Merger, *, actor: User) -> Merger:
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = found.select_related("office").get(pk=merger.pk)
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("only an officer of the office holds review rounds")
    return locked


def _bad_day(code: str, message: str) -> Refused:
    return refuse(code, message, way_out=_("Chọn ngày khác."))


@transaction.atomic
def remind(held: ReviewRound, *, actor: User, now: datetime) -> Reminded:
    """Tell the bodies that have not answered once more, besides what the clock tells by itself.

    Twice on one day tells nobody twice. Raises Merger.DoesNotExist, PermissionDenied, NotEditable.
    """
    locked = _lock_open(held, actor=actor)
    silent = dict(
        locked.replies.silent().filter(listed_at__isnull=False).values_list("agency_id", "uuid")
    )
    # Who is told for the bodies, as (account, body): their clerks and heads.
    keys = sorted(silent)
    people: list[tuple[int, int]] = []
    for start in range(0, len(keys), _CHUNK):
        users = User.objects.filter(
            agency__in=keys[start : start + _CHUNK], role__in=roles_in(Scope.BODY), is_active=True
        )
        people += users.order_by("pk").values_list("pk", "agency_id")
    notices.tell_many(
        [
            notices.Telling(
                recipient_id=pk,
                cause=f"review:{silent[agency]}:{timezone.localdate(now):%Y%m%d}",
                title=lists.title_of(_("Sở nhắc"), locked),
                text=lists.text_of(locked),
                path=reverse("orgmerge:reply", args=[silent[agency]]),
                target_type="review",
                target_uuid=silent[agency],
                asks=True,
            )
            for pk, agency in people
        ],
        now=now,
    )
    reached = {agency for _pk, agency in people}
    told = Reminded(len(reached), len(people), len(silent) - len(reached))
    audit.record(
        review_act("review.remind", locked, bodies=told.bodies, mute=told.without_account),
        actor=actor,
        now=now,
    )
    return told


def _lock_open(held: ReviewRound, *, actor: User) -> ReviewRound:
    merger = _lock(Merger(pk=held.merger_id), actor=actor)
    locked = ReviewRound.objects.select_for_update(of=("self",), no_key=True).get(pk=held.pk)
    if locked.closed_at is not None:
        raise NotEditable("the round is closed")
    locked.merger = merger
    return locked


@transaction.atomic
def close_round(held: ReviewRound, *, actor: User, now: datetime) -> int:
    """End a round and return how many bodies have not answered: they stay shown as silent.

    Raises Merger.DoesNotExist (not visible), PermissionDenied or NotEditable.
    """
    locked = _lock_open(held, actor=actor)
    silent = _close(locked, actor=actor, now=now)
    audit.record(review_act("review.close", locked, silent=silent), actor=actor, now=now)
    return silent


def end_with(merger: Merger, *, actor: User | None, now: datetime) -> list[audit.Act]:
    """End the open round of a locked reorganisation that is approved or withdrawn: nothing that
    would be answered from now on would be planned with. Return what the caller records of it."""
    acts = []
    for held in merger.rounds.open().select_for_update(of=("self",), no_key=True):
        held.merger = merger
        silent = _close(held, actor=actor, now=now)
        acts.append(review_act("review.close", held, silent=silent))
    return acts


def _close(held: ReviewRound, *, actor: User | None, now: datetime) -> int:
    held.closed_at, held.closed_by, held.claimed_until = now, actor, None
    held.save(update_fields=["closed_at", "closed_by", "claimed_until"])
    silent = list(held.replies.silent().values_list("uuid", flat=True))
    for start in range(0, len(silent), _CHUNK):
        uuids = silent[start : start + _CHUNK]
        deadlines.cancel(DeadlineKind.MERGER_REVIEW, uuids, now=now)
        notices.settle("review", *uuids, now=now)
    return len(silent)
