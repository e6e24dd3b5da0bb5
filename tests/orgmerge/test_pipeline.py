"""From a list of communes to a plan: seed_scale, expand_communes, plan_merger on Lai Châu."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from devices.models import Device
from orgmerge.body_lists.sheets import BODIES
from orgmerge.vocabulary import LineAbout, LineAction
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import Certificate
from requests_app.models import Dossier
from tests import builders

pytestmark = pytest.mark.django_db
COMMUNES = Path(__file__).parent.parent / "data" / "communes_lai_chau.csv"
BEFORE = "2025-06-01"


def seed(*options: str) -> dict[str, int]:
    out = StringIO()
    call_command("seed_scale", str(COMMUNES), "--people", "1", *options, stdout=out)
    made: dict[str, int] = json.loads(out.getvalue())
    return made


def expand(communes: Path = COMMUNES) -> tuple[str, str]:
    out, errors = StringIO(), StringIO()
    call_command("expand_communes", str(communes), "--at", BEFORE, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


@pytest.fixture
def plan(tmp_path: Path) -> list[dict[str, Any]]:
    """The lines planned of the communes of the list."""
    seed("--without-x509")
    bodies = tmp_path / "bodies.csv"
    bodies.write_text(expand()[0], encoding="utf-8")
    out = StringIO()
    call_command("plan_merger", str(bodies), "--at", BEFORE, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_everything_the_bodies_have_is_in_exactly_one_line(plan: list[dict[str, Any]]) -> None:
    found = {
        about: Counter(line["id"] for line in plan if line["about"] == about) for about in LineAbout
    }

    outside = Agency.objects.filter(kind__in=["province", "office"])
    for about, things in (
        (LineAbout.CERTIFICATE, Certificate.objects.exclude(agency__in=outside)),
        (LineAbout.DEVICE, Device.objects.exclude(agency__in=outside)),
        (LineAbout.SUBSCRIBER, Subscriber.objects.exclude(agency__in=outside)),
        (LineAbout.DOSSIER, Dossier.objects.exclude(agency__in=outside)),
    ):
        expected = {str(code) for code in things.values_list("uuid", flat=True)}
        assert set(found[about]) >= expected
        assert set(found[about].values()) <= {1}
    by_serial = Counter(line["serial"] for line in plan if line["about"] == LineAbout.CERTIFICATE)
    assert max(by_serial.values()) == 1


def test_under_each_name_at_most_one_certificate_of_a_body_lives_on(
    plan: list[dict[str, Any]],
) -> None:
    own = {
        str(code)
        for code in Certificate.objects.filter(kind="organisation").values_list("uuid", flat=True)
    }

    survivors = Counter(
        line["sender_id"]
        for line in plan
        if line["id"] in own
        and line["action"] == LineAction.CHANGE
        and line["reason"] == "survivor"
    )

    assert survivors
    assert max(survivors.values()) == 1


def test_what_becomes_of_a_district_is_left_to_people(plan: list[dict[str, Any]]) -> None:
    districts = ("ỦY BAN NHÂN DÂN HUYỆN ", "ỦY BAN NHÂN DÂN THÀNH PHỐ ")

    theirs = [line for line in plan if line["body"].startswith(districts)]

    assert any(line["action"] == LineAction.SETTLE and line["open"] for line in theirs)
    changed = [
        line for line in theirs if line["about"] == LineAbout.CERTIFICATE and not line["open"]
    ]
    assert not [line for line in changed if line["action"] == LineAction.CHANGE]


def test_the_expansion_has_the_columns_of_the_file_of_bodies() -> None:
    seed("--without-x509")

    content, _errors = expand()

    rows = list(csv.DictReader(StringIO(content)))
    assert set(rows[0]) == set(BODIES)
    kept = [row for row in rows if row["new_agency"] == row["old_agency"]]
    assert any(row["new_name"].startswith("ỦY BAN NHÂN DÂN") for row in kept)
    assert any(row["new_name"].startswith("TRƯỜNG") for row in kept)


def test_a_commune_of_which_nothing_is_registered_is_a_fault() -> None:
    builders.agency("ỦY BAN NHÂN DÂN XÃ KHÁC")
    errors = StringIO()

    with pytest.raises(CommandError):
        call_command("expand_communes", str(COMMUNES), stdout=StringIO(), stderr=errors)

    assert "Dòng 2: not_registered" in errors.getvalue()


def test_the_expansion_closes_with_what_came_of_each_province(tmp_path: Path) -> None:
    """One commune filed under a neighbouring province, one whole twice: refused by themselves."""
    seed("--without-x509")
    lines = COMMUNES.read_text(encoding="utf-8-sig").splitlines()
    lines[3] = lines[3].replace("12,Tỉnh Lai Châu,2025", "11,Tỉnh Lai Châu,2025")
    communes, report = tmp_path / "communes.csv", tmp_path / "report.csv"
    communes.write_text("\n".join(lines), encoding="utf-16")
    out, errors = StringIO(), StringIO()

    with pytest.raises(CommandError, match="1 dòng") as refusal:
        call_command(
            "expand_communes", str(communes), "--at", BEFORE, report=str(report),
            stdout=out, stderr=errors,
        )  # fmt: skip

    assert refusal.value.returncode == 1
    first, *_others, last = errors.getvalue().splitlines()
    assert first.startswith("Dòng 4: province_code_differs: 03389 Phường Đoàn Kết: ")
    assert "11 Tỉnh Lai Châu" in first
    assert last == (
        "Tỉnh Lai Châu: 22 dòng; 150 đơn vị có dòng, 0 đi theo cấp trên; từ chối 1 dòng "
        "(province_code_differs 1); không có dòng: 9 đơn vị (không có trong danh sách 7, không đổi "
        "2); tỉnh: giữ nguyên"
    )
    assert len(list(csv.DictReader(StringIO(out.getvalue())))) > 150
    assert report.read_text(encoding="utf-8-sig").splitlines()[1].startswith("2,district_is")


def test_bac_giang_goes_to_the_province_of_bac_ninh_never_to_its_old_city(tmp_path: Path) -> None:
    """DOMAIN 14.23, from the list of communes to the plan: the city of a district's level bears
    the name the province has from the day on."""

    def body(name: str, province: str, parent: Agency | None = None) -> Agency:
        made = builders.agency(name, parent=parent)
        Agency.objects.filter(pk=made.pk).update(province=province)
        holder = builders.certificate(subscriber=builders.organisation(made))
        Certificate.objects.filter(pk=holder.pk).update(subject=f"C=VN, L={province}, CN={name}")
        return made

    old = body("ỦY BAN NHÂN DÂN TỈNH BẮC GIANG", "Bắc Giang")
    new = body("ỦY BAN NHÂN DÂN TỈNH BẮC NINH", "Bắc Ninh")
    city = body("ỦY BAN NHÂN DÂN THÀNH PHỐ BẮC NINH", "Bắc Ninh", new)
    department = body("SỞ Y TẾ TỈNH BẮC GIANG", "Bắc Giang", old)
    body("ỦY BAN NHÂN DÂN XÃ MỘT", "Bắc Giang", old)
    body("ỦY BAN NHÂN DÂN PHƯỜNG HAI", "Bắc Ninh", city)
    header = COMMUNES.read_text(encoding="utf-8-sig").splitlines()[0]
    communes, bodies = tmp_path / "communes.csv", tmp_path / "bodies.csv"
    to = "Thành phố Bắc Ninh,2026-12-01"
    communes.write_text(
        f"{header}\n1,Xã Một,,24,Tỉnh Bắc Giang,whole,8,Xã Một,27,{to}\n"
        f"2,Phường Hai,Thành phố Bắc Ninh,27,Tỉnh Bắc Ninh,whole,9,Phường Hai,27,{to}\n",
        encoding="utf-8",
    )
    out, errors = StringIO(), StringIO()
    call_command("expand_communes", str(communes), stdout=out, stderr=errors)
    bodies.write_text(out.getvalue(), encoding="utf-8")
    planned = StringIO()

    call_command("plan_merger", str(bodies), "--at", "2026-11-20", "--json", stdout=planned)

    lines = [json.loads(line) for line in planned.getvalue().splitlines()]
    of = {
        line["body"]: line
        for line in lines
        if line["about"] == LineAbout.CERTIFICATE and line["action"] != LineAction.KEEP
    }
    assert of[new.name]["sender"] == of[old.name]["sender"] == "ỦY BAN NHÂN DÂN THÀNH PHỐ BẮC NINH"
    assert {of[old.name]["sender_id"], of[new.name]["sender_id"]} == {str(new.uuid)}
    assert of[department.name]["sender"] == "SỞ Y TẾ THÀNH PHỐ BẮC NINH"
    assert str(city.uuid) not in {line["sender_id"] for line in lines}
    said = errors.getvalue().splitlines()
    assert said[-2].endswith("tỉnh: nhập vào Thành phố Bắc Ninh")
    assert said[-1].endswith("tỉnh: đổi thành Thành phố Bắc Ninh")


def test_an_unusable_list_ends_the_process_with_two(tmp_path: Path) -> None:
    file = tmp_path / "communes.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "manage.py", "expand_communes", str(file)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"SIMULATION": "1", "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Dòng 1: wrong_header: ")


def test_the_population_is_made_once_into_an_empty_register() -> None:
    seed("--without-x509")

    with pytest.raises(CommandError):
        seed("--without-x509")


def test_no_population_outside_the_simulation(settings: Settings) -> None:
    settings.SIMULATION = False

    for options in ([], ["--without-x509"]):
        with pytest.raises(CommandError):
            seed(*options)

    assert not Agency.objects.exists()


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_a_list_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "communes.csv"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(CommandError):
        call_command("seed_scale", str(file))
