"""What the bodies say in a review round: answered line by line, sent, taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from orgmerge.acts import reply_act
from orgmerge.models import Merger, MergerBody, ReviewItem, ReviewReply
from orgmerge.review import lists
from orgmerge.review.lines import holder_of, joined
from orgmerge.review.rules import AnswerSubject, Checked, Said, check, is_outside, places
from orgmerge.vocabulary import ReviewAnswer
from orgmerge.workflow import EDITABLE
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.core.text.numbers import with_dots
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.notices import services as notices
from requests_app.errors import NotEditable, StaleVersion

_COLUMNS = ("answer", "moves_to", "unit", "position_title", "email", "note")
_JOINED = ("round__merger__office", "agency")


@transaction.atomic
def answer(
    reply: ReviewReply,
    answers: Mapping[int, Said],
    *,
    actor: User,
    now: datetime,
    version: int,
    is_import: bool = False,
) -> int:
    """Write what a body says of its lines, by their numbers; return how many changed.

    An empty answer takes back what was said. The clerk answers for their own body; for one that
    has not sent its list an officer can, and every line keeps who answered it. All or nothing:
    raises ReviewReply.DoesNotExist (not visible), PermissionDenied, NotEditable, StaleVersion, or
    Refused with the number of each bad row.
    """
    locked = _lock(reply, actor=actor, version=version)
    items = {one.position: one for one in _items(locked, answers)}
    checked = _check(locked, items, answers)
    if violations := [
        Violation(one.code, one.message, row=row)
        for row, found in checked.items()
        for _field, one in found.errors
    ]:
        raise Refused(*violations)
    changed = [items[row] for row, one in checked.items() if _write(items[row], one)]
    for item in changed:
        item.answered_by, item.answered_at = actor, now
    if not changed:
        return 0
    update_rows(changed, [*_COLUMNS, "answered_by", "answered_at"])
    _touch(locked)
    if actor.can(Capability.PREPARE_REORGANISATIONS):
        locked.round.merger.edited_by.add(actor)  # who says what is planned does not approve it
    act = "review.import" if is_import else "review.answer"
    audit.record(reply_act(act, locked, rows=len(changed)), actor=actor, now=now)
    return len(changed)


def check_answers(reply: ReviewReply, answers: Mapping[int, Said]) -> dict[int, Checked]:
    """Return what is found in each answer, by the number of its line; writes nothing.

    Numbers the list does not have are left out.
    """
    items = {one.position: one for one in _items(reply, answers)}
    return _check(reply, items, answers)


def is_answerable(reply: ReviewReply, user: User) -> bool:
    """Say whether ``user``, who sees the list, may write into it now."""
    if reply.sent_at is not None or reply.listed_at is None:
        return False
    if user.can(Capability.ANSWER_REVIEWS):
        return reply.round.closed_at is None
    return user.can(Capability.PREPARE_REORGANISATIONS) and reply.round.merger.state in EDITABLE


def _items(reply: ReviewReply, answers: Mapping[int, Said]) -> Sequence[ReviewItem]:
    listed = joined(reply.items.order_by("position"))
    if len(answers) > _FEW:
        return [one for one in listed if one.position in answers]
    return list(listed.filter(position__in=list(answers)))


_FEW = 500  # more are picked out of the whole list


def _check(
    reply: ReviewReply, items: Mapping[int, ReviewItem], answers: Mapping[int, Said]
) -> dict[int, Checked]:
    # The described bodies by name, read when somebody goes to one.
    if all(not said.moves_to or is_outside(said.moves_to) for said in answers.values()):
        where = places([])
    else:
        bodies = MergerBody.objects.filter(merger=reply.round.merger_id)
        where = places(bodies.values_list("pk", "name", "province"))
    return {
        row: check(said, _about(items[row]), where)
        for row, said in sorted(answers.items())
        if row in items
    }


def _about(item: ReviewItem) -> AnswerSubject:
    holder = holder_of(item)
    return AnswerSubject(
        is_person=holder is None or holder.kind == SubscriberKind.PERSON,
        has_device=item.device_id is not None,
    )


def _write(item: ReviewItem, checked: Checked) -> bool:
    """Put an answer into its line; say whether anything changed."""
    said = checked.said
    moves = said.answer == ReviewAnswer.MOVES
    new = {
        "answer": said.answer,
        "moves_to_id": checked.to if moves else None,
        "unit": said.unit,
        "position_title": said.position_title,
        "email": said.email.lower(),
        "note": said.note,
    }
    if all(getattr(item, name) == value for name, value in new.items()):
        return False
    for name, value in new.items():
        setattr(item, name, value)
    return True


@transaction.atomic
def send(reply: ReviewReply, *, actor: User, now: datetime, version: int) -> ReviewReply:
    """Say that a body is done with its list. Its clerk does: what follows is signed by its head.

    Raises ReviewReply.DoesNotExist, PermissionDenied, NotEditable, StaleVersion, or Refused while
    lines have no answer.
    """
    locked = _lock(reply, actor=actor, version=version, may=[Capability.ANSWER_REVIEWS])
    count = locked.items.filter(answer="").count()
    if count:
        raise Refused(
            Violation(
                "unanswered",
                _("Còn %(count)s dòng chưa có kết quả rà soát.") % {"count": with_dots(count)},
                way_out=_("Xem các dòng chưa có kết quả."),
                link=reverse("orgmerge:reply", args=[locked.uuid]) + "?answer=none",
            )
        )
    locked.sent_by, locked.sent_at = actor, now
    _touch(locked, "sent_by", "sent_at")
    deadlines.close(DeadlineKind.MERGER_REVIEW, locked.uuid, now=now)
    notices.settle("review", locked.uuid, now=now)
    audit.record(reply_act("review.send", locked), actor=actor, now=now)
    return locked


@transaction.atomic
def take_back(reply: ReviewReply, *, actor: User, now: datetime, version: int) -> ReviewReply:
    """Open a list that was sent once more while the round runs; what was said stays said.

    Raises ReviewReply.DoesNotExist, PermissionDenied, NotEditable or StaleVersion.
    """
    locked = _find_locked(reply, actor=actor, version=version)
    if not actor.can(Capability.ANSWER_REVIEWS):
        raise PermissionDenied("only a clerk of the body takes its list back")
    if locked.sent_at is None or locked.round.closed_at is not None:
        raise NotEditable("not sent, or the round is closed")
    locked.sent_by, locked.sent_at = None, None
    _touch(locked, "sent_by", "sent_at")
    lists.open_clocks(locked.round, [locked], now=now)
    audit.record(reply_act("review.take_back", locked), actor=actor, now=now)
    return locked


def _lock(
    reply: ReviewReply,
    *,
    actor: User,
    version: int,
    may: Collection[Capability] = (
        Capability.ANSWER_REVIEWS,
        Capability.PREPARE_REORGANISATIONS,
    ),
) -> ReviewReply:
    locked = _find_locked(reply, actor=actor, version=version)
    if not any(actor.can(one) for one in may):
        raise PermissionDenied("a review is answered by clerks, or by an officer for them")
    if not is_answerable(locked, actor):
        raise NotEditable("the list is sent, or nothing is asked any more")
    return locked


def _find_locked(reply: ReviewReply, *, actor: User, version: int) -> ReviewReply:
    """Return a list locked, its reorganisation before it: closing a round does so too."""
    visible = ReviewReply.objects.visible_to(actor)
    merger_pk = visible.values_list("round__merger", flat=True).get(pk=reply.pk)
    Merger.objects.select_for_update(of=("self",), no_key=True).get(pk=merger_pk)
    locked = (
        visible.select_for_update(of=("self",), no_key=True)
        .select_related(*_JOINED)
        .get(pk=reply.pk)
    )
    if locked.version != version:
        raise StaleVersion(seen=version, current=locked.version)
    return locked


def _touch(reply: ReviewReply, *columns: str) -> None:
    reply.version += 1
    reply.save(update_fields=["version", *columns])
