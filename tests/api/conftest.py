"""A client that speaks JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.accounts.models import User


@pytest.fixture
def api() -> Callable[[User], Any]:
    """Return a maker of clients that are signed in."""

    def signed_in(user: User) -> APIClient:
        client = APIClient()
        client.force_authenticate(user)
        return client

    return signed_in
