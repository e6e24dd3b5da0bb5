"""How a body's name is written: proposed, looked through once by a person, one name for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from portal.agencies import services
from portal.agencies.facts import NameForms
from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.rules import names_violations
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
CAPITALS, PROPER = "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN", "Ủy ban nhân dân xã Tân Uyên"
FORMS = NameForms.proposed(CAPITALS)
LONG = "TRƯỜNG PHỔ THÔNG DÂN TỘC BÁN TRÚ TRUNG HỌC CƠ SỞ VÀ TRUNG HỌC PHỔ THÔNG MƯỜNG KHOA"


def settle(agency: Agency, forms: NameForms) -> AgencyVersion:
    return services.settle_names(agency.versions.get(), forms, actor=None, now=NOW)


def test_both_ways_are_proposed_from_one_another() -> None:
    assert NameForms(name=PROPER, capital_name=CAPITALS) == FORMS
    assert NameForms.proposed(PROPER) == FORMS


@pytest.mark.parametrize("length", [64, 65, 70, 83, 86])
def test_a_short_form_is_proposed_only_where_there_is_no_room(length: int) -> None:
    proposed = NameForms.proposed("TRƯỜNG A " + "B" * (length - 9))

    assert bool(proposed.certificate_name) == (length > 64)
    assert len(proposed.certificate_name) <= 64


def test_pages_show_the_proper_letters_once_a_person_looked_the_name_through() -> None:
    agency = builders.agency(CAPITALS)
    own = builders.organisation(agency)

    version = settle(agency, FORMS)

    agency.refresh_from_db()
    own.refresh_from_db()
    assert agency.name == own.name == version.name == PROPER
    assert (version.in_capitals, version.in_certificates) == (CAPITALS, CAPITALS)
    assert version.names_checked_at == NOW
    assert agency.search_name == "uy ban nhan dan xa tan uyen"
    assert AuditEntry.objects.get().data["before"] == CAPITALS


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "Ủy ban nhân dân xã Tân Uyến"}, "another_name"),
        ({"capital_name": "ỦY BAN NHÂN DÂN XÃ TÂN YÊN"}, "capitals_differ"),
        ({"capital_name": PROPER}, "not_in_capitals"),
        ({"certificate_name": "A" * 65}, "certificate_name_too_long"),
        ({"certificate_name": "UBND X\u0410 TÂN UYÊN"}, "foreign_letters"),
    ],
)
def test_another_name_is_no_way_of_writing_it(changes: dict[str, str], code: str) -> None:
    forms = replace(FORMS, **changes)

    assert code in [one.code for one in names_violations(CAPITALS, forms)]
    with pytest.raises(Refused):
        settle(builders.agency(CAPITALS), forms)


def test_a_name_without_room_wants_a_short_form() -> None:
    agency = builders.agency(LONG)
    assert len(agency.versions.get().in_certificates) <= 64  # until then the proposal

    with pytest.raises(Refused) as refused:
        settle(agency, replace(NameForms.proposed(LONG), certificate_name=""))
    assert [one.code for one in refused.value.violations] == ["certificate_name_too_long"]

    version = settle(agency, replace(NameForms.proposed(LONG), certificate_name="PTDTBT A"))
    assert version.in_certificates == "PTDTBT A"


def test_what_was_looked_through_stands_while_the_name_does() -> None:
    agency = builders.agency(CAPITALS)
    version = settle(agency, FORMS)
    facts = replace(version.facts(), address="Nơi khác")

    moved = services.change_version(agency, facts, valid_from=TODAY, actor=None, now=NOW)
    renamed = services.change_version(
        agency,
        replace(facts, name="Ủy ban nhân dân phường Tân Uyên"),
        valid_from=TODAY + timedelta(days=1),
        actor=None,
        now=NOW,
    )

    assert (moved.capital_name, moved.names_checked_at) == (CAPITALS, NOW)
    assert (renamed.capital_name, renamed.names_checked_at) == ("", None)


def test_only_an_administrator_settles_names() -> None:
    agency = builders.agency(CAPITALS)

    with pytest.raises(PermissionDenied):
        services.settle_names(
            agency.versions.get(), FORMS, actor=builders.user(Role.CLERK, agency=agency), now=NOW
        )


def test_names_are_looked_through_on_a_page() -> None:
    client, address = Client(), reverse("agencies:names")
    client.force_login(builders.user(Role.ADMINISTRATOR, agency=builders.agency(CAPITALS)))
    version = AgencyVersion.objects.get(name=CAPITALS)
    assert f'value="{PROPER}"' in client.get(address).text
    assert address in client.get(reverse("agencies:list")).text
    form = {
        "version": str(version.pk),
        f"{version.pk}-name": "Ủy ban nhân dân xã Khác",
        f"{version.pk}-capital_name": CAPITALS,
    }

    assert 'data-code="another_name"' in client.post(address, form).text
    assert client.post(address, form | {f"{version.pk}-name": PROPER}).status_code == 302

    assert version.agency.versions.get().name == PROPER
    assert f'value="{PROPER}"' not in client.get(address).text
    one = f"{address}?body={version.agency.uuid}"
    assert f'value="{PROPER}"' in client.get(one).text
    assert one in client.get(reverse("agencies:detail", args=[version.agency.uuid])).text
