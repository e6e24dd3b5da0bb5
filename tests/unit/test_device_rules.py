"""What may be unlocked and whose loss is told, rule by rule at its edge."""

from __future__ import annotations

from datetime import date

import pytest

from devices.lifecycle import Condition, Custody
from portal.core.rules import Violation
from requests_app.rules import devices as rules

SERIAL = "BIT4ID-000001"


def code(violation: Violation | None) -> str:
    return violation.code if violation else ""


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition.LOCKED, ""),
        (Condition.OK, "not_locked"),
        (Condition.DAMAGED, "damaged"),
        (Condition.LOST, "lost"),
    ],
)
def test_only_a_locked_device_is_unlocked(condition: Condition, expected: str) -> None:
    assert code(rules.is_locked(condition, SERIAL)) == expected


@pytest.mark.parametrize("custody", list(Custody))
def test_only_a_subscribers_device_is_unlocked(custody: Custody) -> None:
    found = rules.is_with_its_subscriber(custody, SERIAL)

    assert (found is None) == (custody == Custody.WITH_SUBSCRIBER)
    assert code(found) in ("", "not_with_subscriber")


@pytest.mark.parametrize(
    ("revoked_on", "expired_on", "expected"),
    [
        (None, None, ""),
        (date(2026, 11, 19), None, "certificate_revoked"),
        (None, date(2026, 11, 19), "certificate_expired"),
        (date(2026, 11, 1), date(2026, 11, 19), "certificate_revoked"),
    ],
)
def test_a_device_whose_certificate_ended_is_given_back_not_unlocked(
    revoked_on: date | None, expired_on: date | None, expected: str
) -> None:
    found = rules.certificate_is_valid(SERIAL, revoked_on=revoked_on, expired_on=expired_on)

    assert code(found) == expected
    assert found is None or "Mẫu 08" in found.way_out


def test_a_device_without_a_certificate_is_nobodys_to_recover() -> None:
    assert rules.carries_a_certificate(True, SERIAL) is None
    assert code(rules.carries_a_certificate(False, SERIAL)) == "no_certificate"


@pytest.mark.parametrize("custody", list(Custody))
def test_an_agency_tells_the_loss_of_what_it_or_its_subscriber_had(custody: Custody) -> None:
    theirs = {
        Custody.AT_AGENCY,
        Custody.WITH_SUBSCRIBER,
        Custody.TO_BE_RETURNED,
        Custody.BACK_AT_AGENCY,
    }

    assert (rules.agency_answers_for(custody, SERIAL) is None) == (custody in theirs)


def test_one_loss_is_confirmed_once() -> None:
    assert rules.loss_is_not_confirmed_yet("", SERIAL) is None
    found = rules.loss_is_not_confirmed_yet("12/UBND-VX", SERIAL, 2, link="/ho-so/x/")
    assert found is not None
    assert (found.code, found.row, found.link) == ("loss_confirmed_already", 2, "/ho-so/x/")


def test_the_certificate_is_one_on_the_device() -> None:
    on_it = {"2A05F812673607B0", "2A05F812673607B1"}

    assert rules.certificate_is_on_device("2A05F812673607B0", on_it, SERIAL) is None
    found = rules.certificate_is_on_device("2A05F812673607B2", on_it, SERIAL)
    assert code(found) == "certificate_not_on_device"


def test_every_refusal_says_a_way_out() -> None:
    found = [
        rules.is_locked(Condition.OK, SERIAL),
        rules.is_with_its_subscriber(Custody.AT_CA, SERIAL),
        rules.carries_a_certificate(False, SERIAL),
        rules.agency_answers_for(Custody.STOCK, SERIAL),
        rules.agency_answers_for(Custody.ON_ITS_WAY, SERIAL),
        rules.certificate_is_on_device("", (), SERIAL),
    ]

    assert all(one is not None and one.way_out for one in found)
