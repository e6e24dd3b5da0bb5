"""Rules about who signs a letter, each at its edge."""

from __future__ import annotations

from datetime import date

import pytest

from portal.agencies.facts import SignerFacts
from portal.agencies.rules import authority_is_recorded
from portal.core.rules import Violation
from requests_app.rules import signers as rules

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (rules.somebody_may_sign(True), ""),
        (rules.somebody_may_sign(False), "no_signer"),
        (rules.authority_is_in_force(True, "A", DAY), ""),
        (rules.authority_is_in_force(False, "A", DAY), "signer_without_authority"),
        (rules.signer_did_not_draft(False, "A"), ""),
        (rules.signer_did_not_draft(True, "A"), "signer_drafted"),
        (rules.signs_oneself(True, "A"), ""),
        (rules.signs_oneself(False, "A"), "not_the_signer"),
    ],
)
def test_each_rule_stops_what_it_says(found: Violation | None, code: str) -> None:
    assert (found.code if found else "") == code


@pytest.mark.parametrize(
    ("form", "wanting"),
    [
        ("head", set()),
        ("deputy", {"authority_without_document"}),
        ("by_order", {"authority_without_document", "authority_names_no_paper"}),
        (
            "by_authority",
            {
                "authority_without_document",
                "authority_names_no_paper",
                "authority_without_end",
            },
        ),
    ],
)
def test_each_form_asks_for_its_own(form: str, wanting: set[str]) -> None:
    facts = SignerFacts(name="A", form=form, title="B", valid_from=DAY)

    assert {one.code for one in authority_is_recorded(facts)} == wanting
