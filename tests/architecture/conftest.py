"""Two provinces for those who walk every route."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests import databases
from tests.architecture import world as worlds
from tests.architecture.world import World


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two provinces, made once; nothing that is asked leaves a trace."""
    logging.disable(logging.CRITICAL)  # refusals are what is asked for here
    with django_db_blocker.unblock(), databases.taken_back():
        yield worlds.build()
    logging.disable(logging.NOTSET)
