"""Whose address counts."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from portal.accounts.addresses import client_address


@pytest.mark.parametrize(
    ("is_proxied", "forwarded", "address"),
    [
        (False, "198.51.100.1", "192.0.2.1"),
        (True, "198.51.100.1", "198.51.100.1"),
        (True, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (True, "", "192.0.2.1"),
        (True, "no address", "unknown"),
        (True, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (True, "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_a_forwarded_address_counts_only_behind_our_own_proxy(
    settings: Settings, is_proxied: bool, forwarded: str, address: str
) -> None:
    settings.BEHIND_PROXY = is_proxied
    request = RequestFactory().get(
        "/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded}
    )

    assert client_address(request) == address
