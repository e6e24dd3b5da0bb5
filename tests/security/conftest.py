"""A CA for the tests that make real keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from tests.builders import NOW


@pytest.fixture
def ca(db: None) -> Iterator[None]:
    """A CA is set up and this process is a worker while the test runs."""
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    yield
    keystore.close()
