"""What the decree says of renewing and changing, at each edge."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from portal.agencies.models import SubscriberKind
from portal.core.rules import Violation
from requests_app.rules import certificates as rules

PERSON, BODY, SYSTEM = rules.PERSON, rules.ORGANISATION, rules.SYSTEM


def code(violation: Violation | None) -> str | None:
    return violation.code if violation else None


def test_the_rules_speak_of_the_same_kinds_as_the_register() -> None:
    assert {PERSON, BODY, SYSTEM} == set(SubscriberKind.values)


@pytest.mark.parametrize(
    ("days_left", "renewal", "change"),
    [
        (31, None, None),
        (30, None, None),
        (29, "too_late_to_renew", "too_late_to_change"),
        (0, "too_late_to_renew", "too_late_to_change"),
    ],
)
def test_renewal_and_change_need_30_days_left(
    days_left: int, renewal: str | None, change: str | None
) -> None:
    assert code(rules.has_30_days_left_to_renew(days_left, PERSON)) == renewal
    assert code(rules.has_30_days_left_to_change(days_left, PERSON)) == change


@pytest.mark.parametrize(
    ("kind", "form"), [(PERSON, "Mẫu 01"), (BODY, "Mẫu 02"), (SYSTEM, "Mẫu 03")]
)
def test_a_refusal_says_what_why_by_which_article_and_what_now(kind: str, form: str) -> None:
    violation = rules.has_30_days_left_to_renew(29, kind, 3)

    assert violation is not None
    assert "chỉ còn 29 ngày" in violation.message
    assert "ít nhất 30 ngày" in violation.message
    assert violation.article == "Điều 12 Nghị định 68/2024/NĐ-CP"
    assert violation.row == 3
    assert form in violation.way_out
    assert "trước khi chứng thư hết hạn" in violation.way_out


@pytest.mark.parametrize(("days_left", "expected"), [(0, None), (-1, "expired")])
def test_what_has_expired_is_issued_anew(days_left: int, expected: str | None) -> None:
    assert code(rules.is_not_expired(days_left, PERSON)) == expected


def test_what_was_revoked_is_issued_anew_as_the_first_time() -> None:
    violation = rules.is_not_revoked(True, BODY)

    assert violation is not None
    assert violation.article.startswith("Điều 21")
    assert "như cấp lần đầu" in violation.way_out
    assert rules.is_not_revoked(False, BODY) is None


@pytest.mark.parametrize(("renewals", "expected"), [(0, None), (1, "renewed_already")])
def test_a_certificate_is_renewed_once(renewals: int, expected: str | None) -> None:
    assert code(rules.is_not_renewed_yet(renewals, PERSON)) == expected


@pytest.mark.parametrize(
    ("not_after", "expected"),
    [
        (date(2029, 11, 18), None),
        (date(2029, 11, 19), "does_not_extend"),
        (date(2029, 11, 20), "does_not_extend"),
    ],
)
def test_a_renewal_that_does_not_extend_is_refused(not_after: date, expected: str | None) -> None:
    assert code(rules.renewal_extends(not_after, date(2029, 11, 19))) == expected


@pytest.mark.parametrize(
    ("begins", "years", "last_second"),
    [
        (datetime(2026, 11, 20, 2, 0, 1, 5, tzinfo=UTC), 3, "19/11/2029 23:59:59"),
        (datetime(2026, 11, 20, 17, 0, tzinfo=UTC), 3, "20/11/2029 23:59:59"),  # 0:00 in Hà Nội
        (datetime(2028, 2, 29, 2, 0, tzinfo=UTC), 3, "27/02/2031 23:59:59"),
        (datetime(2025, 3, 1, 2, 0, tzinfo=UTC), 3, "29/02/2028 23:59:59"),
        (datetime(2026, 11, 20, 2, 0, tzinfo=UTC), 5, "19/11/2031 23:59:59"),
    ],
)
def test_validity_ends_with_the_day_before_the_anniversary(
    begins: datetime, years: int, last_second: str
) -> None:
    start, end = rules.validity(begins, years=years)

    assert start == begins.replace(microsecond=0)
    assert f"{timezone.localtime(end):%d/%m/%Y %H:%M:%S}" == last_second


@pytest.mark.parametrize(
    ("kind", "changed", "expected"),
    [
        (PERSON, {"levels", "province", "email"}, None),
        (PERSON, {"name"}, "not_changeable"),
        (PERSON, {"email", "address"}, "not_changeable"),
        (BODY, {"name", "address", "levels", "province", "email"}, None),
        (SYSTEM, {"name", "address"}, None),
    ],
)
def test_what_may_change_depends_on_whom_the_certificate_names(
    kind: str, changed: set[str], expected: str | None
) -> None:
    assert code(rules.change_fits_subscriber(changed, kind)) == expected


@pytest.mark.parametrize(
    ("condition", "is_given_back", "expected"),
    [
        ("ok", False, None),
        ("locked", False, None),  # recovered on Mẫu 06, the key is there
        ("lost", False, "device_lost"),
        ("damaged", False, "device_damaged"),
        ("ok", True, "device_given_back"),
    ],
)
def test_the_new_certificate_needs_the_old_device(
    condition: str, is_given_back: bool, expected: str | None
) -> None:
    found = rules.device_can_take_it(condition, is_given_back=is_given_back, kind=PERSON)

    assert code(found) == expected


@pytest.mark.parametrize(
    ("is_sim", "phone", "expected"),
    [
        (True, "0912345678", None),
        (True, "", "missing_signing_phone"),
        (False, "0912345678", "only_for_sim"),
        (False, "", None),
    ],
)
def test_a_sim_is_named_with_its_number(is_sim: bool, phone: str, expected: str | None) -> None:
    assert code(rules.sim_names_its_number(is_sim, phone)) == expected


def test_a_superseded_certificate_names_its_successor_only_to_who_may_know() -> None:
    told = rules.is_not_superseded(True, successor="2A05F812673607B0")
    untold = rules.is_not_superseded(True)

    assert told is not None
    assert untold is not None
    assert "2A05F812673607B0" in told.message
    assert told.code == untold.code == "superseded"
    assert rules.is_not_superseded(False) is None


def test_what_is_unknown_and_what_is_anothers_sound_alike() -> None:
    violation = rules.certificate_is_known(False, "2A05F812673607B0", 2)

    assert violation is not None
    assert violation.message == rules.UNKNOWN.format(serial="2A05F812673607B0")
    assert rules.certificate_is_known(True, "2A05F812673607B0") is None
