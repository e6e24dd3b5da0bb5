"""Whose address counts."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from portal.accounts.addresses import ForwardedByOurs, client_address

OURS = [ip_network("192.0.2.0/28"), ip_network("2001:db8:f::/64")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
        ("192.0.2.1", "198.51.100.1", "198.51.100.1"),
        ("192.0.2.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("192.0.2.1", "6.6.6.6, 198.51.100.1, 192.0.2.2", "198.51.100.1"),
        ("192.0.2.1", "192.0.2.3, 192.0.2.2", "192.0.2.3"),
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "no address", "unknown"),
        ("::ffff:192.0.2.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:f::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("192.0.2.1", "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_a_forwarded_address_counts_only_from_a_proxy_of_ours(
    settings: Settings, remote: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = OURS
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers={"X-Forwarded-For": forwarded})

    assert client_address(request) == address


@pytest.mark.parametrize(("remote", "is_secure"), [("192.0.2.1", True), ("203.0.113.5", False)])
def test_a_forwarded_scheme_counts_only_from_a_proxy_of_ours(
    settings: Settings, remote: str, is_secure: bool
) -> None:
    settings.TRUSTED_PROXIES = OURS
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    seen: list[bool] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request.is_secure())
        return HttpResponse()

    headers = {"X-Forwarded-Proto": "https"}
    ForwardedByOurs(answer)(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers))

    assert seen == [is_secure]
