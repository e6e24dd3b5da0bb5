"""The lease: of two workers one gets a row, and keeps it until it lets go or its time is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.db.models import F

from portal.core.background.leases import LeaseLost
from portal.notices.models import Mail
from tests.builders import NOW

LEASE = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def row(number: int = 0) -> int:
    """A row that workers claim; which model it is of does not matter."""
    return Mail.objects.create(
        address="ai@example.vn", message_id=f"<{number}@example.vn>", created_at=NOW
    ).pk


def unclaimed(now: datetime = NOW) -> list[int]:
    return list(Mail.objects.unclaimed(now).values_list("pk", flat=True))


@pytest.mark.django_db
def test_a_claimed_row_is_nobody_elses_until_its_lease_is_over() -> None:
    pk = row()
    assert unclaimed() == [pk]

    assert Mail.objects.claim(pk, now=NOW, lease=LEASE)

    assert unclaimed(NOW + LEASE) == []
    assert not Mail.objects.claim(pk, now=NOW + LEASE, lease=LEASE)
    assert unclaimed(NOW + LEASE + SECOND) == [pk]
    assert Mail.objects.claim(pk, now=NOW + LEASE + SECOND, lease=LEASE)


@pytest.mark.django_db
def test_a_row_that_is_done_is_not_claimed() -> None:
    pk = row()
    Mail.objects.update(sent_at=NOW)

    assert not Mail.objects.unsent().claim(pk, now=NOW, lease=LEASE)
    assert unclaimed() == [pk]


@pytest.mark.django_db
def test_a_claim_writes_its_columns_with_it_and_one_that_fails_nothing() -> None:
    pk = row()

    for _try in range(2):
        Mail.objects.claim(pk, now=NOW, lease=LEASE, attempts=F("attempts") + 1)

    assert Mail.objects.get().attempts == 1


@pytest.mark.django_db
def test_who_needs_longer_holds_on_and_who_lets_go_leaves_it_to_the_next() -> None:
    pk, other = row(), row(1)
    for each in (pk, other):
        Mail.objects.claim(each, now=NOW, lease=LEASE)

    Mail.objects.hold(pk, now=NOW + LEASE, lease=LEASE)
    assert unclaimed(NOW + LEASE + SECOND) == [other]
    assert unclaimed(NOW + 2 * LEASE + SECOND) == [pk, other]

    Mail.objects.release(pk)
    assert unclaimed() == [pk]


@pytest.mark.django_db
def test_the_first_free_row_is_claimed_and_none_when_all_are_taken() -> None:
    taken, second, third = row(), row(1), row(2)
    Mail.objects.claim(taken, now=NOW, lease=LEASE)
    waiting = Mail.objects.unsent().order_by("pk")

    found = [waiting.claim_next(now=NOW, lease=LEASE, attempts=7) for _worker in range(3)]

    assert [one.pk if one else None for one in found] == [second, third, None]
    assert set(Mail.objects.filter(attempts=7).values_list("pk", flat=True)) == {second, third}


@pytest.mark.django_db
def test_a_worker_writes_and_holds_on_while_the_row_is_still_its_own() -> None:
    pk = row()
    lease = Mail.objects.unsent().claim_next(now=NOW, lease=LEASE)
    assert lease is not None
    first = lease.until

    lease.extend(attempts=3)

    assert lease.until > first
    assert (Mail.objects.get().attempts, Mail.objects.get().claimed_until) == (3, lease.until)
    lease.end(last_error="")
    assert unclaimed() == [pk]


@pytest.mark.django_db
@pytest.mark.parametrize("write", ["extend", "end"])
def test_who_has_lost_the_row_writes_nothing(write: str) -> None:
    pk = row()
    slow = Mail.objects.unsent().claim_next(now=NOW, lease=LEASE)
    assert Mail.objects.claim(pk, now=NOW + LEASE + SECOND, lease=LEASE)

    with pytest.raises(LeaseLost):
        getattr(slow, write)(attempts=9)

    assert Mail.objects.get().attempts == 0


@pytest.mark.django_db
def test_what_was_finished_meanwhile_is_no_longer_written_to() -> None:
    row()
    slow = Mail.objects.unsent().claim_next(now=NOW, lease=LEASE)
    assert slow is not None
    Mail.objects.update(sent_at=NOW)

    with pytest.raises(LeaseLost):
        slow.extend()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_at_once_one_wins() -> None:
    rows = [row(number) for number in range(10)]
    ready = Barrier(2)

    def worker() -> list[bool]:
        try:
            won = []
            for pk in rows:
                ready.wait()
                won.append(Mail.objects.claim(pk, now=NOW, lease=LEASE))
            return won
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(worker) for _worker in range(2))

    assert [sum(pair) for pair in zip(first.result(), second.result(), strict=True)] == [1] * 10
