"""Rules over a whole dossier at their edges: sender, letter, list."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.core.rules import Violation
from requests_app.kinds.people import sim_names_its_carrier
from requests_app.rules import dossiers, register

TODAY = date(2026, 11, 20)


def code_of(violation: Violation | None) -> str:
    return violation.code if violation else ""


def test_the_forms_are_used_from_the_day_the_decree_is_in_force() -> None:
    assert code_of(dossiers.decree_is_in_force(date(2024, 8, 14))) == "decree_not_in_force"
    assert dossiers.decree_is_in_force(date(2024, 8, 15)) is None


def test_a_body_without_a_seal_sends_nothing() -> None:
    refused = dossiers.sender_has_seal(False, "Phòng Văn hóa")
    assert code_of(refused) == "sender_has_no_seal"
    assert "Phòng Văn hóa" in str(refused.message if refused else "")
    assert dossiers.sender_has_seal(True, "UBND xã") is None


def test_a_body_that_is_no_more_sends_nothing() -> None:
    assert code_of(dossiers.sender_exists(False, "UBND huyện")) == "sender_dissolved"
    assert dossiers.sender_exists(True, "UBND xã") is None


def test_a_letter_asks_for_somebody() -> None:
    assert code_of(dossiers.has_rows(0)) == "no_rows"
    assert dossiers.has_rows(1) is None


@pytest.mark.parametrize("number", ["12/UBND-VX", "05/BNV-VP", "1581/STTTT-BCVTCNTT", "7/UBND"])
def test_official_numbers_are_taken(number: str) -> None:
    assert dossiers.has_letter_number(number) is None


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "no_letter_number"),
        ("12 /UBND-VX", "letter_number_form"),
        ("12/ubnd", "letter_number_form"),
        ("123456/UBND", "letter_number_form"),
        ("UBND/12", "letter_number_form"),
    ],
)
def test_numbers_of_another_form_are_not(number: str, code: str) -> None:
    assert code_of(dossiers.has_letter_number(number)) == code


def test_a_letter_bears_no_day_to_come() -> None:
    assert code_of(dossiers.has_letter_date(None, TODAY)) == "no_letter_date"
    tomorrow = TODAY + timedelta(days=1)
    assert code_of(dossiers.has_letter_date(tomorrow, TODAY)) == "letter_date_to_come"
    assert dossiers.has_letter_date(TODAY, TODAY) is None


def test_a_letter_is_not_older_than_the_name_it_stands_in() -> None:
    assert dossiers.letter_date_fits_sender(TODAY, TODAY, "UBND xã mới") is None
    older = dossiers.letter_date_fits_sender(TODAY - timedelta(days=1), TODAY, "UBND xã mới")
    assert code_of(older) == "letter_older_than_name"


def test_rows_of_one_letter_go_one_way() -> None:
    assert dossiers.rows_go_one_way(["direct", "direct"]) is None
    assert code_of(dossiers.rows_go_one_way(["direct", "office_only"])) == "rows_go_different_ways"


def test_a_body_stands_on_the_list_before_it_gets_a_certificate() -> None:
    assert dossiers.organisation_is_registered(True, 1, "UBND xã") is None
    refused = dossiers.organisation_is_registered(False, 3, "UBND xã")
    assert code_of(refused) == "organisation_not_registered"
    assert refused is not None
    assert refused.row == 3


def test_ink_needs_its_scan() -> None:
    assert dossiers.ink_needs_scan(False, False) is None
    assert dossiers.ink_needs_scan(True, True) is None
    assert code_of(dossiers.ink_needs_scan(True, False)) == "no_signed_scan"


def test_a_system_is_owned_by_a_body_on_the_list() -> None:
    assert register.owner_is_registered(True, 1, "UBND xã") is None
    assert code_of(register.owner_is_registered(False, 1, "Công ty")) == "owner_not_registered"


def test_a_sim_names_its_carrier_and_only_a_sim_does() -> None:
    assert sim_names_its_carrier({"storage": "sim", "carrier": "Viettel"}, TODAY) == []
    assert sim_names_its_carrier({"storage": "sim"}, TODAY)
    assert sim_names_its_carrier({"storage": "token", "carrier": "Viettel"}, TODAY)
    assert not sim_names_its_carrier({"storage": "token"}, TODAY)


@pytest.mark.parametrize(
    ("number", "code", "way_out"),
    [
        ("15/TTr-UBND", "", ""),
        ("05/BB-UBND", "", ""),
        ("15/TTR-UBND", "letter_number_form", "15/TTr-UBND"),
        ("15/ttr-ubnd", "letter_number_form", "15/TTr-UBND"),
        ("12/UBND-Vhxh", "letter_number_form", "12/UBND-VHXH"),
        ("0/UBND", "letter_number_zero", "01"),
        ("00/UBND", "letter_number_zero", "01"),
    ],
)
def test_a_symbol_is_written_as_the_decree_abbreviates(
    number: str, code: str, way_out: str
) -> None:
    found = dossiers.has_letter_number(number)

    assert (found.code if found else "") == code
    assert found is None or way_out in f"{found.message} {found.way_out}"


@pytest.mark.parametrize(
    ("number", "kind", "suggestions"),
    [
        ("7/UBND-VX", "", ["07/UBND-VX"]),
        ("07/UBND-VX", "", []),
        ("12/BB-UBND", "BIÊN BẢN", []),
        ("12/UBND", "BIÊN BẢN", ["12/BB-UBND"]),
        ("7/UBND", "Báo cáo", ["07/UBND", "7/BC-UBND"]),
        ("12/BB-UBND", "", ["12/UBND"]),
        ("không phải số", "", []),
    ],
)
def test_what_is_odd_about_a_number_is_offered_and_stops_nothing(
    number: str, kind: str, suggestions: list[str]
) -> None:
    assert [one.suggestion for one in dossiers.looks_of_number(number, kind)] == suggestions
