"""What asn1crypto puts together is encoded once a level, whatever its lengths are."""

from __future__ import annotations

import pytest
from asn1crypto import core

from portal.ca.pki.der import encoded

DEPTH = 7
times = 0


class Counting(core.Sequence):  # type: ignore[misc]
    """A sequence that counts how often one is encoded."""

    def _set_contents(self, force: bool = False) -> None:
        global times  # noqa: PLW0603
        times += 1
        super()._set_contents(force=force)


class Algorithm(Counting):
    _fields = [("name", core.Integer)]


class Named(Counting):
    """As a reference to a certificate: who looks into it makes it one that was changed."""

    _fields = [("algorithm", Algorithm, {"default": {"name": 1}}), ("digest", core.OctetString)]


class Nested(Counting):
    pass


class Several(core.SetOf):  # type: ignore[misc]
    _child_spec = Named


Nested._fields = [
    ("text", core.OctetString),
    ("inner", Nested, {"optional": True}),
    ("others", Several, {"optional": True}),
]


def nested(length: int) -> Nested:
    """Return a value put together step by step around one that was read and looked into."""
    read = {"text": b"a" * length, "others": [{"digest": b"b"}]}
    value: Nested = Nested.load(Nested(read).dump())
    assert value["others"][0]["algorithm"]["name"].native == 1
    for _level in range(DEPTH):
        outer = Nested({"text": b"c"})
        outer["inner"] = value
        value = outer
    return value


@pytest.mark.parametrize("length", [1, *range(300, 340)])  # with one a length that ends in 80
def test_each_part_is_encoded_a_few_times_whatever_lies_in_it(length: int) -> None:
    global times  # noqa: PLW0603
    value = nested(length)
    times = 0

    found = encoded(value)

    assert times <= 3 * DEPTH
    read = Nested.load(found, strict=True)
    for _level in range(DEPTH):
        read = read["inner"]
    assert read["text"].native == b"a" * length
    assert read["others"][0]["digest"].native == b"b"


@pytest.mark.parametrize("length", [5, *range(310, 330)])
def test_it_says_what_it_said(length: int) -> None:
    assert encoded(nested(length)) == nested(length).dump()
