"""``plan_merger``: a file of bodies in, one JSON line for each thing out, nothing changed."""

from __future__ import annotations

import json
import os
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.register import queries
from orgmerge.vocabulary import LineAbout, LineAction
from portal.agencies.models import Agency, AgencyVersion
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.management import progress
from requests_app.workflow import State
from tests import builders

pytestmark = pytest.mark.django_db
HEADER = "old_agency,new_agency,new_name,extent,effective_on,decision"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bodies.csv"


def plan(file: Path, *rows: str, at: str = "2026-11-20") -> list[dict[str, Any]]:
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    out = StringIO()
    call_command("plan_merger", str(file), "--at", at, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def faults(file: Path, *rows: str, code: int = 1) -> str:
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    errors = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("plan_merger", str(file), "--at", "2026-11-20", stderr=errors)
    assert refusal.value.returncode == code
    return errors.getvalue()


def commune(name: str, *, parent: Agency | None = None) -> Agency:
    """A body with a certificate of its own and a person with a device."""
    agency = builders.agency(f"ỦY BAN NHÂN DÂN XÃ {name}", parent=parent)
    subject = f"C=VN, L=Lai Châu, O=ỦY BAN NHÂN DÂN TỈNH LAI CHÂU, OU={agency.name}, CN=A"
    person = builders.person(at=agency)
    builders.in_hands_of(person, builders.certificate(subscriber=person).key)
    builders.certificate(subscriber=builders.organisation(agency))
    Certificate.objects.filter(agency=agency, kind="person").update(subject=subject)
    own = f"C=VN, L=Lai Châu, O=ỦY BAN NHÂN DÂN TỈNH LAI CHÂU, CN={agency.name}"
    Certificate.objects.filter(agency=agency, kind="organisation").update(subject=own)
    return agency


def test_each_thing_of_the_bodies_is_one_line(file: Path) -> None:
    for name in ("ĐẦU", "HAI"):
        builders.dossier(agency=commune(name), state=State.SUBMITTED)

    lines = plan(
        file,
        "ỦY BAN NHÂN DÂN XÃ ĐẦU,,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ",
        "ỦY BAN NHÂN DÂN XÃ HAI,,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ",
    )

    counted = [line["about"] for line in lines]
    assert {about: counted.count(about) for about in counted} == {
        LineAbout.BODY: 1,
        LineAbout.CERTIFICATE: 4,
        LineAbout.DEVICE: 2,
        LineAbout.SUBSCRIBER: 4,
        LineAbout.DOSSIER: 2,
    }
    assert len({(line["about"], line["id"]) for line in lines}) == len(lines)


def test_a_line_names_things_by_what_is_known_outside(file: Path) -> None:
    agency = commune("ĐẦU")

    lines = plan(file, f"{agency.name},,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ")

    own = Certificate.objects.get(kind="organisation")
    line = next(line for line in lines if line.get("serial") == own.serial)
    assert line["id"] == str(own.uuid)
    assert line["body_id"] == str(agency.uuid)
    assert (line["action"], line["form"]) == (LineAction.CHANGE, "04")
    assert line["sender"] == "ỦY BAN NHÂN DÂN XÃ MỚI"
    assert set(line) == {
        "id", "serial", "about", "body", "body_id", "action", "form", "reason", "stage", "sender",
        "sender_id", "successor", "successor_serial", "open", "warnings",
    }  # fmt: skip


def test_a_body_to_be_founded_has_the_same_identity_in_each_run(file: Path) -> None:
    agency = commune("ĐẦU")
    row = f"{agency.name},,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ"

    first, second = plan(file, row), plan(file, row)

    assert first == second
    assert {line["sender_id"] for line in first} == {
        *(line["id"] for line in first if line["about"] == LineAbout.BODY),
        *({""} & {line["sender_id"] for line in first}),
    }


def test_nothing_is_written(file: Path) -> None:
    agency = commune("ĐẦU")

    plan(file, f"{agency.name},,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ")

    assert not any(one.objects.exists() for one in (Merger, Plan, PlanLine, AuditEntry))


def test_bodies_are_named_by_code_or_by_name_and_province(file: Path) -> None:
    agency, other = commune("ĐẦU"), commune("HAI")
    AgencyVersion.objects.filter(agency=agency).update(agency_code="H35.12.1")

    lines = plan(
        file,
        "H35.12.1,ỦY BAN NHÂN DÂN XÃ HAI (Lai Châu),,whole,2026-12-01,1684/NQ",
        "UBND xã Hai,UBND xã Hai,,whole,2026-12-01,1684/NQ",
    )

    assert {line["body_id"] for line in lines} == {str(agency.uuid), str(other.uuid)}


def test_who_stands_under_a_renamed_body_is_planned_too(file: Path) -> None:
    committee = commune("CŨ")
    school = builders.agency("TRƯỜNG TIỂU HỌC", parent=committee)
    subscriber = builders.person(at=school)
    certificate = builders.certificate(subscriber=subscriber)
    subject = f"C=VN, L=Lai Châu, O=UBND TỈNH, OU={committee.name}, OU={school.name}, CN=A"
    Certificate.objects.filter(pk=certificate.pk).update(subject=subject)

    lines = plan(file, f"{committee.name},,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ")

    line = next(line for line in lines if line["id"] == str(certificate.uuid))
    assert (line["action"], line["form"], line["sender"]) == (LineAction.CHANGE, "04", school.name)


def test_rows_that_cannot_be_understood_are_named_all_at_once(file: Path) -> None:
    commune("ĐẦU")

    said = faults(
        file,
        "KHÔNG CÓ ĐƠN VỊ NÀY,,XÃ MỚI,whole,2026-12-01,1684/NQ",
        ",,XÃ MỚI,whole,2026-12-01,1684/NQ",
        "ỦY BAN NHÂN DÂN XÃ ĐẦU,,XÃ MỚI,some,ngày mai,1684/NQ",
        "ỦY BAN NHÂN DÂN XÃ ĐẦU,KHÔNG CÓ ĐƠN VỊ,,whole,2026-12-01,1684/NQ",
    )

    codes = [tuple(line.split(": ")[:2]) for line in said.splitlines()]
    assert codes == [
        ("Dòng 2", "no_such_body"),
        ("Dòng 3", "old_missing"),
        ("Dòng 4", "bad_extent"),
        ("Dòng 4", "bad_day"),
        ("Dòng 5", "no_such_body"),
    ]


def test_one_file_has_one_day(file: Path) -> None:
    first, second = commune("ĐẦU"), commune("HAI")

    said = faults(
        file,
        f"{first.name},,XÃ MỚI,whole,2026-12-01,1684/NQ",
        f"{second.name},,XÃ MỚI,whole,2026-12-02,1684/NQ",
        code=2,
    )

    assert said.startswith("Dòng 3: other_day")
    assert "01/12/2026: 1 dòng, 02/12/2026: 1 dòng" in said


def test_the_rows_of_one_day_are_planned_and_the_others_counted(file: Path) -> None:
    first, second = commune("ĐẦU"), commune("HAI")
    rows = (
        f"{first.name},,XÃ MỚI,whole,2026-12-01,1684/NQ",
        f"{second.name},,XÃ MỚI,whole,2026-12-02,1684/NQ",
    )
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    out, errors = StringIO(), StringIO()
    options = ("--at", "2026-11-20", "--json")

    call_command(
        "plan_merger", str(file), *options, effective=date(2026, 12, 2), stdout=out, stderr=errors
    )
    with pytest.raises(CommandError) as none:
        call_command(
            "plan_merger", str(file), *options, effective=date(2027, 1, 1), stderr=StringIO()
        )

    bodies = {json.loads(line)["body"] for line in out.getvalue().splitlines()}
    assert bodies == {second.name, "XÃ MỚI"}
    assert errors.getvalue() == "Bỏ qua 1 dòng có ngày hiệu lực khác.\n"
    assert none.value.returncode == 2


def test_rows_that_contradict_each_other_are_named(file: Path) -> None:
    first, second = commune("ĐẦU"), commune("HAI")

    said = faults(
        file,
        f"{first.name},,XÃ MỚI,whole,2026-12-01,1684/NQ",
        f"{first.name},,XÃ KHÁC,whole,2026-12-01,1684/NQ",
        f"{second.name},,XÃ MỚI,partly,2026-12-01,1684/NQ",
    )

    codes = {tuple(line.split(": ")[:2]) for line in said.splitlines()}
    assert codes == {("Dòng 3", "whole_to_several"), ("Dòng 4", "parts_do_not_add_up")}


def test_a_day_in_the_past_with_later_dossiers_is_refused(file: Path) -> None:
    agency = commune("ĐẦU")
    builders.dossier(agency=agency, state=State.SUBMITTED)

    said = faults(file, f"{agency.name},,XÃ MỚI,whole,2026-11-01,1684/NQ")

    assert said.startswith("Dòng 2: dossiers_later")


def test_the_file_is_read_as_the_pages_read_it(file: Path) -> None:
    agency = commune("ĐẦU")
    row = (agency.name, "", "ỦY BAN NHÂN DÂN XÃ MỚI", "{}", "01/12/2026")
    as_machines_write = plan(file, ",".join(row).format("whole"))
    head = "Đơn vị cũ;Đơn vị mới đã có;Tên mới;Phạm vi;Ngày hiệu lực"
    file.write_text("\n".join([head, ";".join(row).format("Toàn bộ")]), encoding="utf-8-sig")
    out = StringIO()

    call_command("plan_merger", str(file), "--at", "2026-11-20", "--json", stdout=out)

    assert [json.loads(line) for line in out.getvalue().splitlines()] == as_machines_write


def test_an_empty_file_lacks_the_columns(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    errors = StringIO()

    with pytest.raises(CommandError):
        call_command("plan_merger", str(file), stderr=errors)

    assert errors.getvalue().startswith("Dòng 1: wrong_header: ")


@pytest.mark.parametrize("content", ["", "a,b,c\n1,2,3\n", HEADER])
def test_a_file_that_is_none_is_refused(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")

    with pytest.raises(CommandError):
        call_command("plan_merger", str(file), stderr=StringIO())


def test_a_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(CommandError):
        call_command("plan_merger", str(file))


def test_a_kept_commune_whose_certificates_name_the_district_changes_them(file: Path) -> None:
    province = builders.agency("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU")
    district = builders.agency("ỦY BAN NHÂN DÂN THÀNH PHỐ LAI CHÂU", parent=province)
    kept, other = commune("GIỮ", parent=district), commune("NHẬP", parent=district)
    Certificate.objects.filter(agency=kept, kind="organisation").update(
        subject=f"C=VN, L=Lai Châu, O={district.name}, CN={kept.name}"
    )

    lines = plan(
        file,
        f"{kept.name},{kept.name},,whole,2026-12-01,1684/NQ",
        f"{other.name},{kept.name},,whole,2026-12-01,1684/NQ",
    )

    certificates = {
        line["serial"]: line for line in lines if line["about"] == LineAbout.CERTIFICATE
    }
    own = certificates[Certificate.objects.get(agency=kept, kind="organisation").serial]
    person = certificates[Certificate.objects.get(agency=kept, kind="person").serial]
    assert (own["action"], own["form"]) == (LineAction.CHANGE, "04")
    assert person["action"] == LineAction.KEEP


def test_a_kept_commune_of_a_province_that_goes_over_names_the_new_one(file: Path) -> None:
    old = builders.agency("ỦY BAN NHÂN DÂN TỈNH BẠC LIÊU")
    new = builders.agency("ỦY BAN NHÂN DÂN TỈNH CÀ MAU")
    kept = commune("GIỮ", parent=old)
    for agency, province in ((old, "Bạc Liêu"), (kept, "Bạc Liêu"), (new, "Cà Mau")):
        Agency.objects.filter(pk=agency.pk).update(province=province)
    Certificate.objects.filter(kind="organisation").update(
        subject=f"C=VN, L=Bạc Liêu, O={old.name}, CN={kept.name}"
    )

    lines = plan(
        file,
        f"{kept.name},{kept.name},,whole,2026-12-01,1684/NQ",
        f"{old.name},{new.name},,whole,2026-12-01,1684/NQ",
    )

    own = Certificate.objects.get(kind="organisation")
    line = next(line for line in lines if line.get("serial") == own.serial)
    assert (line["action"], line["form"]) == (LineAction.CHANGE, "04")


def test_who_nobody_registered_under_a_province_that_ends_changes_its_place_too(file: Path) -> None:
    """L= names a province that ends (M3, DOMAIN 5.2)."""
    old = builders.agency("ỦY BAN NHÂN DÂN TỈNH BẠC LIÊU")
    new = builders.agency("ỦY BAN NHÂN DÂN TỈNH CÀ MAU")
    kept, founded = commune("GIỮ"), commune("NHẬP")
    for agency in (old, kept, founded):
        Agency.objects.filter(pk=agency.pk).update(province="Bạc Liêu")
    Agency.objects.filter(pk=new.pk).update(province="Cà Mau")
    Certificate.objects.filter(kind="person").update(subject="C=VN, L=Bạc Liêu, CN=A")

    lines = plan(
        file,
        f"{kept.name},{kept.name},,whole,2026-12-01,1684/NQ",
        f"{founded.name},,XÃ MỚI,whole,2026-12-01,1684/NQ",
        f"{old.name},{new.name},,whole,2026-12-01,1684/NQ",
    )

    people = {str(one.uuid) for one in Certificate.objects.filter(kind="person")}
    found = [(line["action"], line["reason"]) for line in lines if line["id"] in people]
    assert found == [(LineAction.CHANGE, "province_changes")] * 2


def test_communes_of_one_name_in_two_provinces_are_two(file: Path) -> None:
    first, second = commune("ĐẦU"), commune("HAI")
    Agency.objects.filter(pk=second.pk).update(province="Cà Mau")

    lines = plan(
        file,
        f"{first.name},,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ",
        f"{second.name},,ỦY BAN NHÂN DÂN XÃ MỚI,whole,2026-12-01,1684/NQ",
    )

    founded = [line for line in lines if line["about"] == LineAbout.BODY]
    assert len({line["id"] for line in founded}) == 2


@pytest.fixture
def bac_ninh() -> dict[str, Agency]:
    """Two provinces, and the city of a district's level that is called as one of them will be."""
    made = {}
    for code, name, province in (
        ("giang", "ỦY BAN NHÂN DÂN TỈNH BẮC GIANG", "Bắc Giang"),
        ("ninh", "ỦY BAN NHÂN DÂN TỈNH BẮC NINH", "Bắc Ninh"),
    ):
        made[code] = builders.agency(name)
        Agency.objects.filter(pk=made[code].pk).update(province=province)
    made["city"] = builders.agency("ỦY BAN NHÂN DÂN THÀNH PHỐ BẮC NINH", parent=made["ninh"])
    Agency.objects.filter(pk=made["city"].pk).update(province="Bắc Ninh")
    return made


def test_a_provinces_committee_never_passes_to_a_city_of_a_districts_level(
    file: Path, bac_ninh: dict[str, Agency]
) -> None:
    """DOMAIN 14.23: a body is found by kind, level, province and name together."""
    city = bac_ninh["city"].name
    row = f"{bac_ninh['giang'].name},{city} (Bắc Ninh),,whole,2026-12-01,1684/NQ"

    said = faults(file, row)

    assert said.startswith(f"Dòng 2: other_level: {city} (Bắc Ninh)")
    assert f"{city} ({bac_ninh['ninh'].name}; cấp huyện; Bắc Ninh)" in said


def test_of_two_bodies_of_one_name_the_candidates_are_told_and_a_way_to_write_them(
    file: Path, bac_ninh: dict[str, Agency]
) -> None:
    city = bac_ninh["city"].name
    for parent, name in ((bac_ninh["city"], city), (None, "ỦY BAN NHÂN DÂN HUYỆN GIA BÌNH")):
        above = parent or builders.agency(name, parent=bac_ninh["ninh"])
        made = builders.agency("ỦY BAN NHÂN DÂN XÃ VÂN DU", parent=above)
        Agency.objects.filter(pk=made.pk).update(province="Bắc Ninh")

    said = faults(file, "UBND xã Vân Du (Bắc Ninh),,XÃ MỚI,whole,2026-12-01,1684/NQ")
    lines = plan(file, f"UBND xã Vân Du ({city}; Bắc Ninh),,XÃ MỚI,whole,2026-12-01,1684/NQ")

    assert said.startswith("Dòng 2: several_bodies: UBND xã Vân Du (Bắc Ninh): ")
    assert f"VÂN DU ({city}; cấp xã; Bắc Ninh), ỦY BAN" in said
    assert "(ỦY BAN NHÂN DÂN HUYỆN GIA BÌNH; cấp xã; Bắc Ninh)" in said
    assert {line["body"] for line in lines} >= {"XÃ MỚI"}


def test_a_province_that_becomes_a_city_changes_what_names_it(
    file: Path, bac_ninh: dict[str, Agency]
) -> None:
    """A change of kind is a change of name: of the body, of its departments, of who is below."""
    province = bac_ninh["ninh"]
    department = builders.agency("SỞ Y TẾ", parent=province)
    subjects = {
        builders.certificate(subscriber=builders.organisation(province)): "CN",
        builders.certificate(subscriber=builders.organisation(department)): "O",
        builders.certificate(subscriber=builders.person(at=department)): "O",
    }
    for certificate, part in subjects.items():
        subject = f"C=VN, L=Bắc Ninh, {part}={province.name}"
        subject += "" if part == "CN" else f", OU={department.name}, CN=A"
        Certificate.objects.filter(pk=certificate.pk).update(subject=subject)
    new = "ỦY BAN NHÂN DÂN THÀNH PHỐ BẮC NINH"

    lines = plan(file, f"{province.name},{province.name},{new},whole,2026-12-01,99/NQ")

    changed = {line["id"]: line for line in lines if line["action"] == LineAction.CHANGE}
    assert changed.keys() == {str(certificate.uuid) for certificate in subjects}
    assert {line["form"] for line in changed.values()} == {"04"}
    assert not any(line["body"] == bac_ninh["city"].name for line in changed.values())


def test_a_district_listed_for_one_commune_is_planned_and_left_to_people(file: Path) -> None:
    """DOMAIN 14.20: "partly" alone is no contradiction of a district."""
    province = builders.agency("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU")
    district = builders.agency("ỦY BAN NHÂN DÂN HUYỆN THỬ", parent=province)
    builders.certificate(subscriber=builders.person(at=district))

    lines = plan(file, f"{district.name},,ỦY BAN NHÂN DÂN XÃ MỚI,partly,2026-12-01,1684/NQ")

    theirs = [line for line in lines if line["about"] == LineAbout.CERTIFICATE]
    assert [(line["action"], line["open"]) for line in theirs] == [(LineAction.SETTLE, True)]


def school_of_a_divided_commune() -> tuple[list[str], Certificate]:
    committee = commune("CHIA")
    school = builders.agency("TRƯỜNG TIỂU HỌC", parent=committee)
    certificate = builders.certificate(subscriber=builders.person(at=school))
    subject = f"C=VN, L=Lai Châu, O=UBND TỈNH, OU={committee.name}, OU={school.name}, CN=A"
    Certificate.objects.filter(pk=certificate.pk).update(subject=subject)
    parts = [
        f"{committee.name},,UBND XÃ {part},partly,2026-12-01,1684/NQ," for part in ("MỘT", "HAI")
    ]
    own = f"{school.name},{school.name},,whole,2026-12-01,1684/NQ,"
    return [*parts, own], certificate


def test_a_school_of_a_divided_commune_waits_for_its_superior_to_be_told(file: Path) -> None:
    """What is not told is repeated, counted, and left open: changed without a word it would name
    nobody knows whom."""
    rows, certificate = school_of_a_divided_commune()
    file.write_text("\n".join([f"{HEADER},superior", *rows]), encoding="utf-8")
    out, errors = StringIO(), StringIO()

    call_command(
        "plan_merger", str(file), "--at", "2026-11-20", "--json", stdout=out, stderr=errors
    )

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    line = next(line for line in lines if line["id"] == str(certificate.uuid))
    assert (line["action"], line["open"]) == (LineAction.CHANGE, True)
    assert "superior_unknown" in line["warnings"]
    first, second = errors.getvalue().splitlines()
    assert first == "1 đơn vị chưa rõ cấp trên mới, việc để ngỏ."
    assert second.startswith("Dòng 4: superior_not_told: TRƯỜNG TIỂU HỌC: ")


def test_a_superior_that_the_file_tells_is_taken(file: Path) -> None:
    rows, certificate = school_of_a_divided_commune()
    file.write_text("\n".join([f"{HEADER},superior", *rows]) + "xã Hai", encoding="utf-8")
    out, errors = StringIO(), StringIO()

    call_command(
        "plan_merger", str(file), "--at", "2026-11-20", "--json", stdout=out, stderr=errors
    )

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    line = next(line for line in lines if line["id"] == str(certificate.uuid))
    assert (line["action"], line["open"], line["reason"]) == (
        LineAction.CHANGE,
        False,
        "superior_changes",
    )
    assert errors.getvalue() == ""


def test_two_superiors_of_one_new_body_are_a_fault(file: Path) -> None:
    first, second = commune("ĐẦU"), commune("HAI")
    rows = [f"{one.name},,TRƯỜNG MỚI,whole,2026-12-01,,{one.name}" for one in (first, second)]
    file.write_text("\n".join([f"{HEADER},superior", *rows]), encoding="utf-8")
    errors = StringIO()

    with pytest.raises(CommandError):
        call_command("plan_merger", str(file), "--at", "2026-11-20", stderr=errors)

    assert errors.getvalue().startswith("Dòng 3: superiors_differ: ỦY BAN NHÂN DÂN XÃ HAI: ")


def test_a_founded_council_of_a_province_lies_in_the_new_one(file: Path) -> None:
    old = builders.agency("HỘI ĐỒNG NHÂN DÂN TỈNH BẠC LIÊU")
    Agency.objects.filter(pk=old.pk).update(province="Bạc Liêu")
    person = builders.certificate(subscriber=builders.person(at=old))
    Certificate.objects.filter(pk=person.pk).update(subject="C=VN, L=Bạc Liêu, CN=A")

    lines = plan(file, f"{old.name},,HỘI ĐỒNG NHÂN DÂN TỈNH CÀ MAU,whole,2026-12-01,1684/NQ")

    line = next(line for line in lines if line["id"] == str(person.uuid))
    assert (line["action"], line["reason"]) == (LineAction.CHANGE, "province_changes")


def test_a_superior_nobody_knows_is_a_fault(file: Path) -> None:
    rows, _certificate = school_of_a_divided_commune()
    file.write_text("\n".join([f"{HEADER},superior", *rows]) + "XÃ LẠ", encoding="utf-8")
    errors = StringIO()

    with pytest.raises(CommandError):
        call_command("plan_merger", str(file), "--at", "2026-11-20", stderr=errors)

    assert errors.getvalue().startswith("Dòng 4: no_such_superior: UBND XÃ LẠ: ")


def test_a_new_body_is_one_by_code_and_organ(file: Path) -> None:
    """DOMAIN 14.22."""
    names = [commune(name).name for name in ("A", "B", "C", "D")]

    said = faults(
        file,
        f"{names[0]},H35.12.1,UBND XÃ MỚI,whole,2026-12-01,",
        f"{names[1]},H35.12.1,UBND XÃ MƠI,whole,2026-12-01,",
        f"{names[2]},H35.12.2,UBND XÃ MỚI,whole,2026-12-01,",
        f"{names[3]},H35.12.1,HĐND XÃ MỚI,whole,2026-12-01,",
    )

    assert [line.partition(" H35")[0] for line in said.splitlines()] == [
        "Dòng 3: code_with_two_names:",
        "Dòng 4: name_with_two_codes:",
    ]


def test_many_faults_are_shown_in_short_and_kept_in_full(file: Path, tmp_path: Path) -> None:
    rows = [f"XÃ LẠ {number},,XÃ MỚI,một ít,mai,1684/NQ" for number in range(15)]
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    errors, report = StringIO(), tmp_path / "report.csv"

    with pytest.raises(CommandError, match="45 lỗi"):
        call_command("plan_merger", str(file), "--report", str(report), stderr=errors)

    said = errors.getvalue().splitlines()
    assert len(said) == 22
    assert said[1].startswith("Dòng 2: bad_extent: “một ít”: ")
    assert said[20].startswith("… và 25 điều nữa")
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) == 46


def test_a_terminal_shows_a_bar_and_a_log_lines(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [commune("A"), commune("B")]
    monkeypatch.setattr(queries, "PART", 1)  # each in a part of its own
    monkeypatch.setattr(progress, "_SECONDS", 0)  # each part took long
    file.write_text(
        "\n".join([HEADER, *(f"{one.name},,{one.name} MỚI,whole,2026-12-01," for one in bodies)]),
        encoding="utf-8",
    )
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal, os.fdopen(master, "rb") as shown:
        call_command("plan_merger", str(file), "--at", "2026-11-20", stderr=terminal)
        terminal.flush()
        bar = os.read(shown.fileno(), 100_000).decode()
    log = StringIO()
    call_command("plan_merger", str(file), "--at", "2026-11-20", stderr=log)

    assert "100%" in bar
    assert "2/2" not in bar
    assert [line.rpartition(" ")[2] for line in log.getvalue().splitlines()] == ["1/2", "2/2"]
