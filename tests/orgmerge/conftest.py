"""An officer, a reorganisation and its plan; a CA for what is carried out to its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from orgmerge.models import Merger, Plan
from portal.accounts.models import User
from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.core.roles import Role
from tests import builders
from tests.orgmerge import planned


@pytest.fixture
def ca(db: None) -> Iterator[None]:
    """The simulated CA stands, and this process is a worker while the test runs."""
    authority.open_for_signing()
    ceremony.set_up(now=builders.NOW)
    yield
    keystore.close()


@pytest.fixture
def in_november() -> Iterator[None]:
    """The clock stands at the moment the builders make things for."""
    with time_machine.travel(builders.NOW, tick=False):
        yield


@pytest.fixture
def officer() -> User:
    return builders.user(Role.OFFICE_OFFICER)


@pytest.fixture
def merger(officer: User) -> Merger:
    return planned.two_communes(officer)


@pytest.fixture
def plan(merger: Merger, officer: User) -> Plan:
    return planned.plan_of(merger, officer)
