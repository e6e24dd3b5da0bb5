"""What systems report is counted once, judged at once, and its sums are those of its events."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from devices.lifecycle import Condition, Move
from devices.models import Device
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from portal.usage.alarms import services as alarms
from portal.usage.models import (
    BodyMonth,
    SigningSystem,
    StrayEvent,
    UsageAlarm,
    UsageEvent,
    UsageMonth,
)
from portal.usage.receiving import services as receiving
from portal.usage.receiving.services import Receipt
from portal.usage.rules import MOST_EVENTS, Offence, month_of
from portal.usage.systems import services as systems
from tests import builders
from tests.builders import NOW
from tests.usage.builders import days_ago, event, system, told

pytestmark = pytest.mark.django_db


def outcomes(receipt: Receipt) -> list[tuple[str, str]]:
    return [(one.status, one.code) for one in receipt.answers]


def sums() -> dict[tuple[int, Any, int], tuple[int, datetime]]:
    return {
        (one.certificate_id, one.month, one.system_id): (one.count, one.last_at)
        for one in UsageMonth.objects.all()
    }


@pytest.fixture
def certificate(db: None) -> Certificate:
    return builders.certificate()


@pytest.fixture
def reporting(certificate: Certificate) -> SigningSystem:
    return system(agency=certificate.agency)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"moment": (NOW + timedelta(minutes=6)).isoformat()}, "future_moment"),
        ({"moment": "2024-01-31T09:00:00+07:00"}, "too_old"),
        ({"moment": "2026-11-19T09:00:00"}, "no_time_zone"),
        ({"moment": "19/11/2026"}, "bad_moment"),
        ({"moment": None}, "bad_moment"),
        ({"moment": "0001-01-01T00:00:00+14:00"}, "bad_moment"),
        ({"serial": "ABCDEF0123456789"}, "unknown_serial"),
        ({"serial": "không phải số"}, "bad_serial"),
        ({"serial": 42}, "bad_serial"),
        ({"serial": ""}, "bad_serial"),
        ({"id": ""}, "bad_id"),
        ({"id": "x" * 65}, "bad_id"),
        ({"id": "có dấu"}, "bad_id"),
        ({"id": None}, "bad_id"),
        ({"kind": "secret content"}, "bad_kind"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_itself(
    certificate: Certificate, reporting: SigningSystem, changes: dict[str, Any], code: str
) -> None:
    good = event(certificate.serial, days_ago(1))
    bad = event(certificate.serial, days_ago(1)) | changes

    receipt = told(reporting, bad, good, "no object", None)

    assert outcomes(receipt) == [
        ("refused", code), ("accepted", ""), ("refused", "not_an_object"),
        ("refused", "not_an_object"),
    ]  # fmt: skip
    assert UsageEvent.objects.count() == 1


def test_the_same_event_counts_once_however_often_it_comes(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    one = event(certificate.serial, days_ago(1), id="a")
    other = one | {"moment": days_ago(2).isoformat()}

    first = told(reporting, one, one, other)
    again = told(reporting, one)
    elsewhere = told(system(agency=certificate.agency), one)

    assert [status for status, _code in outcomes(first)] == ["accepted", "known", "refused"]
    assert outcomes(first)[2] == ("refused", "id_reused")
    assert outcomes(again) == [("known", "")]
    assert outcomes(elsewhere) == [("accepted", "")]  # the id is the system's own
    assert sum(count for count, _last in sums().values()) == 2


def test_a_serial_is_read_however_it_is_written(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    bare = certificate.serial.lstrip("0").lower()
    written = [bare, f"0x{bare}", ":".join([certificate.serial[:8], certificate.serial[8:]])]

    receipt = told(reporting, *(event(serial, days_ago(1)) for serial in written))

    assert outcomes(receipt) == [("accepted", "")] * 3


def test_the_month_is_that_of_the_country(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    told(reporting, event(certificate.serial, datetime(2026, 9, 30, 17, 0, tzinfo=UTC)))

    assert [one.month.isoformat() for one in UsageMonth.objects.all()] == ["2026-10-01"]


MOMENTS = st.integers(0, 370 * 24 * 3600).map(lambda seconds: NOW - timedelta(seconds=seconds))


@settings(max_examples=8)
@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), MOMENTS), max_size=12)))
def test_sums_equal_an_independent_count(
    batches: list[list[tuple[int, int, datetime]]],
) -> None:
    for model in (UsageEvent, UsageMonth, BodyMonth, UsageAlarm):
        model.objects.all().delete()
    held = [builders.certificate() for _number in range(3)]
    reporting = system(agency=held[0].agency)
    kept: dict[str, tuple[int, datetime]] = {}
    for batch in batches:
        told(
            reporting,
            *(
                event(held[which].serial, moment, id=f"e{number}")
                for which, number, moment in batch
            ),
        )
        for which, number, moment in batch:
            kept.setdefault(f"e{number}", (held[which].pk, moment))
    counted = Counter((pk, month_of(moment), reporting.pk) for pk, moment in kept.values())
    last = {
        key: max(m for pk, m in kept.values() if (pk, month_of(m), reporting.pk) == key)
        for key in counted
    }

    assert sums() == {key: (number, last[key]) for key, number in counted.items()}
    bodies = Counter[tuple[int, Any]]()
    agencies = {one.pk: one.agency_id for one in held}
    for (pk, month, _system), number in counted.items():
        bodies[agencies[pk], month] += number
    assert {(one.agency_id, one.month): one.count for one in BodyMonth.objects.all()} == bodies


def test_use_after_revocation_is_told_at_once_to_body_office_and_ca(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    clerk = builders.user(Role.CLERK, agency=certificate.agency)
    officer = builders.user(Role.OFFICE_OFFICER, agency=certificate.agency.office)
    operator = builders.user(Role.CA_OPERATOR)
    builders.user(Role.CLERK)  # of another body
    Certificate.objects.filter(pk=certificate.pk).update(
        revoked_at=days_ago(5), revocation_reason="cessation", crl_entry=b"x"
    )

    told(reporting, event(certificate.serial, days_ago(6)), event(certificate.serial, days_ago(4)))
    told(reporting, event(certificate.serial, days_ago(3)))

    alarm = UsageAlarm.objects.get()
    assert (alarm.offence, alarm.count) == (Offence.AFTER_REVOCATION, 2)
    assert (alarm.first_at, alarm.last_at) == (days_ago(4), days_ago(3))
    readers = set(Notice.objects.filter(is_urgent=True).values_list("recipient", flat=True))
    assert {clerk.pk, officer.pk, operator.pk} <= readers
    assert Notice.objects.exclude(target_uuid=alarm.uuid).count() == 0
    assert AuditEntry.objects.filter(action="usage_alarm.raise").count() == 1


def test_use_outside_validity_is_told(certificate: Certificate, reporting: SigningSystem) -> None:
    Certificate.objects.filter(pk=certificate.pk).update(not_after=days_ago(10))

    told(reporting, event(certificate.serial, days_ago(11)), event(certificate.serial, days_ago(9)))

    alarm = UsageAlarm.objects.get()
    assert (alarm.offence, alarm.count) == (Offence.OUTSIDE_VALIDITY, 1)


def test_use_after_a_loss_is_told_also_when_the_loss_is_learnt_later(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    told(reporting, event(certificate.serial, days_ago(20)), event(certificate.serial, days_ago(1)))
    assert alarms.judge_again(now=NOW) == 0
    device = builders.in_hands_of(certificate.subscriber, certificate.key, now=days_ago(30))
    Device.objects.filter(pk=device.pk).update(condition=Condition.LOST)
    device.moves.create(
        move=Move.REPORT_LOST,
        to_custody=device.custody,
        from_condition=Condition.OK,
        to_condition=Condition.LOST,
        document_label="Sổ thử",
        happened_on=days_ago(3).date(),
        at=NOW,
    )

    assert alarms.judge_again(now=NOW) == 1
    assert alarms.judge_again(now=NOW) == 0
    told(reporting, event(certificate.serial, days_ago(0.5)))

    alarm = UsageAlarm.objects.get()
    assert (alarm.offence, alarm.count) == (Offence.AFTER_LOSS, 2)


def test_what_came_with_a_stolen_token_is_withdrawn_and_can_be_sent_again(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    officer = reporting.registered_by
    other = builders.certificate(subscriber=builders.person(at=certificate.agency))
    Certificate.objects.filter(pk=other.pk).update(not_after=days_ago(10))
    token = systems.token_named(systems.make_token(reporting, actor=officer, now=days_ago(9)))
    assert token is not None
    before = event(certificate.serial, days_ago(8))
    told(reporting, before, token=token, now=days_ago(8))
    within = event(certificate.serial, days_ago(2))
    told(reporting, within, event(other.serial, days_ago(2)), token=token, now=days_ago(2))
    told(reporting, event("F" * 16, days_ago(2)), token=token, now=days_ago(2))
    assert UsageAlarm.objects.open().count() == 1
    systems.make_token(reporting, actor=officer, now=days_ago(1))  # before the theft was known

    taken = systems.end_token(reporting, stolen_since=days_ago(3), actor=officer, now=NOW)

    assert taken == 2
    assert [count for count, _last in sums().values()] == [1]
    assert sum(one.count for one in BodyMonth.objects.all()) == 1
    assert not UsageAlarm.objects.open().exists()
    assert not StrayEvent.objects.exists()
    with pytest.raises(Refused) as refusal:
        told(reporting, before, token=token)
    assert refusal.value.violations[0].code == "token_ended"
    assert outcomes(told(reporting, before, within)) == [("known", ""), ("accepted", "")]
    assert sum(count for count, _last in sums().values()) == 2


def test_an_unknown_serial_is_kept_apart_and_counted_once_it_is_known(
    reporting: SigningSystem,
) -> None:
    stray = event("00000000000ABCDE", days_ago(1))
    told(reporting, stray)
    told(reporting, stray)
    assert StrayEvent.objects.count() == 1
    assert receiving.count_strays(now=NOW) == 0
    late = builders.certificate()
    Certificate.objects.filter(pk=late.pk).update(serial="00000000000ABCDE")

    assert receiving.count_strays(now=NOW) == 1

    assert receiving.count_strays(now=NOW) == 0
    assert [count for count, _last in sums().values()] == [1]
    assert outcomes(told(reporting, stray)) == [("known", "")]


def test_old_events_are_forgotten_their_sums_stay_and_none_comes_back(
    certificate: Certificate, reporting: SigningSystem, settings: Settings
) -> None:
    old = event(certificate.serial, days_ago(100))
    told(reporting, old, event(certificate.serial, days_ago(1)))
    settings.USAGE_EVENT_DAYS = 60

    assert receiving.forget_old(now=NOW) == 1

    assert receiving.forget_old(now=NOW) == 0
    assert outcomes(told(reporting, old)) == [("refused", "too_old")]
    assert sum(count for count, _last in sums().values()) == 2


def test_a_clock_an_hour_off_is_noticed_and_said(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    ahead = told(reporting, event(certificate.serial, NOW + timedelta(hours=1)))
    assert outcomes(ahead) == [("refused", "future_moment")]
    assert ahead.skew == timedelta(hours=1)
    told(reporting, event(certificate.serial, NOW + timedelta(hours=1)))
    reporting.refresh_from_db()
    assert reporting.skew_seconds == 3600
    assert Notice.objects.filter(recipient=reporting.registered_by).count() == 1  # once a day

    behind = told(
        reporting,
        event(certificate.serial, NOW - timedelta(hours=1)),
        sent_at=NOW - timedelta(hours=1),
    )
    assert behind.skew == -timedelta(hours=1)

    right = told(reporting, event(certificate.serial, days_ago(0.1)), sent_at=NOW)
    assert right.skew is None
    assert SigningSystem.objects.get().skew_seconds is None


def test_too_many_at_once_and_an_ended_system_are_refused(reporting: SigningSystem) -> None:
    with pytest.raises(Refused) as refusal:
        told(reporting, *([{}] * (MOST_EVENTS + 1)))
    assert refusal.value.violations[0].code == "too_many_events"
    systems.end(reporting, actor=reporting.registered_by, now=NOW)
    with pytest.raises(Refused) as refusal:
        told(reporting)
    assert refusal.value.violations[0].code == "system_ended"


def test_a_batch_costs_as_many_queries_as_one_event(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    def queries(count: int) -> int:
        offered = [event(certificate.serial, days_ago(1 + n / 100)) for n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            told(reporting, *offered)
        return len(
            [one for one in captured if not one["sql"].startswith('INSERT INTO "usage_usagee')]
        )

    assert queries(1) == queries(200)
