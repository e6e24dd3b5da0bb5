"""The lists of a round: what each body is asked about, written at once or by a worker."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from devices.lifecycle import Condition, Custody
from devices.models import Device
from orgmerge.acts import review_act
from orgmerge.models import Merger, ReviewItem, ReviewReply, ReviewRound
from orgmerge.planner import facts
from orgmerge.register import inputs, queries
from portal.accounts.models import User
from portal.agencies.models import Subscriber, SubscriberKind
from portal.agencies.tree import with_superiors
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.background.leases import LeaseLost
from portal.core.database.bulk import collector_paused
from portal.core.roles import Scope, roles_in
from portal.deadlines import services as deadlines
from portal.deadlines.models import Counts, DeadlineKind
from portal.notices import services as notices

# Where a device is that the body or one of its people has in hand.
OUT = frozenset(
    {
        Custody.AT_AGENCY,
        Custody.WITH_SUBSCRIBER,
        Custody.TO_BE_RETURNED,
        Custody.BACK_AT_AGENCY,
    }
)
# In what order a list names them: the body's own, its people, its systems, single things.
_ORGANISATION, _PERSON, _SYSTEM, _DEVICE, _SUBSCRIBER = range(5)
_RANKS = {
    SubscriberKind.ORGANISATION: _ORGANISATION,
    SubscriberKind.PERSON: _PERSON,
    SubscriberKind.SYSTEM: _SYSTEM,
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One line of a list; ``holder`` is whose it is, for the order of names."""

    rank: int
    holder: int | None
    certificate: int | None = None
    device: int | None = None
    subscriber: int | None = None


def bodies_asked(merger: Merger, *, today: date) -> dict[int, int]:
    """Return body → the body that answers for it: itself, or of a unit without a seal the one
    above it that has one (cơ quan, tổ chức quản lý trực tiếp)."""
    body_ids = inputs.involved(inputs.described(merger))
    bodies = queries.bodies_with_superiors(body_ids, today=today)
    found = {}
    for pk in sorted(body_ids):
        upwards = with_superiors(
            bodies[pk], lambda one: None if one.parent is None else bodies.get(one.parent)
        )
        # No seal up to the top: its office answers for it.
        found[pk] = next((one.pk for one in upwards if one.has_seal), pk)
    return found


def is_long(body_ids: Collection[int], *, most: int) -> bool:
    """Say whether more than ``most`` lines are to be expected, which takes a worker to write."""
    if len(body_ids) > queries.AT_ONCE:
        return True
    counted = 0
    for model in (Certificate, Device, Subscriber):
        counted += model._default_manager.filter(agency__in=body_ids).count()
    return counted > most


def things_of(body_ids: Iterable[int], *, today: date) -> dict[int, list[Thing]]:
    """Return body → what it is bodies_asked about, in a fixed number of queries for each thousand.

    Certificates that stand, or ended with the device still out; devices in hand without one;
    subscribers without either. What was revoked or replaced is no question any more.
    """
    lists = _Lists(queries.read(body_ids, today=today), today)
    lists.certificates()
    lists.devices()
    lists.subscribers()
    return lists.things


@dataclass(slots=True)
class _Lists:
    """The lists while they are made: what stands in a line is named in no other."""

    found: queries.Found
    today: date
    things: dict[int, list[Thing]] = field(default_factory=lambda: defaultdict(list))
    _devices: set[int] = field(default_factory=set)
    _holders: set[int] = field(default_factory=set)

    def certificates(self) -> None:
        devices = {device.pk: device for device in self.found.devices}
        for one in self.found.certificates:
            device = devices.get(one.device or 0)
            if (
                False
                if one.is_revoked or one.is_superseded
                else one.not_after >= self.today
                or (device is not None and device.certificate == one.pk and _is_in_hand(device))
            ):
                rank = _RANKS[SubscriberKind(one.kind)]
                on_it = device.pk if device is not None else None
                self._add(one.body, Thing(rank, one.subscriber, one.pk, on_it))

    def devices(self) -> None:
        for device in self.found.devices:
            if device.pk not in self._devices and _is_in_hand(device):
                self._add(device.body, Thing(_DEVICE, device.subscriber, device=device.pk))

    def subscribers(self) -> None:
        for one in self.found.subscribers.values():
            if one.pk not in self._holders:
                self._add(one.body, Thing(_SUBSCRIBER, one.pk, subscriber=one.pk))

    def _add(self, body: int, thing: Thing) -> None:
        self.things[body].append(thing)
        if thing.device is not None:
            self._devices.add(thing.device)
        if thing.holder is not None:
            self._holders.add(thing.holder)


def _is_in_hand(device: facts.KnownDevice) -> bool:
    return device.custody in OUT and device.condition != Condition.LOST


def in_order(things: Collection[Thing]) -> list[Thing]:
    """Return lines in the order of a list: by what they are, then by name (one query)."""
    holders = {one.holder for one in things if one.holder is not None}
    rows = Subscriber.objects.filter(pk__in=holders).order_by()
    names = dict(rows.values_list("pk", "sort_name"))
    return sorted(
        things,
        key=lambda one: (
            one.rank,
            names.get(one.holder or 0, ""),
            one.certificate or 0,
            one.device or 0,
        ),
    )


logger = logging.getLogger(__name__)

# Longer than reading what ten thousand bodies have takes; each chunk extends it.
LEASE = timedelta(minutes=5)
CHUNK = 200  # bodies of one transaction
_LONGEST_TITLE = 250

Lists = Mapping[int, Sequence[Thing]]


def prepare_waiting(*, now: datetime) -> int:
    """Make the lists of the round that waits longest; return how many bodies got theirs.

    Safe to run twice and twice at once: a body's list, its clock and its notices are written in
    one transaction, and after a kill the bodies without a list are gone on with.
    """
    claim = ReviewRound.objects.to_prepare().order_by("pk").claim_next(now=now, lease=LEASE)
    if claim is None:
        return 0
    done = 0
    try:
        with collector_paused():
            held = ReviewRound.objects.select_related("merger__office").get(pk=claim.pk)
            asked = bodies_asked(held.merger, today=timezone.localdate(claim.now))
            lists = _lists(asked, now=claim.now)
            waiting = list(_without_list(held))
            for start in range(0, len(waiting), CHUNK):
                with transaction.atomic():
                    claim.extend()
                    _write_lists(held, waiting[start : start + CHUNK], lists, now=claim.now)
            with transaction.atomic():
                claim.end(prepared_at=claim.now)
                act = review_act("review.prepare", held, bodies=held.replies.count())
                audit.record(act, actor=None, now=claim.now)
            done = max(1, len(waiting))
    except LeaseLost:
        logger.warning("another worker took over review round %s, or it was closed", claim.pk)
    return done


def prepare_now(held: ReviewRound, asked: Mapping[int, int], *, now: datetime) -> None:
    """Make all lists of a round in the caller's transaction."""
    lists = _lists(asked, now=now)
    waiting = list(_without_list(held))
    for start in range(0, len(waiting), CHUNK):
        _write_lists(held, waiting[start : start + CHUNK], lists, now=now)
    held.prepared_at = now
    held.save(update_fields=["prepared_at"])


def _without_list(held: ReviewRound) -> QuerySet[ReviewReply]:
    replies = held.replies.filter(listed_at__isnull=True).order_by("pk")
    return replies.select_related("agency__office")


def _lists(asked: Mapping[int, int], *, now: datetime) -> Lists:
    """Return answering body → everything it is asked about."""
    lists: dict[int, list[Thing]] = defaultdict(list)
    for body, things in things_of(asked, today=timezone.localdate(now)).items():
        lists[asked[body]] += things
    return lists


def _write_lists(
    held: ReviewRound, replies: Sequence[ReviewReply], lists: Lists, *, now: datetime
) -> None:
    """Write the lists of a chunk of bodies, open their clocks and tell their people."""
    ordered = in_order([thing for reply in replies for thing in lists.get(reply.agency_id, ())])
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
    uuid_of = {reply.agency_id: reply.uuid for reply in replies}
    users = User.objects.filter(agency__in=uuid_of, role__in=roles_in(Scope.BODY), is_active=True)
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
                asks=True,
            )
            for pk, agency in users.order_by("pk").values_list("pk", "agency_id")
        ],
        now=now,
    )


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
