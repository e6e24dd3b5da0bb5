"""A CA for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority

NOW = datetime(2026, 11, 20, 2, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def signing() -> Iterator[None]:
    """This process is a worker while the test runs."""
    authority.open_for_signing()
    yield
    keystore.close()


@pytest.fixture
def ca(db: None, signing: None) -> None:
    ceremony.set_up(now=NOW)
