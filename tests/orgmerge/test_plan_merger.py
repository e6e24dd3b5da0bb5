"""``plan_merger``: a file of bodies in, one JSON line for each thing out, nothing changed."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.vocabulary import LineAbout, LineAction
from portal.agencies.models import Agency, AgencyVersion
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
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


def faults(file: Path, *rows: str) -> str:
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    errors = StringIO()
    with pytest.raises(CommandError):
        call_command("plan_merger", str(file), "--at", "2026-11-20", stderr=errors)
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
    )

    assert said.startswith("Dòng 3: other_day")


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
