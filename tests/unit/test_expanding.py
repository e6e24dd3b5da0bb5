"""A list of communes becomes rows of bodies; what cannot be told is reported, never guessed."""

from __future__ import annotations

import pytest

from orgmerge.body_lists.communes import Expansion, Registered, commune_bodies, expand
from orgmerge.vocabulary import Extent

LAI_CHAU = "Tỉnh Lai Châu"
DAY = "2025-07-01"


def listed(
    old: str,
    new: str,
    *,
    code: str = "03386",
    district: str = "Huyện Than Uyên",
    province: str = LAI_CHAU,
    extent: str = "whole",
    new_code: str = "03388",
    new_province: str = "",
) -> dict[str, str]:
    return {
        "old_code": code,
        "old_name": old,
        "old_district": district,
        "old_province_code": "12",
        "old_province": province,
        "extent": extent,
        "new_code": new_code,
        "new_name": new,
        "new_province_code": "12",
        "new_province": new_province or province,
        "effective_on": DAY,
    }


class Known:
    """A register being made."""

    def __init__(self) -> None:
        self.bodies: list[Registered] = []

    def body(
        self,
        name: str,
        *,
        province: str = "Lai Châu",
        code: str = "",
        parent: int | None = None,
        has_seal: bool = True,
    ) -> int:
        pk = len(self.bodies) + 1
        self.bodies.append(Registered(pk, name, province, code, parent, has_seal))
        return pk

    def commune(self, name: str, *, parent: int | None = None, province: str = "Lai Châu") -> int:
        """Register all bodies a commune usually has; return its People's Committee."""
        names = commune_bodies(name)
        committee = self.body(names[0], parent=parent, province=province)
        for one in names[1:3]:
            self.body(one, parent=parent, province=province)
        for one in names[3:]:
            self.body(one, parent=committee, province=province)
        return committee


def pairs(expansion: Expansion) -> set[tuple[str, str, str, str]]:
    return {(row.old_agency, row.new_agency, row.new_name, row.extent) for row in expansion.rows}


def remarks(expansion: Expansion) -> list[tuple[int, str]]:
    return [(remark.row, remark.code) for remark in expansion.remarks]


def test_the_committees_merge_and_the_schools_go_on() -> None:
    known = Known()
    known.commune("Xã Tà Mung")

    found = expand([listed("Xã Tà Mung", "Xã Mường Kim")], known.bodies, decision="1670/NQ")

    assert pairs(found) == {
        ("ỦY BAN NHÂN DÂN XÃ TÀ MUNG (Lai Châu)", "", "ỦY BAN NHÂN DÂN XÃ MƯỜNG KIM", "whole"),
        ("HỘI ĐỒNG NHÂN DÂN XÃ TÀ MUNG (Lai Châu)", "", "HỘI ĐỒNG NHÂN DÂN XÃ MƯỜNG KIM", "whole"),
        ("ĐẢNG ỦY XÃ TÀ MUNG (Lai Châu)", "", "ĐẢNG ỦY XÃ MƯỜNG KIM", "whole"),
        *(
            (f"{name} (Lai Châu)", f"{name} (Lai Châu)", name, "whole")
            for name in commune_bodies("Xã Tà Mung")[3:]
        ),
    }
    assert {(row.effective_on, row.decision, row.source) for row in found.rows} == {
        (DAY, "1670/NQ", 2)
    }
    assert found.remarks == []


def test_only_what_is_registered_gets_a_row() -> None:
    known = Known()
    known.body("Ủy ban nhân dân xã Tà Mung")

    found = expand([listed("Xã Tà Mung", "Xã Mường Kim")], known.bodies)

    assert [row.old_agency for row in found.rows] == ["Ủy ban nhân dân xã Tà Mung (Lai Châu)"]


def test_whatever_stands_under_the_committee_goes_on_but_units_without_a_seal_go_along() -> None:
    known = Known()
    committee = known.body("UBND XÃ TÀ MUNG")
    known.body("TRUNG TÂM DỊCH VỤ CÔNG", parent=committee)
    known.body("VĂN PHÒNG", parent=committee, has_seal=False)

    found = expand([listed("Xã Tà Mung", "Xã Mường Kim")], known.bodies)

    assert {row.old_agency for row in found.rows} == {
        "UBND XÃ TÀ MUNG (Lai Châu)",
        "TRUNG TÂM DỊCH VỤ CÔNG (Lai Châu)",
    }


def test_bodies_are_named_by_their_code_when_it_is_known() -> None:
    known = Known()
    known.body("UBND XÃ TÀ MUNG", code="H35.12.3")

    found = expand([listed("Xã Tà Mung", "Xã Mường Kim")], known.bodies)

    assert found.rows[0].old_agency == "H35.12.3"


def test_a_kept_name_goes_on_as_the_old_body_whatever_the_codes_say() -> None:
    known = Known()
    known.body("UBND PHƯỜNG ĐOÀN KẾT")
    known.body("UBND PHƯỜNG QUYẾT TIẾN")
    communes = [
        listed("Phường Quyết Tiến", "Phường Đoàn Kết", code="03388", new_code="03388"),
        listed("Phường Đoàn Kết", "Phường Đoàn Kết", code="03389", new_code="03388"),
    ]

    found = expand(communes, known.bodies)

    assert {row.new_agency for row in found.rows} == {"UBND PHƯỜNG ĐOÀN KẾT (Lai Châu)"}


def test_another_type_is_another_name() -> None:
    known = Known()
    known.body("UBND THỊ TRẤN TÂN UYÊN")

    found = expand([listed("Thị trấn Tân Uyên", "Xã Tân Uyên")], known.bodies)

    assert found.rows[0].new_agency == ""


def test_a_new_commune_named_as_an_old_one_that_goes_elsewhere_is_founded() -> None:
    known = Known()
    known.body("UBND XÃ MƯỜNG THAN")
    known.body("UBND XÃ PHÚC THAN")
    communes = [
        listed("Xã Mường Than", "Xã Than Uyên", code="1", new_code="9"),
        listed("Xã Phúc Than", "Xã Mường Than", code="2", new_code="8"),
    ]

    found = expand(communes, known.bodies)

    assert {row.new_agency for row in found.rows} == {""}


def test_a_divided_commune_goes_partly_in_each_of_its_committees() -> None:
    known = Known()
    known.commune("Xã Lợi An")
    communes = [
        listed("Xã Lợi An", "Xã A", extent="partly", new_code="1"),
        listed("Xã Lợi An", "Xã B", extent="partly", new_code="2"),
    ]

    found = expand(communes, known.bodies)

    parted = [row for row in found.rows if row.extent == Extent.PARTLY]
    assert len(parted) == 6
    assert all("XÃ LỢI AN" in row.old_agency and row.new_agency == "" for row in parted)


def test_under_which_part_a_school_of_a_divided_commune_comes_is_asked() -> None:
    known = Known()
    known.commune("Xã Lợi An")
    communes = [
        listed("Xã Lợi An", "Xã A", extent="partly", new_code="1"),
        listed("Xã Lợi An", "Xã B", extent="partly", new_code="2"),
    ]

    found = expand(communes, known.bodies)

    assert [row.extent for row in found.rows].count("whole") == 4
    assert {remark.code for remark in found.remarks} == {"superior_not_told"}
    assert found.faults == []


def test_the_district_goes_partly_to_each_new_commune_once() -> None:
    known = Known()
    district = known.body("UBND HUYỆN THAN UYÊN")
    for name in ("Xã A", "Xã B", "Xã C"):
        known.body(f"UBND {name}", parent=district)
    communes = [
        listed("Xã A", "Xã X", code="1", new_code="7"),
        listed("Xã B", "Xã X", code="2", new_code="7"),
        listed("Xã C", "Xã Y", code="3", new_code="8"),
    ]

    found = expand(communes, known.bodies)

    rows = [row for row in found.rows if "HUYỆN" in row.old_agency]
    assert {(row.new_name, row.extent) for row in rows} == {
        ("ỦY BAN NHÂN DÂN XÃ X", "partly"),
        ("ỦY BAN NHÂN DÂN XÃ Y", "partly"),
    }
    assert len(rows) == 2


def test_the_party_committee_of_a_district_is_one_of_its_bodies() -> None:
    known = Known()
    party = known.body("HUYỆN ỦY THAN UYÊN")
    known.body("UBND XÃ A")

    found = expand([listed("Xã A", "Xã X")], known.bodies)

    (row,) = [row for row in found.rows if row.body == party]
    assert (row.new_name, row.extent) == ("ĐẢNG ỦY XÃ X", "partly")


def test_rows_without_a_day_are_of_the_only_day_there_is() -> None:
    known = Known()
    known.body("UBND XÃ A")
    known.body("UBND XÃ B")
    without = listed("Xã B", "Xã B", code="2") | {"effective_on": ""}

    found = expand([listed("Xã A", "Xã B", code="1"), without], known.bodies)

    assert {row.new_agency for row in found.rows} == {"UBND XÃ B (Lai Châu)"}


def test_two_communes_of_one_name_are_told_apart_by_their_district() -> None:
    known = Known()
    city = known.body("UBND THÀNH PHỐ BẠC LIÊU", province="Bạc Liêu")
    town = known.body("UBND THỊ XÃ GIÁ RAI", province="Bạc Liêu")
    known.body("UBND PHƯỜNG 1", province="Bạc Liêu", parent=city, code="H04.1")
    known.body("UBND PHƯỜNG 1", province="Bạc Liêu", parent=town, code="H04.2")

    found = expand(two_of_one_name(), known.bodies)

    of_ward = [row for row in found.rows if row.old_agency.startswith("H04")]
    assert [(row.old_agency, row.new_name) for row in of_ward] == [
        ("H04.1", "ỦY BAN NHÂN DÂN PHƯỜNG BẠC LIÊU"),
        ("H04.2", "ỦY BAN NHÂN DÂN PHƯỜNG GIÁ RAI"),
    ]


def test_two_communes_of_one_name_are_told_apart_by_the_code() -> None:
    known = Known()
    known.body("UBND PHƯỜNG 1", province="Bạc Liêu", code="H04.31825.01")
    known.body("UBND PHƯỜNG 1", province="Bạc Liêu", code="H04.31942.01")

    found = expand(two_of_one_name(), known.bodies)

    assert [row.old_agency for row in found.rows] == ["H04.31825.01", "H04.31942.01"]


def test_two_communes_of_one_name_that_nothing_tells_apart_are_reported_by_row() -> None:
    known = Known()
    known.body("UBND PHƯỜNG 1", province="Bạc Liêu")

    found = expand(two_of_one_name(), known.bodies)

    assert found.rows == []
    assert remarks(found) == [(2, "ambiguous"), (3, "ambiguous")]


def two_of_one_name() -> list[dict[str, str]]:
    return [
        listed(
            "Phường 1",
            "Phường Bạc Liêu",
            code="31825",
            district="Thành phố Bạc Liêu",
            province="Tỉnh Bạc Liêu",
            new_province="Tỉnh Cà Mau",
            new_code="1",
        ),
        listed(
            "Phường 1",
            "Phường Giá Rai",
            code="31942",
            district="Thị xã Giá Rai",
            province="Tỉnh Bạc Liêu",
            new_province="Tỉnh Cà Mau",
            new_code="2",
        ),
    ]


def test_bodies_that_neither_code_nor_name_can_name_are_reported() -> None:
    known = Known()
    city = known.body("UBND THÀNH PHỐ BẠC LIÊU", province="Bạc Liêu")
    town = known.body("UBND THỊ XÃ GIÁ RAI", province="Bạc Liêu")
    known.body("UBND PHƯỜNG 1", province="Bạc Liêu", parent=city)
    known.body("UBND PHƯỜNG 1", province="Bạc Liêu", parent=town)

    found = expand(two_of_one_name(), known.bodies)

    assert {"ambiguous"} == {remark.code for remark in found.faults}
    assert not [row for row in found.rows if "PHƯỜNG 1" in row.old_agency]


def test_the_same_name_in_another_province_is_not_meant() -> None:
    known = Known()
    known.body("UBND PHƯỜNG 1", province="Cà Mau")

    found = expand(two_of_one_name()[:1], known.bodies)

    assert remarks(found) == [(2, "not_registered")]


def test_bad_rows_are_reported_and_the_others_expanded() -> None:
    known = Known()
    known.body("UBND XÃ A")
    good = listed("Xã A", "Xã B")
    communes = [good, good, listed("Xã A", "Xã C", extent="half"), listed("", "Xã C")]

    found = expand(communes, known.bodies)

    assert len(found.rows) == 1
    assert remarks(found) == [(3, "row_twice"), (4, "bad_extent"), (5, "cell_missing")]


def test_a_kind_of_province_is_no_part_of_its_name() -> None:
    known = Known()
    known.body("UBND XÃ HÒA LIÊN", province="Đà Nẵng")
    commune = listed("Xã Hoà Liên", "Phường Hải Vân", province="Thành phố Đà Nẵng")

    assert len(expand([commune], known.bodies).rows) == 1


def test_a_commune_filed_under_a_neighbouring_province_is_refused_by_itself() -> None:
    known = Known()
    known.body("UBND TỈNH BẮC GIANG", province="Bắc Giang")
    known.body("UBND TỈNH BẮC NINH", province="Bắc Ninh")
    for name in "ABCD":
        known.commune(f"Xã {name}", province="Bắc Giang")
    bac_giang = {"province": "Tỉnh Bắc Giang", "district": "Huyện Lạng Giang"}
    communes = [
        listed(
            "Xã A", "Xã X", code="07375", new_code="1", new_province="Tỉnh Bắc Ninh", **bac_giang
        ),
        listed(
            "Xã B", "Xã X", code="07378", new_code="1", new_province="Tỉnh Bắc Ninh", **bac_giang
        ),
        listed(
            "Xã C", "Xã Y", code="07381", new_code="2", new_province="Tỉnh Lạng Sơn", **bac_giang
        ),
        listed(
            "Xã D", "Xã Z", code="07384", new_code="3", new_province="Tỉnh Bắc Ninh", **bac_giang
        ),
    ]
    for commune in communes:
        commune["new_province_code"] = ""

    found = expand(communes, known.bodies)

    (fault,) = found.faults
    assert (fault.row, fault.code, fault.commune) == (4, "other_province", "07381")
    assert "Xã Y, Tỉnh Lạng Sơn" in fault.words
    assert ("UBND TỈNH BẮC GIANG (Bắc Giang)", "UBND TỈNH BẮC NINH (Bắc Ninh)") in {
        (row.old_agency, row.new_agency) for row in found.rows
    }
    (counted,) = found.provinces
    assert (counted.communes, counted.bodies, dict(counted.refused)) == (
        4,
        22,
        {"other_province": 1},
    )
    assert (counted.fate, counted.becomes) == ("province_ends", "Tỉnh Bắc Ninh")
    assert dict(counted.left_out) == {"not_listed": 7}


def test_a_province_ends_only_by_a_list_of_all_its_communes() -> None:
    known = Known()
    known.body("UBND TỈNH BẮC GIANG", province="Bắc Giang")
    known.commune("Xã A", province="Bắc Giang")
    known.commune("Xã B", province="Bắc Giang")

    found = expand(
        [listed("Xã A", "Xã X", province="Tỉnh Bắc Giang", new_province="Tỉnh Bắc Ninh")],
        known.bodies,
    )

    assert not [row for row in found.rows if "TỈNH" in row.old_agency]
    assert [(one.code, one.is_fault) for one in found.remarks] == [("province_not_complete", False)]
    assert found.provinces[0].fate == "province_not_complete"


@pytest.mark.parametrize(
    ("rows", "code", "refused"),
    [
        ([("1", "Xã A", "9", "Xã X"), ("2", "Xã B", "9", "Xã X"), ("3", "Xã C", "9", "Xã Ỳ")],
         "code_with_two_names", [4]),
        ([("1", "Xã A", "9", "Xã X"), ("2", "Xã B", "8", "Xã X")], "name_with_two_codes", [3]),
        ([("1", "Xã A", "9", "Xã X"), ("1", "Xã A", "8", "Xã Y")], "whole_twice", [2, 3]),
        ([("1", "Xã A", "9", "Xã X"), ("1", "Xã B", "9", "Xã X")],
         "old_code_with_two_names", [3]),
    ],
)  # fmt: skip
def test_one_commune_is_one_by_code_and_name(
    rows: list[tuple[str, str, str, str]], code: str, refused: list[int]
) -> None:
    """DOMAIN 14.22: two names under one code, one name under two, are findings for a person."""
    known = Known()
    for name in "ABC":
        known.body(f"UBND XÃ {name}")
    communes = [listed(old, new, code=code, new_code=new_code) for code, old, new_code, new in rows]

    found = expand(communes, known.bodies)

    assert remarks(found) == [(row, code) for row in refused]
    assert len(found.rows) == len(rows) - len(refused)


def test_the_other_parts_of_a_commune_wait_for_the_refused_one() -> None:
    known = Known()
    known.commune("Xã Lợi An")
    communes = [
        listed("Xã Lợi An", "Xã A", extent="partly", new_code="1"),
        listed("Xã Lợi An", "Xã B", extent="một ít", new_code="2"),
    ]

    found = expand(communes, known.bodies)

    assert remarks(found) == [(3, "bad_extent"), (2, "rest_refused")]
    assert found.rows == []


def test_a_district_is_whole_only_when_the_file_maps_all_of_it() -> None:
    """DOMAIN 14.20: never because one successor happens to be listed."""
    known = Known()
    district = known.body("UBND QUẬN NGŨ HÀNH SƠN")
    for name in ("Phường A", "Phường B"):
        known.body(f"UBND {name}", parent=district)
    both = [
        listed("Phường A", "Phường X", code="1", district="Quận Ngũ Hành Sơn"),
        listed("Phường B", "Phường X", code="2", district="Quận Ngũ Hành Sơn"),
    ]

    for communes, extent in ((both[:1], "partly"), (both, "whole")):
        found = expand(communes, known.bodies)

        (row,) = [row for row in found.rows if row.body == district]
        assert row.extent == extent
        assert [(one.code, one.is_fault) for one in found.remarks] == [
            ("district_is_a_choice", False)
        ]


def test_a_district_without_its_kind_is_one_of_any_kind() -> None:
    known = Known()
    district = known.body("UBND THỊ XÃ NGÃ BẢY")
    known.body("UBND PHƯỜNG A", parent=district)
    commune = listed("Phường A", "Phường X", district="Ngã Bảy")

    (row,) = [row for row in expand([commune], known.bodies).rows if row.body == district]
    assert row.extent == "whole"

    known.body("UBND HUYỆN NGÃ BẢY")
    assert ("ambiguous", True) in [
        (one.code, one.is_fault) for one in expand([commune], known.bodies).remarks
    ]


def test_cells_that_cannot_be_read_are_named_as_they_were_typed() -> None:
    bad_day = listed("Xã A", "Xã B") | {"effective_on": "mồng một"}

    found = expand([listed("Xã A", "Xã B", extent="một ít"), bad_day], [])

    assert [one.words.rpartition(": ")[2] for one in found.faults] == ["“một ít”", "“mồng một”"]
    assert [one.commune for one in found.faults] == ["03386", "03386"]
