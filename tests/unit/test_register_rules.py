"""What a row says and the register knows, compared: the same for every form."""

from __future__ import annotations

import pytest

from portal.core.rules import Violation
from requests_app.rules import register as rules


def code(violation: Violation | None) -> str:
    return violation.code if violation else ""


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("thu@laichau.gov.vn", ""),
        (" Thu@LaiChau.gov.vn ", ""),
        ("thu1@laichau.gov.vn", "email_differs"),
        ("", "email_differs"),
    ],
)
def test_the_address_is_the_one_registered_at_issue(typed: str, expected: str) -> None:
    assert code(rules.email_is_the_registered(typed, "thu@laichau.gov.vn")) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Lò Thị Hòa", ""),
        ("LÒ THỊ HOÀ", ""),
        ("Lò thị hòa", ""),
        ("Lò Thị Hoan", "name_differs"),
        ("", "name_differs"),
    ],
)
def test_the_name_is_the_registered_one_however_it_is_written(typed: str, expected: str) -> None:
    assert code(rules.name_is_the_registered(typed, "Lò Thị Hòa")) == expected


def test_what_is_not_the_senders_is_told_as_unknown() -> None:
    assert rules.device_is_known(True, "BIT4ID-000001") is None
    assert code(rules.device_is_known(False, "BIT4ID-000001")) == "unknown_device"


def test_every_refusal_names_row_article_and_way_out() -> None:
    found = [
        rules.email_is_the_registered("a", "", 3),
        rules.name_is_the_registered("a", "b", 3, thing="Thiết bị"),
        rules.device_is_known(False, "A1", 3),
    ]

    assert all(one is not None and one.row == 3 and one.article and one.way_out for one in found)
    assert found[1] is not None
    assert found[1].message.startswith("Thiết bị")
