"""What the Dockerfile makes, once for all worlds of services that one process of pytest opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations import composed


@pytest.fixture(scope="session")
def image(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that would be /srv/portal in a container; worlds copy the migrated database."""
    folder = tmp_path_factory.mktemp("image")
    composed.build(folder, composed.machine())
    return folder
