"""What asn1crypto puts together is encoded once a level, whatever its lengths are."""

from __future__ import annotations

import pytest
from asn1crypto import core

from portal.ca.pki.der import settled

DEPTH = 9
encoded = 0


class Nested(core.Sequence):  # type: ignore[misc]
    """A sequence in a sequence, which counts how often it is encoded."""

    def _set_contents(self, force: bool = False) -> None:
        global encoded  # noqa: PLW0603
        encoded += 1
        super()._set_contents(force=force)


class Several(core.SetOf):  # type: ignore[misc]
    _child_spec = Nested


Nested._fields = [
    ("text", core.OctetString),
    ("inner", Nested, {"optional": True}),
    ("others", Several, {"optional": True}),
]


def nested(length: int) -> Nested:
    """Return a value put together step by step, as a signature is."""
    value = Nested({"text": b"a" * length, "others": [{"text": b"b"}]})
    for _level in range(DEPTH):
        outer = Nested({"text": b"c"})
        outer["inner"] = value
        value = outer
    return value


@pytest.mark.parametrize("length", [1, *range(330, 350)])  # with one a length that ends in 80
def test_each_part_is_encoded_a_few_times_whatever_lies_in_it(length: int) -> None:
    global encoded  # noqa: PLW0603
    value = settled(nested(length))
    encoded = 0

    found = value.dump()

    assert encoded <= 3 * DEPTH
    read = Nested.load(found, strict=True)
    for _level in range(DEPTH):
        read = read["inner"]
    assert read["text"].native == b"a" * length
    assert read["others"][0]["text"].native == b"b"


def test_it_says_what_it_said() -> None:
    assert settled(nested(5)).dump() == nested(5).dump()
