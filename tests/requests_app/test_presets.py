"""How four provinces send the forms: each procedure and device kind goes where it should."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.ca.models import Storage
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.models import Procedure, RoutingProposal, RoutingRule
from requests_app.routing.presets import PRESETS
from requests_app.routing.proposals import confirm_proposal, preview_of_preset, propose_preset
from requests_app.routing.services import copies_for, rule_for
from requests_app.routing.terms import PresetTerms, facts_of, violations_of
from requests_app.workflow import Route
from tests import builders

pytestmark = pytest.mark.django_db

CA, OFFICE = "ca", "office"
DIRECT, VIA_OFFICE, OFFICE_ONLY = Route.DIRECT, Route.VIA_OFFICE, Route.OFFICE_ONLY
NOTICE, MINUTES, OFFICE_MINUTES = Route.NOTICE, Route.MINUTES, Route.OFFICE_MINUTES
FOLLOWERS = ("office", "unit")

# (procedure, device kind or "" for every other) → route, addressee, copies.
Ways = Mapping[tuple[Procedure, str], tuple[Route, str, tuple[str, ...]]]
EXPECTED: Mapping[str, Ways] = {
    "tan_uyen_2024": {
        (Procedure.ISSUE, ""): (DIRECT, CA, FOLLOWERS),
        (Procedure.RENEW_CHANGE, ""): (DIRECT, CA, FOLLOWERS),
        (Procedure.REVOKE, ""): (DIRECT, CA, FOLLOWERS),
        (Procedure.RECOVER, ""): (OFFICE_ONLY, OFFICE, ("unit",)),
        (Procedure.RETURN_DEVICE, ""): (MINUTES, CA, ()),
        (Procedure.REPORT_LOSS, ""): (NOTICE, CA, ()),
        (Procedure.HANDOVER_NOTICE, ""): (NOTICE, CA, ()),
    },
    "consolidating_2025": {
        (Procedure.ISSUE, ""): (VIA_OFFICE, CA, ()),
        (Procedure.RENEW_CHANGE, ""): (VIA_OFFICE, CA, ()),
        (Procedure.REVOKE, ""): (VIA_OFFICE, CA, ()),
        (Procedure.RECOVER, ""): (VIA_OFFICE, CA, ()),
        (Procedure.RETURN_DEVICE, ""): (OFFICE_MINUTES, OFFICE, ()),
        (Procedure.REPORT_LOSS, ""): (NOTICE, CA, ("office",)),
        (Procedure.HANDOVER_NOTICE, ""): (NOTICE, CA, ("office",)),
    },
    "ninh_binh_2025": {
        (Procedure.ISSUE, ""): (DIRECT, CA, ()),
        (Procedure.RENEW_CHANGE, ""): (OFFICE_ONLY, OFFICE, ()),
        (Procedure.REVOKE, ""): (DIRECT, CA, ()),
        (Procedure.RECOVER, ""): (OFFICE_ONLY, OFFICE, ()),
        (Procedure.RETURN_DEVICE, ""): (MINUTES, CA, ()),
        (Procedure.REPORT_LOSS, ""): (NOTICE, CA, ()),
        (Procedure.HANDOVER_NOTICE, ""): (NOTICE, CA, ()),
    },
    "dong_thap_2025": {
        (Procedure.ISSUE, ""): (DIRECT, CA, ()),
        (Procedure.RENEW_CHANGE, ""): (DIRECT, CA, ()),
        (Procedure.REVOKE, ""): (DIRECT, CA, ()),
        (Procedure.RECOVER, Storage.TOKEN): (OFFICE_ONLY, OFFICE, ()),
        (Procedure.RECOVER, ""): (DIRECT, CA, ()),
        (Procedure.RETURN_DEVICE, ""): (MINUTES, CA, ()),
        (Procedure.REPORT_LOSS, ""): (NOTICE, CA, ()),
        (Procedure.HANDOVER_NOTICE, ""): (NOTICE, CA, ()),
    },
}


def _administrator() -> User:
    home = builders.office()
    return builders.user(Role.ADMINISTRATOR, agency=home, person=builders.person(at=home))


def _terms(code: str, office: Agency, *, valid_from: date | None = None) -> PresetTerms:
    preset = PRESETS[code]
    return PresetTerms(
        preset=preset, office=office, valid_from=valid_from or preset.since, basis=preset.basis
    )


def _apply(terms: PresetTerms) -> RoutingProposal:
    builders.ca()
    proposal = propose_preset(terms, actor=_administrator(), now=builders.NOW)
    return confirm_proposal(proposal, actor=_administrator(), now=builders.NOW)


def test_each_of_the_four_provinces_has_its_expected_ways() -> None:
    assert set(EXPECTED) == set(PRESETS)


@pytest.mark.parametrize("code", EXPECTED)
def test_each_procedure_and_device_kind_goes_where_the_document_says(code: str) -> None:
    office = builders.office()
    commune = builders.agency(office=office)
    unit = builders.agency(
        "PHÒNG VĂN HÓA – XÃ HỘI XÃ THỬ", office=office, parent=commune, has_seal=False
    )
    bodies = {CA: builders.ca(), "office": office, "unit": unit}
    _apply(_terms(code, office))

    for procedure in Procedure:
        for storage in ("", *Storage):
            rule = rule_for(
                procedure, office_id=office.pk, storage=storage, today=PRESETS[code].since
            )
            ways = EXPECTED[code]
            route, addressee, copies = ways.get((procedure, storage)) or ways[procedure, ""]
            assert rule.route == route, (procedure, storage)
            assert rule.addressee == bodies[addressee], (procedure, storage)
            assert copies_for(rule, commune) == [bodies[name] for name in copies]
            assert rule.basis.startswith(PRESETS[code].basis)


def test_dong_thap_recovers_tokens_itself_and_sends_sims_to_the_ca_by_article_22() -> None:
    office = builders.office()
    _apply(_terms("dong_thap_2025", office))

    def recovery(storage: str) -> RoutingRule:
        day = PRESETS["dong_thap_2025"].since
        return rule_for(Procedure.RECOVER, office_id=office.pk, storage=storage, today=day)

    assert recovery(Storage.TOKEN).addressee == office
    assert recovery(Storage.SIM).addressee == builders.ca()
    assert "Điều 22 khoản 3 Nghị định 68/2024/NĐ-CP" in recovery(Storage.SIM).basis


@pytest.mark.parametrize("code", PRESETS)
def test_every_line_of_a_preset_keeps_the_rules_and_every_procedure_has_one(code: str) -> None:
    builders.ca()

    facts = facts_of(_terms(code, builders.office()))

    assert [violation for one in facts for violation in violations_of(one)] == []
    assert {one.procedure for one in facts if not one.storage} == set(Procedure)


def test_nothing_is_in_force_the_day_before_and_another_province_is_not_touched() -> None:
    office, neighbour = builders.office(), builders.office()
    builders.routing(route=Route.VIA_OFFICE, office=neighbour)
    _apply(_terms("ninh_binh_2025", office))
    first = PRESETS["ninh_binh_2025"].since

    with pytest.raises(Refused):
        rule_for(Procedure.ISSUE, office_id=office.pk, today=first - timedelta(days=1))
    rule = rule_for(Procedure.ISSUE, office_id=neighbour.pk, today=first)
    assert rule.route == Route.VIA_OFFICE


def test_a_second_preset_ends_every_rule_of_the_first_also_those_of_one_device_kind() -> None:
    office = builders.office()
    _apply(_terms("dong_thap_2025", office))
    day = date(2026, 12, 1)

    _apply(_terms("consolidating_2025", office, valid_from=day))

    earlier = RoutingRule.objects.filter(proposal__preset="dong_thap_2025")
    assert set(earlier.values_list("valid_until", flat=True)) == {day}
    token = rule_for(Procedure.RECOVER, office_id=office.pk, storage="token", today=day)
    assert token.route == Route.VIA_OFFICE
    before = rule_for(
        Procedure.RECOVER, office_id=office.pk, storage="token", today=day - timedelta(days=1)
    )
    assert before.route == Route.OFFICE_ONLY


def test_a_preset_is_one_entry_for_each_person_with_all_its_rules() -> None:
    _apply(_terms("ninh_binh_2025", builders.office()))

    entries = AuditEntry.objects.filter(action__startswith="routing.").order_by("sequence")

    assert [entry.action for entry in entries] == ["routing.propose", "routing.confirm"]
    assert all(len(entry.data["rules"]) == len(Procedure) for entry in entries)


def test_the_preview_shows_before_and_after_and_what_stays() -> None:
    office = builders.office()
    builders.ca()
    builders.routing(Procedure.ISSUE, Route.DIRECT, office=office)
    builders.routing(Procedure.RECOVER, Route.DIRECT, office=office, storage="sim")

    changes = preview_of_preset(_terms("ninh_binh_2025", office))

    found = {(change.procedure, change.storage): change for change in changes}
    assert not found[Procedure.ISSUE, ""].is_change
    assert found[Procedure.REVOKE, ""].before is None
    sim = found[Procedure.RECOVER, "sim"]
    assert sim.before is not None
    assert sim.after is not None
    assert (sim.before.route, sim.after.route) == (Route.DIRECT, Route.OFFICE_ONLY)


def test_two_administrators_take_a_preset_on_the_pages() -> None:
    office = builders.office("SỞ KHOA HỌC VÀ CÔNG NGHỆ TỈNH THỬ")
    builders.ca()
    one, two = Client(), Client()
    one.force_login(_administrator())
    two.force_login(_administrator())
    address = reverse("requests_app:preset_rules")
    chosen = {
        "preset": "dong_thap_2025",
        "office": str(office.uuid),
        "valid_from": "01/12/2026",
        "basis": "",
    }

    preview = one.get(address, chosen).text
    assert RoutingProposal.objects.count() == 0
    one.post(address, chosen)
    proposal = RoutingProposal.objects.get()
    waiting = two.get(reverse("requests_app:routing")).text
    home = two.get("/").text
    two.post(reverse("requests_app:confirm_rules", args=[proposal.uuid]))

    for page in (preview, waiting):
        assert "Không có quy định: đơn vị không lập được hồ sơ loại này" in page
        assert "SỞ KHOA HỌC VÀ CÔNG NGHỆ TỈNH THỬ" in page
    assert "đề nghị về quy định nơi nhận chờ anh/chị xác nhận" in home
    assert RoutingRule.objects.confirmed().filter(office=office).count() == 8
