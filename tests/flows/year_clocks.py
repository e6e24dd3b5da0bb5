"""What became of the clocks of a played year, judged by themselves and against another playing.

A clock's rows follow from its life alone: the thresholds that passed until it ended, or until the
year did. Most lives are the same whenever the sweeps ran. Some are not, and may not be:

- A recall on expiry starts its clock with the delivery of the notice (R29), so with the sweep that
  writes it; what a worker issues or revokes begins with the worker. Those begin later after an
  outage, by no more than it lasted, and count from their own day 0.
- What the worker ends (issued, renewed, revoked, unlocked) it ends later; thresholds passed in
  between are noted and told to nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from devices.models import CustodyMove
from portal.agencies.models import Subscriber
from portal.ca.models import Certificate
from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.deadlines.models import Deadline, Reminder
from portal.deadlines.rules import moment_of, schedule_of
from tests.flows.year import LONGEST_OUTAGE
from tests.flows.year_script import Story

OVERTAKEN = Reminder.State.OVERTAKEN
# Of these the beginning, or the end, is a sweep's.
_BEGUN_BY_A_SWEEP = {"device_return", "renewal_door", "certificate_expiry"}
_ENDED_BY_A_SWEEP = {
    "ca_issue", "ca_renew_change", "ca_revoke", "recovery", "renewal_door", "certificate_expiry",
    "device_return",
}  # fmt: skip
Key = tuple[str, str, int]  # kind, what it is about, which of them


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock as the year left it; ``rows`` are threshold → state and when it was written."""

    kind: str
    received_on: date
    due_on: date
    fate: str
    ended_at: datetime | None
    rows: Mapping[int, tuple[str, datetime]]

    @property
    def ended_on(self) -> date | None:
        return timezone.localdate(self.ended_at) if self.ended_at else None


def clocks(stories: Iterable[Story]) -> dict[Key, Clock]:
    """Return every clock by what it is about, in words that mean the same in each playing."""
    names = _names(stories)
    rows: dict[int, dict[int, tuple[str, datetime]]] = defaultdict(dict)
    for row in Reminder.objects.order_by():
        rows[row.deadline_id][row.threshold] = (row.state, row.at)
    count: Counter[tuple[str, str]] = Counter()
    found = {}
    for one in Deadline.objects.order_by("pk"):
        about = (one.kind, names[one.target_uuid])
        found[(*about, count[about])] = Clock(
            one.kind, one.received_on, one.due_on, _fate(one), one.ended_at, rows[one.pk]
        )
        count[about] += 1
    return found


def _fate(one: Deadline) -> str:
    fates = {"done": one.done_at, "cancelled": one.cancelled_at, "lapsed": one.lapsed_at}
    return next((fate for fate, at in fates.items() if at), "open")


def _names(stories: Iterable[Story]) -> dict[UUID, str]:
    names = {
        dossier.uuid: f"{one.name}, dossier {number}"
        for one in stories
        for number, dossier in enumerate(one.dossiers)
    }
    holders = {one.pk: f"{one.name} {one.identity_number}" for one in Subscriber.objects.all()}
    moves = CustodyMove.objects.filter(subscriber__isnull=False).order_by("-pk")
    for uuid, holder in moves.values_list("device__uuid", "subscriber"):
        names[uuid] = f"device of {holders[holder]}"  # the first who had it, at last
    count: Counter[int] = Counter()
    of_holders = Certificate.objects.order_by("pk").values_list("uuid", "subscriber")
    for uuid, holder in of_holders:
        names[uuid] = f"certificate {count[holder]} of {holders[holder]}"
        count[holder] += 1
    return names


def faults(found: Mapping[Key, Clock], *, until: datetime) -> list[str]:
    """Return what is wrong with a year in itself; empty when nothing is."""
    calendar = work_calendar()
    return [
        f"{key}: {why} {clock}"
        for key, clock in found.items()
        for why in _faults(clock, calendar, until=until)
    ]


def _faults(clock: Clock, calendar: WorkCalendar, *, until: datetime) -> Iterator[str]:
    schedule = schedule_of(clock.kind)
    moments = {
        threshold: moment_of(threshold, clock.due_on, schedule=schedule, calendar=calendar)
        for threshold in schedule.thresholds
    }
    passed = {one for one, at in moments.items() if at <= (clock.ended_at or until)}
    if set(clock.rows) != passed:
        yield f"rows {sorted(clock.rows)}, passed {sorted(passed)}"
    for threshold, (state, at) in clock.rows.items():
        if state != OVERTAKEN:
            continue
        is_before = timezone.localdate(moments[threshold]) <= clock.received_on
        has_ended = clock.ended_on is not None and clock.ended_on <= timezone.localdate(at)
        if not (is_before or has_ended or any(later < threshold for later in clock.rows)):
            yield f"nothing overtook {threshold}"


def differences(whole: Mapping[Key, Clock], gaps: Mapping[Key, Clock]) -> list[str]:
    """Return where a year with outages is another than the whole one; empty when nowhere."""
    found = [f"{key}: only in one" for key in whole.keys() ^ gaps.keys()]
    for key in whole.keys() & gaps.keys():
        mine, theirs = whole[key], gaps[key]
        found += [f"{key}: {why} {mine} {theirs}" for why in _differences(mine, theirs)]
    return found


def _differences(mine: Clock, theirs: Clock) -> Iterator[str]:
    if mine.fate != theirs.fate:
        yield "another fate"
    if mine.received_on != theirs.received_on:
        later = (theirs.received_on - mine.received_on).days
        if mine.kind not in _BEGUN_BY_A_SWEEP or not 0 < later <= LONGEST_OUTAGE:
            yield f"{later} days later"
        return  # counted from another day 0; ``faults`` has judged each by its own
    if mine.due_on != theirs.due_on:
        yield "another end"
    yield from _other_rows(mine, theirs)


def _other_rows(mine: Clock, theirs: Clock) -> Iterator[str]:
    added = theirs.rows.keys() - mine.rows.keys()
    if mine.rows.keys() - theirs.rows.keys():
        yield "rows are missing"
    if added and (mine.ended_on == theirs.ended_on or mine.kind not in _ENDED_BY_A_SWEEP):
        yield "rows were added"
    if any(theirs.rows[threshold][0] != OVERTAKEN for threshold in added):
        yield "told after the whole year had ended it"
