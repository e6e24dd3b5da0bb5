"""What tests/placing.py says of modules it says of modules that are there."""

from __future__ import annotations

import pytest

from tests import placing
from tests.architecture.sources import BASE


@pytest.mark.parametrize(
    "places",
    [
        placing.TWICE,
        placing.ON_POSTGRESQL,
        placing.ON_SQLITE,
        placing.LONGEST_FIRST,
        *placing.ONE_WORKER,
        placing.ANY_WORKER,
    ],
)
def test_each_place_is_there(places: tuple[str, ...]) -> None:
    assert [place for place in places if not any(BASE.glob(place))] == []
