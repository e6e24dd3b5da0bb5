"""Rows with PKCS#10 requests through the API: the same checks as on the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from portal.accounts.models import User
from tests import builders, story
from tests.builders import NOW
from tests.ca import requests

pytestmark = pytest.mark.django_db
LIST = "/api/v1/dossiers"
Api = Callable[[User], Any]


def _handed_in(api: Api, people: story.Cast, request: str) -> Any:
    """Draft one row of Mẫu 03 with this request and ask for the head's signature."""
    client = api(people.clerk)
    row = builders.system_answers(people.agency.name, csr=request)
    with time_machine.travel(NOW, tick=False):
        draft = client.post(LIST, {"kind": "mau_03_system"}, format="json").json()
        path = f"{LIST}/{draft['uuid']}"
        added = client.post(
            f"{path}/rows", {"version": draft["version"], "rows": [row]}, format="json"
        )
        assert added.status_code in (200, 201), added.content
        letter = {
            "version": added.json()["version"],
            "letter_number": "12/UBND-VHXH",
            "letter_date": "2026-11-20",
            "contact": story.CONTACT,
        }
        saved = client.patch(path, letter, format="json").json()
        step = {"version": saved["version"], "action": "request_signature"}
        return client.post(f"{path}/steps", step, format="json")


def test_the_form_says_that_a_row_may_carry_a_request(api: Api) -> None:
    form = api(story.cast().clerk).get("/api/v1/kinds/mau_03_system").json()

    (field,) = [one for one in form["row_fields"] if one["name"] == "csr"]
    assert field["max_length"] == 4000
    assert not field["is_required"]


@pytest.mark.parametrize("bits", [2048, 4096])
def test_a_sound_request_goes_to_the_head(api: Api, bits: int) -> None:
    answer = _handed_in(api, story.cast(), requests.pem(requests.rsa_key(bits)))

    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("", "csr_missing"),
        (requests.pem(requests.rsa_key(1024)), "csr_key_size"),
        (requests.pem(name="Tên khác"), "csr_other_name"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----",
         "csr_unreadable"),
        ("rác \x01 \N{SNOWMAN}", "not_a_csr"),
    ],
)  # fmt: skip
def test_a_bad_request_is_refused_with_code_and_row(api: Api, request_: str, code: str) -> None:
    answer = _handed_in(api, story.cast(), request_)

    assert answer.status_code in (400, 409, 422)
    found = [(one["code"], one["row"]) for one in answer.json()["violations"]]
    assert found == [(code, 1)]
