"""Making the lists of a round: at once where they are short, else by a worker, chunk by chunk."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from orgmerge.models import ReviewItem, ReviewReply, ReviewRound
from orgmerge.services import listing
from orgmerge.services.listing import Thing
from orgmerge.services.review_common import review_act
from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.collector import collector_paused
from portal.core.roles import AGENCY_ROLES
from portal.deadlines import services as deadlines
from portal.deadlines.models import Counts, DeadlineKind
from portal.notices import services as notices

logger = logging.getLogger(__name__)

# Longer than reading what ten thousand bodies have takes; each chunk extends it.
LEASE = timedelta(minutes=5)
CHUNK = 200  # bodies of one transaction
_LONGEST_TITLE = 250

Lists = Mapping[int, Sequence[Thing]]


class Lost(Exception):
    """Another worker took the round over, or it was closed meanwhile."""


@dataclass(slots=True)
class _Claim:
    """A round whose lists this worker makes, and until when nobody else does."""

    pk: int
    until: datetime
    now: datetime
    began: float

    def extend(self) -> None:
        """Hold on to the round; raises Lost. The longer of two moments, never the same."""
        passed = timedelta(seconds=monotonic() - self.began)
        until = max(self.now + passed + LEASE, self.until + timedelta(microseconds=1))
        mine = ReviewRound.objects.to_prepare().filter(pk=self.pk, claimed_until=self.until)
        if not mine.update(claimed_until=until):
            raise Lost
        self.until = until


def prepare_waiting(*, now: datetime) -> int:
    """Make the lists of the round that waits longest; return how many bodies got theirs.

    Safe to run twice and twice at once: a body's list, its clock and its notices are written in
    one transaction, and after a kill the bodies without a list are gone on with.
    """
    claim = _claim(now)
    if claim is None:
        return 0
    done = 0
    try:
        with collector_paused():
            done = _prepare(claim)
    except Lost:
        logger.warning("another worker took over review round %s, or it was closed", claim.pk)
    return done


def prepare_now(held: ReviewRound, asked: Mapping[int, int], *, now: datetime) -> None:
    """Make all lists of a round in the caller's transaction."""
    lists = _lists(asked, now=now)
    waiting = list(_without_list(held))
    for start in range(0, len(waiting), CHUNK):
        _fill(held, waiting[start : start + CHUNK], lists, now=now)
    held.prepared_at = now
    held.save(update_fields=["prepared_at"])


def _claim(now: datetime) -> _Claim | None:
    is_free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    waiting = ReviewRound.objects.to_prepare().filter(is_free).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        until = now + LEASE
        if waiting.filter(pk=pk).update(claimed_until=until):
            return _Claim(pk, until, now, monotonic())
    return None


def _prepare(claim: _Claim) -> int:
    held = ReviewRound.objects.select_related("merger__office").get(pk=claim.pk)
    asked = listing.asked(held.merger, today=timezone.localdate(claim.now))
    lists = _lists(asked, now=claim.now)
    waiting = list(_without_list(held))
    for start in range(0, len(waiting), CHUNK):
        with transaction.atomic():
            claim.extend()
            _fill(held, waiting[start : start + CHUNK], lists, now=claim.now)
    with transaction.atomic():
        claim.extend()
        ReviewRound.objects.filter(pk=held.pk).update(prepared_at=claim.now, claimed_until=None)
        act = review_act("review.prepare", held, bodies=held.replies.count())
        audit.record(act, actor=None, now=claim.now)
    return max(1, len(waiting))


def _without_list(held: ReviewRound) -> QuerySet[ReviewReply]:
    replies = held.replies.filter(listed_at__isnull=True).order_by("pk")
    return replies.select_related("agency__office")


def _lists(asked: Mapping[int, int], *, now: datetime) -> Lists:
    """Return answering body → everything it is asked about."""
    lists: dict[int, list[Thing]] = defaultdict(list)
    for body, things in listing.things_of(asked, today=timezone.localdate(now)).items():
        lists[asked[body]] += things
    return lists


def _fill(
    held: ReviewRound, replies: Sequence[ReviewReply], lists: Lists, *, now: datetime
) -> None:
    """Write the lists of a chunk of bodies, open their clocks and tell their people."""
    ordered = listing.in_order(
        [thing for reply in replies for thing in lists.get(reply.agency_id, ())]
    )
    place = {id(thing): index for index, thing in enumerate(ordered)}
    items = []
    for reply in replies:
        theirs = sorted(lists.get(reply.agency_id, ()), key=lambda one: place[id(one)])
        items += [
            ReviewItem(
                reply=reply,
                position=position,
                certificate_id=one.certificate,
                device_id=one.device,
                subscriber_id=one.subscriber,
            )
            for position, one in enumerate(theirs, start=1)
        ]
    ReviewItem.objects.bulk_create(items, batch_size=500)
    ReviewReply.objects.filter(pk__in=[reply.pk for reply in replies]).update(listed_at=now)
    open_clocks(held, replies, now=now)
    _tell(held, replies, now=now)


def open_clocks(held: ReviewRound, replies: Sequence[ReviewReply], *, now: datetime) -> None:
    """Let bodies owe their answer until the day of the round; late when it is over."""
    title = title_of("", held)
    deadlines.open_until(
        [
            (
                DeadlineKind.MERGER_REVIEW,
                deadlines.OwedUntil(
                    agency=reply.agency,
                    office=held.merger.office,
                    target_uuid=reply.uuid,
                    title=title,
                    path=reverse("orgmerge:reply", args=[reply.uuid]),
                    received_on=timezone.localdate(now),
                    due_on=held.due_on,
                ),
            )
            for reply in replies
        ],
        target_type="review",
        now=now,
        counts=Counts.CALENDAR,
    )


def _tell(held: ReviewRound, replies: Sequence[ReviewReply], *, now: datetime) -> None:
    uuid_of = {reply.agency_id: reply.uuid for reply in replies}
    users = User.objects.filter(agency__in=uuid_of, role__in=AGENCY_ROLES, is_active=True)
    notices.tell_many(
        [
            notices.Telling(
                recipient_id=pk,
                cause=f"review:{uuid_of[agency]}:opened",
                title=title_of(_("Hạn %(day)s") % {"day": f"{held.due_on:%d/%m/%Y}"}, held),
                text=text_of(held),
                path=reverse("orgmerge:reply", args=[uuid_of[agency]]),
                target_type="review",
                target_uuid=uuid_of[agency],
            )
            for pk, agency in users.order_by("pk").values_list("pk", "agency_id")
        ],
        now=now,
    )


def title_of(before: str, held: ReviewRound) -> str:
    """Return what a body is to do, in one line."""
    what = _("Rà soát chứng thư, thiết bị – %(title)s") % {"title": held.merger.title}
    return Truncator(f"{before}: {what}" if before else what).chars(_LONGEST_TITLE)


def text_of(held: ReviewRound) -> str:
    """Return what is asked and until when."""
    asked = _(
        "%(office)s đề nghị đơn vị rà soát từng chứng thư, thiết bị, thuê bao trước khi sắp xếp "
        "(%(decision)s) và gửi kết quả trước hết ngày %(day)s."
    ) % {
        "office": held.merger.office.name,
        "decision": held.merger.decision,
        "day": f"{held.due_on:%d/%m/%Y}",
    }
    return f"{asked}\n{held.note}" if held.note else asked
