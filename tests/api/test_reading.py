"""Kinds, certificates and devices through the API, and its description."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from devices.lifecycle import Custody
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Role
from requests_app import kinds
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
Api = Callable[[User], Any]


def _certificate(user: User, **columns: Any) -> Certificate:
    holder = builders.person(at=user.agency)
    return builders.certificate(subscriber=holder, **columns)


def test_every_form_is_described_with_its_fields(api: Api) -> None:
    client = api(builders.user(Role.CLERK))

    listed = client.get("/api/v1/kinds").json()
    details = [client.get(f"/api/v1/kinds/{one['code']}").json() for one in listed]

    assert {one["code"] for one in listed} == set(kinds.KINDS)
    assert all(one["row_fields"] and one["contact_fields"] for one in details)
    first = details[0]["row_fields"][0]
    assert set(first) == {"name", "label", "hint", "is_required", "max_length", "choices"}
    assert client.get("/api/v1/kinds/mau_99").status_code == 404


def test_certificates_are_seen_as_on_the_pages(api: Api) -> None:
    clerk = builders.user(Role.CLERK)
    own, foreign = _certificate(clerk), _certificate(builders.user(Role.CLERK))
    client = api(clerk)

    found = client.get("/api/v1/certificates").json()["results"]

    assert [one["serial"] for one in found] == [own.serial]
    assert client.get(f"/api/v1/certificates/{own.uuid}").json()["thumbprint"] == own.thumbprint
    for part in ("", ".pem"):
        assert client.get(f"/api/v1/certificates/{foreign.uuid}{part}").status_code == 404
    assert (
        api(builders.user(Role.ADMINISTRATOR)).get("/api/v1/certificates").json()["results"] == []
    )


def test_a_certificates_state_is_of_the_moment(api: Api) -> None:
    clerk = builders.user(Role.CLERK)
    certificate = _certificate(clerk, not_after=NOW + timedelta(days=90))
    client = api(clerk)

    def states(days: int) -> tuple[str, int]:
        with time_machine.travel(NOW + timedelta(days=days), tick=False):
            shown = client.get(f"/api/v1/certificates/{certificate.uuid}").json()["state"]
            valid = client.get("/api/v1/certificates", {"state": "valid"}).json()["results"]
        return shown, len(valid)

    assert [states(days) for days in (0, 60, 90)] == [
        ("valid", 1),
        ("expiring", 1),
        ("expired", 0),
    ]


def test_a_certificate_comes_as_pem(api: Api) -> None:
    clerk = builders.user(Role.CLERK)
    certificate = _certificate(clerk)

    answer = api(clerk).get(f"/api/v1/certificates/{certificate.uuid}.pem")

    assert answer["Content-Type"] == "application/x-pem-file"
    assert answer["Content-Disposition"] == f'attachment; filename="{certificate.serial}.pem"'
    assert ssl.PEM_cert_to_DER_cert(answer.content.decode()) == certificate.der


def test_devices_are_seen_as_on_the_pages_with_their_ledger(
    api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    clerk = builders.user(Role.CLERK)
    own = [builders.device(custody=Custody.AT_AGENCY, agency=clerk.agency) for _number in range(3)]
    foreign = builders.device(custody=Custody.AT_AGENCY, agency=builders.agency())
    client = api(clerk)

    with django_assert_max_num_queries(1):
        found = client.get("/api/v1/devices").json()["results"]

    assert [one["serial"] for one in found] == [one.serial for one in reversed(own)]
    assert client.get(f"/api/v1/devices/{own[0].uuid}").json()["moves"] == []
    assert client.get(f"/api/v1/devices/{foreign.uuid}").status_code == 404
    assert client.get("/api/v1/devices", {"serial": own[1].serial}).json()["results"][0][
        "uuid"
    ] == str(own[1].uuid)


def test_nothing_is_written_where_there_is_only_reading(api: Api) -> None:
    client = api(builders.user(Role.CA_OPERATOR))

    for path in ("kinds", "certificates", "devices"):
        assert client.post(f"/api/v1/{path}", {}, format="json").status_code == 405


def test_the_description_is_open_and_complete(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get("/api/v1/schema")

    assert answer.status_code == 200
    for path in ("/api/v1/dossiers/{uuid}/steps:", "/api/v1/certificates/{uuid}.pem:"):
        assert path in answer.content.decode()
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert "Warnings" not in capsys.readouterr().err


def test_json_nested_absurdly_deep_is_bad_input() -> None:
    answer = Client().post("/api/v1/token", data="[" * 100_000, content_type="application/json")

    assert answer.status_code == 400


def test_half_a_character_is_bad_input_and_not_repeated(api: Api) -> None:
    clerk = builders.user(Role.CLERK)
    dossier = builders.dossier(agency=clerk.agency, created_by=clerk)
    sent = r'{"version": 1, "action": "\ud800"}'

    answer = api(clerk).post(
        f"/api/v1/dossiers/{dossier.uuid}/steps", data=sent, content_type="application/json"
    )

    assert answer.status_code == 400
