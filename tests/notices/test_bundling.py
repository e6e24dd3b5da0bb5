"""Which notices go into which mail, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail as django_mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import User
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.notices import delivery, services
from portal.notices.channels import mail as mailing
from portal.notices.mail_text import MOST_LINES
from portal.notices.models import Mail, Mailing, Notice, NoticePreference
from portal.notices.services import Telling
from tests import builders

pytestmark = pytest.mark.django_db
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
SECOND = timedelta(seconds=1)


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026: the 20th is a Friday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=HANOI)


def _tell(user: User, *causes: str, at: datetime, is_urgent: bool = False) -> None:
    for cause in causes:
        title = f"Hồ sơ ({cause})"
        services.tell([user], cause=cause, title=title, is_urgent=is_urgent, now=at)


def _who_chose(mailing: Mailing) -> User:
    user = builders.user(Role.CLERK)
    NoticePreference.objects.create(user=user, mailing=mailing, changed_at=_at(2, 9))
    return user


def _bodies() -> list[str]:
    return [str(sent.body) for sent in django_mail.outbox]


def test_a_notice_waits_until_nothing_was_told_for_two_minutes() -> None:
    user = builders.user(Role.CLERK)
    _tell(user, "one", at=_at(20, 9))
    _tell(user, "two", at=_at(20, 9) + 50 * SECOND)

    too_early = mailing.bundle(now=_at(20, 9, 2) + 49 * SECOND)
    in_time = mailing.bundle(now=_at(20, 9, 2) + 50 * SECOND)

    assert (too_early, in_time) == (0, 1)
    assert Mail.objects.get().notices.count() == 2


def test_what_a_killed_sweep_tells_a_minute_later_goes_into_the_same_mail() -> None:
    user = builders.user(Role.CLERK)
    _tell(user, "one", at=_at(20, 9))
    assert mailing.bundle(now=_at(20, 9, 1) + 30 * SECOND) == 0
    _tell(user, "two", at=_at(20, 9, 1) + 40 * SECOND)  # the next sweep goes on

    made = [mailing.bundle(now=_at(20, 9, minute)) for minute in range(2, 6)]

    assert made == [0, 0, 1, 0]
    assert Mail.objects.get().notices.count() == 2


def test_who_is_told_something_all_the_time_waits_sixteen_minutes() -> None:
    user = builders.user(Role.CLERK)
    made = []
    for minute in range(18):
        _tell(user, f"cause {minute}", at=_at(20, 9, minute))
        made.append(mailing.bundle(now=_at(20, 9, minute)))

    assert made == [0] * 16 + [1, 0]


def test_what_is_urgent_goes_at_once_and_takes_the_rest_along() -> None:
    user = builders.user(Role.CLERK)
    _tell(user, "one", at=_at(20, 9))
    _tell(user, "late", at=_at(20, 9), is_urgent=True)

    assert delivery.send_waiting(now=_at(20, 9)) == 1

    (sent,) = django_mail.outbox
    assert sent.subject == "2 thông báo mới: Hồ sơ (late)"
    assert str(sent.body).index("(late)") < str(sent.body).index("(one)")


def test_on_days_off_mail_waits_for_the_next_working_morning() -> None:
    days_off = CalendarDay.objects.filter(date__range=(date(2026, 11, 21), date(2026, 11, 25)))
    assert [day.date.day for day in days_off] == [24]  # after a weekend and a Monday
    CalendarDay.objects.create(date=date(2026, 11, 23), kind=CalendarDay.Kind.OFF, name="Nghỉ")
    user = builders.user(Role.CLERK)
    _tell(user, "one", at=_at(21, 9))

    too_early = [_at(21, 12), _at(22, 12), _at(23, 12), _at(24, 12), _at(25, 6, 59)]

    assert [delivery.send_waiting(now=moment) for moment in too_early] == [0] * 5
    assert delivery.send_waiting(now=_at(25, 7)) == 1


def test_what_is_overdue_goes_on_any_day_at_any_hour() -> None:
    users = [builders.user(Role.CLERK), *(_who_chose(mailing) for mailing in Mailing)]
    for user in users:
        _tell(user, "late", at=_at(22, 3), is_urgent=True)

    assert delivery.send_waiting(now=_at(22, 3)) == len(users)


def test_one_mail_a_day_brings_what_was_told_since_the_last_and_this_mornings_reminders() -> None:
    user = _who_chose(Mailing.DAILY)
    _tell(user, "yesterday", at=_at(19, 15))
    _tell(user, "this morning", at=_at(20, 7, 2))

    assert delivery.send_waiting(now=_at(20, 7, 29)) == 0
    assert delivery.send_waiting(now=_at(20, 7, 30)) == 1
    _tell(user, "later", at=_at(20, 7, 31))
    rest_of_the_day = [delivery.send_waiting(now=_at(20, hour)) for hour in (8, 12, 23)]
    weekend = [delivery.send_waiting(now=_at(day, 8)) for day in (21, 22)]
    monday = delivery.send_waiting(now=_at(23, 7, 30))

    assert (rest_of_the_day, weekend, monday) == ([0, 0, 0], [0, 0], 1)
    first, second = _bodies()
    assert "(yesterday)" in first
    assert "(this morning)" in first
    assert "(later)" in second


def test_who_wants_only_the_urgent_reads_the_rest_in_the_portal() -> None:
    user = _who_chose(Mailing.URGENT)
    _tell(user, "one", at=_at(20, 9))
    _tell(user, "late", at=_at(20, 9), is_urgent=True)

    assert delivery.send_waiting(now=_at(20, 10)) == 1

    assert "(one)" not in _bodies()[0]
    assert user.notices.get(cause="one").is_portal_only
    assert user.notices.unread().count() == 2


def test_what_stayed_in_the_portal_is_not_mailed_after_a_change_of_mind() -> None:
    user = _who_chose(Mailing.URGENT)
    _tell(user, "one", at=_at(20, 9))
    delivery.send_waiting(now=_at(20, 10))
    NoticePreference.objects.update(mailing=Mailing.AT_ONCE)
    _tell(user, "two", at=_at(20, 11))

    assert delivery.send_waiting(now=_at(20, 12)) == 1
    assert "(one)" not in _bodies()[0]


def test_who_had_no_address_is_not_flooded_when_there_is_one() -> None:
    user = builders.user(Role.CLERK)
    User.objects.filter(pk=user.pk).update(email="")
    _tell(user, "one", "two", at=_at(20, 9))
    delivery.send_waiting(now=_at(20, 10))
    User.objects.filter(pk=user.pk).update(email="moi@laichau.gov.vn")
    _tell(user, "three", at=_at(20, 11))

    assert delivery.send_waiting(now=_at(20, 12)) == 1
    assert [title in _bodies()[0] for title in ("(one)", "(three)")] == [False, True]


def test_a_long_mail_names_the_first_and_counts_the_others() -> None:
    user = builders.user(Role.CLERK)
    told = [f"cause {number}" for number in range(MOST_LINES + 12)]
    _tell(user, *told, at=_at(20, 9))

    assert delivery.send_waiting(now=_at(20, 10)) == 1

    (body,) = _bodies()
    assert body.count("* Hồ sơ (cause") == MOST_LINES
    assert "… và 12 thông báo khác" in body
    assert Mail.objects.get().notices.count() == len(told)


def test_a_mail_of_just_so_many_counts_no_others() -> None:
    user = builders.user(Role.CLERK)
    _tell(user, *(f"cause {number}" for number in range(MOST_LINES)), at=_at(20, 9))

    delivery.send_waiting(now=_at(20, 10))

    assert "thông báo khác" not in _bodies()[0]


def _many(people: Sequence[User], *, each: int) -> None:
    tellings = [
        Telling(recipient_id=user.pk, cause=f"cause {number}", title=f"Hồ sơ {number}")
        for user in people
        for number in range(each)
    ]
    services.tell_many(tellings, now=_at(20, 9))


def test_ten_thousand_notices_of_one_person_are_one_mail_in_few_statements() -> None:
    _many([builders.user(Role.CLERK)], each=10_000)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        made = mailing.bundle(now=_at(20, 10))

    assert made == 1
    assert len(queries) <= 11
    assert Mail.objects.get().notices.count() == 10_000


def test_ten_thousand_notices_of_many_go_in_bounded_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "MOST_RECIPIENTS", 40)
    _many([builders.user(Role.CLERK) for _number in range(100)], each=100)

    runs = [mailing.bundle(now=_at(20, 10)) for _number in range(4)]

    assert runs == [40, 40, 20, 0]
    assert Notice.objects.filter(mail__isnull=True).count() == 0
    sent = [mailing.send_pending(now=_at(20, 10), most=60) for _number in range(3)]
    assert sent == [60, 40, 0]
    assert len(django_mail.outbox) == 100


def test_notices_set_aside_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "MOST_SET_ASIDE", 7)
    _many([_who_chose(Mailing.URGENT)], each=10)

    for left in (3, 0):
        mailing.bundle(now=_at(20, 10))
        assert Notice.objects.to_mail().count() == left
    assert Mail.objects.count() == 0
