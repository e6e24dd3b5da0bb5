"""Names of bodies compared: capitals, the place of a tone and short forms aside, marks and all."""

from __future__ import annotations

import pytest

from orgmerge.planner.names import same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ỦY BAN NHÂN DÂN XÃ HOÀ BÌNH", "Uỷ ban nhân dân xã Hòa Bình"),
        ("UBND xã Tân Uyên", "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"),
        ("UBND thành phố Lai Châu", "UBND  TP Lai Châu"),
        ("HĐND xã Mường Than", "Hội đồng nhân dân xã Mường Than"),
    ],
)
def test_a_name_written_otherwise_is_the_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UBND xã Tân Tiến", "UBND xã Tân Tiên"),  # a mark makes another name
        ("UBND xã Tân Uyên", "UBND thị trấn Tân Uyên"),  # so does the type (DOMAIN 14.9)
        ("UBND xã Tà Hừa", "UBND xã Ta Hứa"),
        ("UBND xã Đào San", "UBND xã Dao San"),
    ],
)
def test_another_name_is_another(one: str, other: str) -> None:
    assert not same(one, other)
