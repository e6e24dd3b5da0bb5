"""Who gets which form: the most specific rule in force, kept by an administrator with dates."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.models import Procedure, RoutingProposal, RoutingRule
from requests_app.routing.proposals import (
    confirm_proposal,
    decline_proposal,
    propose_rule,
    withdraw_proposal,
)
from requests_app.routing.services import copies_for, rule_for
from requests_app.routing.terms import RuleFacts, violations_of
from requests_app.workflow import Route
from tests import builders

pytestmark = pytest.mark.django_db


def _facts(**changes: Any) -> RuleFacts:
    typed: dict[str, Any] = {
        "office": None,
        "procedure": Procedure.ISSUE,
        "storage": "",
        "route": Route.VIA_OFFICE,
        "addressee": builders.ca(),
        "copies": [],
        "working_days": None,
        "valid_from": date(2026, 12, 1),
        "basis": "QĐ thử 01",
    }
    return RuleFacts(**(typed | changes))


def _administrator() -> User:
    office = builders.office()
    return builders.user(Role.ADMINISTRATOR, agency=office, person=builders.person(at=office))


def _in_force(facts: RuleFacts) -> RoutingRule:
    """Proposed by one administrator, confirmed by another."""
    proposal = propose_rule(facts, actor=_administrator(), now=builders.NOW)
    confirm_proposal(proposal, actor=_administrator(), now=builders.NOW)
    return RoutingRule.objects.get(proposal=proposal)


def _codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


def test_the_most_specific_rule_in_force_wins() -> None:
    office = builders.office()
    builders.routing(route=Route.DIRECT)
    builders.routing(route=Route.VIA_OFFICE, office=office)
    builders.routing(route=Route.OFFICE_ONLY, office=office, storage="sim")
    builders.routing(route=Route.NOTICE, office=office, valid_from=date(2027, 1, 1))

    def route(office_id: int | None, storage: str) -> str:
        rule = rule_for(Procedure.ISSUE, office_id=office_id, storage=storage, today=builders.TODAY)
        return rule.route

    assert route(None, "token") == Route.DIRECT
    assert route(office.pk, "token") == Route.VIA_OFFICE
    assert route(office.pk, "sim") == Route.OFFICE_ONLY


def test_without_a_rule_the_refusal_says_whom_to_ask() -> None:
    with pytest.raises(Refused) as refusal:
        rule_for(Procedure.ISSUE, office_id=None, today=builders.TODAY)

    (violation,) = refusal.value.violations
    assert violation.code == "no_routing_rule"
    assert violation.way_out


def test_what_an_office_decides_is_addressed_to_the_office_of_the_sender() -> None:
    office = builders.office()
    builders.routing(Procedure.RECOVER, Route.OFFICE_ONLY)  # for all, and addressed to the CA

    rule = rule_for(Procedure.RECOVER, office_id=office.pk, today=builders.TODAY)

    assert rule.addressee == office


def test_a_body_without_an_office_has_nobody_who_decides_in_the_offices_place() -> None:
    builders.routing(Procedure.RECOVER, Route.OFFICE_ONLY)

    with pytest.raises(Refused) as refusal:
        rule_for(Procedure.RECOVER, office_id=None, today=builders.TODAY)

    assert _codes(refusal) == ["no_routing_rule"]


def test_a_new_rule_ends_the_one_it_replaces_and_leaves_one_entry_for_each_person() -> None:
    earlier = builders.routing(route=Route.DIRECT)

    _in_force(_facts())

    earlier.refresh_from_db()
    assert earlier.valid_until == date(2026, 12, 1)
    assert AuditEntry.objects.filter(action="routing.propose").count() == 1
    assert AuditEntry.objects.filter(action="routing.confirm").count() == 1


def test_a_proposed_rule_is_not_in_force_until_another_person_confirms_it() -> None:
    builders.routing(route=Route.DIRECT)
    proposer = _administrator()
    same_person = builders.user(Role.ADMINISTRATOR, agency=proposer.agency, person=proposer.person)
    facts = _facts(valid_from=builders.TODAY)
    proposal = propose_rule(facts, actor=proposer, now=builders.NOW)

    def route() -> str:
        return rule_for(Procedure.ISSUE, office_id=1, today=builders.TODAY).route

    assert route() == Route.DIRECT
    for nobody_else in (proposer, same_person):
        with pytest.raises(Refused) as refusal:
            confirm_proposal(proposal, actor=nobody_else, now=builders.NOW)
        assert _codes(refusal) == ["not_a_second_person"]
    assert route() == Route.DIRECT
    confirm_proposal(proposal, actor=_administrator(), now=builders.NOW)
    assert route() == Route.VIA_OFFICE


def test_a_declined_or_withdrawn_proposal_changes_nothing_and_is_decided_once() -> None:
    standing = builders.routing(route=Route.DIRECT)
    proposer = _administrator()
    declined = propose_rule(_facts(), actor=proposer, now=builders.NOW)
    withdrawn = propose_rule(_facts(), actor=proposer, now=builders.NOW)

    decline_proposal(declined, actor=_administrator(), now=builders.NOW)
    with pytest.raises(PermissionDenied):
        withdraw_proposal(withdrawn, actor=_administrator(), now=builders.NOW)
    withdraw_proposal(withdrawn, actor=proposer, now=builders.NOW)

    for proposal in (declined, withdrawn):
        with pytest.raises(Refused) as refusal:
            confirm_proposal(proposal, actor=_administrator(), now=builders.NOW)
        assert _codes(refusal) == ["already_decided"]
    standing.refresh_from_db()
    assert standing.valid_until is None
    assert list(RoutingRule.objects.confirmed()) == [standing]


def test_the_second_of_two_proposals_for_one_day_is_refused_when_it_is_confirmed() -> None:
    proposer, second = _administrator(), _administrator()
    one = propose_rule(_facts(), actor=proposer, now=builders.NOW)
    other = propose_rule(_facts(route=Route.DIRECT), actor=proposer, now=builders.NOW)
    confirm_proposal(one, actor=second, now=builders.NOW)

    with pytest.raises(Refused) as refusal:
        confirm_proposal(other, actor=second, now=builders.NOW)

    assert _codes(refusal) == ["rule_overlaps"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_from": date(2024, 8, 15)}, "rule_overlaps"),
        ({"basis": " "}, "no_basis"),
        ({"route": Route.MINUTES}, "route_of_another_procedure"),
        ({"working_days": 4}, "longer_than_the_law"),
        ({"procedure": Procedure.RECOVER, "working_days": 2}, "longer_than_the_law"),
    ],
)
def test_a_wrong_rule_is_refused_and_nothing_changes(changes: dict[str, Any], code: str) -> None:
    builders.routing()

    with pytest.raises(Refused) as refusal:
        propose_rule(_facts(**changes), actor=_administrator(), now=builders.NOW)

    assert _codes(refusal) == [code]
    assert RoutingRule.objects.count() == 1


@pytest.mark.parametrize(
    ("procedure", "codes"),
    [
        (Procedure.ISSUE, ["not_delegable"]),
        (Procedure.REVOKE, ["not_delegable"]),
        (Procedure.RENEW_CHANGE, []),
        (Procedure.RECOVER, []),
        (Procedure.REPORT_LOSS, ["route_of_another_procedure", "not_delegable"]),
    ],
)
def test_an_office_carries_out_only_what_the_ca_hands_over(
    procedure: Procedure, codes: list[str]
) -> None:
    office = builders.office()
    facts = _facts(procedure=procedure, route=Route.OFFICE_ONLY, office=office, addressee=office)

    found = violations_of(facts)

    assert [violation.code for violation in found] == codes
    assert all(violation.way_out for violation in found)


def test_who_decides_is_the_office_the_rule_is_for() -> None:
    office, another = builders.office(), builders.office()

    def codes(**changes: Any) -> list[str]:
        facts = _facts(procedure=Procedure.RECOVER, route=Route.OFFICE_ONLY, **changes)
        return [violation.code for violation in violations_of(facts)]

    assert codes(office=None, addressee=office) == ["office_not_named"]
    assert codes(office=office, addressee=another) == ["addressee_no_office"]
    assert codes(office=office, addressee=builders.ca()) == ["addressee_no_office"]
    assert codes(office=office, addressee=office) == []
    to_the_office = _facts(route=Route.VIA_OFFICE, office=office, addressee=office)
    assert [violation.code for violation in violations_of(to_the_office)] == ["addressee_no_ca"]


def test_a_limit_may_be_as_long_as_the_law_says() -> None:
    rule = _in_force(_facts(working_days=3))

    assert rule.working_days == 3


def test_nobody_but_an_administrator_who_is_a_known_person_changes_routes() -> None:
    with pytest.raises(PermissionDenied):
        propose_rule(_facts(), actor=builders.user(Role.OFFICE_HEAD), now=builders.NOW)
    with pytest.raises(Refused) as refusal:
        propose_rule(_facts(), actor=builders.user(Role.ADMINISTRATOR), now=builders.NOW)

    assert _codes(refusal) == ["account_without_person"]


def test_the_communes_own_unit_gets_a_copy_of_what_its_bodies_send() -> None:
    office = builders.office()
    commune = builders.agency(office=office)
    school = builders.agency("TRƯỜNG TIỂU HỌC THỬ", office=office, parent=commune)
    unit = builders.agency(
        "PHÒNG VĂN HÓA – XÃ HỘI XÃ THỬ", office=office, parent=commune, has_seal=False
    )
    elsewhere = builders.agency(office=office)
    rule = builders.routing(copies=[office])
    rule.copies_commune = True

    assert copies_for(rule, commune) == [office, unit]
    assert copies_for(rule, school) == [office, unit]
    assert copies_for(rule, elsewhere) == [office]


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_two_administrators_add_and_end_a_rule_on_the_pages() -> None:
    one, two = _client(_administrator()), _client(_administrator())
    typed = {
        "procedure": "issue",
        "office": "",
        "storage": "",
        "route": "via_office",
        "addressee": str(builders.ca().uuid),
        "valid_from": "01/12/2026",
        "basis": "Quyết định 01/QĐ-UBND",
    }

    refused = one.post(reverse("requests_app:add_rule"), typed | {"basis": ""})
    added = one.post(reverse("requests_app:add_rule"), typed)

    assert refused.status_code == 200
    assert added.status_code == 302
    rule = RoutingRule.objects.get()
    assert rule.proposal is not None
    assert "Quyết định 01/QĐ-UBND" in one.get(reverse("requests_app:routing")).text
    two.post(reverse("requests_app:confirm_rules", args=[rule.proposal.uuid]))
    assert RoutingRule.objects.confirmed().get() == rule
    ending = one.post(reverse("requests_app:end_rule", args=[rule.uuid]), {"until": "01/01/2027"})
    assert ending.status_code == 302
    end = RoutingProposal.objects.open().get()
    two.post(reverse("requests_app:confirm_rules", args=[end.uuid]))
    rule.refresh_from_db()
    assert rule.valid_until == date(2027, 1, 1)


def test_who_proposed_is_offered_to_withdraw_and_is_refused_to_confirm() -> None:
    proposer = _administrator()
    proposal = propose_rule(_facts(), actor=proposer, now=builders.NOW)
    client = _client(proposer)

    page = client.get(reverse("requests_app:routing")).text
    answer = client.post(
        reverse("requests_app:confirm_rules", args=[proposal.uuid]), follow=True
    ).text

    assert "Rút đề nghị" in page
    assert "Xác nhận, cho áp dụng" not in page
    assert "không được tự xác nhận" in answer
    client.post(reverse("requests_app:withdraw_rules", args=[proposal.uuid]))
    assert not RoutingProposal.objects.open().exists()
