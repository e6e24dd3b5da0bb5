"""Mẫu 05: what stops a row by what the register knows, and how a row is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Device
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import services as ca
from requests_app.catalogue.mau_05_revoke import rules as row_rules
from requests_app.catalogue.mau_05_revoke.prefill import row_of, rows_of
from requests_app.submission.checks import violations_before_signing
from tests import builders, story
from tests.requests_app.revocations import (
    NOW,
    attach,
    cast,
    draft,
    held,
    row,
    stops,
    successor_of,
)

pytestmark = pytest.mark.usefixtures("ca")


def test_a_right_row_is_stopped_by_nothing() -> None:
    people = cast()

    assert stops(draft(people, row(held(people)))) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "khac@laichau.gov.vn"}, "email_differs"),
        ({"certificate_name": "Lò Văn Khác"}, "name_differs"),
        ({"identity_number": "012090099999"}, "identity_differs"),
        ({"device_serial": "BIT4ID-999999"}, "device_differs"),
        ({"device_serial": ""}, "device_differs"),
        ({"cause": "dissolved"}, "cause_of_another_subject"),
        ({"cause": "key_exposed"}, "no_own_request"),
        ({"cause": "proceedings", "reason": "Văn bản số 1"}, "no_authority_request"),
        ({"certificate_serial": "FFFFFFFFFFFFFFFF"}, "not_the_managing_agency"),
    ],
)
def test_a_row_that_is_not_as_the_register_has_it_is_stopped(
    changes: Mapping[str, str], code: str
) -> None:
    people = cast()

    assert stops(draft(people, row(held(people), **changes))) == [(1, code)]


def test_the_numbers_are_read_however_they_are_spaced_or_shortened() -> None:
    people = cast()
    certificate = held(people)
    Certificate.objects.filter(pk=certificate.pk).update(serial="00000000000A0B1C")
    certificate.refresh_from_db()
    device = Device.objects.get(key=certificate.key)

    spaced = row(certificate, device_serial=f" {device.serial.lower()} ")

    assert stops(draft(people, spaced)) == []


def test_the_persons_own_request_opens_the_way_for_its_row_alone() -> None:
    people = cast()
    exposed = [
        row(held(people, name), cause="key_exposed") for name in ("Lò Văn Một", "Lò Văn Hai")
    ]
    dossier = draft(people, *exposed)
    assert stops(dossier) == [(1, "no_own_request"), (2, "no_own_request")]

    attach(dossier, people, "own_request", to_row=2)

    assert stops(dossier) == [(1, "no_own_request")]


@pytest.mark.parametrize("to_row", [None, 1])
def test_a_proceedings_bodys_letter_may_lie_with_the_dossier_or_the_row(to_row: int | None) -> None:
    people = cast()
    asked = row(held(people), cause="proceedings", reason="Văn bản số 15/CSĐT")
    dossier = draft(people, asked)

    attach(dossier, people, "other", to_row=to_row)

    assert stops(dossier) == []


def test_anothers_certificate_is_not_known_from_one_that_does_not_exist() -> None:
    people, others = cast(), story.cast_beside(cast())
    dossier = draft(people, row(held(others)), row(held(people), certificate_serial="F" * 16))

    first, second = violations_before_signing(dossier, now=NOW)

    assert first.code == second.code == "not_the_managing_agency"
    assert first.message.replace(first.message.split("“")[1][:16], "F" * 16) == second.message


def test_of_a_certificate_revoked_already_nothing_more_is_said() -> None:
    people = cast()
    certificate = held(people)
    ca.revoke(certificate, RevocationReason.CESSATION, actor=None, now=NOW)

    assert stops(draft(people, row(certificate, email="khac@laichau.gov.vn"))) == [
        (1, "revoked_already")
    ]


def test_of_a_replaced_certificate_the_one_in_use_is_named() -> None:
    people = cast()
    old = held(people)
    new = successor_of(old)
    ca.revoke(old, RevocationReason.SUPERSEDED, actor=None, now=NOW)

    (found,) = violations_before_signing(draft(people, row(old)), now=NOW)

    assert found.code == "revoked_already"
    assert new.serial in found.way_out


@pytest.mark.parametrize(("days_left", "expected"), [(1, []), (-1, [(1, "expired_already")])])
def test_an_expired_certificate_needs_no_letter(
    days_left: int, expected: list[tuple[int, str]]
) -> None:
    people = cast()
    certificate = held(people)
    Certificate.objects.filter(pk=certificate.pk).update(
        not_before=NOW - timedelta(days=9), not_after=NOW + timedelta(days=days_left)
    )

    assert stops(draft(people, row(certificate))) == expected


def test_a_bodys_codes_are_those_on_record() -> None:
    people = cast()
    people.agency.versions.update(tax_code="0100233488", budget_code="")
    certificate = story.give_certificate(builders.organisation(people.agency))
    body = {**row_of(certificate, cause="agency", reason="Đổi tên"), "budget_code": "1234567"}

    assert stops(draft(people, body)) == []
    assert stops(draft(people, {**body, "tax_code": "0314409058"})) == [(1, "code_differs")]
    assert stops(draft(people, {**body, "tax_code": "", "budget_code": ""})) == [
        (1, "subscriber_not_named")
    ]


def test_an_empty_cell_is_told_of_once() -> None:
    people = cast()
    empty = row(held(people), email="", certificate_name="", issue_place="")

    assert sorted(stops(draft(people, empty))) == [
        (1, "missing"),
        (1, "missing"),
        (1, "missing_for_subject"),
    ]


def test_the_way_out_leads_to_the_page_where_it_is_taken() -> None:
    people = cast()
    asked, ended = held(people), held(people, "Lò Văn Hết")
    Certificate.objects.filter(pk=ended.pk).update(
        not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)
    )
    dossier = draft(people, row(asked, cause="unsafe", reason="Mất điện thoại"), row(ended))

    first, second = violations_before_signing(dossier, now=NOW)

    assert first.link == f"/ho-so/{dossier.uuid}/"
    assert second.link == f"/thiet-bi/{Device.objects.get(key=ended.key).uuid}/"


def test_one_open_letter_for_a_certificate_is_enough() -> None:
    people = cast()
    certificate = held(people)
    story.send_in_ink(draft(people, row(certificate)), people)

    assert stops(draft(people, row(certificate))) == [(1, "duplicate_open")]


def test_the_rows_are_judged_in_as_many_statements_however_many_there_are() -> None:
    people = cast()
    counts = []
    for many in (1, 20):
        dossier = draft(
            people, *(row(held(people, f"Lò Văn {n * 'A'}")) for n in range(1, many + 1))
        )
        with CaptureQueriesContext(connection) as queries:
            assert stops(dossier) == []
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_certificate_alone_is_judged_for_the_body_that_asks() -> None:
    people, others = cast(), story.cast_beside(cast())
    certificate = held(people)

    def codes(agency: Any) -> list[str]:
        found = row_rules.of_certificate(certificate, agency=agency, now=NOW)
        assert all(violation.row is None for violation in found)
        return [violation.code for violation in found]

    assert codes(people.agency) == []
    assert codes(others.agency) == ["not_the_managing_agency"]
    story.send_in_ink(draft(people, row(certificate)), people)
    assert codes(people.agency) == ["duplicate_open"]


def test_a_superior_asks_for_its_unit_without_a_seal() -> None:
    people = cast()
    unit = builders.agency(parent=people.agency, office=people.agency.office, has_seal=False)
    certificate = story.give_certificate(builders.person(at=unit))

    assert stops(draft(people, row(certificate))) == []


# Prefilling


def test_a_row_is_filled_from_the_register_and_the_row_it_was_issued_by() -> None:
    for key in ca.make_keys("token", 1, now=NOW):
        builders.device(key_pair=key)
    people = story.cast()
    issued = story.carried_out(story.drafted(people), people).items.get()
    assert issued.result is not None
    assert issued.device is not None

    assert row_of(issued.result, cause="retired", reason="Từ 01/12/2026") == {
        "certificate_name": issued.answers["full_name"],
        "identity_number": issued.answers["identity_number"],
        "issued_on": issued.answers["issued_on"],
        "issue_place": issued.answers["issue_place"],
        "tax_code": "",
        "budget_code": "",
        "email": issued.answers["email"],
        "certificate_serial": issued.result.serial,
        "device_serial": issued.device.serial,
        "cause": "retired",
        "reason": "Từ 01/12/2026",
    }


def test_many_rows_are_filled_in_as_many_statements_as_one() -> None:
    people = cast()
    made = [held(people, f"Lò Văn {number * 'B'}") for number in range(1, 11)]
    counts = []
    for some in (made[:1], made):
        with CaptureQueriesContext(connection) as queries:
            rows = rows_of(some)
        assert [one["certificate_serial"] for one in rows] == [one.serial for one in some]
        counts.append(len(queries))

    assert counts[0] == counts[1]
