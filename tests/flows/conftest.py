"""A CA for the flows that issue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from portal.ca import authority, ceremony, keystore


@pytest.fixture
def ca(db: None) -> Iterator[None]:
    """The simulated CA stands, and this process is a worker while the test runs."""
    authority.open_for_signing()
    ceremony.set_up(now=timezone.now())
    yield
    keystore.close()
