"""A CA for the tests that issue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from tests import builders


@pytest.fixture
def ca(db: None) -> Iterator[None]:
    """The simulated CA stands, and this process is a worker while the test runs."""
    authority.open_for_signing()
    ceremony.set_up(now=builders.NOW)
    yield
    keystore.close()


@pytest.fixture(autouse=True)
def _paper(request: pytest.FixtureRequest) -> None:
    """Letters are blank but for tests marked ``paper``."""
    if request.node.get_closest_marker("paper") is None:
        request.getfixturevalue("blank_paper")
