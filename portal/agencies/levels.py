"""At which level a body stands: told by its name, its province and what stands above it.

One name can be of two levels: "Thành phố Bắc Ninh" was a city of the province of that name and is
a province-level city since (DOMAIN 14.23). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.agencies.tree import with_superiors
from portal.core.text.names import key
from portal.core.text.remembered import remembered
from portal.core.text.vietnamese import nfc


class Level(StrEnum):
    """The level of the place a body is an organ of."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    NONE = ""  # no organ of a place: a department, a school


_KIND_OF_PROVINCE = re.compile(r"^(tỉnh|thành phố|tp\.?)\s+", re.IGNORECASE)
TINH, CITY = key("tỉnh"), key("thành phố")
# The organs a place has, as ``key`` writes them; those of the Party name the kind of place.
_ORGANS = tuple(map(key, ("UBND", "HĐND", "Đảng ủy", "Ủy ban Mặt trận Tổ quốc Việt Nam")))
_PARTY = {
    key("tỉnh ủy"): TINH,
    key("thành ủy"): CITY,
    key("huyện ủy"): key("huyện"),
    key("quận ủy"): key("quận"),
    key("thị ủy"): key("thị xã"),
}
_LEVELS = {
    TINH: Level.PROVINCE,
    **dict.fromkeys(map(key, ("huyện", "quận", "thị xã")), Level.DISTRICT),
    **dict.fromkeys(map(key, ("xã", "phường", "thị trấn", "đặc khu")), Level.COMMUNE),
}
_KINDS = (*_LEVELS, CITY)


def province_key(province: str) -> str:
    """Return a province's name made comparable, its kind left out ("Tỉnh Lai Châu" is "Lai
    Châu")."""
    return key(own_name(province))


def own_name(province: str) -> str:
    """Return a province's own name as it is written, its kind left out."""
    return _KIND_OF_PROVINCE.sub("", nfc(province))


def kind_of_province(province: str) -> str:
    """Return the kind a province is written with, made comparable; "" when it is left out."""
    found = _KIND_OF_PROVINCE.match(nfc(province))
    return key(found[1].rstrip(".")) if found else ""


@remembered(65536)
def organ_of(name: str) -> tuple[str, str, str]:
    """Return the organ, the kind of place and its own name ("ubnd", "x", "tân uyên"); ("", "", "")
    for a body that is no organ of a place."""
    text = key(name)
    for organ in _ORGANS:
        if text.startswith(f"{organ} "):
            rest = text.removeprefix(f"{organ} ")
            for kind in _KINDS:
                if rest.startswith(f"{kind} "):
                    return organ, kind, rest.removeprefix(f"{kind} ")
    for organ, kind in _PARTY.items():
        if text.startswith(f"{organ} "):
            return key("Đảng ủy"), kind, text.removeprefix(f"{organ} ")
    return "", "", ""


def level_of(
    name: str, province: str, above: Iterable[str] = (), *, is_province: bool = False
) -> Level:
    """Return the level of the body called ``name`` in ``province``.

    ``above`` are the names of what stands above it, the nearest first; ``is_province``: the
    register says that it is one of Điều 34 khoản 1. "Thành phố" is the word of two levels: a city
    of another name than its province, under another body (also one of its very name), or in what is
    written as "Tỉnh …" is one of a district's level.
    """
    organ, kind, own = organ_of(name)
    if not organ:
        return Level.NONE
    if kind != CITY:
        return _LEVELS[kind]
    if is_province:
        return Level.PROVINCE
    if own != province_key(province) or kind_of_province(province) == TINH:
        return Level.DISTRICT
    is_under_another = any(
        organ_of(one)[1:] != (kind, own) or organ_of(one)[0] == organ for one in above
    )
    return Level.DISTRICT if is_under_another else Level.PROVINCE


@dataclass(frozen=True, slots=True)
class PlacedBody:
    """What of a registered body tells its level."""

    name: str
    province: str
    parent: int | None = None
    is_province: bool = False


def levels_of(bodies: Mapping[int, PlacedBody]) -> dict[int, Level]:
    """Return the level of each body of a register, by its key.

    A city beside the "tỉnh" of its name is a district's, also where nobody wrote what it stands
    under: a province is not both at once.
    """
    provinces = set()
    for body in bodies.values():
        organ, kind, own = organ_of(body.name)
        if kind == TINH:
            provinces.add((organ, own))
    found = {}
    for pk, body in bodies.items():
        upwards = with_superiors(pk, lambda one: bodies[one].parent if one in bodies else None)
        above = [bodies[one].name if one in bodies else "" for one in upwards][1:]
        level = level_of(body.name, body.province, above, is_province=body.is_province)
        organ, kind, own = organ_of(body.name)
        if level == Level.PROVINCE and kind == CITY and not body.is_province:
            level = Level.DISTRICT if (organ, own) in provinces else level
        found[pk] = level
    return found
