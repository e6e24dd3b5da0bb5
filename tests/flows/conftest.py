"""A CA for the flows that issue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.utils import timezone

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from tests.flows import merging
from tests.flows.locks import rows_are_locked_in_order

__all__ = ["rows_are_locked_in_order"]


@pytest.fixture
def ca(db: None) -> Iterator[None]:
    """The simulated CA stands, and this process is a worker while the test runs."""
    authority.open_for_signing()
    ceremony.set_up(now=timezone.now())
    yield
    keystore.close()


@pytest.fixture
def clock(db: None) -> Iterator[time_machine.Traveller]:
    """The day of the decision; the CA stands and this process is a worker while the test runs."""
    with time_machine.travel(merging.DECIDED) as coordinates:
        authority.open_for_signing()
        ceremony.set_up(now=merging.DECIDED)
        yield coordinates
        keystore.close()
