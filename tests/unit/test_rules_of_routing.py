"""Rules about who gets which form and what goes under one letter, each at its edge."""

from __future__ import annotations

import itertools

import pytest

from portal.core.rules import Violation
from requests_app.covering_letters import rules as covering
from requests_app.own_letters import rules as own
from requests_app.routing import rules as routing
from requests_app.workflow import PETITIONS, Procedure, Route, routes_of


def _code(violation: Violation | None) -> str:
    return violation.code if violation else ""


@pytest.mark.parametrize("procedure", Procedure)
def test_an_office_decides_itself_only_what_the_ca_hands_over(procedure: Procedure) -> None:
    handed_over = procedure in (Procedure.RENEW_CHANGE, Procedure.RECOVER)

    violation = routing.may_be_delegated(procedure, Route.OFFICE_ONLY)

    assert _code(violation) == ("" if handed_over else "not_delegable")
    assert violation is None or "275/BCY-CTSBMTT" in violation.article
    assert routing.may_be_delegated(procedure, Route.DIRECT) is None


def test_a_procedure_goes_its_own_routes_only() -> None:
    for procedure, route in itertools.product(Procedure, Route):
        allowed = routes_of(procedure)

        violation = routing.fits_procedure(procedure, route, allowed)

        code = "" if route in allowed else "route_of_another_procedure"
        assert _code(violation) == code, (procedure, route)
        assert violation is None or str(Route(min(allowed)).label) in violation.way_out


@pytest.mark.parametrize(
    ("route", "office", "addressee", "code"),
    [
        (Route.OFFICE_ONLY, 1, 1, ""),
        (Route.OFFICE_ONLY, 1, 2, "addressee_no_office"),
        (Route.OFFICE_ONLY, None, 2, "office_not_named"),
        (Route.OFFICE_MINUTES, 1, 2, "addressee_no_office"),
        (Route.VIA_OFFICE, None, 2, ""),
    ],
)
def test_what_an_office_decides_is_addressed_to_it(
    route: Route, office: int | None, addressee: int, code: str
) -> None:
    assert _code(routing.office_addresses_itself(route, office, addressee)) == code


@pytest.mark.parametrize("route", sorted(PETITIONS))
def test_everything_else_is_addressed_to_the_ca(route: Route) -> None:
    is_wrong = route != Route.OFFICE_ONLY

    assert _code(routing.ca_is_addressed(route, False)) == ("addressee_no_ca" if is_wrong else "")
    assert routing.ca_is_addressed(route, True) is None


@pytest.mark.parametrize(
    ("typed", "most", "code"),
    [(None, 3, ""), (1, 3, ""), (3, 3, ""), (4, 3, "longer_than_the_law"), (30, None, "")],
)
def test_a_rule_shortens_a_limit_and_never_lengthens_it(
    typed: int | None, most: int | None, code: str
) -> None:
    assert _code(routing.is_no_longer_than_the_law(typed, most, "Điều 11")) == code


def test_a_rule_names_its_document_and_comes_after_the_one_it_replaces() -> None:
    assert _code(routing.has_basis("  ")) == "no_basis"
    assert routing.has_basis("QĐ 01") is None
    assert _code(routing.comes_after_the_standing(True)) == "rule_overlaps"
    assert routing.comes_after_the_standing(False) is None


def test_a_covering_letter_forwards_something_and_not_too_much() -> None:
    assert _code(covering.has_dossiers(0)) == "no_dossiers"
    assert covering.has_dossiers(1) is None
    assert covering.fits_one_letter(covering.MOST_DOSSIERS) is None
    assert _code(covering.fits_one_letter(covering.MOST_DOSSIERS + 1)) == "too_many_dossiers"


def test_a_covering_letter_has_a_number_of_its_own_what_waits_and_a_scan_if_in_ink() -> None:
    assert _code(own.number_is_new(True, "68/SKHCN")) == "letter_number_used"
    assert own.number_is_new(False, "68/SKHCN") is None
    assert _code(covering.nothing_has_changed(["12/UBND"])) == "dossiers_changed"
    assert covering.nothing_has_changed([]) is None
    assert _code(own.scan_is_there(True, False)) == "no_signed_scan"
    assert own.scan_is_there(True, True) is None
    assert own.scan_is_there(False, False) is None
    assert _code(own.letter_is_ready(False)) == "letter_not_ready"
    assert own.letter_is_ready(True) is None
