"""The levels of a subject held against the sender's tree: refused, asked or let be."""

from __future__ import annotations

import pytest

from portal.core.rules import Severity
from portal.core.text import names
from requests_app.kinds.people import LEVELS
from requests_app.kinds.register_findings import judge_levels
from requests_app.kinds.trees import Body, OwnTree
from requests_app.rules import names as rules

PROVINCE, COMMUNE = "Ủy ban nhân dân tỉnh Lai Châu", "Ủy ban nhân dân xã Tân Uyên"
UNIT = "Phòng Văn hóa – Xã hội xã Tân Uyên"
TREE = OwnTree(
    2,
    "Lai Châu",
    {1: Body(1, None, PROVINCE), 2: Body(2, 1, COMMUNE), 3: Body(3, 2, UNIT)},
    {names.key("UBND thị trấn Tân Uyên"): 2, names.key("UBND xã Thân Thuộc"): 2},
)
# A sender of which the register knows no superior, and one that is no commune's.
ALONE = OwnTree(2, "Lai Châu", {2: Body(2, None, COMMUNE)})
HOSPITAL = OwnTree(
    4, "Lai Châu", {1: Body(1, None, PROVINCE), 4: Body(4, 1, "Bệnh viện Đa khoa Tân Uyên")}
)


def judged(*path: str, tree: OwnTree = TREE) -> list[tuple[str, str, str]]:
    whole = [*path, *[""] * (4 - len(path))]
    found = judge_levels(whole, LEVELS, tree)
    return [(one.field, one.finding.code, one.finding.suggestion) for one in found]


@pytest.mark.parametrize(
    "path",
    [
        (PROVINCE, COMMUNE),
        (PROVINCE.upper(), COMMUNE.upper(), UNIT.upper()),
        ("UỶ BAN NHÂN DÂN TỈNH LAI CHÂU", COMMUNE),  # another place of the tone
        (PROVINCE, COMMUNE, UNIT),
    ],
)
def test_the_registers_own_names_are_let_be(path: tuple[str, ...]) -> None:
    assert judged(*path) == []


@pytest.mark.parametrize(
    ("typed", "code", "suggestion"),
    [
        ("UBND XÃ TÂN UYÊN", "name_in_short", COMMUNE.upper()),
        ("UBND xã Tân Uyên", "name_in_short", COMMUNE),
        ("ỦY BAN NHÂN DÂN XÃ TÂN UYẾN", "name_misspelt", COMMUNE.upper()),
        ("UY BAN NHAN DAN XA TAN UYEN", "name_misspelt", COMMUNE.upper()),
        ("ỦY BAN NHÂN DÂN PHƯỜNG TÂN UYÊN", "name_misspelt", COMMUNE.upper()),
        (f"{COMMUNE}, tỉnh Lai Châu", "name_misspelt", COMMUNE),
        ("UBND xã Tân Uyên - Lai Châu", "name_misspelt", COMMUNE),
        ("ỦY BAN NHÂN DÂN XÃ THÂN THUỘC", "former_name", COMMUNE.upper()),
        ("UBND thị trấn Tân Uyên", "former_name", COMMUNE),
        ("ỦY BAN NHÂN DÂN XÃ MƯỜNG KHOA", "other_commune", ""),
        ("ỦY BAN NHÂN DÂN TỈNH SƠN LA", "other_province", ""),
        ("UBND TP HÀ NỘI", "other_province", ""),
        ("TRƯỜNG THCS SỐ 1", "body_not_registered", ""),
        ("XYZ", "body_not_registered", ""),
    ],
)
def test_a_name_that_is_none_of_the_tree_is_told(typed: str, code: str, suggestion: str) -> None:
    assert judged(PROVINCE, typed) == [("org2", code, suggestion)]


def test_only_what_leaves_no_doubt_is_refused() -> None:
    found = [
        judge_levels([PROVINCE, typed, "", ""], LEVELS, TREE)[0].finding
        for typed in ("UBND XÃ MƯỜNG KHOA", "UBND TỈNH SƠN LA", "TRƯỜNG THCS SỐ 1", "XÃ TÂN UYÊN")
    ]

    assert [one.severity for one in found] == [
        Severity.ERROR, Severity.ERROR, Severity.WARNING, Severity.WARNING
    ]  # fmt: skip
    assert [one.asks for one in found] == [False, False, True, True]


def test_another_commune_is_only_asked_about_where_the_sender_is_none() -> None:
    path = (PROVINCE, "UBND XÃ MƯỜNG KHOA", "Bệnh viện Đa khoa Tân Uyên")

    assert [code for _field, code, _offer in judged(*path, tree=HOSPITAL)] == [
        "body_not_registered"
    ]


def test_above_a_sender_whose_superior_is_unknown_only_another_province_is_told() -> None:
    assert judged(PROVINCE, COMMUNE, tree=ALONE) == []
    assert judged("BỘ TÀI CHÍNH", COMMUNE, tree=ALONE) == []
    assert judged("UBND TỈNH SƠN LA", COMMUNE, tree=ALONE) == [("org1", "other_province", "")]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ((COMMUNE, PROVINCE), ("org2", "levels_out_of_order", "")),
        ((PROVINCE,), ("org1", "sender_not_named", "")),
        ((COMMUNE,), ("org1", "superior_not_named", "")),
    ],
)
def test_levels_in_another_order_are_asked_about(
    path: tuple[str, ...], found: tuple[str, str, str]
) -> None:
    assert judged(*path) == [found]


def test_an_organisation_or_a_system_may_name_its_superior_alone() -> None:
    assert judge_levels([COMMUNE, "", "", ""], LEVELS, TREE, is_person=False) == []
    (odd,) = judge_levels([COMMUNE, PROVINCE, "", ""], LEVELS, TREE, is_person=False)
    assert odd.finding.code == "levels_out_of_order"


def test_the_register_knows_a_person_by_one_number_and_one_name() -> None:
    assert rules.number_is_of_this_person(set(), "a", "Lò Văn An") is None
    assert rules.number_is_of_this_person({"a", "b"}, "a", "Lò Văn An") is None
    other = rules.number_is_of_this_person({"b"}, "a", "Lò Văn An")
    assert other is not None
    assert other.code == "other_number_known"
    assert rules.name_is_of_this_number("LÒ VĂN AN", "Lò Văn An") is None
    named = rules.name_is_of_this_number("Lò Văn Ân", "Lò Văn An")
    assert named is not None
    assert named.code == "other_name_known"


def test_an_old_certificate_is_known_and_the_same_persons() -> None:
    unknown = rules.old_serial_is_known(False)
    assert unknown is not None
    assert (unknown.code, rules.old_serial_is_known(True)) == ("old_serial_unknown", None)
    another = rules.old_serial_is_this_persons("Lò Văn Bình", "Lò Văn An")
    assert another is not None
    assert another.code == "old_serial_of_another"
    assert rules.old_serial_is_this_persons("lò văn an", "Lò Văn An") is None


@pytest.mark.parametrize(
    ("typed", "chosen", "code"),
    [
        ("A" * 64, "", None),
        ("A" * 65, "", "name_over_64"),
        ("A" * 65, "B", "name_in_certificate"),
    ],
)
def test_64_letters_stand_in_a_certificate(typed: str, chosen: str, code: str | None) -> None:
    found = rules.name_fits_a_certificate(typed, chosen, typed)

    assert (found.code if found else None) == code
