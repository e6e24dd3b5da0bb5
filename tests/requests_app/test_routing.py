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
from requests_app import services
from requests_app.models import Procedure, RoutingRule
from requests_app.services import RuleFacts
from requests_app.services.routing import rule_for
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
    return builders.user(Role.ADMINISTRATOR, agency=builders.office())


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


def test_a_new_rule_ends_the_one_it_replaces_and_leaves_one_audit_entry() -> None:
    earlier = builders.routing(route=Route.DIRECT)

    services.add_rule(_facts(), actor=_administrator(), now=builders.NOW)

    earlier.refresh_from_db()
    assert earlier.valid_until == date(2026, 12, 1)
    assert AuditEntry.objects.filter(action="routing.add").count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_from": date(2024, 8, 15)}, "rule_overlaps"),
        ({"basis": " "}, "no_basis"),
        ({"route": Route.OFFICE_ONLY}, "addressee_no_office"),
        ({"working_days": 4}, "longer_than_the_law"),
    ],
)
def test_a_wrong_rule_is_refused_and_nothing_changes(changes: dict[str, Any], code: str) -> None:
    builders.routing()

    with pytest.raises(Refused) as refusal:
        services.add_rule(_facts(**changes), actor=_administrator(), now=builders.NOW)

    assert [violation.code for violation in refusal.value.violations] == [code]
    assert RoutingRule.objects.count() == 1


def test_a_limit_may_be_as_long_as_the_law_says() -> None:
    rule = services.add_rule(_facts(working_days=3), actor=_administrator(), now=builders.NOW)

    assert rule.working_days == 3


def test_nobody_but_an_administrator_changes_routes() -> None:
    with pytest.raises(PermissionDenied):
        services.add_rule(_facts(), actor=builders.user(Role.OFFICE_HEAD), now=builders.NOW)


def test_an_administrator_adds_and_ends_a_rule_on_the_pages() -> None:
    client = Client()
    client.force_login(_administrator())
    typed = {
        "procedure": "issue",
        "office": "",
        "storage": "",
        "route": "via_office",
        "addressee": str(builders.ca().uuid),
        "valid_from": "01/12/2026",
        "basis": "Quyết định 01/QĐ-UBND",
    }

    refused = client.post(reverse("requests_app:add_rule"), typed | {"basis": ""})
    added = client.post(reverse("requests_app:add_rule"), typed)

    assert refused.status_code == 200
    assert added.status_code == 302
    rule = RoutingRule.objects.get()
    assert "Quyết định 01/QĐ-UBND" in client.get(reverse("requests_app:routing")).text
    ended = client.post(reverse("requests_app:end_rule", args=[rule.uuid]), {"until": "01/01/2027"})
    assert ended.status_code == 302
    rule.refresh_from_db()
    assert rule.valid_until == date(2027, 1, 1)
