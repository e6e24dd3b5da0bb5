"""The rules of revocation, each at its edge."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.rules import Violation
from requests_app.rules import revocation as rules
from requests_app.rules.revocation import Cause

DAY = date(2026, 11, 20)


def code(violation: Violation | None) -> str:
    return violation.code if violation else ""


@pytest.mark.parametrize("subject", ["person", "organisation", "system"])
@pytest.mark.parametrize("cause", sorted(rules.FOR_ALL))
def test_the_cases_of_clause_1_are_for_whatever_certificate(cause: Cause, subject: str) -> None:
    assert rules.cause_fits_subject(cause, subject) is None


@pytest.mark.parametrize(
    ("cause", "subject"),
    [
        *((cause, "person") for cause in sorted(rules.FOR_PERSONS)),
        *((cause, "organisation") for cause in sorted(rules.FOR_BODIES)),
        *((cause, "system") for cause in sorted(rules.FOR_SYSTEMS)),
    ],
)
def test_a_case_of_its_own_clause_is_for_its_own_subject_alone(cause: Cause, subject: str) -> None:
    assert rules.cause_fits_subject(cause, subject) is None
    for other in {"person", "organisation", "system"} - {subject}:
        found = rules.cause_fits_subject(cause, other, 3)
        assert found is not None
        assert (found.code, found.row) == ("cause_of_another_subject", 3)
        assert "Điều 17" in found.article


def test_every_cause_is_somebodys() -> None:
    named = rules.FOR_ALL | rules.FOR_PERSONS | rules.FOR_BODIES | rules.FOR_SYSTEMS

    assert named == set(Cause)


@pytest.mark.parametrize("cause", Cause)
def test_only_what_the_person_alone_can_tell_needs_the_persons_own_request(cause: Cause) -> None:
    needed = cause in {"key_exposed", "device_damaged", "device_lost", "unsafe", "own_wish"}

    assert code(rules.own_request_is_attached(cause, "person", False)) == (
        "no_own_request" if needed else ""
    )
    assert rules.own_request_is_attached(cause, "person", True) is None


@pytest.mark.parametrize("subject", ["organisation", "system"])
def test_a_body_asks_by_the_letter_itself(subject: str) -> None:
    assert rules.own_request_is_attached(Cause.KEY_EXPOSED, subject, False) is None


def test_the_way_out_of_a_missing_own_request_is_the_agencys_own_word() -> None:
    found = rules.own_request_is_attached(Cause.KEY_EXPOSED, "person", False, 2)

    assert found is not None
    assert str(Cause.AGENCY.label) in found.way_out


def test_proceedings_bodies_ask_in_writing() -> None:
    assert code(rules.authority_request_is_attached(Cause.PROCEEDINGS, False)) == (
        "no_authority_request"
    )
    assert rules.authority_request_is_attached(Cause.PROCEEDINGS, True) is None
    assert rules.authority_request_is_attached(Cause.RETIRED, False) is None


def test_the_managing_agency_asks_and_nobody_else() -> None:
    assert rules.managing_agency_asks(True, "00AA") is None
    found = rules.managing_agency_asks(False, "00AA")
    assert code(found) == "not_the_managing_agency"
    assert found is not None
    assert "Điều 18" in found.article


def test_what_was_revoked_is_not_revoked_again() -> None:
    assert rules.is_not_revoked("00AA", None) is None
    found = rules.is_not_revoked("00AA", DAY)
    assert found is not None
    assert found.code == "revoked_already"
    assert "20/11/2026" in found.message
    assert "Mẫu số 08" in found.way_out


def test_of_a_replaced_certificate_the_one_in_its_place_is_named() -> None:
    found = rules.is_not_revoked("00AA", DAY, successor="00BB")

    assert found is not None
    assert "00BB" in found.way_out


def test_an_expired_certificate_needs_no_letter_but_its_device_comes_back() -> None:
    assert rules.is_not_expired("00AA", None) is None
    found = rules.is_not_expired("00AA", DAY)
    assert found is not None
    assert found.code == "expired_already"
    assert "không cần đề nghị thu hồi" in found.message
    assert "thu lại thiết bị" in found.way_out
    assert "Điều 20" in found.article


def test_a_wrong_identity_number_is_told_without_repeating_any_number() -> None:
    assert rules.identity_is_the_subscribers(True) is None
    found = rules.identity_is_the_subscribers(False)
    assert found is not None
    assert found.code == "identity_differs"
    assert not any(char.isdigit() for char in found.message + found.way_out)


@pytest.mark.parametrize(
    ("typed", "known", "expected"),
    [
        ("0100233488", "0100233488", ""),
        ("0100233488", "", ""),  # none on record: nothing to compare with
        ("0100233488", "0314409058", "code_differs"),
    ],
)
def test_a_bodys_code_is_the_one_on_record(typed: str, known: str, expected: str) -> None:
    assert code(rules.code_is_the_bodys("Mã số thuế", typed, known)) == expected


@pytest.mark.parametrize(
    ("subject", "has_identity", "has_codes", "expected"),
    [
        ("person", True, False, ""),
        ("person", False, True, "subscriber_not_named"),
        ("organisation", False, True, ""),
        ("organisation", True, False, "subscriber_not_named"),
        ("system", False, False, ""),
    ],
)
def test_the_cells_are_those_of_whose_certificate_it_is(
    subject: str, has_identity: bool, has_codes: bool, expected: str
) -> None:
    found = rules.names_its_subscriber(subject, has_identity=has_identity, has_codes=has_codes)

    assert code(found) == expected


@pytest.mark.parametrize(
    ("typed", "actual", "expected"),
    [
        ("BIT4ID-1", "BIT4ID-1", ""),
        ("", "", ""),
        ("HSM-7", "", ""),  # no device on record: the agency's own
        ("", "BIT4ID-1", "device_differs"),
        ("BIT4ID-2", "BIT4ID-1", "device_differs"),
    ],
)
def test_the_device_is_the_one_the_key_is_in(typed: str, actual: str, expected: str) -> None:
    assert code(rules.device_is_the_certificates(typed, actual)) == expected
